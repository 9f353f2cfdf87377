"""Definitions cut out of the blocks that they are in, as whole lines, and what they are further left."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.rule import Edit
from pivot_lsp.positions import Span
from pivot_lsp.source.nesting import first_line
from pivot_lsp.source.toplevel import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.source.nesting import Movable
    from pivot_lsp.source.toplevel import TopLevel

_WITH_DOCSTRING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Insertion(NamedTuple):
    """A text at a place of a statement; columns in bytes."""

    line: int
    column: int
    text: str


class Cut(NamedTuple):
    """Lines ``first`` to ``last`` of a statement; ``kept`` takes their place. ``without``: lines that the
    pasted text lacks; ``inserted``: what it has besides, as it would be in the old place."""

    node: Movable
    first: int
    last: int
    kept: str = ""
    without: range = range(0)
    inserted: tuple[Insertion, ...] = ()


def cut(top: TopLevel, node: Movable) -> Cut:
    """A statement with its decorators, and with comments right above it and at its end."""
    first, last, indent = first_line(top, node), node.end_lineno or node.lineno, indent_of(top, node)
    while first > 1 and top.line(first - 1).startswith(indent + "#"):
        first -= 1
    for number in range(last + 1, top.line_count + 1):
        line = top.line(number)
        if line.strip() and not (line.startswith((indent + " ", indent + "\t")) and line.lstrip()[0] == "#"):
            break
        last = number if line.strip() else last
    return Cut(node, first, last)


def indent_of(top: TopLevel, node: ast.stmt) -> str:
    """The white space that a statement is indented by."""
    return top.line(node.lineno)[: node.col_offset]


def pasted(top: TopLevel, one: Cut) -> str:
    """The lines as they are at module level, without a newline at the end. The text in strings stays."""
    indent, untouched = indent_of(top, one.node), set(_inside_strings(top, one))
    lines = []
    for number in range(one.first, one.last + 1):
        if number not in one.without:
            line = _with(one.inserted, number, top.line(number))
            lines += (
                [line] if number in untouched else [_outdented(part, indent) for part in line.split("\n")]
            )
    return "\n".join(lines)


def _with(inserted: Sequence[Insertion], number: int, line: str) -> str:
    data = line.encode("utf-8", "surrogatepass")
    for _, column, text in sorted((one for one in inserted if one.line == number), reverse=True):
        data = data[:column] + text.encode() + data[column:]
    return data.decode("utf-8", "surrogatepass")


def _outdented(line: str, indent: str) -> str:
    if line.startswith(indent):
        return line[len(indent) :]
    return line.lstrip(" \t")  # continued from the line before, or a comment, further left


def _inside_strings(top: TopLevel, one: Cut) -> Iterator[int]:
    """The lines that begin inside a string; not those of docstrings: their readers strip indentation."""
    indent = indent_of(top, one.node)
    docstrings = {id(found) for node in ast.walk(one.node) if (found := _docstring(node)) is not None}
    for node in ast.walk(one.node):
        if isinstance(node, ast.Constant | ast.JoinedStr) and (node.end_lineno or 0) > node.lineno:
            lines = range(node.lineno + 1, (node.end_lineno or 0) + 1)
            clean = all(not top.line(line).strip() or top.line(line).startswith(indent) for line in lines)
            if id(node) not in docstrings or not clean:
                yield from lines


def _docstring(node: ast.AST) -> ast.expr | None:
    if isinstance(node, _WITH_DOCSTRING) and isinstance(node.body[0], ast.Expr):
        return node.body[0].value
    return None


def removing(top: TopLevel, cuts: Sequence[Cut]) -> list[Edit]:
    """The edits that leave of each what it keeps, without gaps; an emptied block gets a ``pass``."""
    dropped: dict[int, str] = {}
    gone = {id(one.node) for one in cuts if not one.kept}
    for one in cuts:
        block = _block(top, one.node)
        below = block[block.index(one.node) + 1 :]
        empty = all(id(statement) in gone for statement in block) and block[0] is one.node
        kept = f"{indent_of(top, one.node)}pass\n" if empty else one.kept
        dropped |= dict.fromkeys(range(one.first, one.last + 1), "") | {one.first: kept}
        if not kept:
            followed = any(id(statement) not in gone for statement in below)
            dropped |= dict.fromkeys(_blank(top, one.last, 1) if followed else _blank(top, one.first, -1), "")
    return list(_edits(top, dropped))


def _block(top: TopLevel, node: ast.stmt) -> list[ast.stmt]:
    """The statements among which one is."""
    for outer in (outer for statement in top.body for outer in ast.walk(statement)):
        for _, value in ast.iter_fields(outer):
            if isinstance(value, list) and any(item is node for item in value):
                return value
    return list(top.body)


def _blank(top: TopLevel, line: int, step: int) -> Iterator[int]:
    """The blank lines below (or above) a line."""
    line += step
    while 0 < line < top.line_count and not top.line(line).strip():
        yield line
        line += step


def _edits(top: TopLevel, dropped: dict[int, str]) -> Iterator[Edit]:
    """One for each run of lines."""
    for start in sorted(dropped):
        if start - 1 not in dropped:
            end = start
            while end in dropped:
                end += 1
            text = "".join(dropped[line] for line in range(start, end))
            yield Edit(Spot(top, Span(start, 0, end, 0)), text)
