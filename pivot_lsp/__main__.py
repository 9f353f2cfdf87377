"""``python -m pivot_lsp`` is ``pivot-lsp``."""

from pivot_lsp.server import main

if __name__ == "__main__":
    main()
