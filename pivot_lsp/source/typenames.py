"""Which class an annotation names, as far as the text of one module tells."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from pivot_lsp.source.scopes import BUILTINS, DefinedClass

if TYPE_CHECKING:
    from pivot_lsp.source.scopes import Scope

# Modules that no project has files of the same name for, and whose names have nothing to do with Pivot.
_OTHERS = frozenset(
    {
        "builtins",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "io",
        "os",
        "pathlib",
    }
    | {"typing", "typing_extensions", "uuid"}
    | {"matplotlib", "numpy", "pandas", "polars", "pyarrow", "pydantic"}
)
_ALIASES = {
    f"typing.{name}": f"builtins.{name.lower()}" for name in ("Dict", "FrozenSet", "List", "Set", "Tuple")
} | {"numpy.typing.NDArray": "numpy.ndarray"}
_DEEP = 20  # aliases and bases that are followed: while one is typed, they can go round in circles


def full_name(node: ast.expr, scope: Scope) -> str | None:
    """The dotted name of what is written: ``builtins.dict`` for ``dict[str, int]``, ``pandas.DataFrame`` for
    ``pd.DataFrame``; None where an import or Python doesn't say it."""
    for _ in range(_DEEP):
        node, _ = scope.value(node)
        if not isinstance(node, ast.Subscript):
            break
        node = node.value
    if isinstance(node, ast.Constant) and node.value is None:
        return "builtins.NoneType"
    found = scope.full_name(node)
    is_typo = found is not None and found.startswith(BUILTINS) and not hasattr(builtins, found.split(".")[1])
    return None if is_typo else found


def class_name(node: ast.expr, scope: Scope) -> str:
    """As :func:`pivot_core.define.agreement.type_name` calls the class when the module runs; "" if that can't
    be told."""
    found = full_name(node, scope)
    if found is None or found in _ALIASES:
        return _ALIASES.get(found or "", "")
    package, _, rest = found.partition(".")
    return f"{package}.{rest.rpartition('.')[2]}"


def is_others(node: ast.expr, scope: Scope) -> bool:
    """Whether a type certainly has nothing of Pivot: it stands for no ``Annotated``, and derives from no
    class that could be a ``StageParams``."""
    return _is_others(node, scope, _DEEP)


def _is_others(node: ast.expr, scope: Scope, deep: int) -> bool:
    node, _ = scope.value(node)
    if isinstance(node, ast.BinOp):  # A | B is a union, whatever A and B are
        return isinstance(node.op, ast.BitOr)
    while isinstance(node, ast.Subscript):
        node = node.value
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    if isinstance(binding, DefinedClass):
        around = [*binding.node.bases, *map(_called, binding.node.decorator_list)]
        return deep > 0 and all(_is_others(one, scope, deep - 1) for one in around)
    return (full_name(node, scope) or "").partition(".")[0] in _OTHERS


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator
