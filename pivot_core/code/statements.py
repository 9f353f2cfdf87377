"""A module as its top-level statements, read again only where it was edited.

It rests on this: texts that each start at the beginning of a line, and each are a module by themselves,
are together the module of all their statements. So an edit costs the statements that it touches, whatever
is above and below them; and mostly these alone tell that a text isn't Python, too.
"""

from __future__ import annotations

import ast
import re
import warnings
from codeop import PyCF_ALLOW_INCOMPLETE_INPUT  # type: ignore[attr-defined]  # the stubs don't know it
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as the parser counts: a form feed ends none
_INCOMPLETE: Final = "incomplete input"
Body: TypeAlias = tuple[ast.stmt, ...]


class Statement(NamedTuple):
    """One top-level statement; several that share lines count as one.

    ``text``: its whole lines, with the comments and empty lines above it. ``first_line``: where these begin
    in the file, from 1. ``body``: parsed from ``text`` alone, so line 1 there is ``first_line``. What follows
    the last statement of a file is one more, with an empty body.
    """

    text: str
    first_line: int
    body: Body


@dataclass(frozen=True)
class Statements:
    """A text that Python can parse. The texts of ``items`` together are ``text``."""

    text: str
    items: tuple[Statement, ...]

    @classmethod
    def of(cls, text: str) -> Statements:
        """Raises SyntaxError for all that Python wouldn't take."""
        return cls(text, tuple(_numbered(_cut(text, parse(text), {}), 1)))

    def follow(self, text: str) -> Statements:
        """The text after an edit of this one. What the edit leaves alone keeps its ``body``, the same object.

        Raises SyntaxError as :meth:`of` does; the message may be about a part of the text only.
        """
        if text == self.text:
            return self
        first, last = self._touched(text)
        first, last, pieces = self._read(text, first, last)
        line = self._line(first)
        lines = sum(_count_lines(piece) for piece, _ in pieces)
        below = self.items[last:]
        if below and (moved := line + lines - below[0].first_line):
            below = tuple(Statement(part, number + moved, body) for part, number, body in below)
        return Statements(text, (*self.items[:first], *_numbered(pieces, line), *below))

    def _line(self, index: int) -> int:
        """Where an item begins; after the last one, where the text ends."""
        return self.items[index].first_line if index < len(self.items) else 1 + _count_lines(self.text)

    def _touched(self, text: str) -> tuple[int, int]:
        """The items that aren't found again at the beginning or the end of another text, as a range."""
        items, start, end = self.items, 0, len(text)
        first, last = 0, len(items)
        while first < last and text.startswith(items[first].text, start):
            start += len(items[first].text)
            first += 1
        while first < last and text.endswith(items[last - 1].text, start, end):
            last -= 1
            end -= len(items[last].text)
        while first and not (items[first - 1].body and _is_line_start(text, start)):
            first -= 1
            start -= len(items[first].text)
        while last < len(items) and not _is_line_start(text, end):
            end += len(items[last].text)
            last += 1
        return first, last

    def _read(self, text: str, first: int, last: int) -> tuple[int, int, list[tuple[str, Body]]]:
        """Read what takes the place of a range of items, and of as many around it as that concerns."""
        items, step, above = self.items, 1, first > 0
        while True:
            start = sum(len(item.text) for item in items[:first])
            end = len(text) - sum(len(item.text) for item in items[last:])
            part = text[start:end]
            try:
                tree = parse(part, PyCF_ALLOW_INCOMPLETE_INPUT)
            except SyntaxError as error:
                if above:  # it may go on with the statement above: an indented line, `else`
                    first, above = first - 1, False
                elif error.msg == _INCOMPLETE and last < len(items):  # a bracket, or a text, that is open
                    last, step = min(last + step, len(items)), step * 2
                else:
                    raise _moved(part, error, self._line(first) - 1) from None
                continue
            pieces = _cut(part, tree, {item.text: item.body for item in items[first:last]})
            if not pieces or pieces[-1][1] or last == len(items):
                return first, last, pieces
            last += 1  # comments at the end belong to the statement below


def parse(text: str, flags: int = 0) -> ast.Module:
    """The tree of a text. Raises SyntaxError for all that Python wouldn't take."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the user's invalid escapes: not ours to tell
            tree = compile(text, "<unknown>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    except (ValueError, RecursionError, MemoryError) as error:
        # Null characters, lone surrogates; nesting too deep for the parser, which says so in three ways.
        raise SyntaxError(str(error) or "too deeply nested") from error
    assert isinstance(tree, ast.Module)
    return tree


def _cut(text: str, tree: ast.Module, known: Mapping[str, Body]) -> list[tuple[str, Body]]:
    """A text in pieces of one statement. ``known``: bodies of pieces that needn't be parsed."""
    ends: list[int] = []  # the last line of each piece
    for node in tree.body:
        if ends and node.lineno <= ends[-1]:
            ends.pop()
        ends.append(node.end_lineno or node.lineno)
    lines = _LINE.findall(text)
    starts = [0, *ends]
    parts = ["".join(lines[start:end]) for start, end in zip(starts, [*ends, len(lines)], strict=True)]
    if not parts[-1]:
        parts.pop()
    if len(parts) == 1:
        return [(text, known.get(text) or tuple(tree.body))]
    found: list[tuple[str, Body]] = []
    part = ""
    for more in parts:
        part += more
        try:
            found.append((part, known.get(part) or tuple(parse(part).body)))
        except SyntaxError:  # a backslash joins the lines of two statements
            continue
        part = ""
    return found if not part else [(text, tuple(tree.body))]


def _numbered(pieces: Sequence[tuple[str, Body]], line: int) -> list[Statement]:
    found = []
    for text, body in pieces:
        found.append(Statement(text, line, body))
        line += _count_lines(text)
    return found


def _count_lines(text: str) -> int:
    return text.count("\n") if "\r" not in text else len(_LINE.findall(text))


def _is_line_start(text: str, place: int) -> bool:
    before = text[place - 1 : place]
    return place == 0 or before == "\n" or (before == "\r" and text[place : place + 1] != "\n")


def _moved(part: str, error: SyntaxError, lines: int) -> SyntaxError:
    """The error as Python has it, with its lines in the file."""
    if error.msg == _INCOMPLETE:
        try:
            parse(part)
        except SyntaxError as plain:
            error = plain
    for name in ("lineno", "end_lineno"):
        if line := getattr(error, name):
            setattr(error, name, line + lines)
    return error
