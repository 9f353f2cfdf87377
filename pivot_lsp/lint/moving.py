"""Moving a definition to module level, with the definitions and imports that it needs from the functions it
is in. Where it was, its name means the same as before.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.cutting import Cut, cut, first_line, indent_of, pasted, removing
from pivot_lsp.lint.edits import before, importing, source
from pivot_lsp.lint.rule import Fix
from pivot_lsp.source.nesting import contains
from pivot_lsp.source.scopes import UNKNOWN, Defined, DefinedClass, Imported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.nesting import Definition
    from pivot_lsp.source.scopes import Arm, Binding, Scope
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel

_PLAIN = frozenset({"dataclasses.dataclass", "functools.wraps"})


class Need(NamedTuple):
    """A definition that moves, and the scope that its name is bound in."""

    node: Definition
    scope: Scope


class Needs(NamedTuple):
    """All that moves. ``early``: names of the module that have to be there before the definitions."""

    definitions: list[Need]
    imports: list[str]
    early: set[str]


def to_module_level(part: Part, node: Definition, scope: Scope) -> Fix | None:
    """The fix that moves a definition; None if that could change what it means."""
    needs = _needs(part, node, scope)
    if needs is None:
        return None
    others = sorted(need.node.name for need in needs.definitions if need.node is not node)
    title = f"Move {node.name} to module level" + (f", with {', '.join(others)}" if others else "")
    safe = not needs.imports and all(_is_plain(part, need) for need in needs.definitions)
    return Fix(title, lambda: _edits(part, needs), safe)


def captured(part: Part, node: Definition, scope: Scope) -> list[str]:
    """The variables of the functions around it that a definition uses, other than to define it."""
    found = []
    for name in _free(part.top, node) or ():
        where = scope.lookup(name)
        if where is not None and not isinstance(_single(where[1]), Defined | DefinedClass | Imported):
            found.append(name)
    return found


# --- what has to move


def _needs(part: Part, node: Definition, scope: Scope) -> Needs | None:
    needs = Needs([], [], set())
    waiting = [Need(node, scope)]
    for need in waiting:  # grows
        free = _free(part.top, need.node)
        if free is None or not _can_move(part, need, waiting):
            return None
        needs.definitions.append(need)
        for name in dict.fromkeys([*free, *_early(part, need.node)]):
            where = need.scope.lookup(name)
            if where is None and name not in free:
                continue  # a builtin
            if where is not None and where[0].parent is None:
                needs.early.add(name)
            elif where is None or not _take(part, name, *where, needs, waiting):
                return None
    return needs


def _take(
    part: Part, name: str, scope: Scope, bindings: Sequence[Binding], needs: Needs, waiting: list[Need]
) -> bool:
    """Take along what a name of a function stands for; False for a variable."""
    match _single(bindings):
        case Defined(node, _) | DefinedClass(node, _):
            if all(need.node is not node for need in waiting):
                waiting.append(Need(node, scope))
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
    return (
        scope.kind == "function"
        and _single(scope.bindings.get(node.name, ())) is not UNKNOWN
        and _is_new(node.name, scope)
        and _arms(part.top, node) == ()
        and not getattr(node, "type_params", ())
        and not (_is_in_class(scope) and _has_private_names(node))
        and not any(contains(node, other.node) for other in all_of_them)
        and _can_cut(part, node)
    )


def _is_new(name: str, scope: Scope) -> bool:
    """Whether a name of a function has no other meaning outside of it."""
    return not hasattr(builtins, name) and scope.parent is not None and scope.parent.lookup(name) is None


def _arms(top: TopLevel, node: Definition) -> tuple[Arm, ...]:
    return next(visit.arms for visit in top.visits if visit.node is node)


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


# --- which names a definition uses


def _free(top: TopLevel, node: Definition) -> list[str] | None:
    """Those of outer functions that its body uses; None if that can't be told."""
    try:
        tables = [symtable.symtable(top.text, top.path, "exec")]
    except (SyntaxError, RecursionError, ValueError):
        return None
    for table in tables:  # grows
        tables += table.get_children()
        if table.get_name() == node.name and first_line(node) <= table.get_lineno() <= node.lineno:
            return sorted(symbol.get_name() for symbol in table.get_symbols() if symbol.is_free())
    return None


