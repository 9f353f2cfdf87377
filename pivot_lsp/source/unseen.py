"""Whether there may be stages that the text doesn't show: then nobody can say that no stage makes a file.

Names are compared as they are written, in whatever scope: one too many only makes the lint silent.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.project import PIPELINE_MODULE
from pivot_lsp.source.children import children
from pivot_lsp.source.registrations import PIPELINE, is_pipeline
from pivot_lsp.source.scopes import Defined, Imported
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pivot_lsp.source.module import Module
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Binding, Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

# What can import, or execute, what no text names: by any owner, and only as names of their own.
_DYNAMIC = frozenset({"import_module", "__import__", "exec_module", "load_module", "run_path", "run_module"})
_DYNAMIC_NAMES = _DYNAMIC | {"exec", "eval"}

_Dotted = tuple[str, ...]


class _Mention(NamedTuple):
    """A dotted name, but for what registers. ``handed``: the function that it is an argument of."""

    name: _Dotted
    handed: _Dotted | None


class _Mentions(NamedTuple):
    """What a statement does. ``pipelines``: the names that it binds to pipelines, in any scope, and ``homes``
    to the module that has the pipeline. ``owners``: what else has a ``register``, by the name of what it is,
    or is made by; None: who knows. ``is_dynamic``: it may import anything.
    """

    by_name: Mapping[str, tuple[_Mention, ...]]
    pipelines: frozenset[str]
    homes: frozenset[str]
    owners: frozenset[str | None]
    is_dynamic: bool


def all_seen(sources: Sources) -> Iterator[bool]:
    """Once: whether the text certainly shows all stages of the pipeline, and all that they write."""
    modules = sources.modules
    yield (
        sources.module(f"{PIPELINE_MODULE}.py") is not None
        and all(stage.tells_outputs for stage in sources.stages)
        and all(sources.module(path) is not None for one in modules for path in sources.imported(one))
        and not any(_leads_on(sources, module) for module in modules)
    )


def _leads_on(sources: Sources, module: Module) -> bool:
    """Whether something in a module may register a stage that isn't seen."""
    statements = [found for part in module.parts for found in part.answer(_mentions)]
    if any(found.is_dynamic for found in statements):
        return True
    owners = {owner for found in statements for owner in found.owners}
    if any(owner is None or sources.is_own(owner, module) for owner in owners):
        return True
    pipelines = {name for found in statements for name in found.pipelines}
    homes = {name for found in statements for name in found.homes}
    mentions = {
        mention
        for found in statements
        for name in pipelines | homes
        for mention in found.by_name.get(name, ())
        if name in pipelines or mention.name[1:2] in ((), (PIPELINE_MODULE,))
    }
    return not all(_is_seen(sources, module, mention) for mention in mentions)


def _is_seen(sources: Sources, module: Module, mention: _Mention) -> bool:
    """Whether a pipeline is given to a function of the project that takes one: what is registered there is
    seen there."""
    bound = sources.find(module, mention.handed) if mention.handed is not None else None
    if bound is None or not isinstance(bound.binding, Defined):
        return False
    args, scope = bound.binding.node.args, bound.binding.top.scope
    given = [arg.annotation for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return any(annotation is not None and scope.chain(annotation) in PIPELINE for annotation in given)


def _mentions(part: Part) -> Iterator[_Mentions]:
    """Once: those of a statement."""
    registering = {id(_register(registration)) for registration in part.registrations}
    found: dict[str, dict[_Mention, None]] = {}
    handed: dict[int, _Dotted | None] = {}
    is_dynamic = False
    nodes: list[ast.AST] = list(part.top.body)
    for node in nodes:  # grows
        is_dynamic = is_dynamic or _is_dynamic(node)
        name = dotted_name(node)
        if name is None:
            nodes += children(node)
        elif id(node) not in registering and isinstance(getattr(node, "ctx", None), ast.Load):
            found.setdefault(name[0], {})[_Mention(name, handed.get(id(node)))] = None
        if isinstance(node, ast.Call):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            handed.update(dict.fromkeys(map(id, given), dotted_name(node.func)))
    bound = list(_bound(part))
    yield _Mentions(
        {name: tuple(mentions) for name, mentions in found.items()},
        frozenset(name for name, binding, scope in bound if is_pipeline(binding, scope)),
        frozenset(name for name, binding, _ in bound if _is_home(binding)),
        frozenset(_owners(part, registering)),
        is_dynamic,
    )


def _bound(part: Part) -> Iterator[tuple[str, Binding, Scope]]:
    scopes = {id(visit.scope): visit.scope for visit in part.top.visits}
    for scope in scopes.values():
        for name, bindings in scope.bindings.items():
            yield from ((name, binding, scope) for binding in bindings)


def _is_home(binding: Binding) -> bool:
    return isinstance(binding, Imported) and binding.chain.lstrip(".") == PIPELINE_MODULE


def _register(registration: Registration) -> ast.expr:
    """Its ``pipeline.register``."""
    node = registration.node
    return node.func if isinstance(node, ast.Call) else node


def _owners(part: Part, registering: set[int]) -> Iterator[str | None]:
    for node, scope, _ in part.top.visits:
        if isinstance(node, ast.Attribute) and node.attr == "register" and id(node) not in registering:
            value, _ = scope.value(node.value)
            yield scope.full_name(value.func if isinstance(value, ast.Call) else value)


def _is_dynamic(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _DYNAMIC_NAMES
    if isinstance(node, ast.alias):
        return node.name in _DYNAMIC
    return isinstance(node, ast.Attribute) and node.attr in _DYNAMIC
