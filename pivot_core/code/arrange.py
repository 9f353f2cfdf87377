"""Where the statements of a module stand, from one text of it to the next.

A statement keeps its place for as long as it is there, and one that comes gets a place between two.
So what was found out about all others holds. The place of one that went is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pivot_core.code.edit import binds_alike, is_same, surface
from pivot_core.code.records import WHOLE

if TYPE_CHECKING:
    from pivot_core.code.modules import Module
    from pivot_core.code.records import Statement


@dataclass(frozen=True)
class Arrangement:
    """What an edit of a module did to its statements: pairs of those that ``stayed``, at ``places``, as they
    were and as they are; the places of those that ``came`` and ``went``, which may be the same ones."""

    old: Module
    new: Module
    places: tuple[float, ...]
    stayed: list[tuple[Statement, Statement]]
    came: frozenset[float]
    went: frozenset[float]

    @classmethod
    def of(cls, old: Module, new: Module) -> Arrangement | None:
        """Have the statements of an edited module stand where they stood. None if it is another module for
        who imports it, or has no room for what came."""
        indices = _stayed(old.summary.statements, new.summary.statements)
        before = [old.places[index] if index is not None else None for index in indices]
        places = _places(before)
        if places is None:
            return None
        new.follow(old, places)
        if surface(old.summary, old.places) != surface(new.summary, new.places):
            return None
        kept = tuple(place for place in before if place is not None)
        return cls(
            old,
            new,
            kept,
            [(old.at(place), new.at(place)) for place in kept],
            frozenset(places).difference(kept),
            frozenset(old.places).difference(kept),
        )

    def is_unasked(self) -> bool:
        """Whether what came and went binds only names that nobody has asked for, and by no variable."""
        moved = [*map(self.new.at, self.came), *map(self.old.at, self.went)]
        asked = self.new.asked
        return WHOLE not in asked and all(
            asked.isdisjoint(statement.names) and not statement.head.environment for statement in moved
        )


def _stayed(old: Sequence[Statement], new: Sequence[Statement]) -> list[int | None]:
    """For each statement after an edit, the index of what it was before; None for one that came."""
    most = min(len(old), len(new))
    above = next((i for i in range(most) if not is_same(old[i], new[i])), most)
    rest = range(1, most - above + 1)
    below = next((i - 1 for i in rest if not is_same(old[-i], new[-i])), most - above)
    found: list[int | None] = list(range(above))
    first, last = above, len(old) - below
    for now in new[above : len(new) - below]:
        found.append(next((i for i in range(first, last) if binds_alike(old[i], now)), None))
        first = first if found[-1] is None else found[-1] + 1
    return [*found, *range(last, len(old))]


def _places(stays: Sequence[float | None]) -> tuple[float, ...] | None:
    """A place for each statement, where None stands for one that comes; None if there is no room for it."""
    found: list[float] = []
    for index, place in enumerate(stays):
        if place is None:
            below = next((each for each in stays[index:] if each is not None), None)
            place = _between(found[-1] if found else None, below)
            if place in (below, *found[-1:]):
                return None
        found.append(place)
    return tuple(found)


def _between(above: float | None, below: float | None) -> float:
    if above is None:
        return 0 if below is None else below - 1
    return above + 1 if below is None else (above + below) / 2
