"""Who may start next: dependencies, slots, mutexes and resources. Bookkeeping only, no I/O."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pivot_core.types import StageSpec

EVERYTHING = "*"  # a mutex with all others


class Schedule:
    """The selected stages of one run, on their way from waiting to settled.

    ::

        waiting ── all it needs is settled ──> due ── (needs a worker) enqueue ──> queued ── slot ──> running
           └───────────── block ─────────────┐   └────────── settle ─────────┐                 settle ──┤
                                             v                               v                          v
                                                                 settled
    """

    def __init__(
        self,
        order: Sequence[StageSpec],
        upstream: Mapping[str, Sequence[str]],
        capacities: Mapping[str, float],
        durations: Mapping[str, float] | None = None,
    ) -> None:
        self._specs = {spec.name: spec for spec in order}
        self._needs = {
            name: {up for up in upstream.get(name, ()) if up in self._specs} for name in self._specs
        }
        self._needed_by: dict[str, list[str]] = {name: [] for name in self._specs}
        for name, needs in self._needs.items():
            for need in needs:
                self._needed_by[need].append(name)
        self.durations = durations or {}
        self._rank = self._ranks(self.durations)
        self._due = [name for name, needs in self._needs.items() if not needs]
        self._queued: list[tuple[int, str]] = []
        self._running: set[str] = set()
        self._settled: set[str] = set()
        self._capacities = capacities

    @property
    def done(self) -> bool:
        return len(self._settled) == len(self._specs)

    @property
    def unsettled(self) -> list[str]:
        """The stages that have neither ended nor been given up, in order."""
        return [name for name in self._specs if name not in self._settled]

    def take_due(self) -> list[str]:
        """Stages whose upstream is settled; each is handed out once."""
        due, self._due = self._due, []
        return sorted(due, key=self._rank.__getitem__)

    def enqueue(self, name: str) -> None:
        heapq.heappush(self._queued, (self._rank[name], name))

    def start_next(
        self, width: int, ahead: int, claim: Callable[[StageSpec], bool] = lambda spec: True
    ) -> str | None:
        """The next queued stage that may run beside those that run (now running), if there is one.

        ``width``: how many run at once; ``ahead``: how many more may be given to the pool already.
        ``claim``: whether it is free to be made; asked last.
        """
        if len(self._running) >= width + ahead:
            return None
        passed: list[tuple[int, str]] = []
        chosen = None
        while self._queued:
            rank, name = heapq.heappop(self._queued)
            if self._fits(self._specs[name], width) and claim(self._specs[name]):
                chosen = name
                self._running.add(name)
                break
            passed.append((rank, name))
        for item in passed:
            heapq.heappush(self._queued, item)
        return chosen

    def parts(self, spec: StageSpec) -> dict[str, float]:
        """What a stage takes of the resources that all runs share, as parts of their capacity. ("cpu" without
        a capacity is a slot of this run.)"""
        found = {}
        for name, amount in spec.resources.items():
            if name in self._capacities or name != "cpu":
                capacity = self._capacities.get(name, 1.0)
                found[name] = amount / capacity if capacity > amount else 1.0
        return found

    def stop(self, name: str) -> None:
        """A running stage has ended, and isn't settled: it will be enqueued again."""
        self._running.discard(name)

    def settle(self, name: str) -> None:
        """The stage has ended well, or needed nothing: those that wait for it may become due."""
        self._running.discard(name)
        self._settled.add(name)
        for follower in self._needed_by[name]:
            needs = self._needs[follower]
            needs.discard(name)
            if not needs:
                self._due.append(follower)

    def fail(self, name: str) -> list[str]:
        """The stage has failed: returns what can't be made now (now settled too), in order."""
        self._running.discard(name)
        self._settled.add(name)
        blocked = self._downstream(name) - self._settled
        self._settled |= blocked
        return sorted(blocked, key=self._rank.__getitem__)

    def _ranks(self, durations: Mapping[str, float]) -> dict[str, int]:
        """Which stage goes first where several could: that on the longest path from here to an end.

        A stage that nobody knows the duration of counts as the mean of the others; without any, it is the
        longest chain of stages. Among equals, as given.
        """
        known = [durations[name] for name in self._specs if name in durations]
        usual = sum(known) / len(known) if known else 1.0
        path: dict[str, float] = {}
        for name in reversed(self._specs):  # upstream comes first in the order
            after = max((path[follower] for follower in self._needed_by[name]), default=0.0)
            path[name] = after + durations.get(name, usual)
        longest_first = sorted(self._specs, key=lambda name: -path[name])
        return {name: rank for rank, name in enumerate(longest_first)}

    def _downstream(self, name: str) -> set[str]:
        found: set[str] = set()
        frontier = [name]
        while frontier:
            for follower in self._needed_by[frontier.pop()]:
                if follower not in found:
                    found.add(follower)
                    frontier.append(follower)
        return found

    def _fits(self, spec: StageSpec, width: int) -> bool:
        if not self._running:
            return True  # alone, anything runs: a demand above capacity must not wait for ever
        running = [self._specs[name] for name in self._running]
        if EVERYTHING in spec.mutex:
            return False
        if any(EVERYTHING in other.mutex or set(spec.mutex) & set(other.mutex) for other in running):
            return False
        for name, amount in spec.resources.items():
            used = sum(other.resources.get(name, 0.0) for other in running)
            if used + amount > self._capacities.get(name, width if name == "cpu" else 1.0):
                return False
        return True
