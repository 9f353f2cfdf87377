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
# What was in use then is garbage after the next keystroke: now and then, older objects are looked at, too.
_OLDER, _ALL = 10, 1000
_MUCH = 100  # keystrokes or so, after which it is worth while to look at all objects


class Garbage:
    """Use from the event loop's thread only. Does nothing while the collector is out of service."""

    def __init__(self) -> None:
        self._timers: list[asyncio.TimerHandle] = []
        self._times = 0  # since it looked at all objects
        self._kept = False

    def later(self) -> None:
        """A message has come or gone: others may follow."""
        for timer in self._timers:
            timer.cancel()
        if gc.isenabled():
            loop = asyncio.get_running_loop()
            self._timers = [loop.call_later(_SOON_S, self._young), loop.call_later(_QUIET_S, self._all)]

    def keep(self) -> None:
        """Much was read that will live on: it isn't looked at until it is quiet."""
        if gc.isenabled():
            gc.freeze()
            self._kept = True

    def _young(self) -> None:
        self._times += 1
        gc.collect(0 if self._times % _OLDER else 1 if self._times % _ALL else 2)

    def _all(self) -> None:
        """If much has happened: it takes a tenth of a second or more. What is left isn't looked at until the
        next time."""
        if self._kept or self._times >= _MUCH:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._kept, self._times = False, 0
