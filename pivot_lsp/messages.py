"""Messages, questions and progress for the person. What a client can't show is left out."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pygls.lsp.server import LanguageServer

_numbers = itertools.count(1)
T = TypeVar("T")
SOON_S = 1.0  # what takes longer shows progress


def show(server: LanguageServer, kind: types.MessageType, text: str) -> None:
    """Show a message, which nobody has to answer."""
    server.window_show_message(types.ShowMessageParams(kind, f"Pivot: {text}"))


async def choose(server: LanguageServer, text: str, choices: Sequence[str]) -> tuple[bool, str | None]:
    """Whether the client could ask, and which of the choices the person took. The text is shown anyway."""
    window = server.client_capabilities.window
    if window is None or window.show_message is None:
        show(server, types.MessageType.Warning, text)
        return False, None
    actions = [types.MessageActionItem(choice) for choice in choices]
    params = types.ShowMessageRequestParams(types.MessageType.Warning, f"Pivot: {text}", actions)
    chosen = await server.window_show_message_request_async(params)
    return True, None if chosen is None else chosen.title


class WorkDone:
    """The progress of some work, with a button that cancels it. Nothing, if the client shows none."""

    def __init__(self, server: LanguageServer) -> None:
        self._progress = server.work_done_progress
        window = server.client_capabilities.window
        self._shown = window is not None and bool(window.work_done_progress)
        self._token = f"pivot-{next(_numbers)}"

    async def begin(self, title: str, cancel: Callable[[], None] | None = None) -> None:
        """Show it. ``cancel`` is called if the person wants the work to stop."""
        if not self._shown:
            return
        try:
            await self._progress.create_async(self._token)
        except JsonRpcException:  # it said that it can, and doesn't
            return
        if cancel is not None:
            wanted = self._progress.tokens[self._token]
            wanted.add_done_callback(lambda future: cancel())
        self._progress.begin(self._token, types.WorkDoneProgressBegin(title, cancellable=cancel is not None))

    def report(self, message: str, percentage: int | None = None) -> None:
        if self._token in self._progress.tokens:
            self._progress.report(
                self._token, types.WorkDoneProgressReport(message=message, percentage=percentage)
            )

    def end(self, message: str) -> None:
        """Of what was begun; else nothing."""
        if self._progress.tokens.pop(self._token, None) is not None:
            self._progress.end(self._token, types.WorkDoneProgressEnd(message=message))


async def shown_if_slow(server: LanguageServer, title: str, work: Awaitable[T]) -> T:
    """Wait for some work; show that, when it takes more than a moment. A client that is slow to show it
    doesn't hold up the work."""
    future = asyncio.ensure_future(work)
    await asyncio.wait([future], timeout=SOON_S)
    if future.done():
        return future.result()
    progress = WorkDone(server)
    beginning = asyncio.ensure_future(progress.begin(title))
    try:
        return await future
    finally:
        beginning.cancel()
        progress.end("")
