"""How a fix writes what comes from another module: by the names that are there, or with an import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import importing
from pivot_lsp.source.scopes import Imported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.module import Module


class Named(NamedTuple):
    """``text`` stands for it at module level, once the ``edits`` are made."""

    text: str
    edits: list[Edit]


def named(module: Module, chain: str) -> Named | None:
    """How a module names ``pivot_core.loaders.JSON``; None if the names for it mean something else there.

    By the shortest of the names that are there; else by its module, imported: ``loaders.JSON``.
    """
    found = [
        name + chain[len(source) :]
        for name, source in _imports(module)
        if f"{chain}.".startswith(f"{source}.")
    ]
    if found:
        return Named(min(found, key=lambda text: (len(text), text)), [])
    parent, _, name = chain.rpartition(".")
    package, _, last = parent.rpartition(".")
    if package and last not in module.names:
        return Named(f"{last}.{name}", importing(module, f"from {package} import {last}"))
    if name not in module.names:
        return Named(name, importing(module, f"from {parent} import {name}"))
    return None


def _imports(module: Module) -> Iterator[tuple[str, str]]:
    """The names that are imported whenever the module runs, not for type checkers only, and what for."""
    for part in module.parts:
        if all(isinstance(node, ast.Import | ast.ImportFrom) for node in part.top.body):
            for name in part.top.bound:
                binding = module.only(name)
                if isinstance(binding, Imported):
                    yield name, binding.chain
