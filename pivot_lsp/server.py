"""Wires the language server together: the connection, and the features on it.

pygls is imported only when the server starts: the lint and ``--help`` do without it.
"""

from __future__ import annotations

import logging
import sys


def serve() -> None:
    """Talk to an editor on stdin and stdout until it is gone; ends the process."""
    from pivot_lsp.features import code_lens, diagnostics, lifecycle, synchronization
    from pivot_lsp.session import Server, Session, leave

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    # Whatever prints from here on must not end up between the messages.
    channel, sys.stdout = sys.stdout.buffer, sys.stderr
    server = Server()
    session = Session(server)
    for feature in (synchronization, code_lens, diagnostics, lifecycle):
        feature.register(session)
    server.start_io(stdout=channel)
    leave(0 if session.was_shut_down else 1)


def main() -> None:
    """``pivot-lsp``, which is ``python -m pivot_lsp``."""
    from pivot_lsp.cli import main as run

    run()
