"""Small questions to an expression. Standard library only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

IMPORTING: Final = frozenset({"import_module", "__import__", "find_spec", "resolve_name", "run_module"})
REACHES_INTO: Final = (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)


def calls_on_the_way(node: ast.AST) -> Iterator[ast.Call]:
    while isinstance(node, REACHES_INTO):
        if isinstance(node, ast.Call):
            yield node
        node = node.func if isinstance(node, ast.Call) else node.value


def bottom_name(node: ast.AST) -> str:
    while isinstance(node, REACHES_INTO):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def constant_import(call: ast.Call) -> str:
    """``x`` of ``__import__("x")``."""
    if last_name(call.func) in IMPORTING and call.args and isinstance(call.args[0], ast.Constant):
        value = call.args[0].value
        return value if isinstance(value, str) else ""
    return ""


class Method(NamedTuple):
    """A method of a class of the module. ``parameter`` is the first, ``of_class`` when that is the class
    itself; ``shared`` are the attributes that its objects share."""

    name: str
    owner: str
    parameter: str
    of_class: bool
    shared: frozenset[str]

    def attribute(self, node: ast.AST) -> str:
        """The attribute of the object that ``node`` leads through: ``all`` of ``self.all["a"].b``."""
        while isinstance(node, REACHES_INTO):
            below = node.func if isinstance(node, ast.Call) else node.value
            if isinstance(below, ast.Name):
                return node.attr if isinstance(node, ast.Attribute) else ""
            node = below
        return ""

    def is_class(self, node: ast.AST, deep: bool) -> bool:
        """Whether changing what ``node`` leads to changes the class: ``self.all.append(x)``,
        ``type(self).n = 1``."""
        if self.of_class:
            return True
        while isinstance(node, REACHES_INTO):
            below = node.func if isinstance(node, ast.Call) else node.value
            if isinstance(below, ast.Name):
                return isinstance(node, ast.Attribute) and (
                    node.attr == "__class__" or (deep and node.attr in self.shared)
                )
            node = below
        return False
