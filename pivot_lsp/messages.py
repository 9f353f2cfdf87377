"""Messages, questions and progress for the person. What a client can't show is left out."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pygls.lsp.server import LanguageServer

_numbers = itertools.count(1)


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
        if self._progress.tokens.pop(self._token, None) is not None:
            self._progress.end(self._token, types.WorkDoneProgressEnd(message=message))
