"""One editor's session: the connection, the open documents, the verdicts on their projects.

A feature gets this and registers its handlers. pygls takes one handler a method, so the features listen
here to what several of them need to know: that a document changed.
"""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import TYPE_CHECKING, NoReturn

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcMethodNotFound,
    JsonRpcRequestCancelled,
    PyglsError,
)
from pygls.lsp.server import LanguageServer

from pivot_lsp.documents import Document, Documents
from pivot_lsp.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_lsp.positions import Encoding

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
_log = logging.getLogger(__name__)

# The client's fault, or nobody's; it is told by the response to its request.
_ANSWERED = (JsonRpcMethodNotFound, JsonRpcInvalidParams, JsonRpcRequestCancelled)


class Server(LanguageServer):
    """The connection. What goes wrong in us is logged each time and shown once.

    Documents are sent whole: pygls applies partial changes by lines that aren't the editor's (it breaks
    them at form feeds, too), and a wrong text is worse than a long message.
    """

    def __init__(self) -> None:
        super().__init__(
            "pivot-lsp", version("pivot-core"), text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self._shown = False

    def report_server_error(
        self, error: Exception, source: type[PyglsError] | type[JsonRpcException]
    ) -> None:
        """pygls calls this for every exception that reaches it."""
        if isinstance(error, _ANSWERED):
            _log.info("%s", error)
        else:
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Something of ours went wrong."""
        if isinstance(error, BrokenPipeError):
            leave(1)  # nobody listens any more
        _log.error("internal error", exc_info=error)
        if not self._shown:
            self._shown = True
            self.window_show_message(
                types.ShowMessageParams(
                    types.MessageType.Error,
                    f"Pivot has an internal error, and goes on as well as it can ({error}). "
                    "The language server's log tells more; further errors go there only.",
                )
            )

    def forget_ended(self) -> None:
        """Drop what pygls keeps of notifications that were dealt with: for each one, for good."""
        futures = self.protocol._request_futures
        for key in [key for key, future in futures.items() if future.done()]:
            del futures[key]


class Session:
    """What the features share."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.documents = Documents()
        self.was_shut_down = False  # as the protocol has it: asked to, before it is told to exit
        # Of our own: pygls reads its input in a pool that looks could fill. One thread: a look at a time.
        self._executor = ThreadPoolExecutor(1, "pivot-look")
        self._verdicts: dict[Path, Verdicts] = {}
        self._on_change: list[Callable[[Document], None]] = []
        self._on_verdicts: list[Callable[[], None]] = []

    @property
    def encoding(self) -> Encoding:
        """What columns are counted in, as agreed on with the client."""
        return _ENCODINGS[self.server.workspace.position_encoding or "utf-16"]

    def on_change(self, listener: Callable[[Document], None]) -> None:
        """Call it with each new version of a document, and with the last one when it is closed."""
        self._on_change.append(listener)

    def on_verdicts(self, listener: Callable[[], None]) -> None:
        """Call it when there are other verdicts than before."""
        self._on_verdicts.append(listener)

    def changed(self, document: Document) -> None:
        """A document has a new version, or was closed."""
        self.server.forget_ended()
        for listener in self._on_change:
            listener(document)

    def verdicts(self, project: Project) -> Verdicts:
        """The verdicts on a project's stages."""
        if project.root not in self._verdicts:
            self._verdicts[project.root] = Verdicts(
                project,
                lambda: self.documents.overlay(project),
                self._executor,
                self._new_verdicts,
                self.server.failed,
            )
        return self._verdicts[project.root]

    def outdated(self, path: Path | None = None) -> None:
        """The file may have another content (None: any file): so may the verdicts of its project."""
        for root, verdicts in self._verdicts.items():
            if path is None or path.is_relative_to(root):
                verdicts.outdated()

    def _new_verdicts(self) -> None:
        for listener in self._on_verdicts:
            listener()


def leave(code: int) -> NoReturn:
    """End the process now, whatever its threads are doing: a server without a client serves nobody.

    Nothing is lost by it, since the server writes nothing.
    """
    logging.shutdown()
    os._exit(code)


def leave_with(pid: int, every_s: float = 1.0) -> None:
    """Leave when another process is gone; for a client that dies without closing our input.

    Does nothing for a process that can't be seen (of another container, say).
    """
    if not _is_alive(pid):
        return

    def watch() -> None:
        pause = threading.Event()
        while _is_alive(pid):
            pause.wait(every_s)
        _log.warning("the client (process %d) is gone", pid)
        leave(1)

    threading.Thread(target=watch, name="pivot-client", daemon=True).start()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
