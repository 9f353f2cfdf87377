"""Places in a text, as the parser, people and editors count them. The one module that converts.

``ast`` counts lines from 1 and columns in bytes of UTF-8. Editors count lines from 0 and columns in the
units of the encoding that they agreed on with the server (UTF-16 unless said otherwise). People count
both from 1, columns in characters. All of them break lines at ``\\n``, ``\\r\\n`` and ``\\r`` only: not at a
form feed or U+2028, as ``str.splitlines`` does.

A column beyond the end of its line is the end, and one inside of a character is before it. Texts may hold
halves of UTF-16 pairs: editors have them, and send them. Some also have a byte order mark as the first
character of a text, and count it. Python and people don't.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

import msgspec

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

Encoding = Literal["utf-8", "utf-16", "utf-32"]

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # of the byte order, at the beginning of a text
_LINE = re.compile("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of a text, counted as ``ast`` does; the end is the first byte after it."""

    line: int
    column: int
    end_line: int
    end_column: int


def span_of(node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> Span:
    """The stretch of a node that came from a text."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


class Lines:
    """A text by its lines. Never changes. A byte order mark at its beginning is left out of all but
    ``with_breaks``."""

    def __init__(self, text: str) -> None:
        self._lines = split(text)

    @classmethod
    def of(cls, lines: list[str]) -> Self:
        """Of lines as :func:`split` gives them."""
        made = cls.__new__(cls)
        made._lines = lines
        return made

    @cached_property
    def text(self) -> str:
        return "".join(self._lines).removeprefix(MARK)

    @property
    def with_breaks(self) -> list[str]:
        """The lines as :func:`split` gives them, a byte order mark included; not to be changed."""
        return self._lines

    @property
    def count(self) -> int:
        """How many lines there are; an empty one after the last newline counts, too."""
        return len(self._lines)

    def line(self, number: int) -> str:
        """A line by its number from 1, without its break; "" if there is none."""
        text = self._lines[number - 1].rstrip("\r\n") if 0 < number <= len(self._lines) else ""
        return text.removeprefix(MARK) if number == 1 else text

    def characters(self, line: int, column: int) -> int:
        """How many characters (code points) of a line are before a byte column."""
        return index(self.line(line), column, "utf-8")

    def units(self, line: int, column: int, encoding: Encoding) -> int:
        """How many units of an encoding are before a byte column."""
        return self.units_before(line, self.characters(line, column), encoding)

    def units_before(self, line: int, characters: int, encoding: Encoding) -> int:
        """How many units of an encoding are before a character of a line."""
        return self._mark(line, encoding) + width(self.line(line)[:characters], encoding)

    def column(self, line: int, units: int, encoding: Encoding) -> int:
        """The byte column that so many units of an encoding are before."""
        text = self.line(line)
        return width(text[: index(text, units - self._mark(line, encoding), encoding)], "utf-8")

    def _mark(self, line: int, encoding: Encoding) -> int:
        """The units of a byte order mark before what Python reads of a line."""
        return width(MARK, encoding) if line == 1 and self._lines[0].startswith(MARK) else 0


def split(text: str) -> list[str]:
    """The lines of a text with their breaks. The last one has none, and is empty after a final break."""
    if "\r" in text:
        lines = _LINE.findall(text)
        return lines if lines and lines[-1][-1] not in "\r\n" else [*lines, ""]
    *lines, last = text.split("\n")
    return [*(line + "\n" for line in lines), last]


def width(text: str, encoding: Encoding) -> int:
    """The units of a text that has no line break."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    return sum(_widths(text, encoding))


def index(text: str, units: int, encoding: Encoding) -> int:
    """How many characters of a line are in its first units."""
    if encoding == "utf-32" or text.isascii():
        return max(0, min(units, len(text)))
    for number, size in enumerate(_widths(text, encoding)):
        units -= size
        if units < 0:
            return number
    return len(text)


def _widths(text: str, encoding: Encoding) -> Iterable[int]:
    if encoding == "utf-16":
        return (2 if char > "\uffff" else 1 for char in text)
    return (1 if char < "\x80" else 2 if char < "\u0800" else 3 if char <= "\uffff" else 4 for char in text)
