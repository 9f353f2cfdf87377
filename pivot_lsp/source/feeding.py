"""Which statements of a project feed a stage: ordinary Python beside them is none of the lint's business."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.source.scopes import Assigned, Defined, DefinedClass, Imported
from pivot_lsp.source.uses import uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.module import Module
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel


class Fed(NamedTuple):
    """A statement that feeds a stage. ``users``: the ids of those that use what it defines."""

    part: Part
    module: Module
    users: list[int]


def feeding(sources: Sources) -> dict[int, Fed]:
    """The statements whose definitions stages use, and the stages themselves, by their ids.

    By names, as far as they can be followed: a name too few means a finding too few, never a wrong verdict.
    """
    _ = sources.stages  # tells the modules which functions are stages
    waiting = [
        Fed(part, module, [])
        for module in sources.modules
        for part in module.parts
        if part.functions or part.classes
    ]
    found = {id(fed.part.top): fed for fed in waiting}
    for fed in waiting:  # grows
        for dotted in fed.part.answer(uses):
            for module, part in _behind(sources, fed.module, dotted):
                other = found.get(id(part.top))
                if other is None:
                    other = found[id(part.top)] = Fed(part, module, [])
                    waiting.append(other)
                other.users.append(id(fed.part.top))
    return found


def stages_with(sources: Sources, top: TopLevel) -> list[Stage]:
    """The stages that a statement feeds."""
    seen = {id(top)}
    waiting = [id(top)]
    for one in waiting:  # grows
        users = sources.feeding[one].users if one in sources.feeding else []
        new = [user for user in dict.fromkeys(users) if user not in seen]
        seen.update(new)
        waiting += new
    return [
        stage for stage in sources.stages if stage.function is not None and id(stage.function.top) in seen
    ]


def _behind(sources: Sources, module: Module, dotted: tuple[str, ...]) -> Iterator[tuple[Module, Part]]:
    for binding in module.names.get(dotted[0], ()):
        if isinstance(binding, Assigned | Defined | DefinedClass):
            yield module, module.part(binding.top)
        elif isinstance(binding, Imported):
            found = (sources.find(module, dotted[:length]) for length in range(len(dotted), 0, -1))
            bound = next(filter(None, found), None)  # helpers.TABLE.get: TABLE is bound there
            if bound is not None and isinstance(bound.binding, Assigned | Defined | DefinedClass):
                yield bound.module, bound.module.part(bound.binding.top)
