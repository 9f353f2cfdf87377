"""Comments, and whether they say something to people: those for tools don't."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return any(line in lines and _says_something(text) for line, _, text in _comments(top))


def comments_in(top: TopLevel, span: Span) -> Iterator[str]:
    """The comments in a stretch of a statement, as they are written, without white space at their ends."""
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    if start != end and "#" in top.text:
        yield from (text for line, column, text in _comments(top) if start <= (line, column) < end)


def takes_comment(top: TopLevel, number: int) -> bool:
    """Whether a comment can be put at the end of a line of a statement: not in a text of several lines, and
    not after a backslash that goes on with the next one."""
    own, end = top.line(number), 0
    for token in _tokens(top):
        if token.start[0] <= number < token.end[0] and token.type != tokenize.NEWLINE:
            return False
        if token.end[0] == number:
            end = max(end, token.end[1])
    return not own[end:].rstrip().endswith("\\")


def _tokens(top: TopLevel) -> Iterator[tokenize.TokenInfo]:
    lines = (f"{top.line(number)}\n" for number in range(1, top.line_count + 1))
    return tokenize.generate_tokens(lambda: next(lines, ""))


def _comments(top: TopLevel) -> Iterator[tuple[int, int, str]]:
    """All of a statement: the line, the column in bytes, and the text."""
    for token in _tokens(top):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            before = top.line(line)[:column].encode("utf-8", "surrogatepass")
            yield line, len(before), token.string.rstrip()


def _says_something(comment: str) -> bool:
    parts = comment.split("#")  # "# type: ignore  # because"
    return any(part.strip() and not _FOR_TOOLS.match(part.strip()) for part in parts)
