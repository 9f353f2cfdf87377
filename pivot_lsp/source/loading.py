"""Which loader an artifact has, as far as the text tells, and whether that can read and write."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core import loaders
from pivot_lsp.source.annotations import LOADERS
from pivot_lsp.source.classes import lineage
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.typenames import is_others

if TYPE_CHECKING:
    from pivot_lsp.source.annotations import Artifact, Role
    from pivot_lsp.source.scopes import Scope

_DEFAULTS: dict[Role, type] = {
    "metric": loaders.JSON,
    "plot": loaders.MatplotlibFigure,
    "directory": loaders.PathOnly,
}


class Loader(NamedTuple):
    """``builtin``: the class in ``pivot_core.loaders``; None for one of the module. ``is_class``: the class
    itself is given, and not an instance of it."""

    name: str
    builtin: type | None
    is_class: bool
    reads: bool
    writes: bool


def loader_of(artifact: Artifact) -> Loader | None:
    """The loader of an artifact, also where the marker has a default; None for one that isn't known."""
    if artifact.loader is None:
        default = _DEFAULTS.get(artifact.role)
        starred = any(isinstance(node, ast.Starred) for node in artifact.call.args)
        hidden = starred or any(keyword.arg is None for keyword in artifact.call.keywords)
        return None if default is None or hidden else _builtin(default, is_class=False)
    node, _ = artifact.scope.value(artifact.loader)
    is_class = not isinstance(node, ast.Call)
    return _of_class(node.func if isinstance(node, ast.Call) else node, artifact.scope, is_class)


def builtin_class(node: ast.expr, scope: Scope) -> type | None:
    """The class of ``pivot_core.loaders`` that an expression stands for."""
    chain = scope.chain(node) or ""
    found = getattr(loaders, chain.removeprefix(LOADERS), None) if chain.startswith(LOADERS) else None
    return found if isinstance(found, type) else None


def _builtin(cls: type, *, is_class: bool) -> Loader:
    return Loader(
        cls.__name__, cls, is_class, issubclass(cls, loaders.Reader), issubclass(cls, loaders.Writer)
    )


def _of_class(node: ast.expr, scope: Scope, is_class: bool) -> Loader | None:
    plain = node.value if isinstance(node, ast.Subscript) else node
    builtin = builtin_class(plain, scope)
    if builtin is not None:
        return _builtin(builtin, is_class=is_class)
    binding = scope.only(plain.id) if isinstance(plain, ast.Name) else None
    if not isinstance(binding, DefinedClass):
        return None
    bases = builtin_bases(binding.node, scope)
    if not bases:
        return None
    reads = any(issubclass(base, loaders.Reader) for base in bases)
    writes = any(issubclass(base, loaders.Writer) for base in bases)
    return Loader(binding.node.name, None, is_class, reads, writes)


def builtin_bases(node: ast.ClassDef, scope: Scope) -> list[type] | None:
    """The classes of ``pivot_core.loaders`` that a class is derived from; None if it has other bases, too."""
    found = []
    for one in lineage(node, scope):
        for base in one.bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            builtin = builtin_class(plain, scope)
            binding = scope.only(plain.id) if isinstance(plain, ast.Name) else None
            if builtin is not None:
                found.append(builtin)
            elif not isinstance(binding, DefinedClass) and not is_others(plain, scope):
                return None
    return found
