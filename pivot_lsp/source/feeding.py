"""Which statements of a project feed a stage: ordinary Python beside them is none of the lint's business."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pivot_lsp.source.scopes import Assigned, Defined, DefinedClass, Imported
from pivot_lsp.source.uses import uses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pivot_lsp.source.module import Module
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel

T = TypeVar("T")


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
    seen = _closure(id(top), sources.feeding, lambda fed: fed.users)
    return [
        stage for stage in sources.stages if stage.function is not None and id(stage.function.top) in seen
    ]


def fed_with(sources: Sources, top: TopLevel) -> Iterator[list[Part]]:
    """For each statement with stages that another feeds: all statements that feed it, itself among them."""
    users = _closure(id(top), sources.feeding, lambda fed: fed.users)
    stages = [one for one in users if one in sources.feeding and sources.feeding[one].part.functions]
    used = dict(sources.answer(_used))
    for stage in stages or [id(top)]:
        below = _closure(stage, used, lambda found: found)
        yield [sources.feeding[one].part for one in below if one in sources.feeding]


def _used(sources: Sources) -> Iterator[tuple[int, list[int]]]:
    """The ids of the statements that each uses, by its own."""
    found: dict[int, list[int]] = {}
    for used, fed in sources.feeding.items():
        for user in fed.users:
            found.setdefault(user, []).append(used)
    yield from found.items()


def _closure(first: int, table: Mapping[int, T], following: Callable[[T], list[int]]) -> dict[int, None]:
    """All that follows from one, itself among them, in the order in which they are come by."""
    seen = {first: None}
    waiting = [first]
    for one in waiting:  # grows
        new = [other for other in following(table[one]) if other not in seen] if one in table else []
        seen.update(dict.fromkeys(new))
        waiting += dict.fromkeys(new)
    return seen


def _behind(sources: Sources, module: Module, dotted: tuple[str, ...]) -> Iterator[tuple[Module, Part]]:
    for binding in module.names.get(dotted[0], ()):
        if isinstance(binding, Assigned | Defined | DefinedClass):
            yield module, module.part(binding.top)
        elif isinstance(binding, Imported):
            found = (sources.find(module, dotted[:length]) for length in range(len(dotted), 0, -1))
            bound = next(filter(None, found), None)  # helpers.TABLE.get: TABLE is bound there
            if bound is not None and isinstance(bound.binding, Assigned | Defined | DefinedClass):
                yield bound.module, bound.module.part(bound.binding.top)
