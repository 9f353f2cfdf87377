"""The fix that moves a definition to module level, with what it needs from the place that it is in.

In that place its name means the same as before.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.cutting import Cut, Insertion, cut, indent_of, pasted, removing
from pivot_lsp.lint.edits import before, importing, source
from pivot_lsp.lint.needs import needs_of
from pivot_lsp.lint.rule import Fix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_lsp.lint.needs import Need, Needs
    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.nesting import Definition, Movable
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel

_MADE = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)
_PLAIN = frozenset({"dataclasses.dataclass", "functools.wraps"})


class Woven(NamedTuple):
    """What else changes on the way. ``given``: the variables that the statements then have in another way.
    ``early``: names of the module that are needed for it. ``above``: lines before the statements.
    ``arguments``: of ``@pipeline.register`` as a call."""

    given: frozenset[str] = frozenset()
    early: frozenset[str] = frozenset()
    imports: tuple[str, ...] = ()
    above: str = ""
    inserted: tuple[Insertion, ...] = ()
    arguments: str = ""
    edits: tuple[Edit, ...] = ()


_NOTHING = Woven()


def to_module_level(
    part: Part, nodes: Sequence[Movable], scope: Scope, woven: Woven = _NOTHING
) -> Fix | None:
    """The fix that moves statements of one scope; None if that could change what they mean.

    ``@pipeline.register`` in a function stays there as a call: it may happen never, or often.
    """
    needs = needs_of(part, nodes, scope, woven.given)
    if needs is None or not all(_can_cut(part, need) for need in needs.moving):
        return None
    names = sorted({need.node.name for need in needs.moving if not isinstance(need.node, ast.Expr)})
    title = f"Move {', '.join(names) or 'the registration'} to module level"
    known = all(map(_is_known, needs.imports)) and all(_is_plain(part, need) for need in needs.moving)
    return Fix(title, lambda: _edits(part, needs, woven), known and not woven.given)


def _is_known(statement: str) -> bool:
    """Whether an import does nothing but to import, whenever that is."""
    module = statement.split()[1].partition(".")[0]
    return module in sys.stdlib_module_names or module == "pivot_core"


def _is_plain(part: Part, need: Need) -> bool:
    """Whether it doesn't matter how often, and when, a statement is run."""
    if isinstance(need.node, ast.Expr) or any(isinstance(value, _MADE) for value in _values(need.node)):
        return False
    staying = _registering(part, need)
    for decorator in need.node.decorator_list:
        plain = decorator.func if isinstance(decorator, ast.Call) else decorator
        if (staying is None or decorator is not staying.node) and need.scope.chain(plain) not in _PLAIN:
            return False
    return True


def _values(node: Definition) -> list[ast.expr | None]:
    """What a function has from when it is defined, and a class shares among all."""
    if isinstance(node, ast.ClassDef):
        return [statement.value for statement in node.body if isinstance(statement, ast.Assign)]
    return [*node.args.defaults, *node.args.kw_defaults]


def _registering(part: Part, need: Need) -> Registration | None:
    """The use of ``register`` as a decorator of a definition in a function."""
    found = (item for item in part.registrations if item.func is need.node and item.scope.parent is not None)
    return next(found, None)


def _can_cut(part: Part, need: Need) -> bool:
    top, node, staying = part.top, need.node, _registering(part, need)
    if sum(item.func is node for item in part.registrations) > 1:
        return False
    if top.line(node.lineno).encode("utf-8", "surrogatepass")[: node.col_offset].strip():
        return False
    if staying is None or isinstance(node, ast.Expr):
        return True
    first = top.line(staying.node.lineno)[: staying.node.col_offset]
    alone = first.strip() == "@" and _rest(top, staying.node).strip()[:1] in ("", "#")
    return alone and staying.node is node.decorator_list[0]


def _rest(top: TopLevel, node: ast.stmt | ast.expr) -> str:
    """What comes after a node on its last line."""
    line = top.line(node.end_lineno or node.lineno).encode("utf-8", "surrogatepass")
    return line[node.end_col_offset :].decode("utf-8", "surrogatepass")


def _cut(part: Part, need: Need, woven: Woven) -> Cut:
    found = cut(part.top, need.node)._replace(inserted=woven.inserted)
    staying = _registering(part, need)
    if staying is None or isinstance(need.node, ast.Expr):
        return found
    call = (
        f"{source(part.top, staying.node)}({need.node.name}{woven.arguments}){_rest(part.top, staying.node)}"
    )
    lines = range(staying.node.lineno, (staying.node.end_lineno or 0) + 1)
    return found._replace(kept=f"{indent_of(part.top, need.node)}{call}\n", without=lines)


def _edits(part: Part, needs: Needs, woven: Woven) -> list[Edit]:
    if not needs.early | woven.early <= _bound_above(part) or imports_everything(part):
        return []
    if _is_taken_above(part, needs):
        return []
    cuts = sorted((_cut(part, need, woven) for need in needs.moving), key=lambda one: one.first)
    text = woven.above + "".join(pasted(part.top, one) + "\n\n\n" for one in cuts)
    statements = dict.fromkeys([*woven.imports, *needs.imports])
    imports = [edit for statement in statements for edit in importing(part.module, statement)]
    return [*imports, before(part.top, text), *removing(part.top, cuts), *woven.edits]


def _bound_above(part: Part) -> set[str]:
    found: set[str] = set()
    for other in part.module.parts:
        if other.top is part.top:
            break
        found.update(other.top.bound)
    return found


def _is_taken_above(part: Part, needs: Needs) -> bool:
    """Whether a function further up has something of the same name, which may move, too."""
    names = {need.node.name for need in needs.moving if not isinstance(need.node, ast.Expr)}
    for other in part.module.parts:
        if other.top is part.top:
            break
        for visit in other.top.visits:
            if visit.scope.kind == "function" and getattr(visit.node, "name", None) in names:
                return True
    return False


def imports_everything(part: Part) -> bool:
    """Whether the module has names by ``from x import *`` that the text doesn't tell."""
    return any(
        isinstance(visit.node, ast.ImportFrom) and visit.node.names[0].name == "*"
        for other in part.module.parts
        for visit in other.top.visits
    )
