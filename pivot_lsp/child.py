"""The command line of the engine, for as long as somebody holds the other end of its input.

The server starts ``python -m pivot_lsp.child run …`` in place of ``pivot-core run …``. Closing the pipe
stops it, as Ctrl-C would; so the server stops a run, and so a run ends with a server that was killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

# How long a clean stop may take, in seconds. After that the process ends as if killed: the run's watchdog
# ends the stages, and the next run needs no help.
_PATIENCE_S = 10.0


def main() -> None:
    """Run the command line of this process; ends it."""
    # A server that was started in the background of a shell ignores this signal, and its children with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(
        target=_end_with_input, args=(threading.get_ident(),), name="parent", daemon=True
    ).start()

    from pivot_core.cli.main import main as run  # interrupted while it is imported, it ends all the same

    run()


def _end_with_input(main_thread: int) -> None:
    while os.read(0, 4096):
        pass
    # Not to the process: any thread could get it then, while the one that it is for goes on waiting.
    signal.pthread_kill(main_thread, signal.SIGINT)
    threading.Event().wait(_PATIENCE_S)
    os._exit(130)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
