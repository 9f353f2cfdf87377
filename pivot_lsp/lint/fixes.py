"""From the edits of fixes to other texts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.positions import Span
from pivot_lsp.source.comments import comments_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pivot_lsp.lint.engine import Linter
    from pivot_lsp.lint.rule import Edit, Fix

_ROUNDS = 20  # of fixing all: a fix can make room for the next
_BREAK = re.compile(b"\r\n|\r|\n")


class Change(NamedTuple):
    """An edit at its place in a file as it is now."""

    path: str
    span: Span
    text: str


def changes(fix: Fix) -> list[Change]:
    """What a fix does, at the places as they are now, in the newlines of each place's file.

    Nothing, if it would lose a comment.
    """
    edits = list(fix.edits())
    if _loses_comments(edits):
        return []
    found = []
    for edit in edits:
        text = edit.text.replace("\n", newline_of(edit.at.top.text))
        found.append(Change(edit.at.path, edit.at.absolute, text))
    return found


def _loses_comments(edits: Iterable[Edit]) -> bool:
    """Whether a comment is in what the edits take away, and in nothing that they put in."""
    lost: Counter[str] = Counter()
    for edit in edits:
        lost.update(comments_in(edit.at.top, edit.at.span))
    put = [line.rstrip() for edit in edits for line in edit.text.split("\n")] if lost else []
    return any(sum(line.endswith(text) for line in put) < count for text, count in lost.items())


def applied(text: str, wanted: Iterable[Change]) -> str:
    """A text after changes of it that don't overlap."""
    data = text.encode("utf-8", "surrogatepass")
    starts = [0, *(found.end() for found in _BREAK.finditer(data))]

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column if line <= len(starts) else len(data)

    pieces, done = [], 0
    for _, span, new in sorted(wanted, key=lambda change: change.span):
        pieces += [data[done : offset(span.line, span.column)], new.encode("utf-8", "surrogatepass")]
        done = offset(span.end_line, span.end_column)
    return b"".join([*pieces, data[done:]]).decode("utf-8", "surrogatepass")


def fix_all(linter: Linter, path: str) -> str | None:
    """A module's text after all its safe fixes, as far as they change this file only; None if there are none.

    The linter's sources are those of the fixed text afterwards.
    """
    fixed = None
    for _ in range(_ROUNDS):
        module = linter.sources.module(path)
        found = [finding.fix for finding in linter.findings(path)]
        wanted = _compatible([fix for fix in found if fix is not None and fix.safe], path)
        if module is None or not wanted:
            break
        fixed = applied(module.text, wanted)
        linter.sources.put(path, fixed)
    return fixed


def fixed_wholly(linter: Linter, path: str) -> str | None:
    """As :func:`fix_all`, but the linter and its sources stay as they are."""
    return fix_all(linter.copy(), path)


def newline_of(text: str) -> str:
    """How the lines of a text end, by its first one."""
    found = re.search("\r\n|\r|\n", text)
    return found.group() if found is not None else "\n"


def _compatible(fixes: Sequence[Fix], path: str) -> list[Change]:
    """Of each fix all changes or none: those that touch nothing that an earlier one touches."""
    taken: list[Change] = []
    for fix in fixes:
        wanted = changes(fix)
        if all(
            one.path == path and not any(_touch(one.span, other.span) for other in taken) for one in wanted
        ):
            taken += wanted
    return taken


def _touch(one: Span, other: Span) -> bool:
    return (one.line, one.column) <= (other.end_line, other.end_column) and (
        (other.line, other.column) <= (one.end_line, one.end_column)
    )
