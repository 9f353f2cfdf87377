"""Stages in an order in which each comes after all that it needs, and the cycles that keep some from it."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

HINT = "let one of them read something else; to go on from one's own last result, use an IncrementalOut"


def ordered(upstream: Mapping[K, Collection[K]]) -> tuple[list[K], list[K]]:
    """Each after its upstream, otherwise in the order given; and those that a cycle keeps from it."""
    index = {name: position for position, name in enumerate(upstream)}
    waits = {name: len(above) for name, above in upstream.items()}
    below: dict[K, list[K]] = {name: [] for name in upstream}
    for name, above in upstream.items():
        for other in above:
            below[other].append(name)
    names = list(upstream)
    ready = [index[name] for name, count in waits.items() if not count]
    heapq.heapify(ready)
    order: list[K] = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for other in below[name]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, index[other])
    done = set(order)
    return order, [name for name in upstream if name not in done]


def cycles(upstream: Mapping[K, Collection[K]], rest: Sequence[K]) -> Iterator[list[K]]:
    """Cycles until none is left among ``rest``, the stages that couldn't be ordered. In each, one makes what
    the next one needs, and the last one what the first one needs."""
    while rest:
        cycle = _cycle_among(rest, upstream)
        yield cycle
        # Ordered, no set: the same mistake has to read the same every time.
        told_of = set(cycle)
        left = dict.fromkeys(name for name in rest if name not in told_of)
        rest = ordered({name: [up for up in upstream[name] if up in left] for name in left})[1]


def told(names: Sequence[str], artifacts: Sequence[str]) -> str:
    """What is wrong with a cycle; of each stage the artifact that the next one needs."""
    steps = "".join(f"{name} → {artifact} → " for name, artifact in zip(names, artifacts, strict=True))
    text = steps + names[0]
    if len(names) == 1:
        return f"{names[0]} needs its own output, a cycle of one: {text}"
    return f"these stages are in a cycle: {text}"


def _cycle_among(rest: Sequence[K], upstream: Mapping[K, Collection[K]]) -> list[K]:
    """Each of ``rest`` waits for another of it, so walking upstream must come back somewhere."""
    position = {name: at for at, name in enumerate(rest)}
    seen: dict[K, int] = {}
    walked: list[K] = []
    name = rest[0]
    while name not in seen:
        seen[name] = len(walked)
        walked.append(name)
        name = next(other for other in upstream[name] if other in position)
    cycle = walked[seen[name] :][::-1]  # now each one makes what the next one needs
    first = min(range(len(cycle)), key=lambda at: position[cycle[at]])
    return cycle[first:] + cycle[:first]
