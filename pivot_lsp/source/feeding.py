"""Which statements of a project feed a stage: ordinary Python beside them is none of the lint's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.source.scopes import Assigned, Defined, DefinedClass, Imported
from pivot_lsp.source.uses import uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.module import Module
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part


def feeding(sources: Sources) -> frozenset[int]:
    """Ids of the statements whose definitions stages use, and of the stages themselves.

    By names, as far as they can be followed: a name too few means a finding too few, never a wrong verdict.
    """
    _ = sources.stages  # tells the modules which functions are stages
    waiting = [
        (module, part)
        for module in sources.modules
        for part in module.parts
        if part.functions or part.classes
    ]
    seen = {id(part.top) for _, part in waiting}
    for module, part in waiting:  # grows
        for dotted in part.answer(uses):
            for where, other in _behind(sources, module, dotted):
                if id(other.top) not in seen:
                    seen.add(id(other.top))
                    waiting.append((where, other))
    return frozenset(seen)


def _behind(sources: Sources, module: Module, dotted: tuple[str, ...]) -> Iterator[tuple[Module, Part]]:
    for binding in module.names.get(dotted[0], ()):
        if isinstance(binding, Assigned | Defined | DefinedClass):
            yield module, module.part(binding.top)
        elif isinstance(binding, Imported):
            found = (sources.find(module, dotted[:length]) for length in range(len(dotted), 0, -1))
            bound = next(filter(None, found), None)  # helpers.TABLE.get: TABLE is bound there
            if bound is not None and isinstance(bound.binding, Assigned | Defined | DefinedClass):
                yield bound.module, bound.module.part(bound.binding.top)
