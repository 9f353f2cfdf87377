"""The engine that every front end calls: the terminal, CI and the language server get the same answers.

It wires the rooms together and owns what is shared between them: the state, the cache, the file hashes.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.artifacts.packages import PackageVersions
from pivot_core.code.index import CodeIndex
from pivot_core.config import load_config
from pivot_core.decide import decide
from pivot_core.define.definition import Definitions
from pivot_core.errors import InvalidPipeline
from pivot_core.execute.events import Event, Progress, ignore
from pivot_core.execute.pool import Pool
from pivot_core.execute.record import Recorder
from pivot_core.facts import Gatherer
from pivot_core.store.cache import ContentCache
from pivot_core.store.git import Git
from pivot_core.store.lock import Locks, UnreadableLock
from pivot_core.store.state import State
from pivot_core.types import (
    Definition,
    LastRun,
    Lock,
    Reason,
    StageSpec,
    UnitChange,
    Verdict,
    Widening,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pivot_core.artifacts.graph import ArtifactGraph
    from pivot_core.artifacts.revisions import Revision
    from pivot_core.artifacts.targets import Targets
    from pivot_core.code.live import LiveGraph
    from pivot_core.config import Config
    from pivot_core.define.definition import Pipeline
    from pivot_core.execute.checkout import CheckedOut
    from pivot_core.execute.claims import Claims
    from pivot_core.execute.commit import Committed
    from pivot_core.execute.run import Options
    from pivot_core.execute.tally import RunSummary
    from pivot_core.project import Project
    from pivot_core.store.links import LinkMode
    from pivot_core.types import OutKind
    from pivot_core.types import State as VerdictState


class StageStatus(msgspec.Struct, frozen=True):
    """A stage, the verdict on it, and when it last ran here (None: not, as far as this machine knows).

    If it was asked to explain: ``changes``, what became of its code if that is why it is stale, and
    ``widened``, where its code can't be followed.
    """

    spec: StageSpec
    verdict: Verdict
    last_run: LastRun | None
    changes: tuple[UnitChange, ...] = ()
    widened: tuple[Widening, ...] = ()


class Engine:
    """One project, looked at once. A context manager; closing it saves what was found out.

    ``on_event`` listens to everything that takes time. ``jobs``: how many stages run at once (default: the
    project's configuration, else one a core that this process may use). ``overlay``: logical path -> text
    of unsaved buffers. ``readonly``: look, but write nothing (another process is at work). ``load=False``:
    run none of the project's code, not even in a worker; raise NotLoaded where that would be needed.
    ``live``: a code graph that goes on from one engine to the next, for who looks after each keystroke.
    ``strict``: bug-fix releases of packages count, too; otherwise as the project's configuration says.
    """

    def __init__(
        self,
        project: Project,
        on_event: Callable[[Event], None] = ignore,
        jobs: int | None = None,
        *,
        overlay: Mapping[str, str] | None = None,
        readonly: bool = False,
        load: bool = True,
        live: LiveGraph | None = None,
        strict: bool = False,
    ) -> None:
        self.project = project
        self._emit = on_event
        self._config: Config = load_config(project)
        self._strict = strict or self._config.packages == "exact"
        self._state = State(project.state, readonly=readonly)
        self._hashes = FileHashes(project.root, self._state)
        self._cache = ContentCache(project.cache, project.scratch)
        self._locks = Locks(project.locks)
        self._recorder = Recorder(self._locks, self._state, self._cache)
        self._code = CodeIndex(project, self._hashes, self._state, overlay, live)
        self._packages = PackageVersions(self._state)
        self._may_load = load
        self._found: Pipeline | None = None
        self._pool = Pool(project, jobs or self._config.jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers and save the state."""
        self._pool.close()
        self._save()
        self._state.close()

    def definition(self) -> Definition:
        """What ``pipeline.py`` defines. Raises InvalidPipeline with all its mistakes, UsageError."""
        return self._pipeline().definition

    def graph(self) -> ArtifactGraph:
        """The artifact graph of the definition."""
        return self._pipeline().graph

    def status(self, targets: Sequence[str] = (), *, explain: bool = False) -> list[StageStatus]:
        """The verdicts on these stages, or on those that make these outputs, and on all they need (no
        targets: on all), upstream first. See ``Targets`` for what can be named.

        Raises InvalidPipeline, and UsageError for a target that is nothing.
        """
        pipeline = self._pipeline()
        order = self._select(targets)
        records = self._records(order)
        last_runs = self._recorder.last_runs([spec.name for spec in order])
        gatherer = self._gatherer(pipeline)
        gatherer.prefetch(order, records.values())
        states: dict[str, VerdictState] = {}
        found = []
        for spec in order:
            record, last = records[spec.name], last_runs.get(spec.name)
            upstream = {name: states[name] for name in pipeline.graph.upstream.get(spec.name, ())}
            facts = gatherer.missing(spec, pipeline.graph.producer) or gatherer.facts(spec, record)
            verdict = decide(facts, record, upstream, last)
            states[spec.name] = verdict.state
            found.append(StageStatus(spec, verdict, last))
        if explain:
            found = [self._explained(status, records[status.spec.name], gatherer) for status in found]
        return found

    def _explained(
        self, status: StageStatus, record: Lock | Reason | None, gatherer: Gatherer
    ) -> StageStatus:
        by_code = any(reason.kind == "code" for reason in status.verdict.reasons)
        changes = gatherer.changes(status.spec, record) if by_code and isinstance(record, Lock) else []
        return msgspec.structs.replace(status, changes=tuple(changes), widened=gatherer.widened(status.spec))

    def has_work(self, targets: Sequence[str], failed: Mapping[str, str]) -> bool:
        """Whether a run would make anything, apart from stages that ``failed`` on just what they would get
        again (stage -> key of that, as in RunSummary), and what needs those.

        Raises InvalidPipeline, UsageError.
        """
        from pivot_core.execute.record import facts_key

        pipeline = self._pipeline()
        records = self._records(self._select(targets))
        gatherer = self._gatherer(pipeline)
        stuck: set[str] = set()
        for found in self.status(targets):
            spec, state = found.spec, found.verdict.state
            if state == "fresh":
                continue
            known = failed.get(spec.name)
            if (
                state == "error"
                or not stuck.isdisjoint(pipeline.graph.upstream.get(spec.name, ()))
                or (known and facts_key(gatherer.facts(spec, records[spec.name])) == known)
            ):
                stuck.add(spec.name)
            else:
                return True
        return False

    def run(
        self,
        targets: Sequence[str] = (),
        *,
        only: bool = False,
        force: bool = False,
        dry_run: bool = False,
        keep_going: bool = False,
        frozen: bool = False,
    ) -> RunSummary:
        """Make these stages or outputs, and what they need, up to date (no targets: all).

        ``only``: not what they need. ``force``: the named stages whatever their verdict. ``dry_run``:
        emit what would happen. ``keep_going``: after a failure go on with what doesn't depend on it.
        ``frozen``: restore, but make nothing; a stage that would have to run ends as ``blocked``.

        Raises InvalidPipeline, UsageError, and KeyboardInterrupt after a clean stop.
        """
        from pivot_core.execute.run import Options
        from pivot_core.execute.session import stopped_by_signals, under_way

        flags = {"only": only, "force": force, "keep_going": keep_going, "frozen": frozen}
        pipeline = self._pipeline()
        order = self._select(targets, only=only)
        if not keep_going:
            self._refuse_missing(pipeline, order)
        named = self.targets().stages(targets) if targets else [spec.name for spec in order]
        forced = frozenset(named) if force else frozenset()
        if dry_run:
            from pivot_core.execute.tally import foresee

            wanted = {spec.name for spec in order}
            verdicts = {found.spec.name: found.verdict for found in self.status(list(wanted))}
            return foresee({n: v for n, v in verdicts.items() if n in wanted}, forced, self._emit)
        asked = [*targets, *(f"--{name.replace('_', '-')}" for name, given in flags.items() if given)]
        with under_way(self.project) as claims, stopped_by_signals():
            return self._start(pipeline, order, Options(forced, keep_going, frozen), claims, asked)

    def _start(
        self,
        pipeline: Pipeline,
        order: Sequence[StageSpec],
        options: Options,
        claims: Claims,
        asked: Sequence[str],
    ) -> RunSummary:
        from pivot_core.execute.history import History, RunLog
        from pivot_core.execute.plan import Planner
        from pivot_core.execute.run import Run
        from pivot_core.execute.schedule import Schedule
        from pivot_core.execute.tally import new_run_id

        records = self._records(order)
        gatherer = self._gatherer(pipeline)
        gatherer.prefetch(order, records.values())
        run_id = new_run_id()
        planner = Planner(
            self.project,
            run_id,
            self._config.cache.mode,
            records,
            pipeline.graph.producer,
            gatherer,
            self._hashes,
            self._cache,
            self._recorder,
            claims,
            lambda name: self._record(self._locks.read_all((name,)).get(name)),
        )
        lasted = self._recorder.last_runs([spec.name for spec in order])
        durations = {name: last.duration_s for name, last in lasted.items() if last.failed is None}
        schedule = Schedule(order, pipeline.graph.upstream, self._config.resources, durations)
        log = RunLog(History(self._state), asked, Git(self.project.root).head)

        def emit(event: Event) -> None:
            log(event)
            self._emit(event)

        return Run(
            run_id,
            order,
            schedule,
            planner,
            self._pool,
            claims,
            pipeline.graph.upstream,
            options,
            emit,
            self._flush,
        ).execute()

    def commit(self, targets: Sequence[str] = (), *, dry_run: bool = False) -> list[Committed]:
        """Record the present state of these stages (no targets: of all) as right, without running.

        Raises InvalidPipeline, UsageError.
        """
        from pivot_core.execute.commit import Committer
        from pivot_core.execute.session import under_way

        pipeline = self._pipeline()
        order = self._select(targets, only=True)
        gatherer = self._gatherer(pipeline)
        committer = Committer(self.project, gatherer, self._hashes, self._cache, self._recorder, dry_run)
        upstream = pipeline.graph.upstream
        with nullcontext() if dry_run else under_way(self.project) as claims:
            records = self._records(order)
            gatherer.prefetch(order, records.values())
            return [
                committer.commit(spec, records[spec.name], upstream.get(spec.name, ()), claims)
                for spec in order
            ]

    def checkout(
        self, targets: Sequence[str] = (), *, mode: LinkMode | None = None, force: bool = False
    ) -> list[CheckedOut]:
        """Restore outputs from the cache as the lock files say (no targets: all).

        Raises InvalidPipeline, UsageError.
        """
        from pivot_core.execute.checkout import Checkout
        from pivot_core.execute.session import under_way
        from pivot_core.execute.tally import new_run_id

        pipeline = self._pipeline()
        paths = frozenset(self.targets().artifacts(targets) if targets else pipeline.graph.producer)
        self._hashes.digests(sorted(paths))
        upstream = pipeline.graph.upstream
        order = [spec for spec in self._select(()) if not paths.isdisjoint(out.path for out in spec.outs)]
        with under_way(self.project) as claims:
            checkout = Checkout(
                self.project,
                new_run_id(),
                mode,
                self._config.cache.mode,
                force,
                self._hashes,
                self._cache,
                claims,
                lambda name: self._record(self._locks.read_all((name,)).get(name)),
            )
            return [
                item for spec in order for item in checkout.stage(spec, upstream.get(spec.name, ()), paths)
            ]

    # --- parts ---------------------------------------------------------------------------------

    def _pipeline(self) -> Pipeline:
        if self._found is None:
            definitions = Definitions(self.project, self._code, self._hashes, self._state)
            self._found = definitions.get(self._load_definition) if self._may_load else definitions.kept()
        return self._found

    def _load_definition(self) -> Callable[[], tuple[Definition, dict[str, str]]]:
        self._emit(Progress(stage=None, text="loading pipeline.py"))
        return self._pool.load_definition()

    def _gatherer(self, pipeline: Pipeline) -> Gatherer:
        return Gatherer(
            self.project, self._code, self._hashes, self._packages, pipeline.digests, self._strict
        )

    def _records(self, order: Sequence[StageSpec]) -> dict[str, Lock | Reason | None]:
        locks = self._locks.read_all(spec.name for spec in order)
        return {spec.name: self._record(locks.get(spec.name)) for spec in order}

    def _record(self, found: Lock | UnreadableLock | None) -> Lock | Reason | None:
        if not isinstance(found, UnreadableLock):
            return found
        path = Path(found.path).relative_to(self.project.root).as_posix()
        return Reason("unreadable", "lock file", f"can't be read ({found.why})", path, 0)

    def outputs_of_kind(self, kind: OutKind, targets: Sequence[str] = ()) -> list[tuple[str, str]]:
        """(stage, path) of all outputs of a kind, or of those that are targets, in order of registration.

        Raises InvalidPipeline, UsageError.
        """
        wanted = set(self.targets().artifacts(targets)) if targets else None
        return [
            (spec.name, out.path)
            for spec in self.definition().stages
            for out in spec.outs
            if out.kind == kind and (wanted is None or out.path in wanted)
        ]

    def revision(self, name: str) -> Revision:
        """The project in a commit. Raises UsageError if ``name`` means none, or there is no repository."""
        from pivot_core.artifacts.revisions import Revision

        return Revision(self.project, self._cache, name)

    def targets(self) -> Targets:
        """Looks up what a person names: stages, outputs, patterns. Raises InvalidPipeline."""
        from pivot_core.artifacts.targets import Targets

        pipeline, project = self._pipeline(), self.project
        names = [spec.name for spec in pipeline.definition.stages]
        return Targets(pipeline.graph, names, project.root, project.start or project.root)

    def _select(self, targets: Sequence[str], *, only: bool = False) -> list[StageSpec]:
        pipeline = self._pipeline()
        specs = {spec.name: spec for spec in pipeline.definition.stages}
        wanted = set(self.targets().stages(targets) if targets else specs)
        if not only:
            frontier = list(wanted)
            while frontier:
                for name in pipeline.graph.upstream.get(frontier.pop(), ()):
                    if name not in wanted:
                        wanted.add(name)
                        frontier.append(name)
        return [specs[name] for name in pipeline.graph.order if name in wanted]

    def _refuse_missing(self, pipeline: Pipeline, order: Sequence[StageSpec]) -> None:
        """Before hours of work: tell of all inputs that aren't there."""
        absent = [path for path in pipeline.graph.sources if not os.path.lexists(self.project.root / path)]
        if absent:
            from pivot_core.artifacts.graph import missing

            if problems := missing(pipeline.graph, order, self.project.root):
                raise InvalidPipeline(problems)

    def _save(self) -> None:
        self._code.save()
        self._flush()

    def _flush(self) -> None:
        self._hashes.flush()
        self._state.flush()
