"""Sets, and whether the order that their elements come in is the same everywhere.

It follows from their hashes: those of texts depend on the hash seed of the process, those of most objects on
where they are in memory. Numbers are their own hashes.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.source.scopes import BUILTINS, Assigned, Parameter

if TYPE_CHECKING:
    from pivot_lsp.source.scopes import Scope

_TYPES = frozenset(
    {"builtins.set", "builtins.frozenset", "typing.Set", "typing.FrozenSet", "typing.AbstractSet"}
    | {f"collections.abc.{name}" for name in ("Set", "MutableSet")}
)
_MAKING = frozenset(
    {"copy", "difference", "intersection", "symmetric_difference", "union"}  # methods that give another set
)
_COMBINING = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
_NUMBERS = frozenset(BUILTINS + name for name in ("float", "int", "len", "ord", "round"))
_DEEP = 20


def is_set(node: ast.expr, scope: Scope, deep: int = _DEEP) -> bool:
    """Whether an expression certainly is a set, and of more than numbers, as far as one can see."""
    if deep == 0:
        return False
    match node:
        case ast.Set(elts=elements):
            return len(elements) > 1 and not all(is_number(one, scope) for one in elements)
        case ast.SetComp(elt=element):
            return not is_number(element, scope)
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in _MAKING:
            return is_set(inner, scope, deep - 1)
        case ast.Call(args=arguments) if scope.full_name(node.func) in _TYPES:
            return not (arguments and _has_numbers(arguments[0], scope, deep - 1))
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _COMBINING):
            return is_set(left, scope, deep - 1) or is_set(right, scope, deep - 1)
        case ast.Name(id=name):
            return _is_variable(name, scope, deep - 1)
    return False


def _is_variable(name: str, scope: Scope, deep: int) -> bool:
    binding = scope.only(name)
    if isinstance(binding, Parameter):
        return is_set_type(binding.annotation, scope.module)
    if not isinstance(binding, Assigned):
        return False
    statement = binding.top.parents.get(id(binding.value))
    if isinstance(statement, ast.AnnAssign):
        return is_set_type(statement.annotation, scope)
    return is_set(binding.value, scope, deep)


def is_set_type(annotation: ast.expr | None, scope: Scope) -> bool:
    """Whether an annotation says that something is a set, and not one of numbers."""
    match annotation:
        case ast.Subscript(value=value, slice=inner):
            if scope.full_name(value) in ("typing.Annotated", "typing_extensions.Annotated"):
                return isinstance(inner, ast.Tuple) and is_set_type(inner.elts[0], scope)
            return is_set_type(value, scope) and scope.full_name(inner) not in _NUMBERS
    return annotation is not None and scope.full_name(annotation) in _TYPES


def _has_numbers(node: ast.expr, scope: Scope, deep: int) -> bool:
    """Whether all elements of something certainly are numbers, or there is only one."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return len(elements) < 2 or all(is_number(one, scope) for one in elements)
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return is_number(element, scope)
        case ast.Call(func=func):
            return scope.full_name(func) == "builtins.range"
        case ast.Set() | ast.SetComp():
            return not is_set(node, scope, deep)
    return False


def is_number(node: ast.expr, scope: Scope) -> bool:
    """Whether an expression certainly is a number."""
    match node:
        case ast.Constant(value):
            return isinstance(value, int | float)
        case ast.UnaryOp(operand=operand):
            return is_number(operand, scope)
        case ast.Call(func=func):
            return scope.full_name(func) in _NUMBERS
        case ast.Name(id=name):
            binding = scope.only(name)
            return (
                isinstance(binding, Parameter)
                and binding.annotation is not None
                and scope.module.full_name(binding.annotation) in _NUMBERS
            )
    return False
