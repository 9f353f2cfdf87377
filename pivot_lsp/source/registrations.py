"""Calls of ``register``: which function becomes a stage, under which name, of which pipeline."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.source.annotations import text_of
from pivot_lsp.source.scopes import Assigned, Defined, Imported, Parameter

if TYPE_CHECKING:
    from pivot_lsp.source.annotations import Text
    from pivot_lsp.source.scopes import Arm, Binding, Function, Scope, Visit
    from pivot_lsp.source.toplevel import Spot, TopLevel

    PipelineKey = tuple[object, str]

PIPELINE = frozenset({"pivot_core.Pipeline", "pivot_core.pipeline.Pipeline"})
_THE_PIPELINE = "pipeline.pipeline"  # by contract: the variable of this name in pipeline.py
_THE_KEY = ("pipeline.py", "pipeline")


class OtherPath(NamedTuple):
    """``deps={"rows": "a.csv"}``: another path for a parameter or an output, None if not written down.
    ``node`` is what stands for it, in the statement ``top``."""

    name: str
    path: Text | None
    node: ast.expr
    top: TopLevel

    @property
    def spot(self) -> Spot:
        return self.top.spot(self.node)


class Registration(NamedTuple):
    """One ``register``. ``pipeline`` tells pipelines of one module apart: None for one that can't be told.

    ``func`` is the expression that is registered, or the function that ``register`` decorates. ``name`` is
    the stage's, None if it isn't to be seen; ``name_at`` what it comes from. ``deps`` and ``outs``: other
    paths; None where they can't be told.
    """

    node: ast.expr
    scope: Scope
    arms: tuple[Arm, ...]
    pipeline: PipelineKey | None
    func: ast.expr | Function | None
    name: str | None
    name_at: ast.expr
    deps: tuple[OtherPath, ...] | None = ()
    outs: tuple[OtherPath, ...] | None = ()

    @property
    def team(self) -> tuple[PipelineKey, Scope | None] | None:
        """The same for stages of one pipeline that can be compared; None if its pipeline can't be told.

        Which functions are called, and how often, the text doesn't tell: compare within each.
        """
        if self.pipeline is None:
            return None
        return self.pipeline, self.scope if self.scope.parent is not None else None

    @property
    def is_certain(self) -> bool:
        """Whether it makes a stage of the project's pipeline whenever that is loaded."""
        return self.team == (_THE_KEY, None) and not self.arms

    @property
    def func_spot(self) -> Spot:
        """Where what it registers is named, or the decorator."""
        return self.scope.top.spot(self.func if isinstance(self.func, ast.expr) else self.node)


def by_call(call: ast.Call, visit: Visit) -> Registration | None:
    """A call of a pipeline's ``register``; None for somebody else's."""
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
        _paths(keywords, "deps", visit.scope),
        _paths(keywords, "outs", visit.scope),
    )


def _paths(keywords: dict[str | None, ast.expr], which: str, scope: Scope) -> tuple[OtherPath, ...] | None:
    node = keywords.get(which)
    if node is None:
        return None if None in keywords else ()
    value, top = scope.value(node)
    if isinstance(value, ast.Constant) and value.value is None:
        return ()
    if not isinstance(value, ast.Dict):
        return None
    found = []
    for key, path in zip(value.keys, value.values, strict=True):
        name = text_of(key, scope)
        if name is None:
            return None
        text = text_of(path, scope)
        if text is not None and text.node is path:  # written in the dict itself, wherever that is
            text = text._replace(top=top)
        found.append(OtherPath(name.value, text, path, top))
    return tuple(found)


def by_decorator(node: ast.expr, function: Function, visit: Visit) -> Registration | None:
    """``@pipeline.register``."""
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
    if found is None or not all(is_pipeline(binding, found[0]) for binding in found[1]):
        return None
    return found[0], node.id


def _told_apart(scope: Scope, name: str) -> PipelineKey | None:
    """None for a variable that holds one pipeline after another."""
    if scope.parent is not None:
        return (scope, name) if len(scope.bindings.get(name, ())) <= 1 else None
    bindings = scope.top.look_up(name)
    if name == _THE_PIPELINE or (bindings and isinstance(bindings[0], Imported)):
        return _THE_KEY
    return (scope.top.path, name) if len(bindings) <= 1 else None


def is_pipeline(binding: Binding, scope: Scope) -> bool:
    """Whether a name that is bound so in a scope is a pipeline."""
    match binding:
        case Assigned(ast.Call(func=func), _):
            return scope.chain(func) in PIPELINE
        case Imported(chain):
            return chain.lstrip(".") == _THE_PIPELINE
        case Parameter(ast.expr() as annotation):
            return (scope.parent or scope).chain(annotation) in PIPELINE
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
