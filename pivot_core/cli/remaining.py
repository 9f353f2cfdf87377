"""How long a run may still take, from how long its stages took when they last ran."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Remaining:
    """All in seconds; moments are monotonic. A stage that turns out to be fresh leaves the estimate then.

    ``lasted``: of those stages of which it is known. While one of the others is to come, nothing is said.
    """

    def __init__(self, stages: Iterable[str], lasted: Mapping[str, float]) -> None:
        self._waiting = set(stages)
        self._lasted = lasted
        self._unknown = self._waiting - lasted.keys()
        self._work = sum(lasted[stage] for stage in self._waiting - self._unknown)  # of those that wait
        self._running: dict[str, float] = {}
        self._at_once = 1  # the most stages that ran so far

    def start(self, stage: str, now: float | None = None) -> None:
        self._leave(stage)
        self._running[stage] = time.monotonic() if now is None else now
        self._at_once = max(self._at_once, len(self._running))

    def end(self, stage: str) -> None:
        self._leave(stage)
        self._running.pop(stage, None)

    def _leave(self, stage: str) -> None:
        if stage in self._waiting:
            self._waiting.discard(stage)
            self._work -= self._lasted.get(stage, 0.0)

    def seconds(self, now: float) -> float | None:
        """As if the work were shared evenly, and never less than what a running stage needs by itself."""
        running = list(self._running.items())  # a copy: who draws is another thread
        unknown = self._unknown & self._waiting
        if unknown or any(stage not in self._lasted for stage, _ in running):
            return None
        rests = [max(0.0, self._lasted[stage] - (now - since)) for stage, since in running]
        return max((self._work + sum(rests)) / self._at_once, *rests, 0.0)
