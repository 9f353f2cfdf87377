"""A code graph that lives on from edit to edit, for who asks again after each keystroke."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pivot_core.code.drafts import Drafts
    from pivot_core.code.graph import CodeGraph, Roots
    from pivot_core.code.modules import SummaryCache
    from pivot_core.code.sources import Sources
    from pivot_core.types import StageSpec


class LiveGraph:
    """The code graph of the newest sources: the one before where it can follow, else a new one.

    ``opened``: the files that are open in an editor, which are kept ready to be edited. While it is None,
    what an earlier process has kept is asked first: so the first look is soonest.
    """

    def __init__(self) -> None:
        self.opened: frozenset[str] | None = None
        self.roots: dict[str, tuple[StageSpec, Roots]] = {}  # of stages
        self._graph: CodeGraph | None = None
        self._drafts: Drafts | None = None

    @property
    def consulted(self) -> Iterable[str]:
        """Paths that were looked at for the last answers."""
        return self._graph.consulted if self._graph is not None else ()

    def now(self, sources: Sources, summaries: SummaryCache) -> CodeGraph:
        from pivot_core.code.drafts import Drafts  # with the reading of code: the first look does without

        self._drafts = self._drafts or Drafts()
        self._drafts.keep((*(self.opened or ()), *sources.unsaved))
        if self._graph is None or not self._graph.follow(sources, summaries):
            from pivot_core.code.graph import CodeGraph

            self._graph = CodeGraph(sources, summaries, self._drafts)
        return self._graph
