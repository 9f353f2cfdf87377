"""What a module does only when it is run as a script: under ``if __name__ == "__main__"``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pivot_lsp.source.scopes import Arm
    from pivot_lsp.source.toplevel import TopLevel


def is_script_only(top: TopLevel, arms: Iterable[Arm]) -> bool:
    """Whether what is in these arms of a statement is never done when the module is imported."""
    return any(arm.number == 0 and arm.statement in top.guards for arm in arms)


def is_guard(node: ast.AST) -> bool:
    """Whether a statement is such an ``if``."""
    return isinstance(node, ast.If) and _asks_for_main(node.test)


def _asks_for_main(test: ast.expr) -> bool:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(map(_asks_for_main, values))
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value)]):
            return value == "__main__"
        case ast.Compare(left=ast.Constant(value), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]):
            return value == "__main__"
    return False
