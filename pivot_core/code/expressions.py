"""Small questions to an expression. Standard library only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

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
