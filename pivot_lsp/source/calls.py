"""Calls of functions that are known by their full names, whatever a module calls them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Arm, Scope
    from pivot_lsp.source.stages import Part


class KnownCall(NamedTuple):
    """``name``: ``os.path.join``, ``builtins.open``; with dots in front if the import is a relative one."""

    node: ast.Call
    name: str
    scope: Scope
    arms: tuple[Arm, ...]


def known_calls(part: Part) -> Iterator[KnownCall]:
    """Those in a statement. Ask for them by ``part.answer``, and they are looked for once."""
    for visit in part.top.visits:
        if isinstance(visit.node, ast.Call):
            name = visit.scope.full_name(visit.node.func)
            if name is not None:
                yield KnownCall(visit.node, name, visit.scope, visit.arms)


def argument(call: ast.Call, position: int | None, name: str) -> ast.expr | None:
    """What a call hands over, by place or by name; None if it doesn't, or behind a star."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    args = call.args
    if position is None or position >= len(args):
        return None
    starred = any(isinstance(arg, ast.Starred) for arg in args[: position + 1])
    return None if starred else args[position]