def _early(part: Part, node: Definition) -> Iterator[str]:
    """Those that it uses when it is defined, and perhaps some more."""
    for expression in _run_at_once(node):
        if expression is not _registering(part, node):
            for found in ast.walk(expression):
                if isinstance(found, ast.Name):
                    yield found.id


def _run_at_once(node: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a statement in a class, or of a definition, that run where it is."""
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


def _import(top: TopLevel, scope: Scope, name: str) -> str | None:
    """The import that binds a name in a function, by itself."""
    for visit in top.visits:
        if isinstance(visit.node, ast.Import | ast.ImportFrom) and visit.scope is scope and not visit.arms:
            for alias in visit.node.names:
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    parts = {**dict(ast.iter_fields(visit.node)), "names": [alias]}
                    return ast.unparse(type(visit.node)(**parts))
    return None


def _is_plain(part: Part, need: Need) -> bool:
    """Whether none of its decorators could mind to be called once only."""
    registering = _registering(part, need.node)
    for decorator in need.node.decorator_list:
        plain = decorator.func if isinstance(decorator, ast.Call) else decorator
        if decorator is not registering and need.scope.chain(plain) not in _PLAIN:
            return False
    return True


# --- ``@pipeline.register``: a call of it stays where the definition was, since it may happen never, or often


def _registering(part: Part, node: Definition) -> ast.expr | None:
    return next((item.node for item in part.registrations if item.func is node), None)


def _can_cut(part: Part, node: Definition) -> bool:
    top, decorator = part.top, _registering(part, node)
    if sum(item.func is node for item in part.registrations) > 1:
        return False
    if decorator not in node.decorator_list:
        return not top.line(node.lineno)[: node.col_offset].strip()
    assert decorator is not None
    before_it = top.line(decorator.lineno)[: decorator.col_offset]
    alone = before_it.strip() == "@" and _after(top, decorator).strip()[:1] in ("", "#")
    return alone and decorator is node.decorator_list[0]


def _after(top: TopLevel, node: ast.expr) -> str:
    """What comes after an expression on its line."""
    line = top.line(node.end_lineno or node.lineno).encode("utf-8", "surrogatepass")
    return line[node.end_col_offset :].decode("utf-8", "surrogatepass")


def _cut(part: Part, node: Definition) -> Cut:
    top, decorator = part.top, _registering(part, node)
    found = cut(top, node)
    if decorator not in node.decorator_list:
        return found
    assert decorator is not None
    call = f"{indent_of(top, node)}{source(top, decorator)}({node.name}){_after(top, decorator)}\n"
    return found._replace(
        kept=call, without=range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1)
    )


# --- the edits


def _edits(part: Part, needs: Needs) -> list[Edit]:
    if not needs.early <= _bound_above(part) or _imports_everything(part):
        return []
    top = part.top
    cuts = sorted((_cut(part, need.node) for need in needs.definitions), key=lambda one: one.first)
    text = "".join(pasted(top, one) + "\n\n\n" for one in cuts)
    imports = [edit for statement in needs.imports for edit in importing(part.module, statement)]
    return [*imports, before(top, text), *removing(top, cuts)]


def _bound_above(part: Part) -> set[str]:
    found: set[str] = set()
    for other in part.module.parts:
        if other.top is part.top:
            break
        found.update(other.top.bound)
    return found


def _imports_everything(part: Part) -> bool:
    """Whether the module has names by ``from x import *`` that the text doesn't tell."""
    return any(
        isinstance(visit.node, ast.ImportFrom) and visit.node.names[0].name == "*"
        for other in part.module.parts
        for visit in other.top.visits
    )
