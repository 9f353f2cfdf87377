"""Looks for garbage while nobody waits for an answer.

Syntax trees and what is read off them refer to each other, so each keystroke leaves some hundred objects that
only Python's collector can free. By itself it looks when many have gathered, which is in the midst of an
answer, and takes longer than the answer. Looking after each answer finds few, in less than a millisecond.
"""

from __future__ import annotations

import asyncio
import gc

_SOON_S = 0.02  # after the last message: what answers a keystroke is several of them
_QUIET_S = 10.0
_YOUNG = 0
_ALL = 2


class Garbage:
    """Use from the event loop's thread only. Does nothing while the collector is out of service."""

    def __init__(self) -> None:
        self._timers: list[asyncio.TimerHandle] = []

    def later(self) -> None:
        """A message has come or gone: others may follow."""
        for timer in self._timers:
            timer.cancel()
        if gc.isenabled():
            loop = asyncio.get_running_loop()
            self._timers = [
                loop.call_later(_SOON_S, gc.collect, _YOUNG),
                loop.call_later(_QUIET_S, gc.collect, _ALL),
            ]
