"""Places in a text, as the parser, people and editors count them. The one module that converts.

``ast`` counts lines from 1 and columns in bytes of UTF-8. Editors count lines from 0 and columns in the
units of the encoding that they agreed on with the server (UTF-16 unless said otherwise). People count
both from 1, columns in characters. All of them break lines at ``\\n``, ``\\r\\n`` and ``\\r`` only: not at a
form feed or U+2028, as ``str.splitlines`` does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import ast

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_BREAK = re.compile("\r\n|\r|\n")


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
    """A text by its lines."""

    def __init__(self, text: str) -> None:
        self._lines = _LINE_BREAK.split(text)

    @property
    def count(self) -> int:
        """How many lines there are; an empty one after the last newline counts, too."""
        return len(self._lines)

    def line(self, number: int) -> str:
        """A line by its number from 1, without its break; "" if there is none."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def characters(self, line: int, column: int) -> int:
        """How many characters (code points) of a line are before a byte column."""
        return len(self._before(line, column))

    def units(self, line: int, column: int, encoding: Encoding) -> int:
        """How many units of an encoding are before a byte column."""
        before = self._before(line, column)
        if before.isascii() or encoding == "utf-32":
            return len(before)
        if encoding == "utf-8":
            return len(before.encode("utf-8", "surrogatepass"))
        return len(before) + sum(char > "\uffff" for char in before)

    def _before(self, line: int, column: int) -> str:
        text = self.line(line)
        if text.isascii():
            return text[:column]
        return text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore")
