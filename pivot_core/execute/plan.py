"""What a run has to do for one stage, and what it records afterwards. No processes here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.artifacts.paths import NOT_TEXT, shown
from pivot_core.decide import Facts, decide
from pivot_core.errors import CorruptContent, UsageError
from pivot_core.execute.events import StageError, Warning, now
from pivot_core.execute.failure import of_the_system
from pivot_core.execute.messages import Done, Restored, Task
from pivot_core.execute.outputs import is_self_written, put_back
from pivot_core.execute.record import Recorder, Result
from pivot_core.execute.standing import cached, is_foreign, place_of, replace, unused
from pivot_core.store.atomic import scratch_path
from pivot_core.types import LastRun, Lock, Reason, StageSpec, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pivot_core.artifacts.folders import Folders
    from pivot_core.execute.claims import Claims
    from pivot_core.facts import Gatherer
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.store.links import LinkMode


class Plan(msgspec.Struct, frozen=True):
    """What to do for a stage that is due. ``stood``: of one that is to be made, its inputs and what they are
    like; an edit that is taken back before the stage ends leaves the same content.
    """

    spec: StageSpec
    verdict: Verdict
    action: Literal["skip", "restore", "make", "fail"]
    facts: Facts
    result: Result | None = None
    stood: dict[str, bytes | None] = {}


class Planner:
    """Decides on stages of one run, one by one as they come due, and records how they ended."""

    def __init__(
        self,
        project: Project,
        run_id: str,
        mode: LinkMode,
        records: dict[str, Lock | Reason | None],
        made: Mapping[str, str],
        gatherer: Gatherer,
        hashes: FileHashes,
        cache: ContentCache,
        recorder: Recorder,
        folders: Folders,
        claims: Claims,
        reread: Callable[[str], Lock | Reason | None],
    ) -> None:
        self._project = project
        self._run_id = run_id
        self._mode: LinkMode = mode
        self._records = records
        self._made = made
        self._gatherer = gatherer
        self._hashes = hashes
        self._cache = cache
        self._recorder = recorder
        self._folders = folders
        self._claims = claims
        self._reread = reread
        self._seen: dict[str, int] = {}  # stage -> what others had done when its record was read

    def is_outdated(self, spec: StageSpec) -> bool:
        """Whether another run has recorded something since the stage was planned."""
        return self._claims.foreign() != self._seen.get(spec.name, 0)

    def plan(self, spec: StageSpec, *, force: bool = False) -> Plan:
        """What to do now that everything the stage needs is up to date."""
        if self.is_outdated(spec):
            self._seen[spec.name] = self._claims.foreign()
            self._records[spec.name] = self._reread(spec.name)
            for path in spec.paths:
                self._hashes.forget(path)
        record = self._records[spec.name]
        facts = self._gatherer.facts(spec, record)
        if missing := self._gatherer.missing(spec, self._made):
            return Plan(spec, decide(missing, None, {}), "fail", facts)
        verdict = self._folders.told(decide(facts, record, {}), record, facts)
        if force:
            return Plan(spec, verdict, "make", facts, stood=self._stand(spec))
        if verdict.state == "fresh":
            return Plan(spec, verdict, "skip", facts)
        result = self._recorder.earlier(spec, facts, record, verdict, self._gatherer.discovered)
        if result is not None:
            return Plan(spec, verdict, "restore", facts, result)
        return Plan(spec, verdict, "make", facts, stood=self._stand(spec))

    def _stand(self, spec: StageSpec) -> dict[str, bytes | None]:
        """What its inputs are like now."""
        return {dep.path: self._hashes.identity(dep.path) for dep in spec.deps}

    def task(self, plan: Plan, ticket: int) -> Task:
        """The order for a worker."""
        spec = plan.spec
        digests, known = cached(plan.facts.outs, self._hashes, self._cache)
        aside = {
            out.path: str(scratch_path(self._project.scratch))
            for out in spec.outs
            if out.path in digests and is_self_written(out) and self._is_near(out.path)
        }
        starts = {out.path: self._start_of(spec, out.path) for out in spec.outs if out.kind == "incremental"}
        return Task(
            ticket=ticket,
            spec=spec,
            mode=self._mode,
            there={out.path: digests.get(out.path) for out in spec.outs if self._has_something(out.path)},
            known=known,
            aside=aside,
            keep={out.path: self._keep(out.path, ticket) for out in spec.outs},
            start={path: start for path, start in starts.items() if start is not None},
        )

    def _has_something(self, path: str) -> bool:
        return os.path.lexists(self._project.root / path.rstrip("/"))

    def _keep(self, path: str, ticket: int) -> str:
        """Where somebody else's file goes that stands in the place of an output."""
        usual = self._project.replaced / self._run_id / path.rstrip("/")
        if not os.path.lexists(usual):
            return str(usual)
        return str(self._project.replaced / f"{self._run_id}-{ticket}" / path.rstrip("/"))

    def _is_near(self, path: str) -> bool:
        """Whether what stands there can be renamed into our scratch folder."""
        place = self._project.root / path.rstrip("/")
        return place.parent.stat().st_dev == self._project.scratch.stat().st_dev

    def _start_of(self, spec: StageSpec, path: str) -> str | None:
        """What an incremental output starts from: the recorded content, else what is there already."""
        record = self._records[spec.name]
        recorded = record.outs.get(path) if isinstance(record, Lock) else None
        if recorded is not None and self._cache.has(recorded):
            return recorded
        place = self._project.root / path
        if not place.exists():
            return None
        return self._cache.add_tree(place) if place.is_dir() else self._cache.add(place)

    def kept(self, kept: Iterable[tuple[str, str]], stage: str) -> Iterable[Warning]:
        """Says where files are that stood in the place of an output and weren't made by Pivot."""
        for path, to in kept:
            shown = Path(to).relative_to(self._project.root).as_posix()
            yield Warning(
                message=f"{path} as it stood there isn't in the cache (it wasn't made by this stage, was "
                f"edited since, or the cache was emptied); kept as {shown}",
                stage=stage,
                path=path,
            )

    def broken(self, error: OSError) -> StageError:
        """The failure of a stage for which the system refuses what has to be done."""
        return StageError(type(error).__name__, of_the_system(error, self._project.root))

    def put_back(self, task: Task, *, begun: bool) -> list[Warning]:
        """Undo what a killed worker has left of a stage's outputs; says what is elsewhere now."""
        put_back(self._cache, task, self._project.root, task.keep if begun else ())
        moved = [(path, to) for path, to in task.keep.items() if os.path.lexists(to)]
        return list(self.kept(moved, task.spec.name))

    def restoring(self, plan: Plan, ticket: int) -> Callable[[], Restored]:
        """What puts an earlier result in place, in a thread of its own."""
        assert plan.result is not None
        outs = plan.result.outs
        wanted = {path: digest for path, digest in outs.items() if plan.facts.outs[path] != digest}
        _, known = cached(wanted, self._hashes, self._cache)
        kinds = {out.path: out.kind for out in plan.spec.outs}
        kept: dict[str, Path] = {}
        signatures: dict[str, bytes] = {}

        def restore(path: str, digest: str) -> None:
            def to_keep() -> Path | None:
                if not is_foreign(path, self._project.root, self._cache, known.get(path)):
                    return None
                kept[path] = unused(Path(self._keep(path, ticket)))
                return kept[path]

            mode: LinkMode = "copy" if kinds.get(path) == "incremental" else self._mode
            replace(self._cache, digest, place_of(self._project.root, path), mode, to_keep)
            signature = FileHashes(self._project.root, None).signature(path)
            if signature is not None:
                signatures[path] = signature

        def restore_all() -> Restored:
            error = None
            try:
                for path, digest in wanted.items():
                    restore(path, digest)
            except OSError as raised:
                error = self.broken(raised).message
            except (CorruptContent, UsageError) as raised:
                error = str(raised)
            now_there = ((path, str(to)) for path, to in kept.items() if os.path.lexists(to))
            return Restored(ticket, error, tuple(now_there), signatures)

        return restore_all

    def restored(self, plan: Plan, signatures: Mapping[str, bytes]) -> None:
        """Record that an earlier result is in place again. ``signatures``: as in Restored."""
        assert plan.result is not None
        self._record(plan, plan.result.discovered, plan.result.outs, signatures)

    def made(self, plan: Plan, done: Done) -> list[Warning]:
        """Record a stage's success, unless what it was made of changed while it ran: then say so."""
        name = plan.spec.name
        undeclared = self._undeclared(plan, done)
        stand = self._stand(plan.spec)
        changed = [
            *self._gatherer.changed_since(plan.facts),
            *(path for path, was in plan.stood.items() if stand[path] != was),
            *self._gatherer.outdated((plan.facts.code, *self._gatherer.unpickled(undeclared)), done.sources),
            *(path for path in undeclared if path in done.changed),
        ]
        for path in (*done.outs, *undeclared):
            if path[0] not in "$@":
                self._hashes.forget(path)
        if changed:
            return [
                Warning(
                    message=f"{path} changed while the stage ran: it will run again", stage=name, path=path
                )
                for path in dict.fromkeys(changed)
            ]
        if nameless := [path for path in undeclared if NOT_TEXT in path]:
            return [
                Warning(
                    message=f"reads {shown(path)} undeclared, whose name isn't valid UTF-8, so that can't be "
                    "recorded: it will run again each time; rename the file",
                    stage=name,
                    path=plan.spec.path,
                    line=plan.spec.line,
                )
                for path in nameless
            ]
        discovered = self._gatherer.discovered(undeclared)
        self._record(plan, discovered, done.outs, done.signatures)
        self._recorder.ended(name, LastRun(now(), done.duration_s, self._run_id))
        named = (done.imported[name] for name in plan.facts.code.packages if name in done.imported)
        code = [path for path in named if not self._gatherer.counts(plan.facts.code, path)]
        return [
            *_told_outside(plan.spec, [*code, *done.outside]),
            *(
                Warning(
                    message=f"reads {shown(path)} undeclared; "
                    f"take it as a parameter, with outputs.Dep({path!r}, …)",
                    stage=name,
                    path=plan.spec.path,
                    line=plan.spec.line,
                )
                for path in done.reads
                # What isn't there can't be declared.
                if path[0] not in "$@" and discovered.get(path) is not None
            ),
        ]

    def failed(self, plan: Plan, duration_s: float, why: str) -> None:
        self._recorder.ended(plan.spec.name, LastRun(now(), duration_s, self._run_id, failed=why))

    def _undeclared(self, plan: Plan, done: Done) -> list[str]:
        """Project files that were read without being declared as inputs or outputs: by the stage, while its
        modules were imported, or by an earlier stage of the worker with code that may have kept them. And
        variables that its code doesn't tell."""
        modules = set(plan.facts.code.modules)
        reads = {*done.reads}
        decides, keeps = self._gatherer.decides, self._gatherer.keeps
        # Code from a place that only running it tells (``sys.path.insert(0, "lib")``) is read like data.
        reads.update(path for path in done.sources if not self._gatherer.knows(path))
        for module, seen in done.import_reads.items():
            if module in modules:
                reads.update(path for path, line in seen if decides(plan.spec, module, line))
        for module, seen in done.call_reads.items():
            if module in modules:
                reads.update(
                    path for path, line in seen if keeps(module, line) and decides(plan.spec, module, line)
                )
        reads.difference_update(modules.intersection(done.executed))
        reads -= {path for path in reads if path.endswith("/") and self._changes_by_itself(path)}
        reads = self._gatherer.untold(plan.spec, plan.facts.code, reads)
        return sorted(path for path in reads if not any(_within(path, known) for known in plan.spec.paths))

    def _changes_by_itself(self, folder: str) -> bool:
        """Whether stages write directly into the folder: then its listing says nothing about inputs."""
        inside = folder.removeprefix("./")
        return any(out.startswith(inside) and "/" not in out[len(inside) :].rstrip("/") for out in self._made)

    def _record(
        self,
        plan: Plan,
        discovered: dict[str, str | None],
        outs: dict[str, str],
        signatures: Mapping[str, bytes],
    ) -> None:
        code = self._gatherer.whole_code(plan.spec)
        self._gatherer.keep_texts(plan.spec)
        self._recorder.success(plan.spec, msgspec.structs.replace(plan.facts, code=code), discovered, outs)
        self._claims.recorded()
        for path, digest in outs.items():
            self._hashes.remember(path, digest, signatures.get(path))


def _told_outside(spec: StageSpec, paths: Sequence[str]) -> Iterator[Warning]:
    """Of what a stage has read outside of the project: its changes make nothing stale."""
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        message = (
            f"reads {shown(paths[0])}{more} outside of the project, where nobody sees what changes; "
            "put links to files into the project, and declare those"
        )
        yield Warning(message=message, stage=spec.name, path=spec.path, line=spec.line)


def _within(path: str, known: str) -> bool:
    folder = known.rstrip("/")
    return path == folder or path.startswith(folder + "/")
