"""A lambda as the parts of a def, as they are written: comments stay."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import source

if TYPE_CHECKING:
    from pivot_lsp.source.toplevel import TopLevel

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Unfolded(NamedTuple):
    """``parameters`` can stand in parentheses, ``result`` can follow ``return``."""

    parameters: str
    result: str


def unfolded(node: ast.Lambda, top: TopLevel) -> Unfolded | None:
    """None for a generator."""
    if any(isinstance(one, ast.Yield | ast.YieldFrom | ast.Await) for one in ast.walk(node)):
        return None
    text = source(top, node)
    colon = _colon(text)
    result = text[colon + 1 :].strip()
    is_enclosed = result.startswith("(") and not source(top, node.body).startswith("(")
    if not is_enclosed and ("\n" in result or isinstance(node.body, ast.NamedExpr)):
        result = f"({result})"
    parameters = text[len("lambda") : colon].strip()
    if "#" in parameters.rpartition("\n")[2]:
        parameters += "\n"  # not to be in the comment, what comes after it
    return Unfolded(parameters, result)


def _colon(text: str) -> int:
    """Where the parameters of a lambda end: behind those of lambdas in its defaults."""
    lines = f"({text})".split("\n")
    deep = lambdas = 0
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
        if token.string in _OPENING:
            deep += 1
        elif token.string in _CLOSING:
            deep -= 1
        elif token.string == "lambda" and deep == 1:
            lambdas += 1
        elif token.string == ":" and deep == 1:
            lambdas -= 1
            if not lambdas:
                row, column = token.start
                return sum(len(line) + 1 for line in lines[: row - 1]) + column - 1
    raise AssertionError("a lambda has a colon")
