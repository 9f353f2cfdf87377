"""What the text of one module says about stages: its pipelines, registrations, stage functions.

Only what certainly is Pivot's counts: a name that is imported from ``pivot_core``, a variable that is always
a ``Pipeline``, the ``pipeline`` of the module ``pipeline``.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.scopes import Assigned, Defined, Imported, Parameter, walk

if TYPE_CHECKING:
    from pivot_lsp.lint.scopes import Arm, Binding, Function, Scope, Visit

_PIPELINE = frozenset({"pivot_core.Pipeline", "pivot_core.pipeline.Pipeline"})
_THE_PIPELINE = "pipeline.pipeline"  # by contract: the variable of this name in pipeline.py
_OUTPUTS = "pivot_core.outputs."
_LOADERS = "pivot_core.loaders."


def mentions_pivot(text: str) -> bool:
    """False for a text that certainly says nothing about stages; saves parsing it."""
    return "pivot_core" in text or "pipeline" in text


class Registration(NamedTuple):
    """One ``register``. ``pipeline`` tells pipelines of one module apart: None for one that can't be told.

    ``func`` is the expression that is registered, or the function that ``register`` decorates. ``name`` is
    the stage's, None if it isn't to be seen; ``name_at`` what it comes from.
    """

    node: ast.expr
    scope: Scope
    arms: tuple[Arm, ...]
    pipeline: tuple[Scope, str] | None
    func: ast.expr | Function | None
    name: str | None
    name_at: ast.expr


class Stages:
    """Asked by the rules; each answer is found once."""

    def __init__(self, tree: ast.Module) -> None:
        self._visits = walk(tree)

    @cached_property
    def registrations(self) -> list[Registration]:
        """All calls of ``register``, and uses as a decorator, in the order of the text."""
        found = []
        for visit in self._visits:
            match visit.node:
                case ast.Call(func=ast.Attribute(attr="register")) as call:
                    found.append(_by_call(call, visit))
                case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
                    found += [_by_decorator(node, function, visit) for node in function.decorator_list]
        ours = [item for item in found if item is not None]
        return sorted(ours, key=lambda item: (item.node.lineno, item.node.col_offset))

    @cached_property
    def functions(self) -> list[Function]:
        """Functions of this module that are stages: registered here, or with a ``Dep`` or an ``Out``."""
        registered = {id(function) for function in map(self.registered, self.registrations) if function}
        found = []
        for visit in self._visits:
            if isinstance(visit.node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                id(visit.node) in registered or _reads_or_writes(visit.node, visit.scope)
            ):
                found.append(visit.node)
        return sorted(found, key=lambda function: function.lineno)

    @cached_property
    def artifacts_and_loaders(self) -> list[ast.Call]:
        """All that is made of ``outputs`` and ``loaders``: ``outputs.Dep("rows.csv", loaders.CSV())``."""
        return [
            visit.node
            for visit in self._visits
            if isinstance(visit.node, ast.Call)
            and (visit.scope.chain(visit.node.func) or "").startswith((_OUTPUTS, _LOADERS))
        ]

    def value(self, registration: Registration) -> ast.expr | None:
        """The expression that is registered; for a variable, what was assigned to it (once)."""
        func = registration.func
        if isinstance(func, ast.Name):
            binding = registration.scope.only(func.id)
            return binding.value if isinstance(binding, Assigned) else None
        return func if isinstance(func, ast.expr) else None

    def registered(self, registration: Registration) -> Function | None:
        """The function of this module that is registered."""
        func = registration.func
        if isinstance(func, ast.Name):
            binding = registration.scope.only(func.id)
            return binding.node if isinstance(binding, Defined) else None
        return func if isinstance(func, ast.FunctionDef | ast.AsyncFunctionDef) else None


def _by_call(call: ast.Call, visit: Visit) -> Registration | None:
    assert isinstance(call.func, ast.Attribute)
    pipeline = _pipeline(call.func.value, visit.scope)
    if pipeline is None:
        return None
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    func = call.args[0] if call.args else keywords.get("func")
    name_at = keywords.get("name")
    if None in keywords or isinstance(func, ast.Starred):  # **options may hold a name
        name = None
    elif name_at is None or (isinstance(name_at, ast.Constant) and name_at.value is None):
        name, name_at = _name_of(func, visit.scope), func
    else:
        constant = name_at.value if isinstance(name_at, ast.Constant) else None
        name = constant if isinstance(constant, str) else None
    return Registration(
        call,
        visit.scope,
        visit.arms,
        _told_apart(*pipeline),
        func,
        name,
        name_at if name_at is not None else call,
    )


def _by_decorator(node: ast.expr, function: Function, visit: Visit) -> Registration | None:
    if not isinstance(node, ast.Attribute) or node.attr != "register":
        return None
    pipeline = _pipeline(node.value, visit.scope)
    if pipeline is None:
        return None
    name = function.name if len(function.decorator_list) == 1 else None
    return Registration(node, visit.scope, visit.arms, _told_apart(*pipeline), function, name, node)


def _pipeline(node: ast.expr, scope: Scope) -> tuple[Scope, str] | None:
    """Scope and name of the variable if it always is a pipeline."""
    if not isinstance(node, ast.Name):
        return (scope.module, _THE_PIPELINE) if scope.chain(node) == _THE_PIPELINE else None
    found = scope.lookup(node.id)
    if found is None or not all(_is_pipeline(binding, found[0]) for binding in found[1]):
        return None
    return found[0], node.id


def _told_apart(scope: Scope, name: str) -> tuple[Scope, str] | None:
    """None for a variable that holds one pipeline after another."""
    return (scope, name) if len(scope.bindings.get(name, ())) <= 1 else None


def _is_pipeline(binding: Binding, scope: Scope) -> bool:
    match binding:
        case Assigned(ast.Call(func=func)):
            return scope.chain(func) in _PIPELINE
        case Imported(chain):
            return chain.lstrip(".") == _THE_PIPELINE
        case Parameter(ast.expr() as annotation):
            return (scope.parent or scope).chain(annotation) in _PIPELINE
    return False


def _name_of(func: ast.expr | None, scope: Scope) -> str | None:
    """``__name__`` of what is registered, where nothing can have changed it."""
    if isinstance(func, ast.Name):
        binding = scope.only(func.id)
        if isinstance(binding, Defined):
            return None if binding.node.decorator_list else binding.node.name
    if func is None:
        return None
    chain = scope.chain(func)
    return chain.rpartition(".")[2] if chain else None


def _reads_or_writes(function: Function, scope: Scope) -> bool:
    args = function.args
    annotations = [arg.annotation for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return any(
        isinstance(node, ast.Call) and (scope.chain(node.func) or "").startswith(_OUTPUTS)
        for annotation in (*annotations, function.returns)
        if annotation is not None
        for node in ast.walk(annotation)
    )
