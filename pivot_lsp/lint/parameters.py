"""The fix that makes params of the variables of a function that a stage in it uses, and moves it out."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pivot_lsp.lint.cutting import Insertion, indent_of
from pivot_lsp.lint.edits import argument
from pivot_lsp.lint.moving import Woven, to_module_level
from pivot_lsp.source.nesting import first_line
from pivot_lsp.source.scopes import Assigned, Parameter
from pivot_lsp.source.stages import registered

if TYPE_CHECKING:
    from pivot_lsp.lint.rule import Fix
    from pivot_lsp.source.nesting import Definition
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Function, Scope
    from pivot_lsp.source.stages import Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel

PARAMS = "params"
_BASE = "StageParams"
_PLAIN = frozenset({"bool", "int", "float", "str", "list", "dict", "tuple"})
# What a field of a pydantic model can't be called.
_RESERVED = frozenset({"copy", "json", "dict", "schema", "schema_json", "construct", "validate", "fields"})


def as_params(part: Part, function: StageFunction, names: list[str]) -> Fix | None:
    """The fix for a stage and the variables that it uses; None where more would have to be said."""
    node, scope, top = function.node, function.scope, part.top
    types = {name: _type(name, node, scope, top) for name in names}
    fields = {name: text for name, text in types.items() if text is not None and _can_be_field(name)}
    registration = _registration(part, function)
    made = "".join(word[:1].upper() + word[1:] for word in node.name.split("_")) + "Params"
    if registration is None or len(fields) < len(names) or not _is_free(function, made):
        return None
    lines, signature = _reading(top, node, names), _taking(top, node, made)
    call = f"{PARAMS}={made}({', '.join(f'{name}={name}' for name in names)})"
    by_call = registration.node if isinstance(registration.node, ast.Call) else None
    edit = argument(top, by_call, call) if by_call is not None else None
    if lines is None or signature is None or (by_call is not None and edit is None):
        return None
    text = f"class {made}({_BASE}):\n" + "".join(f"    {name}: {fields[name]}\n" for name in names) + "\n\n"
    early = frozenset({_BASE} if scope.module.lookup(_BASE) is not None else ())
    imports = () if early else (f"from pivot_core import {_BASE}",)
    edits = (edit,) if edit is not None else ()
    woven = Woven(frozenset(names), early, imports, text, (signature, lines), f", {call}", edits)
    fix = to_module_level(part, [node], scope, woven)
    return (
        fix._replace(title=f"Make {made}, and move {node.name} to module level") if fix is not None else None
    )


def _is_free(function: StageFunction, made: str) -> bool:
    """Whether there are no params yet, the new names mean nothing else, and the variables are only read."""
    node, scope = function.node, function.scope
    if not all(annotation is not None and annotation.artifacts for _, annotation in function.parameters):
        return False
    base = scope.module.lookup(_BASE)
    known = base is None or scope.module.chain(ast.Name(_BASE)) in (
        f"pivot_core.{_BASE}",
        f"pivot_core.params.{_BASE}",
    )
    used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    shares = any(isinstance(item, ast.Nonlocal) for item in ast.walk(node))
    return known and not shares and PARAMS not in used and scope.lookup(made) is None


def _can_be_field(name: str) -> bool:
    return name not in _RESERVED and not name.startswith(("_", "model_", "parse_"))


# --- of which type a variable is


def _type(name: str, node: Function, scope: Scope, top: TopLevel) -> str | None:
    """As an annotation; None if it isn't to be seen, or isn't there when the stage is registered."""
    where = scope.lookup(name)
    if where is None or len(where[1]) != 1:
        return None
    match where[1][0]:
        case Parameter(annotation):
            return _annotated(annotation, scope)
        case Assigned(ast.Constant(value) as constant, _):
            return type(value).__name__ if _is_value(constant) and constant.lineno < node.lineno else None
    loops = [
        visit.node
        for visit in top.visits
        if isinstance(visit.node, ast.For)
        and visit.scope is where[0]
        and isinstance(visit.node.target, ast.Name)
        and visit.node.target.id == name
    ]
    return _item(loops[0].iter, scope) if len(loops) == 1 and _is_in(loops[0], node) else None


def _is_in(loop: ast.For, node: Definition) -> bool:
    return any(statement.lineno <= node.lineno <= (statement.end_lineno or 0) for statement in loop.body)


def _item(node: ast.expr, scope: Scope) -> str | None:
    """The type of what a loop goes over: constants of one type, or a ``list[…]``."""
    if isinstance(node, ast.List | ast.Tuple):
        types = {type(one.value).__name__ for one in node.elts if isinstance(one, ast.Constant)}
        if all(map(_is_value, node.elts)) and len(types) == 1:
            return types.pop()
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    if isinstance(binding, Parameter) and isinstance(binding.annotation, ast.Subscript):
        of, inner = binding.annotation.value, binding.annotation.slice
        if isinstance(of, ast.Name) and of.id == "list" and scope.lookup("list") is None:
            return _annotated(inner, scope)
    return None


def _is_value(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (bool, int, float, str)


def _annotated(node: ast.expr | None, scope: Scope) -> str | None:
    """An annotation of built-in types, as it is written."""
    if node is None or isinstance(node, ast.Constant):
        return None
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name):
                if name not in _PLAIN or scope.lookup(name) is not None:
                    return None
            case ast.Constant(value):
                if value is not None and value is not ...:
                    return None
            case ast.Subscript() | ast.BinOp() | ast.BitOr() | ast.Tuple() | ast.Load():
                pass
            case _:
                return None
    return ast.unparse(node)


# --- the places that change


def _registration(part: Part, function: StageFunction) -> Registration | None:
    """The only one, if it is beside the function and gives no params yet."""
    found = []
    for item in part.registrations:
        func = registered(item)
        if func is not None and func.node is function.node:
            found.append(item)
    if len(found) != 1 or found[0].scope is not function.scope:
        return None
    call = found[0].node
    given = {keyword.arg for keyword in call.keywords} if isinstance(call, ast.Call) else set()
    return found[0] if given.isdisjoint({PARAMS, None}) else None


def _taking(top: TopLevel, node: Function, made: str) -> Insertion | None:
    """The parameter, as the last one; on a line of its own if the one before is."""
    args = node.args
    if args.vararg or args.kwarg or args.posonlyargs or args.defaults or any(args.kw_defaults):
        return None
    given = [*args.args, *args.kwonlyargs]
    if not given:
        name = top.name_spot(node).span
        found = re.match(rb"\s*\(", _bytes(top, name.end_line)[name.end_column :])
        column = name.end_column + found.end() if found is not None else 0
        return Insertion(name.line, column, f"{PARAMS}: {made}") if found is not None else None
    last = given[-1]
    line, column = last.end_lineno or 0, last.end_col_offset or 0
    indent = _bytes(top, last.lineno)[: last.col_offset].decode()
    if not indent.strip() and re.match(rb"\s*,\s*(#|$)", _bytes(top, line)[column:]):
        return Insertion(line, len(_bytes(top, line)), f"\n{indent}{PARAMS}: {made},")
    return Insertion(line, column, f", {PARAMS}: {made}")


def _reading(top: TopLevel, node: Function, names: list[str]) -> Insertion | None:
    """Lines at the start of the body that give the variables their values."""
    body = [one for one in node.body if one is not node.body[0] or not _is_docstring(one)]
    if not body or _bytes(top, body[0].lineno)[: body[0].col_offset].strip():
        return None  # on the line of the def
    indent = indent_of(top, body[0])
    return Insertion(
        first_line(top, body[0]), 0, "".join(f"{indent}{name} = {PARAMS}.{name}\n" for name in names)
    )


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _bytes(top: TopLevel, line: int) -> bytes:
    return top.line(line).encode("utf-8", "surrogatepass")
