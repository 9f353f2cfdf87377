"""What makes a class a frozen dataclass: its decorator, and fixes that put it there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import after_node, inserted, replaced, source
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix
from pivot_lsp.source.loading import builtin_class
from pivot_lsp.source.typenames import full_name

if TYPE_CHECKING:
    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.toplevel import TopLevel

_DATACLASS = "dataclasses.dataclass"
_HARMLESS = frozenset({"typing.final", "typing_extensions.final"})
_SETTING = frozenset({"__init__", "__new__", "__setattr__"})
_MUTABLE = {
    "builtins.list": "list",
    "builtins.dict": "dict",
    "builtins.set": "set",
    "builtins.bytearray": "bytearray",
    "collections.OrderedDict": "dict",
    "collections.defaultdict": "dict",
}


def dataclass_of(node: ast.ClassDef, scope: Scope) -> ast.expr | None:
    """The decorator that makes a dataclass of a class."""
    return next((one for one in node.decorator_list if _decorator(one, scope) == _DATACLASS), None)


def is_bare(node: ast.ClassDef, scope: Scope) -> bool:
    """Whether certainly no decorator makes a dataclass of a class."""
    names = [_decorator(one, scope) for one in node.decorator_list]
    return _DATACLASS not in names and _HARMLESS.issuperset(names)


def _decorator(node: ast.expr, scope: Scope) -> str | None:
    return scope.chain(node.func if isinstance(node, ast.Call) else node)


def frozen(decorator: ast.expr) -> bool | None:
    """What the decorator says about it; None if the text doesn't tell."""
    if not isinstance(decorator, ast.Call):
        return False
    given = {keyword.arg: keyword.value for keyword in decorator.keywords}
    if None in given:  # **options
        return None
    value = given.get("frozen", ast.Constant(False))
    return bool(value.value) if isinstance(value, ast.Constant) else None


def freeze(node: ast.ClassDef, decorator: ast.expr, top: TopLevel) -> Fix | None:
    """The fix of the decorator, if the class works with it then."""

    def edits() -> list[Edit]:
        if not isinstance(decorator, ast.Call):
            return [after_node(top, decorator, "(frozen=True)")]
        for keyword in decorator.keywords:
            if keyword.arg == "frozen":
                return [replaced(top, keyword.value, "True")]
        if decorator.keywords:
            first = decorator.keywords[0]
            return [inserted(top, first.lineno, first.col_offset, "frozen=True, ")]
        return [replaced(top, decorator, f"{source(top, decorator.func)}(frozen=True)")]

    return None if _changes_itself(node) else Fix("Make it frozen", edits)


def decorate(node: ast.ClassDef, top: TopLevel, module: Module) -> Fix | None:
    """The fix that adds the decorator, if the class works with it then."""
    indent = top.line(node.lineno)[: node.col_offset]
    if indent.strip() or _changes_itself(node) or not _has_fields_in_order(node, top.scope):
        return None

    def edits() -> list[Edit]:
        name = named(module, _DATACLASS)
        if name is None:
            return []
        return [inserted(top, node.lineno, 0, f"{indent}@{name.text}(frozen=True)\n"), *name.edits]

    return Fix("Make it a frozen dataclass", edits)


def _changes_itself(node: ast.ClassDef) -> bool:
    """Whether a class may set attributes, which a frozen one can't."""
    return any(
        (isinstance(inner, ast.FunctionDef) and inner.name in _SETTING)
        or (isinstance(inner, ast.Attribute) and not isinstance(inner.ctx, ast.Load))
        for inner in ast.walk(node)
    )


def _has_fields_in_order(node: ast.ClassDef, scope: Scope) -> bool:
    """Whether all fields certainly have defaults that a dataclass takes: those of Pivot's loaders have."""
    fields = [one.value for one in node.body if isinstance(one, ast.AnnAssign)]
    bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return all(value is not None and mutable(value, scope) is None for value in fields) and all(
        builtin_class(base, scope) is not None for base in bases
    )


def mutable(node: ast.expr, scope: Scope) -> str | None:
    """The name of the class of a value that a dataclass takes for no default."""
    match node:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Call(func=func):
            return _MUTABLE.get(full_name(func, scope) or "")
    return None
