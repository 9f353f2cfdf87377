"""The fix that registers a function in ``pipeline.py``."""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import after, importing
from pivot_lsp.lint.rule import Fix
from pivot_lsp.source.classes import kind_of
from pivot_lsp.source.registrations import is_pipeline
from pivot_lsp.source.scopes import DefinedClass, Imported
from pivot_lsp.source.scripts import is_script_only
from pivot_lsp.source.sources import PIPELINE
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction


class _Name(NamedTuple):
    """What to call a function in ``pipeline.py``, and the import for it, if one is missing."""

    text: str
    statement: str | None = None


def registering(sources: Sources, module: Module, function: StageFunction) -> Fix | None:
    """The fix for a function of a module; None if more has to be said than its name."""
    pipeline, name = sources.module(PIPELINE), function.node.name
    if pipeline is None or any(stage.name == name for stage in sources.stages):
        return None
    variable, called = _variable(pipeline), _name(sources, pipeline, module, name)
    if variable is None or called is None or not _is_complete(sources, module, function):
        return None
    call = f"{variable}.register({called.text})\n"

    def edits() -> list[Edit]:
        where = _place(pipeline, variable, function)
        imports = importing(pipeline, called.statement) if called.statement is not None else []
        lines = isinstance(where.top.body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        return [*imports, after(where.top, ("\n\n" if lines else "") + call)]

    return Fix(f"Register {name} in {PIPELINE}", edits, safe=False)


def _variable(pipeline: Module) -> str | None:
    found = []
    for part in pipeline.parts:
        for name in part.top.bound:
            binding = pipeline.only(name)
            if not isinstance(binding, Imported) and is_pipeline(binding, part.top.scope):
                found.append(name)
    return "pipeline" if "pipeline" in found else found[0] if len(found) == 1 else None


def _name(sources: Sources, pipeline: Module, module: Module, name: str) -> _Name | None:
    if module is pipeline:
        return _Name(name)
    path = sources.import_name(module)
    if any(not word.isidentifier() or keyword.iskeyword(word) for word in path.split(".")):
        return None
    imported = {
        binding.chain: bound
        for bound in pipeline.names
        if isinstance(binding := pipeline.only(bound), Imported)
    }
    if f"{path}.{name}" in imported:
        return _Name(imported[f"{path}.{name}"])
    if path in imported:
        return _Name(f"{imported[path]}.{name}")
    if _imports(module, "pipeline"):  # the other way, too, would be a circle
        return None
    package, _, last = path.rpartition(".")
    if name not in pipeline.names and not hasattr(builtins, name):
        return _Name(name, f"from {path} import {name}")
    if last not in pipeline.names and not hasattr(builtins, last):
        return _Name(f"{last}.{name}", f"from {package} import {last}" if package else f"import {last}")
    return None


def _imports(module: Module, name: str) -> bool:
    return any(
        isinstance(binding, Imported) and binding.chain.lstrip(".").partition(".")[0] == name
        for bindings in module.names.values()
        for binding in bindings
    )


def _place(pipeline: Module, variable: str, function: StageFunction) -> Part:
    """The statement to register it after: the last that registers, makes the pipeline, or defines it."""
    found = pipeline.parts[0]
    for part in pipeline.parts:
        registers = any(
            item.scope.parent is None and not is_script_only(part.top, item.arms)
            for item in part.registrations
        )
        if registers or variable in part.top.bound or part.top is function.top:
            found = part
    return found


def _is_complete(sources: Sources, module: Module, function: StageFunction) -> bool:
    """Whether its signature says all that a registration needs."""
    args = function.node.args
    positional = [*args.posonlyargs, *args.args]
    own = {arg.arg for arg in positional[len(positional) - len(args.defaults) :]}
    own |= {
        arg.arg for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value is not None
    }
    for arg, annotation in function.parameters:
        if annotation is None or any(artifact.role == "placeholder" for artifact in annotation.artifacts):
            return False
        if not annotation.artifacts and arg.arg not in own:
            dotted = dotted_name(annotation.type) if annotation.type is not None else None
            bound = sources.find(module, dotted) if dotted is not None else None
            if bound is None or not isinstance(bound.binding, DefinedClass):
                return False
            if not _has_defaults(bound.binding):
                return False
    return args.vararg is None and args.kwarg is None


def _has_defaults(defined: DefinedClass) -> bool:
    """Whether a params class can be made without any value."""
    node, top = defined
    one_base = len(node.bases) == 1 and top.scope.chain(node.bases[0]) is not None
    fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
    return (
        one_base
        and kind_of(node, top.scope) == "params"
        and all(field.value is not None and not isinstance(field.value, ast.Call) for field in fields)
    )
