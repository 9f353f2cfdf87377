"""The stages that the text registers: each registration with its function, and the paths that it comes to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import logical
from pivot_lsp.source.annotations import Text
from pivot_lsp.source.scopes import Assigned, Defined, DefinedClass, Imported
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pivot_lsp.source.annotations import Artifact
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.registrations import OtherPath, Registration
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Class, StageFunction
    from pivot_lsp.source.toplevel import Spot

    Others = Sequence[OtherPath] | None


class Use(NamedTuple):
    """A path that a stage reads or writes: logical and normalised; ``text`` is how it is written. ``other``:
    where the registration gives it, instead of the artifact."""

    path: str
    text: Text
    artifact: Artifact
    other: OtherPath | None = None

    @property
    def spot(self) -> Spot:
        return self.text.spot

    @property
    def given_at(self) -> Spot:
        """Where the stage gets it from: the same as ``spot``, or the name of a variable that holds it."""
        return self.other.spot if self.other is not None else self.artifact.path_spot


class Stage(NamedTuple):
    """One registration, as far as the text tells. ``complete``: the text tells all its paths;
    ``tells_outputs``: all those that it writes.

    ``name``: None if it isn't written down. ``function``: None if it isn't found. ``returns``: the TypedDict
    of its outputs. ``borrows``: some of the paths are texts of other modules.
    """

    name: str | None
    registration: Registration
    module: Module
    function: StageFunction | None
    inputs: tuple[Use, ...] = ()
    outputs: tuple[Use, ...] = ()
    complete: bool = False
    tells_outputs: bool = False
    returns: Class | None = None
    borrows: bool = False

    @property
    def title(self) -> str:
        """What to call it: by its function if its name isn't known."""
        return self.name or (self.function.node.name if self.function is not None else "a stage")


def stages_in(sources: Sources, former: Iterable[Stage] = ()) -> tuple[Stage, ...]:
    """All stages that the text of a project registers. Tells each module which of its functions they are.

    ``former``: those before an edit, most of which are still the same.
    """
    found: list[tuple[Module, Registration, tuple[Module, Defined] | None]] = []
    names: dict[str, set[str]] = {}
    modules = sources.modules
    for module in modules:
        for registration in module.registrations:
            defined = _defined(sources, module, registration)
            found.append((module, registration, defined))
            if defined is not None and defined[0].only(defined[1].node.name) == defined[1]:
                names.setdefault(defined[0].path, set()).add(defined[1].node.name)
    for module in modules:
        module.register(frozenset(names.get(module.path, ())))
    known = {id(stage.registration): stage for stage in former}
    return tuple(_stage(sources, *one, known.get(id(one[1]))) for one in found)


def outputs_of(sources: Sources, module: Module, function: StageFunction) -> Class | None:
    """The TypedDict that a stage function of a module returns, wherever that is defined."""
    if function.outputs is not None or function.returns is None or function.returns.artifacts:
        return function.outputs
    dotted = dotted_name(function.returns.type) if function.returns.type is not None else None
    bound = sources.find(module, dotted) if dotted is not None else None
    if bound is None or not isinstance(bound.binding, DefinedClass):
        return None
    classes = bound.module.part(bound.binding.top).classes
    return next((one for one in classes if one.node is bound.binding.node and one.kind == "outputs"), None)


def imported_text(sources: Sources, node: ast.expr | None, scope: Scope) -> Text | None:
    """The literal text that an imported name stands for, in another module of the project."""
    dotted = dotted_name(node) if node is not None else None
    binding = scope.only(dotted[0]) if dotted is not None else None
    module = sources.module(scope.top.path)
    if dotted is None or module is None or not isinstance(binding, Imported):
        return None
    bound = sources.follow(module, dotted, binding)
    if bound is None or not isinstance(bound.binding, Assigned):
        return None
    value, top = bound.binding.top.scope.value(bound.binding.value)
    is_here = value is bound.binding.value
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Text(value.value, value, bound.binding.top if is_here else top)
    return None


def _defined(sources: Sources, module: Module, registration: Registration) -> tuple[Module, Defined] | None:
    func = registration.func
    if isinstance(func, ast.FunctionDef | ast.AsyncFunctionDef):
        return module, Defined(func, registration.scope.top)
    dotted = dotted_name(func) if func is not None else None
    if dotted is None:
        return None
    bound = sources.follow(module, dotted, registration.scope.only(dotted[0]))
    if bound is None or not isinstance(bound.binding, Defined):
        return None
    return bound.module, bound.binding


def _stage(
    sources: Sources,
    module: Module,
    registration: Registration,
    defined: tuple[Module, Defined] | None,
    former: Stage | None,
) -> Stage:
    home, function = module, None
    if defined is not None:
        home, (node, top) = defined
        function = next((item for item in home.part(top).functions if item.node is node), None)
    if function is None:
        return Stage(registration.name, registration, module, None)
    returns = outputs_of(sources, home, function)
    if (
        former is not None
        and former.function is function
        and former.returns is returns
        and not former.borrows
    ):
        return former
    inputs = _uses(sources, registration, _inputs(function), registration.deps)
    outs = _uses(sources, registration, _outputs(function, returns), registration.outs)
    all_out = outs.complete and _tells_outputs(function, returns)
    return Stage(
        registration.name,
        registration,
        module,
        function,
        inputs.known,
        outs.known,
        inputs.complete and registration.deps is not None and all_out,
        all_out,
        returns,
        inputs.borrowed or outs.borrowed,
    )


def _tells_outputs(function: StageFunction, outputs: Class | None) -> bool:
    returns = function.returns
    if outputs is not None:
        return outputs.complete and all(field.artifacts for _, field in outputs.fields)
    return returns is None or bool(returns.artifacts) or isinstance(returns.type, ast.Constant)


def _inputs(function: StageFunction) -> list[Artifact]:
    read = [annotation for _, annotation in function.parameters if annotation is not None]
    return [artifact for annotation in read for artifact in annotation.artifacts if artifact.is_input]


def _outputs(function: StageFunction, outputs: Class | None) -> list[Artifact]:
    own = function.returns.artifacts if function.returns is not None else ()
    return [*own, *(outputs.artifacts if outputs is not None else ())]


class _Uses(NamedTuple):
    """The paths that are known, whether these are all, and whether another module may have a say in that."""

    known: tuple[Use, ...]
    complete: bool
    borrowed: bool


def _uses(
    sources: Sources, registration: Registration, artifacts: Sequence[Artifact], others: Others
) -> _Uses:
    if others is None:
        return _Uses((), not artifacts, borrowed=False)
    by_name = {one.name: one for one in others}
    known, borrowed = [], False
    for artifact in artifacts:
        other = by_name.get(artifact.name)
        text = other.path if other is not None else artifact.path
        if text is None:
            borrowed = True
            node, scope = (
                (other.node, registration.scope) if other is not None else (artifact.path_at, artifact.scope)
            )
            text = imported_text(sources, node, scope)
        if text is not None:
            known.append(Use(logical(text.value), text, artifact, other))
    return _Uses(tuple(known), len(known) == len(artifacts), borrowed)
