"""The verdicts on stages, as the files are now. Only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.decide import Facts, decide
from pivot_core.types import LastRun, Lock, StageSpec, UnitChange, Verdict, Widening

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pivot_core.types import State as VerdictState
    from pivot_core.workspace import Workspace


class StageStatus(msgspec.Struct, frozen=True):
    """A stage, the verdict on it, and when it last ran here (None: not, as far as this machine knows).

    ``code``: the fingerprint of its code as it is now; "" if that wasn't looked at.

    If it was asked to explain: ``changes``, what became of its code if that is why it is stale, and
    ``widened``, where its code can't be followed.
    """

    spec: StageSpec
    verdict: Verdict
    last_run: LastRun | None
    code: str = ""
    changes: tuple[UnitChange, ...] = ()
    widened: tuple[Widening, ...] = ()


class Look:
    """One look at stages, which must be in order: upstream first."""

    def __init__(self, workspace: Workspace, order: Sequence[StageSpec]) -> None:
        self._graph = workspace.pipeline().graph
        self._order = order
        self._records = workspace.records(order)
        self._last_runs = workspace.recorder.last_runs([spec.name for spec in order])
        self._gatherer = workspace.gatherer(order, self._records)

    def statuses(self, *, explain: bool = False) -> list[StageStatus]:
        """The verdict on each stage."""
        states: dict[str, VerdictState] = {}
        found = []
        for spec in self._order:
            upstream = {name: states[name] for name in self._upstream(spec)}
            status = self._status(spec, upstream)
            states[spec.name] = status.verdict.state
            found.append(status)
        return [self._explained(status) for status in found] if explain else found

    def has_work(self, failed: Mapping[str, str]) -> bool:
        """Whether a run would make anything, apart from stages that ``failed`` on just what they would get
        again (stage -> key of that, as in RunSummary), and what needs those."""
        stuck: set[str] = set()
        for found in self.statuses():
            spec, state = found.spec, found.verdict.state
            if state == "fresh":
                continue
            hopeless = state == "error" or not stuck.isdisjoint(self._upstream(spec))
            if not hopeless and not self._fails_again(spec, failed):
                return True
            stuck.add(spec.name)
        return False

    def _upstream(self, spec: StageSpec) -> Iterable[str]:
        return self._graph.upstream.get(spec.name, ())

    def _status(self, spec: StageSpec, upstream: Mapping[str, VerdictState]) -> StageStatus:
        record, last_run = self._records[spec.name], self._last_runs.get(spec.name)
        missing = self._gatherer.missing(spec, self._graph.producer)
        facts = missing or self._gatherer.facts(spec, record)
        verdict = decide(facts, record, upstream, last_run)
        code = facts.code.fingerprint if isinstance(facts, Facts) else ""
        return StageStatus(spec, verdict, last_run, code)

    def _fails_again(self, spec: StageSpec, failed: Mapping[str, str]) -> bool:
        from pivot_core.execute.record import facts_key

        if spec.name not in failed:
            return False
        return facts_key(self._gatherer.facts(spec, self._records[spec.name])) == failed[spec.name]

    def _explained(self, status: StageStatus) -> StageStatus:
        spec, record = status.spec, self._records[status.spec.name]
        by_code = any(reason.kind == "code" for reason in status.verdict.reasons)
        changes = self._gatherer.changes(spec, record) if by_code and isinstance(record, Lock) else []
        return msgspec.structs.replace(status, changes=tuple(changes), widened=self._gatherer.widened(spec))
