"""What an editor changes in a text, applied to its lines; and where a place of the text is afterwards.

An edit costs what it touches, and a copy of the list of lines: no line is read that it doesn't touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pivot_lsp.positions import MARK, Encoding, Lines, Span, index, split, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Place(NamedTuple):
    """As editors count: line from 0, column in the units that were agreed on."""

    line: int
    units: int


class Edit(msgspec.Struct, frozen=True):
    """A stretch that was replaced.

    ``before`` is where it was, in the text before; ``end_line`` and ``end_column`` are where the new
    stretch ends, in the text after. Both as ``ast`` counts.
    """

    before: Span
    end_line: int
    end_column: int


class _At(NamedTuple):
    line: int  # from 0
    character: int


class _Run(NamedTuple):
    """Lines that were ``then`` and after it are ``now`` and after it."""

    then: int
    now: int
    lines: int


class Untouched:
    """Which lines of a text no edit has touched since, and where they are. Never changes."""

    def __init__(self, runs: tuple[_Run, ...] = (_Run(1, 1, 1 << 40),)) -> None:
        self._runs = runs

    def edited(self, edits: Iterable[Edit]) -> Untouched:
        """After some more edits."""
        runs = self._runs
        for edit in edits:
            runs = tuple(_torn(runs, edit))
        return Untouched(runs)

    def now(self, span: Span) -> Span | None:
        """Where a stretch of the text that there was is; None if one of its lines was touched."""
        for then, now, lines in self._runs:
            if then <= span.line and span.end_line < then + lines:
                return Span(span.line + now - then, span.column, span.end_line + now - then, span.end_column)
        return None

    def then(self, line: int) -> int | None:
        """Which line of the text that there was this one is; None if it was touched."""
        return next((then + line - now for then, now, lines in self._runs if now <= line < now + lines), None)

    def end(self, line: int) -> int | None:
        """The last line of what began in the text that there was and ended in a line of it; None if nothing
        is left below it."""
        for then, now, lines in self._runs:
            if then + lines > line:
                return now + line - then if then <= line else now - 1
        return None


def replace(lines: Lines, start: Place, end: Place, new: str, encoding: Encoding) -> tuple[Lines, Edit]:
    """The text with another stretch in the place of the one between two places, which may be in any order."""
    first, last = sorted((_at(lines, start, encoding), _at(lines, end, encoding)))
    return _replace(lines.with_breaks, first, last, new)


def replace_all(lines: Lines, text: str) -> tuple[Lines, Edit]:
    """Another text; the edit is the lines that differ."""
    old, new = lines.with_breaks, split(text)
    most = min(len(old), len(new))
    head = next((n for n in range(most - 1) if old[n] != new[n]), most - 1)
    tail = next((n for n in range(most - head) if old[-1 - n] != new[-1 - n]), most - head)
    return Lines.of(new), _edit(old, new, (head + 1, 0), _before_last(old, tail), _before_last(new, tail))


def move(span: Span, edit: Edit) -> Span | None:
    """Where a stretch is after an edit; None if nothing is left of it.

    What is written right before or after it isn't part of it.
    """
    first, last = (span.line, span.column), (span.end_line, span.end_column)
    start, end = (edit.before.line, edit.before.column), (edit.before.end_line, edit.before.end_column)
    if first >= end:
        new_first = _shifted(first, edit)
    else:
        new_first = first if first <= start else (edit.end_line, edit.end_column)
    if first == last:
        return Span(*new_first, *new_first)
    new_last = _shifted(last, edit) if last >= end and last > start else min(last, start)
    return Span(*new_first, *new_last) if new_first < new_last else None


def move_line(line: int, edit: Edit) -> int | None:
    """Where a line is after an edit, by what it begins with; of one that was replaced, the one in its place.
    None if it was deleted."""
    before, after = edit.before, (edit.end_line, edit.end_column)
    start, end = (before.line, before.column), (before.end_line, before.end_column)
    if (line, 0) >= end:
        return line + edit.end_line - before.end_line
    if (line, 0) < start:
        return line
    if after == start and before.end_line > line:
        return None
    return min(line, edit.end_line)


def _torn(runs: Iterable[_Run], edit: Edit) -> Iterator[_Run]:
    """What an edit leaves of stretches of lines."""
    before, moved = edit.before, edit.end_line - edit.before.end_line
    above = before.line
    # An edit that ends where a line begins, before and after, leaves that line as it is.
    below = before.end_line + (before.end_column > 0 or edit.end_column > 0)
    for then, now, lines in runs:
        if now < above:
            yield _Run(then, now, min(lines, above - now))
        if now + lines > below:
            skipped = max(below - now, 0)
            yield _Run(then + skipped, now + skipped + moved, lines - skipped)


def _replace(old: list[str], first: _At, last: _At, new: str) -> tuple[Lines, Edit]:
    low = first.line
    head, tail = old[low][: first.character], old[last.line][last.character :]
    column = width(head, "utf-8")
    if low and old[low - 1][-1] == "\r":  # with a line feed after it, it is another break
        low -= 1
        head = old[low] + head
    middle, after = split(_paired(head + new + tail)), split(tail)
    end = len(middle) - len(after)
    if last.line < len(old) - 1:
        del middle[-1]  # what is after the last break: the line that follows
    lines = old[:low] + middle + old[last.line + 1 :]
    start = (first.line + 1, column)
    before = (last.line + 1, width(old[last.line][: last.character], "utf-8"))
    now = (low + end + 1, width(middle[end], "utf-8") - width(after[0], "utf-8"))
    return Lines.of(lines), _edit(old, lines, start, before, now)


def _edit(
    old: list[str], new: list[str], start: tuple[int, int], before: tuple[int, int], now: tuple[int, int]
) -> Edit:
    """With the columns that the parser counts: without a byte order mark."""
    return Edit(Span(*_unmarked(old, *start), *_unmarked(old, *before)), *_unmarked(new, *now))


def _unmarked(lines: list[str], line: int, column: int) -> tuple[int, int]:
    mark = width(MARK, "utf-8") if line == 1 and lines[0].startswith(MARK) else 0
    return line, max(column - mark, 0)


def _paired(text: str) -> str:
    """With halves of UTF-16 pairs that have come together made into characters."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _at(lines: Lines, place: Place, encoding: Encoding) -> _At:
    if place.line >= lines.count:
        return _At(lines.count - 1, len(lines.with_breaks[-1]))
    return _At(place.line, index(lines.with_breaks[place.line].rstrip("\r\n"), place.units, encoding))


def _before_last(lines: list[str], count: int) -> tuple[int, int]:
    """Where the last so many lines begin."""
    return (len(lines) - count + 1, 0) if count else (len(lines), width(lines[-1], "utf-8"))


def _shifted(place: tuple[int, int], edit: Edit) -> tuple[int, int]:
    line, column = place
    if line == edit.before.end_line:
        column += edit.end_column - edit.before.end_column
    return line + edit.end_line - edit.before.end_line, column
