"""Records the present state of stages as right, on the user's word: nothing runs."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.decide import Facts, decide
from pivot_core.errors import UsageError
from pivot_core.execute.session import under_way
from pivot_core.types import Lock, OutSpec, Reason, StageSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pivot_core.artifacts.folders import Folders
    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.execute.claims import Claims
    from pivot_core.execute.record import Recorder
    from pivot_core.facts import Gatherer
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.workspace import Workspace

_BUSY = "a run is at work on it: try again when that is done"


class Committed(msgspec.Struct, frozen=True):
    """What became of one stage. ``reasons``: why it wasn't fresh. ``problems``: why it wasn't recorded.

    ``discovered``: inputs that it is known to read undeclared; they are recorded as they are now.
    """

    stage: str
    result: Literal["recorded", "fresh", "refused"]
    reasons: tuple[Reason, ...] = ()
    outs: dict[str, str] = {}
    discovered: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def commit(workspace: Workspace, targets: Sequence[str], dry_run: bool) -> list[Committed]:
    """Record the stages that targets name (none: all). Raises InvalidPipeline, UsageError."""
    order = workspace.select(targets, only=True)
    upstream = workspace.pipeline().graph.upstream
    with nullcontext() if dry_run else under_way(workspace.project) as claims:
        records = workspace.records(order)
        committer = Committer(
            workspace.project,
            workspace.gatherer(order, records),
            workspace.hashes,
            workspace.cache,
            workspace.recorder,
            workspace.folders,
            dry_run,
        )
        return [
            committer.commit(spec, records[spec.name], upstream.get(spec.name, ()), claims) for spec in order
        ]


class Committer:
    """Records stages one by one; ``dry_run``: only tells what it would do."""

    def __init__(
        self,
        project: Project,
        gatherer: Gatherer,
        hashes: FileHashes,
        cache: ContentCache,
        recorder: Recorder,
        folders: Folders,
        dry_run: bool,
    ) -> None:
        self._project = project
        self._gatherer = gatherer
        self._hashes = hashes
        self._cache = cache
        self._recorder = recorder
        self._folders = folders
        self._dry_run = dry_run

    def commit(
        self, spec: StageSpec, record: Lock | Reason | None, upstream: Iterable[str], claims: Claims | None
    ) -> Committed:
        """Record one stage. ``claims`` is None in a dry run."""
        if claims is None:
            return self._commit(spec, record, None)
        if not claims.take(spec, upstream):
            return Committed(spec.name, "refused", problems=(_BUSY,))
        try:
            return self._commit(spec, record, claims)
        finally:
            claims.release(spec.name)

    def _commit(self, spec: StageSpec, record: Lock | Reason | None, claims: Claims | None) -> Committed:
        if isinstance(record, Reason):
            # What it names as read undeclared isn't known: to record without it could make it fresh wrongly.
            return Committed(spec.name, "refused", problems=(_unreadable(record),))
        facts = self._gatherer.facts(spec, record)
        verdict = self._folders.told(decide(facts, record, {}), record, facts)
        if problems := (*self._missing_inputs(facts), *self._missing_outputs(spec, facts)):
            return Committed(spec.name, "refused", verdict.reasons, problems=problems)
        outs = {path: digest for path, digest in facts.outs.items() if digest is not None}
        known = record.discovered if record is not None else {}
        undeclared = [path for path in known if not any(_within(path, own) for own in spec.paths)]
        discovered = self._gatherer.discovered(sorted(self._gatherer.untold(spec, facts.code, undeclared)))
        if not self._dry_run:
            try:
                published = {out.path: self._publish(out) for out in spec.outs}
            except UsageError as error:
                return Committed(spec.name, "refused", verdict.reasons, problems=(str(error),))
            changed = [path for path, digest in outs.items() if published[path] != digest]
            changed.extend(self._gatherer.changed_since(facts))
            if changed:
                problems = tuple(f"{path} is being changed" for path in changed)
                return Committed(spec.name, "refused", verdict.reasons, problems=problems)
        if verdict.state == "fresh":
            return Committed(spec.name, "fresh", outs=outs, discovered=tuple(discovered))
        if not self._dry_run:
            code = self._gatherer.whole_code(spec)
            self._gatherer.keep_texts(spec)
            self._recorder.success(spec, msgspec.structs.replace(facts, code=code), discovered, outs)
            if claims is not None:
                claims.recorded()
        return Committed(spec.name, "recorded", verdict.reasons, outs, tuple(discovered))

    def _missing_inputs(self, facts: Facts) -> list[str]:
        return [f"input {path} isn't there" for path, digest in facts.deps.items() if digest is None]

    def _missing_outputs(self, spec: StageSpec, facts: Facts) -> list[str]:
        found = []
        for out in spec.outs:
            if facts.outs[out.path] is None:
                folder = out.kind == "directory" and (self._project.root / out.path.rstrip("/")).exists()
                found.append(f"output {out.path} " + ("isn't a folder" if folder else "isn't there"))
        return found

    def _publish(self, out: OutSpec) -> str:
        place = self._project.root / out.path
        return self._cache.add_tree(place) if place.is_dir() else self._cache.add(place)


def _unreadable(record: Reason) -> str:
    return (
        f"its lock file {record.path} {record.detail}, so what it reads undeclared isn't known: "
        "take one side of it with git, or remove it, and commit again"
    )


def _within(path: str, known: str) -> bool:
    folder = known.rstrip("/")
    return path == folder or path.startswith(folder + "/")
