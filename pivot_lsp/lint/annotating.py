"""The fix that says where a parameter of a stage comes from, where the project tells."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from pivot_core import loaders
from pivot_core.artifacts.missing import beside
from pivot_core.define.agreement import disagree, suggestions
from pivot_lsp.lint.edits import inserted, replaced, source
from pivot_lsp.lint.marking import marked, quoted
from pivot_lsp.lint.naming import Named, named
from pivot_lsp.lint.rule import Fix
from pivot_lsp.source.classes import kind_of
from pivot_lsp.source.loading import loader_of
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.typenames import class_name
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction

_BY_END = {
    ".csv": "CSV",
    ".json": "JSON",
    ".jsonl": "JSONL",
    ".parquet": "Parquet",
    ".pickle": "Pickle",
    ".pkl": "Pickle",
    ".txt": "Text",
    ".yaml": "YAML",
    ".yml": "YAML",
}
# What they read.
_TYPES = {
    "CSV": "pandas.DataFrame",
    "JSON": "builtins.object",
    "JSONL": "builtins.list",
    "Parquet": "pandas.DataFrame",
    "PathOnly": "pathlib.Path",
    "Pickle": "builtins.object",
    "Text": "builtins.str",
    "YAML": "builtins.object",
}


class _Source(NamedTuple):
    """Where a parameter can come from: ``path`` is None if each registration gives it."""

    path: str | None
    loader: str
    type: str


def annotating(sources: Sources, part: Part, function: StageFunction, arg: ast.arg) -> Fix | None:
    """The fix for a parameter that isn't marked; None where nothing says what it could be.

    The file or output of the project that is called as it is, what its registrations give, or their params.
    """
    stages = [stage for stage in sources.stages if stage.function is not None]
    own = [stage for stage in stages if stage.function is not None and stage.function.node is function.node]
    params = _params(sources, part, own) if arg.annotation is None else None
    if params is not None and not _takes_params(function):
        return Fix(f"take the params {params}", lambda: [_after_name(part, arg, f": {params}")], safe=False)
    found = _source(sources, own, function, arg)
    if found is None:
        return None

    def edits() -> list[Edit]:
        kind = _kind(part, arg, found)
        if kind is None:
            return []
        if found.path is None:
            text = marked(part.module, kind.text, "PlaceholderDep", None, found.loader)
        else:
            text = marked(part.module, kind.text, "Dep", quoted(found.path), found.loader)
        if text is None:
            return []
        imports = {(edit.at, edit.text): edit for edit in (*kind.edits, *text.edits)}
        if arg.annotation is not None:
            return [*imports.values(), replaced(part.top, arg.annotation, text.text)]
        return [*imports.values(), _after_name(part, arg, f": {text.text}")]

    where = f"from {found.path!r}" if found.path is not None else "from where its registrations say"
    return Fix(f"take {arg.arg} {where}, by {found.loader}", edits, safe=False)


def _after_name(part: Part, arg: ast.arg, text: str) -> Edit:
    return inserted(part.top, arg.lineno, arg.col_offset + len(arg.arg.encode()), text)


def _kind(part: Part, arg: ast.arg, found: _Source) -> Named | None:
    """The type that it has, else that of what it comes from."""
    if arg.annotation is not None:
        return Named(source(part.top, arg.annotation), [])
    module, _, name = found.type.rpartition(".")
    if module == "builtins":
        return Named(name, []) if name not in part.module.names else None
    return named(part.module, found.type)


# --- params


def _takes_params(function: StageFunction) -> bool:
    """Whether another parameter may be the params."""
    return any(annotation is not None and not annotation.artifacts for _, annotation in function.parameters)


def _params(sources: Sources, part: Part, own: list[Stage]) -> str | None:
    """The class of the params that its registrations give, by its name in the module."""
    found = {_given(sources, part, stage) for stage in own}
    return found.pop() if len(found) == 1 else None


def _given(sources: Sources, part: Part, stage: Stage) -> str | None:
    call = stage.registration.node
    words = call.keywords if isinstance(call, ast.Call) else []
    given = next((word.value for word in words if word.arg == "params"), None)
    dotted = dotted_name(given.func) if isinstance(given, ast.Call) else None
    bound = sources.find(stage.module, dotted) if dotted is not None else None
    if bound is None or not isinstance(bound.binding, DefinedClass) or bound.module is not part.module:
        return None
    is_params = kind_of(bound.binding.node, bound.binding.top.scope) == "params"
    above = bound.binding.top.first_line < part.top.first_line
    return bound.name if is_params and above else None


# --- artifacts


def _source(sources: Sources, own: list[Stage], function: StageFunction, arg: ast.arg) -> _Source | None:
    given = [{other.name: other for other in stage.registration.deps or ()}.get(arg.arg) for stage in own]
    if given and all(other is not None for other in given):
        paths = [other.path.value for other in given if other is not None and other.path is not None]
        found = _by_path(paths[0], function, arg) if paths else None
        return found._replace(path=None) if found is not None else None
    if any(other is not None for other in given):
        return None
    candidates = dict(_candidates(sources, own, arg.arg))
    if len(candidates) != 1:
        return None
    ((path, loader),) = candidates.items()
    found = _by_path(path, function, arg)
    if loader is None or arg.annotation is not None:
        return found
    return _Source(path, loader, _TYPES[loader]) if loader in _TYPES else found


def _by_path(path: str, function: StageFunction, arg: ast.arg) -> _Source | None:
    """By how the path ends, and the type that the parameter has."""
    name = "PathOnly" if path.endswith("/") else _BY_END.get(PurePosixPath(path).suffix.lower())
    if arg.annotation is not None:
        kind = class_name(arg.annotation, function.scope)
        if name is None or disagree(getattr(loaders, name), kind):
            fitting = suggestions(kind)
            reading = [one for one in fitting if issubclass(getattr(loaders, one), loaders.Reader)]
            name = reading[0] if reading else None
    return _Source(path, name, _TYPES[name]) if name is not None else None


def _candidates(sources: Sources, own: list[Stage], name: str) -> Iterator[tuple[str, str | None]]:
    """The artifacts that are called as the parameter is, with the loader that is known to read them."""
    behind = _behind(sources, own)
    if sources.project is not None:
        for path in beside(sources.project.root, name):
            if _stem(path) == name and not path.endswith((".py", "/")) and path not in behind:
                yield path, None
    for stage in sources.stages:
        for use in (*stage.inputs, *stage.outputs):
            if _stem(use.path) == name and use.path not in behind:
                loader = loader_of(use.artifact)
                reads = loader is not None and loader.builtin is not None and loader.reads
                yield use.path, loader.name if reads and loader is not None else None


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _behind(sources: Sources, own: list[Stage]) -> set[str]:
    """What the stages make, and what is made of that: to read it would be a cycle."""
    found = {use.path for stage in own for use in stage.outputs}
    size = -1
    while size < len(found):
        size = len(found)
        for stage in sources.stages:
            if any(use.path in found for use in stage.inputs):
                found.update(use.path for use in stage.outputs)
    return found
