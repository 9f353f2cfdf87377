"""``hash()`` and ``id()`` where their value goes on: it is another one in another process.

To tell things apart, as keys or by comparing two of them, any value does. What certainly goes on is a number
that is calculated with or ordered by, a part of a text, or a seed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.source.calls import KnownCall, known_calls
from pivot_lsp.source.flow import Flow, reads
from pivot_lsp.source.scopes import BUILTINS
from pivot_lsp.source.sets import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part

_NAMES = frozenset({"builtins.hash", "builtins.id"})
_ORDERING = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
_CONVERTING = frozenset(BUILTINS + name for name in ("abs", "format", "hex", "repr", "str"))
_SPECIAL = frozenset({"__hash__", "__eq__", "__repr__"})  # for the process itself, or for people


def hashes(part: Part) -> Iterator[KnownCall]:
    """Those calls in a statement whose value certainly does more than to tell things apart."""
    flow = Flow(part.top)
    for call in part.answer(known_calls):
        if call.name in _NAMES and len(call.node.args) == 1 and not _is_certain(call):
            function = flow.function_around(call.node)
            special = isinstance(function, ast.FunctionDef) and function.name in _SPECIAL
            if not special and _goes_on(part, call.node, call.scope):
                yield call


def _is_certain(call: KnownCall) -> bool:
    """Whether it is the same everywhere: numbers are their own hashes."""
    return call.name == "builtins.hash" and is_number(call.node.args[0], call.scope)


def _goes_on(part: Part, node: ast.expr, scope: Scope, depth: int = 5) -> bool:
    around = part.top.parents.get(id(node))
    match around:
        case ast.FormattedValue() | ast.BinOp():
            return not Flow(part.top).is_only_told(node, scope)
        case ast.Compare(ops=ops):
            return any(isinstance(op, _ORDERING) for op in ops)
        case ast.keyword(arg=name):
            return _is_seed(name or "")
        case ast.Call(func=func) if func is not node:
            name = func.attr if isinstance(func, ast.Attribute) else ast.unparse(func)
            if scope.full_name(func) in _CONVERTING or name == "format":
                return not Flow(part.top).is_only_told(node, scope)
            return _is_seed(name) or name in ("Random", "RandomState", "default_rng")
        case ast.Assign(targets=[ast.Name(id=name)]) if depth:
            function = Flow(part.top).function_around(around)
            uses = reads(function, name) if function is not None else ()
            return any(_goes_on(part, use, scope, depth - 1) for use in uses)
    return False


def _is_seed(name: str) -> bool:
    return "seed" in name.lower() or name == "random_state"
