"""Wires the language server together: the connection, and the features on it.

pygls is imported only when the server starts: the lint and ``--help`` do without it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_lsp.connection import Server
    from pivot_lsp.session import Session

_FEATURES = (
    "synchronization",
    "code_lens",
    "run",
    "pipeline",
    "why",
    "code_action",
    "diagnostics",
    "workspace_diagnostics",
    "folders",
    "neighbours",
    "hover",
    "navigation",
    "rename",
    "completion",
    "symbols",
    "call_hierarchy",
    "inlay_hints",
    "configuration",
    "lifecycle",
)


def serve(tcp: int | None = None) -> None:
    """Talk to an editor on stdin and stdout, or at a port of this computer, until it is gone. Never returns.

    Raises UsageError if the port can't be had.
    """
    # Modules are many objects that live on. Nobody looks for garbage among them until all are imported (see
    # Session.warm_up); nor often then, since syntax trees and code graphs live on, too, and a look through
    # all of them is a stop that a person can see.
    gc.disable()
    gc.set_threshold(50_000, 20, 50)
    from pivot_lsp import transport
    from pivot_lsp.connection import Server

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    source, target = transport.standard() if tcp is None else transport.connected(tcp)
    server = Server()
    connect(server)
    server.protocol.set_writer(transport.Output(target))
    asyncio.run(_talk(source, server.protocol.receive))
    server.leave()


async def _talk(source: BinaryIO, receive: Callable[[bytes], None]) -> None:
    from pivot_lsp.transport import receive_all

    await receive_all(source, receive)


def connect(server: Server) -> Session:
    """A session on a connection, with all features."""
    from pivot_lsp.session import Session

    session = Session(server)
    for name in _FEATURES:
        import_module(f"pivot_lsp.features.{name}").register(session)
    return session


def main() -> None:
    """``pivot-lsp``, which is ``python -m pivot_lsp``."""
    from pivot_lsp.cli import main as run

    run()
