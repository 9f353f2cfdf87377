"""The nodes right below a node. The lint goes through each tree many times, so how fast this is shows."""

from __future__ import annotations

import ast

# Fields that say in a word what a node is: no node, or one that stands for an operator and says no more.
_WORDS = frozenset(
    {"attr", "conversion", "ctx", "id", "is_async", "kind", "level", "lineno", "module"}
    | {"op", "ops", "simple", "type_comment"}
)
_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def children(node: ast.AST) -> list[ast.AST]:
    """As ``ast.iter_child_nodes``, without contexts and operators: they are every third node."""
    kind = type(node)
    if kind not in _fields:
        _fields[kind] = tuple(name for name in kind._fields if name not in _WORDS)
    found: list[ast.AST] = []
    for name in _fields[kind]:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found
