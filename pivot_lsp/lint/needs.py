"""What a definition needs of the place that it is in: what has to come along when it moves to module level.

It is in a function, or under ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.source.nesting import contains, first_line
from pivot_lsp.source.scopes import UNKNOWN, Defined, DefinedClass, Imported
from pivot_lsp.source.scripts import is_script_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from symtable import SymbolTable

    from pivot_lsp.source.nesting import Definition, Movable
    from pivot_lsp.source.scopes import Binding, Scope, Visit
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel


class Need(NamedTuple):
    """A statement that moves, and the scope that it is in."""

    node: Movable
    scope: Scope


class Needs(NamedTuple):
    """All that moves. ``early``: names of the module that have to be there before it."""

    moving: list[Need]
    imports: list[str]
    early: set[str]


def needs_of(
    part: Part, nodes: Sequence[Movable], scope: Scope, given: frozenset[str] = frozenset()
) -> Needs | None:
    """All that some statements of one scope need; None if they can't move without changing what they mean.

    ``given``: variables of functions that the bodies of these statements don't need any more.
    """
    needs = Needs([Need(node, scope) for node in nodes], [], set())
    for number, need in enumerate(needs.moving):  # grows
        without = given if number < len(nodes) else frozenset()
        if not _can_move(part, need, needs.moving) or not _follow(part, need, needs, without):
            return None
    return needs


def captured(part: Part, node: Definition, scope: Scope) -> list[str]:
    """The variables of the functions around it that a definition uses, other than to define it."""
    used = _used_later(part.top, node)
    found = []
    for name in sorted(used.free) if used is not None else ():
        where = scope.lookup(name)
        if where is not None and not isinstance(_single(where[1]), Defined | DefinedClass | Imported):
            found.append(name)
    return found


# --- what comes along


def _follow(part: Part, need: Need, needs: Needs, given: frozenset[str]) -> bool:
    """Take along what the names in a statement stand for; False if that can't be."""
    used, early = _used_later(part.top, need.node), set(_used_at_once(part, need.node))
    if used is None:
        return False
    for name in sorted({*(used.free - given), *used.outer, *early}):
        where = need.scope.lookup(name)
        if where is None:
            if name in used.free:
                return False  # __class__
        elif where[0].parent is None and not _is_guarded(part.top, name):
            needs.early.update({name} & early)
        elif not _take(part, name, *where, needs):
            return False
    return True


def _take(part: Part, name: str, scope: Scope, bindings: Sequence[Binding], needs: Needs) -> bool:
    match _single(bindings):
        case Defined(node, _) | DefinedClass(node, _):
            if all(need.node is not node for need in needs.moving):
                needs.moving.append(Need(node, scope))
        case Imported():
            statement = _import(part.top, scope, name)
            if statement is None or not _is_new(name, scope):
                return False
            needs.imports.append(statement)
        case _:
            return False
    return True


def _can_move(part: Part, need: Need, all_of_them: Sequence[Need]) -> bool:
    node, scope = need
    if isinstance(node, ast.Expr):
        return _is_certain(part.top, node)
    return (
        scope.kind in ("function", "module")
        and _is_new(node.name, scope)
        and _is_certain(part.top, node)
        and not getattr(node, "type_params", ())
        and not (_is_in_class(scope) and _has_private_names(node))
        and not any(contains(node, other.node) for other in all_of_them)
    )


def _is_new(name: str, scope: Scope) -> bool:
    """Whether a name has one meaning only in its scope, and none outside of it."""
    if hasattr(builtins, name):
        return False
    if scope.parent is None:
        return len(scope.top.look_up(name)) == 1
    return _single(scope.bindings.get(name, ())) is not UNKNOWN and scope.parent.lookup(name) is None


def _is_certain(top: TopLevel, node: Movable) -> bool:
    return any(visit.node is node and _is_sure(visit) for visit in top.visits)


def _is_sure(visit: Visit) -> bool:
    """Whether a statement is run whenever the function, or the script, that it is in is run."""
    if visit.scope.parent is not None:
        return not visit.arms
    return len(visit.arms) == 1 and is_script_only(visit.scope.top, visit.arms)


def _is_guarded(top: TopLevel, name: str) -> bool:
    """Whether a name of the module may be there only when it is run as a script."""
    return isinstance(top.body[0], ast.If) and name in top.bound


def _is_in_class(scope: Scope | None) -> bool:
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    return scope is not None


def _has_private_names(node: ast.AST) -> bool:
    """``__name``, which means another one in a class."""
    found = [getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node)]
    return any(name.startswith("__") and not name.endswith("__") for name in found)


def _single(bindings: Sequence[Binding]) -> Binding:
    return bindings[0] if len(bindings) == 1 else UNKNOWN


def _import(top: TopLevel, scope: Scope, name: str) -> str | None:
    """The import that binds a name in a scope, by itself."""
    for visit in top.visits:
        if isinstance(visit.node, ast.Import | ast.ImportFrom) and visit.scope is scope and _is_sure(visit):
            for alias in visit.node.names:
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    parts = {**dict(ast.iter_fields(visit.node)), "names": [alias]}
                    return ast.unparse(type(visit.node)(**parts))
    return None


# --- which names it uses


class _Used(NamedTuple):
    """Names of outer functions, and of the module or builtin."""

    free: frozenset[str]
    outer: frozenset[str]


def _used_later(top: TopLevel, node: Movable) -> _Used | None:
    """What the body uses; None if that can't be told."""
    if isinstance(node, ast.Expr):
        return _Used(frozenset(), frozenset())
    for table in top.tables:
        if table.get_name() == node.name and first_line(top, node) <= table.get_lineno() <= node.lineno:
            return _Used(
                frozenset(symbol.get_name() for symbol in table.get_symbols() if symbol.is_free()),
                frozenset(_outer_names(table)),
            )
    return None


def _outer_names(table: SymbolTable) -> Iterator[str]:
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for inner in table.get_children():
        yield from _outer_names(inner)


def _used_at_once(part: Part, node: Movable) -> Iterator[str]:
    """What is used where the statement is; perhaps some more."""
    staying = [item.node for item in part.registrations if item.scope.parent is not None]
    for expression in _run_at_once(node):
        if all(expression is not decorator for decorator in staying):
            yield from (found.id for found in ast.walk(expression) if isinstance(found, ast.Name))


def _run_at_once(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *node.keywords)
        for statement in node.body:
            yield from _run_at_once(statement)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (*node.decorator_list, node.args)
        if node.returns is not None:
            yield node.returns
    else:
        yield node
