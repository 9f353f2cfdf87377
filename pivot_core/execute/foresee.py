"""Tells of a run without running: which stages would run, and which results would come from the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.decide import Facts, decide
from pivot_core.execute.tally import RunSummary, Tally, new_run_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pivot_core.facts import Gatherer
    from pivot_core.types import Lock, Outcome, Reason, StageSpec, Verdict
    from pivot_core.types import State as VerdictState
    from pivot_core.workspace import Workspace


def foresee(workspace: Workspace, order: Sequence[StageSpec], forced: frozenset[str]) -> RunSummary:
    """Emit how each stage would end: ``ran`` for what would run, what needs that included, since nobody
    knows yet what it will read."""
    records = workspace.records(order)
    foresight = _Foresight(workspace, workspace.gatherer(order, records))
    tally = Tally(new_run_id(), [spec.name for spec in order], workspace.emit)
    for spec in order:
        outcome, verdict = foresight.stage(spec, records[spec.name], spec.name in forced)
        tally.end(spec.name, outcome, verdict)
    return tally.finish()


class _Foresight:
    """Takes stages in order. ``_restored`` are the digests of outputs that would be put back by then."""

    def __init__(self, workspace: Workspace, gatherer: Gatherer) -> None:
        self._recorder = workspace.recorder
        self._folders = workspace.folders
        self._graph = workspace.pipeline().graph
        self._gatherer = gatherer
        self._states: dict[str, VerdictState] = {}  # of stages that would not be fresh by then
        self._restored: dict[str, str] = {}
        self._trees: set[str] = set()  # the same paths without the slash of a folder
        self._around: set[str] = set()  # the folders that these are in

    def stage(
        self, spec: StageSpec, record: Lock | Reason | None, force: bool
    ) -> tuple[Outcome, Verdict | None]:
        """How a stage would end, and why."""
        if missing := self._gatherer.missing(spec, self._graph.producer):
            self._states[spec.name] = "error"
            return "failed", decide(missing, None, {})
        facts = self._gatherer.facts(spec, record)
        upstream = {
            name: self._states[name]
            for name in self._graph.upstream.get(spec.name, ())
            if name in self._states
        }
        then = self._by_then(facts)
        by_then = facts if then is None else then
        verdict = self._folders.told(decide(by_then, record, upstream), record, by_then)
        if not force and then is not None and not upstream:
            if verdict.state == "fresh":
                return "skipped", verdict
            result = self._recorder.earlier(spec, then, record, verdict, self._gatherer.discovered)
            if result is not None:
                changed = {path: d for path, d in result.outs.items() if facts.outs.get(path) != d}
                self._restore(changed)
                return "restored", verdict
        self._states[spec.name] = "stale" if verdict.state == "fresh" else verdict.state
        return "ran", verdict

    def _by_then(self, facts: Facts) -> Facts | None:
        """The facts once what is upstream is restored; None where that can't be told in advance."""
        if any(self._is_entangled(path) for path in facts.deps.keys() - self._restored.keys()):
            return None
        if any(path in self._restored or self._is_entangled(path) for path in facts.discovered):
            return None
        deps = {path: self._restored.get(path, digest) for path, digest in facts.deps.items()}
        return msgspec.structs.replace(facts, deps=deps)

    def _is_entangled(self, path: str) -> bool:
        """Whether something that would be restored is in the path, or the path in that."""
        return path.rstrip("/") in self._around or any(up in self._trees for up in _folders(path))

    def _restore(self, outs: Mapping[str, str]) -> None:
        self._restored.update(outs)
        for path in outs:
            self._trees.add(path.rstrip("/"))
            self._around.update(_folders(path))


def _folders(path: str) -> Iterator[str]:
    """Those that a path is in."""
    folder = path.rstrip("/")
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        yield folder
