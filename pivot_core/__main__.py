"""``python -m pivot_core`` is ``pivot-core``."""

from pivot_core.cli.main import main

if __name__ == "__main__":
    main()
