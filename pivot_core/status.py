"""The verdicts on stages, as the files are now. Only looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pivot_core.decide import Facts, decide
from pivot_core.facts import files_of
from pivot_core.types import LastRun, Lock, StageSpec, UnitChange, Verdict, Widening

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pivot_core.define.definition import Pipeline
    from pivot_core.types import CodeFact, Reason
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


class _Judged(NamedTuple):
    """The verdict on a stage with what it rested on, besides what is around."""

    record: Lock | Reason | None
    last_run: LastRun | None
    upstream: Mapping[str, VerdictState]
    code: CodeFact
    status: StageStatus


@dataclass
class LastLook:
    """What the verdicts of a look at all stages rested on: while that is the same, so are they.

    ``files``: those that pipeline and records name. ``around``: what any of the verdicts may rest on: the
    digests of these files, variables, packages.
    """

    pipeline: Pipeline | None = None
    records: Mapping[str, Lock | Reason | None] = field(default_factory=dict)
    files: Sequence[str] = ()
    around: object = None
    judged: dict[str, _Judged] = field(default_factory=dict)

    def named_by(self, pipeline: Pipeline, records: Mapping[str, Lock | Reason | None]) -> bool:
        """Whether ``files`` are those that these name."""
        return self.pipeline is pipeline and all(
            self.records.get(name) is record for name, record in records.items()
        )


class Look:
    """One look at stages, which must be in order: upstream first. ``last``: the last one at the same stages,
    which this one takes the place of."""

    def __init__(
        self, workspace: Workspace, order: Sequence[StageSpec], last: LastLook | None = None
    ) -> None:
        pipeline = workspace.pipeline()
        self._graph = pipeline.graph
        self._order = order
        self._records = workspace.records(order)
        self._last_runs = workspace.recorder.last_runs([spec.name for spec in order])
        self._gatherer = workspace.new_gatherer()
        self._folders = workspace.folders
        last = last or LastLook()
        if not last.named_by(pipeline, self._records):
            last.files = files_of(order, self._records.values())
        around = self._gatherer.prefetch(last.files), self._gatherer.around()
        if last.pipeline is not pipeline or last.around != around:
            last.judged = {}
        last.pipeline, last.records, last.around = pipeline, self._records, around
        self._judged = last.judged

    def statuses(self, *, explain: bool = False, folders: bool = False) -> list[StageStatus]:
        """The verdict on each stage; see ``Engine.status``."""
        states: dict[str, VerdictState] = {}
        found = []
        for spec in self._order:
            upstream = {name: states[name] for name in self._upstream(spec)}
            status = self._judged_before(spec, upstream) or self._status(spec, upstream)
            states[spec.name] = status.verdict.state
            found.append(status)
        if explain or folders:
            found = [self._with_files(status) for status in found]
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

    def _judged_before(self, spec: StageSpec, upstream: Mapping[str, VerdictState]) -> StageStatus | None:
        """The verdict that there was on all this."""
        before, record = self._judged.get(spec.name), self._records[spec.name]
        if (
            before is not None
            and before.record is record
            and before.last_run == self._last_runs.get(spec.name)
            and before.upstream == upstream
            and before.code is self._gatherer.code(spec, record)
        ):
            return before.status
        return None

    def _status(self, spec: StageSpec, upstream: Mapping[str, VerdictState]) -> StageStatus:
        record, last_run = self._records[spec.name], self._last_runs.get(spec.name)
        missing = self._gatherer.missing(spec, self._graph.producer)
        facts = missing or self._gatherer.facts(spec, record)
        verdict = decide(facts, record, upstream, last_run)
        code = facts.code.fingerprint if isinstance(facts, Facts) else ""
        status = StageStatus(spec, verdict, last_run, code)
        if isinstance(facts, Facts) and not _reads_more(record):
            self._judged[spec.name] = _Judged(record, last_run, upstream, facts.code, status)
        else:
            self._judged.pop(spec.name, None)
        return status

    def _fails_again(self, spec: StageSpec, failed: Mapping[str, str]) -> bool:
        from pivot_core.execute.record import facts_key

        if spec.name not in failed:
            return False
        return facts_key(self._gatherer.facts(spec, self._records[spec.name])) == failed[spec.name]

    def _with_files(self, status: StageStatus) -> StageStatus:
        if not any(reason.kind in ("input", "output") for reason in status.verdict.reasons):
            return status
        record = self._records[status.spec.name]
        facts = self._gatherer.facts(status.spec, record)
        return msgspec.structs.replace(status, verdict=self._folders.told(status.verdict, record, facts))

    def _explained(self, status: StageStatus) -> StageStatus:
        spec, record = status.spec, self._records[status.spec.name]
        by_code = any(reason.kind == "code" for reason in status.verdict.reasons)
        changes = self._gatherer.changes(spec, record) if by_code and isinstance(record, Lock) else []
        return msgspec.structs.replace(status, changes=tuple(changes), widened=self._gatherer.widened(spec))


def _reads_more(record: Lock | Reason | None) -> bool:
    """Whether a verdict by a record rests on more than the content of files: on the names in a folder, on
    classes that come out of pickles."""
    return isinstance(record, Lock) and any(path[0] == "@" or path[-1] == "/" for path in record.discovered)
