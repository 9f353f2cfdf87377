"""Uses of names that are known by their full names, whatever a module calls them, and in whatever way."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.source.children import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part

# Their parts are visited one by one, or (in comprehensions) have another scope.
_DIVIDED = (
    ast.AsyncFunctionDef,
    ast.Attribute,
    ast.ClassDef,
    ast.DictComp,
    ast.FunctionDef,
    ast.GeneratorExp,
    ast.If,
    ast.IfExp,
    ast.Lambda,
    ast.ListComp,
    ast.Match,
    ast.SetComp,
    ast.Try,
    ast.TryStar,
)


class Reference(NamedTuple):
    """``node``: a name, or the whole of ``a.b.c``. ``name``: ``os.path.join``, ``builtins.open``; with dots
    in front if the import is a relative one. ``call``: the call of it, if it is called."""

    node: ast.expr
    name: str
    scope: Scope
    call: ast.Call | None


def references(part: Part) -> Iterator[Reference]:
    """Those in a statement. Ask for them by ``part.answer``, and they are looked for once."""
    parents = part.top.parents
    for visit in part.top.visits:
        for node in _names(visit.node):
            around = parents.get(id(node))
            if not isinstance(around, ast.Attribute):
                name = visit.scope.full_name(node)
                if name is not None:
                    call = around if isinstance(around, ast.Call) and around.func is node else None
                    yield Reference(node, name, visit.scope, call)


def _names(node: ast.AST) -> Iterator[ast.Name | ast.Attribute]:
    """The node, or those of its parts that no visit is made for."""
    if isinstance(node, ast.Name | ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            yield node
    elif not isinstance(node, _DIVIDED):
        for child in children(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
                yield child
