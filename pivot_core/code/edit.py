"""What an edit of a module leaves as it was.

Most edits change what a function or a constant says, and neither which names there are nor what importing the
module does. Then only the edited units are others; who refers to them, and what changes them, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.stream import CALL

if TYPE_CHECKING:
    from pivot_core.code.records import ModuleSummary, Part, Statement


def edited(
    old: ModuleSummary, new: ModuleSummary, entangled: Callable[[Statement], bool], named: Callable[[], bool]
) -> list[int] | None:
    """The indices of the statements that say something else; None if more than that changed."""
    if len(old.statements) != len(new.statements):
        return None
    indices = range(len(new.statements))
    if surface(old, indices) != surface(new, indices):
        return None
    return changed(list(zip(old.statements, new.statements, strict=True)), entangled, named)


def surface(summary: ModuleSummary, places: Sequence[float]) -> tuple[object, ...]:
    """What a module is for others besides its statements, which stand at ``places``."""
    stars = [(star.chain, places[star.place], star.guarded) for star in summary.stars]
    return stars, summary.exports, summary.exports_all, summary.rebound, summary.error


def changed(
    pairs: Sequence[tuple[Statement, Statement]],
    entangled: Callable[[Statement], bool],
    named: Callable[[], bool],
) -> list[int] | None:
    """The indices of the pairs, of a statement before an edit and after it, that say something else; None if
    more than that changed.

    ``entangled``: what the statement's functions do is part of what importing modules does. ``named``: there
    are constants that name environment variables.
    """
    found = []
    for index, (was, now) in enumerate(pairs):
        if was is now or is_same(was, now):
            continue
        if not binds_alike(was, now) or (was.value != now.value and named()):
            return None
        if not _does_alike(was, now) and entangled(was):
            return None
        if not _is_moved(was, now):
            found.append(index)
    return found


def is_same(was: Statement, now: Statement) -> bool:
    """It stands on another line, at most. Its parts are mostly the same objects then."""
    return (
        was.head == now.head
        and was.body == now.body
        and was.notes == now.notes
        and msgspec.structs.replace(was, line=now.line, span=now.span) == now
    )


def evaluates_alike(was: Statement, now: Statement) -> bool:
    """Whether executing it evaluates just the same, if the names it uses stand for the same."""
    pairs = ((was.head, now.head), (was.notes, now.notes))
    return now.typing_only or all(
        one.form == other.form and _uses(one) == _uses(other) for one, other in pairs
    )


def binds_alike(was: Statement, now: Statement) -> bool:
    """Executing it binds the same names to the same kinds of things, and changes the same."""
    one, other = was.head, now.head
    return (
        was.names == now.names
        and was.kind == now.kind
        and was.value_kind == now.value_kind
        and (was.value == now.value or was.value_kind == "text")
        and was.typing_only == now.typing_only
        and was.guarded == now.guarded
        and _uses(one) == _uses(other)
        and one.environment == other.environment
        and was.shared == now.shared
        and was.methods == now.methods
        and was.notes.effects == now.notes.effects
        and _calls(was.notes) == _calls(now.notes)
        and _shares(was) == _shares(now)
        and {f for f in was.flags if f.startswith("unknown")}
        == {f for f in now.flags if f.startswith("unknown")}
    )


def _calls(part: Part) -> list[str]:
    return [chain for chain, flags in zip(part.slots, part.flags, strict=True) if flags & CALL]


def _shares(statement: Statement) -> list[tuple[str, str, str]]:
    """What attributes of a class are another name for, or shared with its bases."""
    return [effect for effect in statement.body.effects if effect[0] in ("another", "own")]


def _does_alike(was: Statement, now: Statement) -> bool:
    """Calling it calls and changes the same."""
    changes = {"changes_arguments", "keeps_state"}
    return _uses(was.body) == _uses(now.body) and changes & {*was.flags} == changes & {*now.flags}


def _uses(part: Part) -> tuple[object, ...]:
    return part.slots, part.flags, part.effects, part.imports, [text for text, _ in part.named]


def _is_moved(was: Statement, now: Statement) -> bool:
    """It only stands on another line."""
    return (was.docs, was.flags, was.value) == (now.docs, now.flags, now.value) and all(
        one.form == other.form
        and _uses(one) == _uses(other)
        and (one.environment, one.candidates) == (other.environment, other.candidates)
        for one, other in zip(was.parts(), now.parts(), strict=True)
    )


def names_variables(summary: ModuleSummary) -> bool:
    """Somewhere a constant gives the name of an environment variable."""
    parts = chain.from_iterable(statement.parts() for statement in summary.statements)
    return any(any(key.split("\0")[1::2]) for part in parts for _, key in part.environment)
