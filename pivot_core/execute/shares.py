"""Parts of named resources, which all runs of a project share: each resource is a row of slots, each a byte
that can be locked, and a stage takes as many as its part of the capacity is.

The system gives locks back however a process ends. It only tells processes apart: what our own stages have
taken is kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SLOTS = 1_000  # of a resource, whatever its capacity: parts are rounded down to a thousandth of it
_BEGIN = 1 << 62  # no claim on a stage is so far out


class Shares:
    """What the stages of one process have of resources. ``lock`` and ``unlock`` take the first byte and how
    many; ``lock`` says whether it got all of them."""

    def __init__(self, lock: Callable[[int, int], bool], unlock: Callable[[int, int], None]) -> None:
        self._lock = lock
        self._unlock = unlock
        self._taken: dict[str, list[tuple[int, int]]] = {}  # stage -> first byte, and how many

    def take(self, stage: str, parts: Mapping[str, float]) -> bool:
        """Take parts of resources for a stage: 0.5 of "gpu" is half of its capacity. False, and nothing is
        taken, if other runs have too much of one."""
        taken = self._taken[stage] = []
        for name, part in parts.items():
            wanted = max(1, min(SLOTS, int(part * SLOTS + 1e-6)))
            for first, count in list(self._free(name)):
                wanted -= self._take(taken, first, count, wanted)
            if wanted:
                self.release(stage)
                return False
        return True

    def release(self, stage: str) -> None:
        """Give back what a stage has; nothing is fine."""
        for first, count in self._taken.pop(stage, ()):
            self._unlock(first, count)

    def _free(self, name: str) -> Iterator[tuple[int, int]]:
        """The slots of a resource that none of our stages has: the first, and how many."""
        first = _BEGIN + (xxhash.xxh3_64_intdigest(name.encode()) >> 20) * SLOTS
        end = first + SLOTS
        own = sorted(item for taken in self._taken.values() for item in taken if first <= item[0] < end)
        for begin, count in own:
            if begin > first:
                yield first, begin - first
            first = begin + count
        if first < end:
            yield first, end - first

    def _take(self, taken: list[tuple[int, int]], first: int, count: int, wanted: int) -> int:
        """Lock as many of these slots as are wanted and free; returns how many. What can't be had at once is
        tried in halves."""
        got = 0
        pending = [(first, count)]
        while pending and got < wanted:
            first, count = pending.pop()
            size = min(count, wanted - got)
            if count > size:
                pending.append((first + size, count - size))
            if self._lock(first, size):
                taken.append((first, size))
                got += size
            elif size > 1:
                pending.append((first + size // 2, size - size // 2))
                pending.append((first, size // 2))
        return got
