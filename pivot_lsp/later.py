"""Doing once, a moment later, what is asked for many times."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Later:
    """Use from the event loop's thread only."""

    def __init__(self, pause_s: float, action: Callable[[], None]) -> None:
        self._pause_s = pause_s
        self._action = action
        self._timer: asyncio.TimerHandle | None = None
        self._last = -math.inf

    def ask(self, apart_s: float = 0.0) -> None:
        """Do it in a moment, at the soonest ``apart_s`` after the last time, if it isn't coming sooner."""
        loop = asyncio.get_running_loop()
        due = max(loop.time() + self._pause_s, self._last + apart_s)
        if self._timer is None or due < self._timer.when():
            self.drop()
            self._timer = loop.call_at(due, self.now)

    def now(self) -> None:
        """Do it now, and not again for what was asked until now."""
        self.drop()
        self._last = asyncio.get_running_loop().time()
        self._action()

    def drop(self) -> None:
        """Don't do what was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
