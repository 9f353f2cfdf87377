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
    complete = {stage.name for stage in sources.stages if stage.complete}
    stages = answer.stages if isinstance(answer, Known) else ()
    return [status.spec for status in stages if status.spec.name not in complete]
