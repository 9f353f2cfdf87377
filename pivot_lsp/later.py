"""Doing once, a moment later, what is asked for many times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Later:
    """Use from the event loop's thread only."""

    def __init__(self, pause_s: float, action: Callable[[], None]) -> None:
        self._pause_s = pause_s
        self._action = action
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Do it in a moment, if that isn't coming anyway."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self.now)

    def now(self) -> None:
        """Do it now, and not again for what was asked until now."""
        self.drop()
        self._action()

    def drop(self) -> None:
        """Don't do what was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
