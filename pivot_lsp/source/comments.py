"""Comments that say something to people: those for tools aren't among them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pivot_lsp.positions import span_of

if TYPE_CHECKING:
    from pivot_lsp.positions import Span
    from pivot_lsp.source.toplevel import TopLevel

_FOR_TOOLS = re.compile(r"(?:type|pyright|mypy|pylint|pivot|ruff|fmt)\s*:|noqa\b|pragma\b", re.IGNORECASE)


def explained(top: TopLevel, span: Span) -> bool:
    """Whether a stretch of a statement has a comment on one of its lines, or right above it."""
    if "#" not in top.text:
        return False
    lines = list(range(span.line, span.end_line + 1))
    while lines[0] > 1 and top.line(lines[0] - 1).lstrip().startswith("#"):
        lines.insert(0, lines[0] - 1)
    texts = [span_of(node) for node in _texts(top)]
    return any(_says_something(_comment(top, number, texts)) for number in lines)


def _texts(top: TopLevel) -> list[ast.expr]:
    """The literals that can hold a #, which is no comment then."""
    nodes = [node for statement in top.body for node in ast.walk(statement)]
    return [
        node
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
    ]


def _comment(top: TopLevel, number: int, texts: list[Span]) -> str:
    """The comment at the end of a line; "" if there is none."""
    line = top.line(number).encode("utf-8", "surrogatepass")
    for found in re.finditer(b"#", line):
        place = (number, found.start())
        if not any((one.line, one.column) <= place < (one.end_line, one.end_column) for one in texts):
            return line[found.end() :].decode("utf-8", "surrogatepass")
    return ""


def _says_something(comment: str) -> bool:
    parts = comment.split("#")  # "type: ignore  # because"
    return any(part.strip() and not _FOR_TOOLS.match(part.strip()) for part in parts)
