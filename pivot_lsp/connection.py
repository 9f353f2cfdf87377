"""The connection: one answer to each request, whatever becomes of it.

pygls structures messages and calls handlers. What it leaves out is here: it doesn't answer a request that it
can't read, or that comes too early or too late; can't cancel a command; and keeps the texts of documents in
a way that isn't the editor's (see ``features/synchronization.py``).
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
    PyglsError,
)
from pygls.lsp.server import LanguageServer
from pygls.protocol import JsonRPCResponseMessage, LanguageServerProtocol, default_converter, lsp_method
from pygls.protocol.language_server import _prepare_command_arguments

from pivot_lsp.ending import leave
from pivot_lsp.garbage import Garbage
from pivot_lsp.wire import encode

if TYPE_CHECKING:
    from concurrent.futures import Future

    MessageId = str | int

_OURS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
_GRACE_S = 1.0
_log = logging.getLogger(__name__)


class Protocol(LanguageServerProtocol):
    """``Any`` is what a message holds; pygls has no types for it."""

    _server: Server

    def receive(self, body: bytes) -> None:
        """Deal with one message."""
        self._server.garbage.later()
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, JsonRpcParseError(str(error)))
            return
        if isinstance(data, dict):
            self._deal_with(data)
        else:
            self._refuse(None, JsonRpcInvalidRequest("a message is an object"))

    def _deal_with(self, data: dict[str, Any]) -> None:
        refusal = self._refusal(data)
        try:
            if refusal is None:
                self.handle_message(self.structure_message(data))
        except JsonRpcException as error:  # it isn't what the protocol says
            refusal = error
        if refusal is not None and "id" in data:
            number = data["id"] if isinstance(data["id"], str | int) else None
            self._refuse(number, refusal)
        self._forget_ended()

    def _refusal(self, data: dict[str, Any]) -> JsonRpcException | None:
        """Why a message isn't dealt with."""
        method = data.get("method")
        is_one = data.get("jsonrpc") == self.VERSION and isinstance(data.get("id"), str | int | None)
        if not is_one or not isinstance(method, str | None):
            return JsonRpcInvalidRequest("no message of JSON-RPC 2.0")
        if method is None and "result" not in data and "error" not in data:
            return JsonRpcInvalidRequest("neither a request nor an answer")
        if method is None or method == types.EXIT:
            return None
        if self._shutdown:
            return JsonRpcInvalidRequest("the server was shut down")
        if (self._workspace is None) != (method == types.INITIALIZE):
            if self._workspace is None:
                return JsonRpcServerNotInitialized("the first request is initialize")
            return JsonRpcInvalidRequest("initialize comes once")
        known = method in self.fm.features or method in self.fm.builtin_features
        return None if known or method == types.CANCEL_REQUEST else JsonRpcMethodNotFound.of(method)

    def _refuse(self, number: MessageId | None, error: JsonRpcException) -> None:
        _log.info("refused: %s", error)
        self._send_data({"jsonrpc": self.VERSION, "id": number, "error": _as_json(error)})

    def _send_handler_result(self, future: Future[Any], *, msg_id: MessageId) -> None:
        self._request_futures.pop(msg_id, None)
        self._server.garbage.later()
        error = None if future.cancelled() else future.exception()
        if future.cancelled():
            self._send_response(msg_id, error=JsonRpcRequestCancelled("cancelled").to_response_error())
        elif error is None:
            self._send_response(msg_id, result=future.result())
        elif isinstance(error, JsonRpcException):  # told to the client on purpose
            self._send_response(msg_id, error=error.to_response_error())
        else:
            self._send_response(msg_id, error=JsonRpcInternalError(str(error)).to_response_error())
            self._server.failed(error)

    def _send_data(self, data: object) -> None:
        try:
            body = self._encoded(data)
        except Exception as error:  # noqa: BLE001 - a converter raises anything; this shows it
            self._server.failed(error)
            if not isinstance(data, JsonRPCResponseMessage):
                return
            refused = _as_json(JsonRpcInternalError("the answer can't be sent"))
            body = self._encoded({"jsonrpc": self.VERSION, "id": data.id, "error": refused})
        assert self.writer is not None
        try:
            self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        except (OSError, ValueError):  # nobody listens any more; the stream was closed
            self._server.leave()

    def notify(self, method: str, params: object = None) -> None:
        """Nothing after the answer that we are shut down: a client waits for nothing then."""
        if not self._shutdown:
            super().notify(method, params)

    def _send_response(
        self, msg_id: MessageId, result: object = None, error: types.ResponseError | None = None
    ) -> None:
        """A result that is JSON already isn't looked at."""
        if error is None and isinstance(result, msgspec.Raw):
            self._result_types.pop(msg_id, None)
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result})
        else:
            super()._send_response(msg_id, result, error)

    def _encoded(self, data: object) -> bytes:
        return encode(data if isinstance(data, dict) else self._converter.unstructure(data))

    def _forget_ended(self) -> None:
        """Drop what pygls keeps of notifications that were dealt with: for each one, for good."""
        futures = self._request_futures
        for key in [key for key, future in futures.items() if future.done()]:
            del futures[key]

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: object) -> None:  # type: ignore[override]  # pygls takes functions, too
        """What is under way is cancelled, and answered so."""
        self._shutdown = True
        for future in tuple(self._request_futures.values()):
            future.cancel()

    @lsp_method(types.EXIT)
    async def lsp_exit(self, *args: object) -> NoReturn:  # type: ignore[override]  # as above
        """What shutting down has cancelled is answered before."""
        futures: list[object] = list(self._request_futures.values())  # of both kinds, whatever pygls says
        under_way = [item for item in futures if isinstance(item, asyncio.Task)]
        under_way = [task for task in under_way if task is not asyncio.current_task()]
        if under_way:
            await asyncio.wait(under_way, timeout=_GRACE_S)
        self._server.leave()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]  # it takes coroutines, too
        self, params: types.ExecuteCommandParams
    ) -> object:
        """Asynchronous, so that a command can be cancelled like any other request."""
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"there is no command {params.command!r}")
        try:
            args, named = _prepare_command_arguments(command, params, self._converter)
        except Exception as error:
            raise JsonRpcInvalidParams(str(error)) from error
        result = command(*args, **named)
        return await result if inspect.isawaitable(result) else result


class Server(LanguageServer):
    """What goes wrong in us is logged each time and shown once."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__(
            "pivot-lsp",
            version("pivot-core"),
            types.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
            converter_factory=default_converter,
        )
        self.garbage = Garbage()
        self._shown = False
        for method in _OURS:
            self.protocol.fm.builtin_features.pop(method)

    def report_server_error(
        self, error: Exception, source: type[PyglsError] | type[JsonRpcException]
    ) -> None:
        """pygls calls this for exceptions of handlers of notifications."""
        self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Something of ours went wrong."""
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

    def watch(self, task: asyncio.Task[Any]) -> None:
        """Show it if a task of ours that nobody waits for fails."""

        def ended(task: asyncio.Task[Any]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self.failed(error)

        task.add_done_callback(ended)

    def leave(self) -> NoReturn:
        """The client is gone, or told us to go: end the process as the protocol has it."""
        leave(0 if self.protocol._shutdown else 1)


def _as_json(error: JsonRpcException) -> dict[str, object]:
    return {"code": error.code, "message": error.message}
