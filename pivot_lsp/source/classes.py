"""Classes that stages are made with: TypedDicts of outputs, params classes, loaders."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, TypeAlias

from pivot_lsp.source.annotations import LOADERS
from pivot_lsp.source.scopes import DefinedClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope

Kind: TypeAlias = Literal["outputs", "params", "loader"]

_TYPED_DICT = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})
_PARAMS = frozenset({"pivot_core.StageParams", "pivot_core.params.StageParams"})


def kind_of(node: ast.ClassDef, scope: Scope) -> Kind | None:
    """What a class is, by its bases, as far as this module tells. ``outputs`` is any TypedDict."""
    for one in lineage(node, scope):
        for base in one.bases:
            chain = scope.chain(_plain(base)) or ""
            if chain in _TYPED_DICT:
                return "outputs"
            if chain in _PARAMS:
                return "params"
            if chain.startswith(LOADERS):
                return "loader"
    return None


def lineage(node: ast.ClassDef, scope: Scope) -> Iterator[ast.ClassDef]:
    """A class and those of this module that it is derived from."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        for base in map(_plain, one.bases):
            binding = scope.only(base.id) if isinstance(base, ast.Name) else None
            if isinstance(binding, DefinedClass):
                waiting.append(binding.node)


def is_plain(node: ast.ClassDef, scope: Scope) -> bool:
    """Whether a class inherits from nothing but Pivot's and the like: all fields are its own."""
    found = [scope.chain(_plain(base)) or "" for base in node.bases]
    return all(chain in _TYPED_DICT or chain in _PARAMS or chain.startswith(LOADERS) for chain in found)


def _plain(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base  # Loader[A, B]
