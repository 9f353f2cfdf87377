"""What the last reading of ``pipeline.py`` tells of stages, where the text alone doesn't: of those that are
registered in a loop, say, or with paths that are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.answers import Known

if TYPE_CHECKING:
    from pivot_core.status import StageStatus
    from pivot_core.types import StageSpec
    from pivot_lsp.answers import Answer
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import StageFunction


def of_function(answer: Answer, function: StageFunction) -> list[StageStatus]:
    """The stages that a function is registered as."""
    where = (function.top.path, function.node.name)
    stages = answer.stages if isinstance(answer, Known) else ()
    return [status for status in stages if (status.spec.path, status.spec.qualname) == where]


def unwritten(sources: Sources, answer: Answer) -> list[StageSpec]:
    """The stages whose name, or one of whose paths, isn't to be seen in the text."""
    if not isinstance(answer, Known):
        return []
    complete = {stage.name for stage in sources.stages if stage.complete}
    found = [status.spec for status in answer.stages if status.spec.name not in complete]
    if not answer.outdated:
        return found
    # What the text tells wholly by now isn't what was read: a stage that has another name, say.
    told: dict[tuple[str, str], bool] = {}
    for stage in sources.stages:
        if stage.function is not None:
            where = (stage.function.top.path, stage.function.node.name)
            told[where] = stage.complete and told.get(where, True)
    return [spec for spec in found if not told.get((spec.path, spec.qualname))]
