"""What a definition, or a call by itself, is inside of."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pivot_lsp.source.toplevel import TopLevel

Definition: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"
Movable: TypeAlias = "Definition | ast.Expr"


def around(top: TopLevel, node: Definition) -> list[Definition]:
    """The functions and classes that a definition is in, from the outermost."""
    found = [
        visit.node
        for visit in top.visits
        if isinstance(visit.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and contains(visit.node, node)
    ]
    return sorted(found, key=lambda outer: outer.lineno)


def contains(outer: Movable, inner: Movable) -> bool:
    """Whether a statement is inside a definition."""
    return outer is not inner and outer.lineno <= inner.lineno <= (outer.end_lineno or outer.lineno)


def outer_function(top: TopLevel, node: Definition) -> str | None:
    """The name of the outermost function that a definition is in."""
    functions = (outer for outer in around(top, node) if not isinstance(outer, ast.ClassDef))
    return next((outer.name for outer in functions), None)


def qualified(top: TopLevel, node: Definition) -> str:
    """The name of a definition, with those of the classes that it is in."""
    return ".".join(outer.name for outer in (*around(top, node), node))


def first_line(top: TopLevel, node: ast.stmt) -> int:
    """The line of its first decorator, else its own."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    if not decorators:
        return node.lineno
    line = decorators[0].lineno
    while line > 1 and not top.line(line).lstrip().startswith("@"):  # @( and what it is in the line below
        line -= 1
    return line
