"""Where a value goes, within one function: what is only printed, or measures time, decides no result.

A value counts as going on unless it certainly doesn't.
"""

# ruff: noqa: SIM905  # long lists of words read better as text
from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_core.code.vocabulary import TALKING
from pivot_lsp.source.scopes import BUILTINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.toplevel import TopLevel

_PASSING = (
    ast.BinOp,
    ast.BoolOp,
    ast.Dict,
    ast.FormattedValue,
    ast.IfExp,
    ast.JoinedStr,
    ast.keyword,
    ast.List,
    ast.Starred,
    ast.Subscript,
    ast.Tuple,
    ast.UnaryOp,
)
_TALKING = frozenset(
    {"builtins.print", "click.echo", "click.secho", "rich.print", "time.sleep", "tqdm.tqdm.write"}
) | {f"sys.{stream}.write" for stream in ("stdout", "stderr")}
_CONVERTING = frozenset(
    BUILTINS + name for name in "abs ascii float format int len max min repr round str".split()
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Flow:
    """Of the values in one statement. ``timing``: what is subtracted or compared measures time."""

    def __init__(self, top: TopLevel, *, timing: bool = False) -> None:
        self._top = top
        self._timing = timing
        self._seen: set[tuple[int, str]] = set()

    def is_only_told(self, node: ast.expr, scope: Scope) -> bool:
        """Whether a value is printed, logged, or dropped, and nothing else, also by way of variables."""
        child: ast.AST = node
        while True:
            parent = self._top.parents.get(id(child))
            match parent:
                case ast.Expr() | ast.Raise():
                    return True
                case ast.BinOp(op=ast.Sub()) | ast.Compare() if self._timing:
                    return True
                case ast.Call() if child is not parent.func:
                    if _talks(parent, scope):
                        return True
                    if not self._passes(parent, scope):
                        return False
                case ast.Attribute():  # ``now.isoformat()``: what it makes of the value
                    above = self._top.parents.get(id(parent))
                    parent = above if isinstance(above, ast.Call) and above.func is parent else parent
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    return self._variable(name, parent, scope)
                case ast.AugAssign(target=ast.Name(id=name)):
                    return self._variable(name, parent, scope)
                case ast.Tuple() if (target := self._unpacked(parent, child)) is not None:
                    return self._variable(target, parent, scope)
                case _ if not isinstance(parent, _PASSING):
                    return False
            assert parent is not None
            child = parent

    def _passes(self, call: ast.Call, scope: Scope) -> bool:
        """A call whose value says what its argument says: ``str(x)``, ``"{}".format(x)``, or an exception."""
        is_format = isinstance(call.func, ast.Attribute) and call.func.attr in ("format", "join")
        if is_format or scope.full_name(call.func) in _CONVERTING:
            return True
        return isinstance(self._top.parents.get(id(call)), ast.Raise)

    def _unpacked(self, values: ast.Tuple, one: ast.AST) -> str | None:
        """``start, end = 1, one``: the variable that gets one of the values."""
        match self._top.parents.get(id(values)):
            case ast.Assign(targets=[ast.Tuple(elts=names)]) if len(names) == len(values.elts):
                name = next(name for name, value in zip(names, values.elts, strict=True) if value is one)
                return name.id if isinstance(name, ast.Name) else None
        return None

    def _variable(self, name: str, node: ast.AST, scope: Scope) -> bool:
        found = scope.lookup(name)
        function = self.function_around(node)
        if found is None or found[0].kind != "function" or function is None:
            return False  # others can read it
        if (id(function), name) in self._seen:
            return True
        self._seen.add((id(function), name))
        return all(self.is_only_told(use, scope) for use in reads(function, name))

    def function_around(self, node: ast.AST) -> ast.AST | None:
        """The innermost function that a node is in."""
        while not isinstance(node, _FUNCTIONS):
            above = self._top.parents.get(id(node))
            if above is None:
                return None
            node = above
        return node


def reads(tree: ast.AST, name: str) -> Iterator[ast.Name]:
    """Where the value of a variable is taken."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _talks(call: ast.Call, scope: Scope) -> bool:
    name = scope.full_name(call.func)
    if name == "builtins.print":
        to = next((keyword.value for keyword in call.keywords if keyword.arg == "file"), None)
        return to is None or scope.full_name(to) in ("sys.stdout", "sys.stderr")
    if name in _TALKING or (name or "").startswith("pivot_core.progress."):
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in TALKING
