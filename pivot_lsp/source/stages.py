"""What a top-level statement says about stages: pipelines, registrations, stage functions, artifacts.

Only what certainly is Pivot's counts: a name that is imported from ``pivot_core``, a variable that is always
a ``Pipeline``, the ``pipeline`` of the module ``pipeline``.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pivot_lsp.source.annotations import LOADERS, OUTPUTS, read
from pivot_lsp.source.classes import is_plain, kind_of, lineage
from pivot_lsp.source.registrations import by_call, by_decorator
from pivot_lsp.source.scopes import Assigned, Defined, DefinedClass, imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pivot_lsp.source.annotations import Annotation, Artifact
    from pivot_lsp.source.classes import Kind
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Function, Scope
    from pivot_lsp.source.toplevel import Spot, TopLevel

T = TypeVar("T")


class StageFunction(NamedTuple):
    """A function that is a stage, or looks like one. ``outputs``: the TypedDict that it returns, if that is
    this module's. ``at_module_level``: not inside another or a class.
    """

    node: Function
    scope: Scope
    top: TopLevel
    parameters: tuple[tuple[ast.arg, Annotation | None], ...]
    returns: Annotation | None
    outputs: Class | None
    at_module_level: bool

    @property
    def artifacts(self) -> list[Artifact]:
        """Those in its own annotations: not those of a TypedDict that it returns."""
        read = [annotation for _, annotation in self.parameters if annotation is not None]
        if self.returns is not None:
            read.append(self.returns)
        return [artifact for annotation in read for artifact in annotation.artifacts]


class Class(NamedTuple):
    """A class that belongs to stages. ``fields``: of a TypedDict or params class, by name. ``complete``:
    these are all, none is a base's.
    """

    node: ast.ClassDef
    kind: Kind
    scope: Scope
    top: TopLevel
    fields: tuple[tuple[ast.AnnAssign, Annotation], ...]
    complete: bool
    at_module_level: bool

    @property
    def artifacts(self) -> list[Artifact]:
        return [artifact for _, annotation in self.fields for artifact in annotation.artifacts]


class Part:
    """One top-level statement, asked by rules and features; each answer is found once, and kept for as long
    as the statement and the names that it asked for stay the same.

    ``registered``: which of the module's functions are known to be stages because somebody registers them.
    """

    def __init__(self, module: Module, top: TopLevel, registered: frozenset[str]) -> None:
        self.module = module
        self.top = top
        self.registered = registered
        self._answers: dict[object, object] = {}

    def answer(self, question: Callable[[Part], Iterable[T]]) -> tuple[T, ...]:
        """What a function says of this part, asked once."""
        if question not in self._answers:
            self._answers[question] = tuple(question(self))
        found = self._answers[question]
        assert isinstance(found, tuple)
        return found

    def spot(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> Spot:
        """The place of a node of this statement."""
        return self.top.spot(node)

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """The dotted names that imports here name, and the packages that these are in."""
        found: dict[str, None] = {}
        for visit in self.top.visits:
            if isinstance(visit.node, ast.Import | ast.ImportFrom):
                for chain in imports(visit.node):
                    found.update(dict.fromkeys(_with_packages(chain)))
        return tuple(found)

    @cached_property
    def registrations(self) -> list[Registration]:
        """All calls of ``register``, and uses as a decorator, in the order of the text."""
        found = []
        for visit in self.top.visits:
            match visit.node:
                case ast.Call(func=ast.Attribute(attr="register")) as call:
                    found.append(by_call(call, visit))
                case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
                    found += [by_decorator(node, function, visit) for node in function.decorator_list]
        ours = [item for item in found if item is not None]
        return sorted(ours, key=lambda item: (item.node.lineno, item.node.col_offset))

    @cached_property
    def _registered_here(self) -> set[int]:
        """The ids of functions that this statement registers."""
        here = (registered(item) for item in self.registrations)
        return {id(found.node) for found in here if found is not None}

    def registers(self, function: StageFunction) -> bool:
        """Whether a function in it is registered, here or elsewhere: certainly a stage."""
        outer = function.at_module_level and function.node.name in self.registered
        return outer or id(function.node) in self._registered_here

    @cached_property
    def functions(self) -> list[StageFunction]:
        """Functions that are stages: registered, or with a ``Dep``, an ``Out``, or a TypedDict of these."""
        found = []
        for visit in self.top.visits:
            node = visit.node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = _function(node, visit.scope)
                if self.registers(function) or function.artifacts or function.outputs:
                    found.append(function)
        return sorted(found, key=lambda function: function.node.lineno)

    @cached_property
    def classes(self) -> list[Class]:
        """TypedDicts of outputs, params classes and loaders that are defined here."""
        found = []
        for visit in self.top.visits:
            if isinstance(visit.node, ast.ClassDef):
                kind = kind_of(visit.node, visit.scope)
                if kind is not None:
                    found.append(class_of(visit.node, kind, visit.scope))
        return found

    @cached_property
    def artifacts(self) -> list[Artifact]:
        """All artifacts that annotations here mark."""
        owners: list[StageFunction | Class] = [*self.functions, *self.classes]
        return [artifact for owner in owners for artifact in owner.artifacts]

    @cached_property
    def artifacts_and_loaders(self) -> list[tuple[ast.Call, Scope]]:
        """All that is made of ``outputs`` and ``loaders``: ``outputs.Dep("rows.csv", loaders.CSV())``."""
        return [
            (visit.node, visit.scope)
            for visit in self.top.visits
            if isinstance(visit.node, ast.Call)
            and (visit.scope.chain(visit.node.func) or "").startswith((OUTPUTS, LOADERS))
        ]


def _with_packages(chain: str) -> Iterator[str]:
    names = chain.lstrip(".").split(".")
    dots = chain[: len(chain) - len(chain.lstrip("."))]
    return (dots + ".".join(names[:length]) for length in range(1, len(names) + 1))


def value(registration: Registration) -> Assigned | None:
    """The expression that is registered; for a variable, what was assigned to it (once)."""
    func = registration.func
    if isinstance(func, ast.Name):
        binding = registration.scope.only(func.id)
        return binding if isinstance(binding, Assigned) else None
    return Assigned(func, registration.scope.top) if isinstance(func, ast.expr) else None


def registered(registration: Registration) -> Defined | None:
    """The function of this module that is registered."""
    func = registration.func
    if isinstance(func, ast.Name):
        binding = registration.scope.only(func.id)
        return binding if isinstance(binding, Defined) else None
    if isinstance(func, ast.FunctionDef | ast.AsyncFunctionDef):
        return Defined(func, registration.scope.top)
    return None


def _function(node: Function, scope: Scope) -> StageFunction:
    args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    parameters = tuple(
        (arg, read(arg.annotation, scope, node, arg.arg) if arg.annotation is not None else None)
        for arg in args
    )
    returns = read(node.returns, scope, node, "return") if node.returns is not None else None
    returned = returns.type if returns is not None and not returns.artifacts else None
    outputs = outputs_class(returned, scope) if isinstance(returned, ast.Name) else None
    return StageFunction(node, scope, scope.top, parameters, returns, outputs, scope.parent is None)


def class_of(node: ast.ClassDef, kind: Kind, scope: Scope, top: TopLevel | None = None) -> Class:
    """A class of a known kind, with its fields. ``top``: where it is defined, if that isn't the scope's."""
    home = top if top is not None else scope.top
    fields = tuple(
        (field, read(field.annotation, scope, node, field.target.id, home))
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    )
    complete = len(fields) == sum(not isinstance(part, ast.Expr | ast.Pass) for part in node.body)
    return Class(node, kind, scope, home, fields, complete and is_plain(node, scope), scope.parent is None)


def outputs_class(node: ast.Name, scope: Scope) -> Class | None:
    """The TypedDict of outputs that a name of this module stands for, if one of its fields has an ``Out``."""
    binding = scope.only(node.id)
    if not isinstance(binding, DefinedClass) or kind_of(binding.node, scope) != "outputs":
        return None
    found = class_of(binding.node, "outputs", scope, binding.top)
    return found if found.artifacts else None


def returned_class(function: StageFunction) -> DefinedClass | None:
    """The TypedDict of this module that a stage returns, for several outputs."""
    node = function.returns.type if function.returns is not None and not function.returns.artifacts else None
    binding = function.scope.only(node.id) if isinstance(node, ast.Name) else None
    if isinstance(binding, DefinedClass) and kind_of(binding.node, function.scope) == "outputs":
        return binding
    return None


def typed_dicts(node: ast.ClassDef, scope: Scope, top: TopLevel) -> list[Class]:
    """A TypedDict and those of this module that it is derived from, itself first."""
    found = []
    for one in lineage(node, scope):
        binding = scope.only(one.name)
        home = binding.top if isinstance(binding, DefinedClass) and binding.node is one else top
        found.append(class_of(one, "outputs", scope)._replace(top=home))
    return found
