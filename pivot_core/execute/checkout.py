"""Outputs from the cache, as the lock files say. Only what the pipeline declares is ever written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.errors import CorruptContent
from pivot_core.execute.outputs import fetch, move_aside
from pivot_core.execute.session import under_way
from pivot_core.execute.tally import new_run_id
from pivot_core.types import Lock, OutSpec, Reason, StageSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.execute.claims import Claims
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.store.links import LinkMode
    from pivot_core.workspace import Workspace

Result = Literal["restored", "right", "unrecorded", "failed"]


class CheckedOut(msgspec.Struct, frozen=True):
    """What became of one output. ``kept``: where the file is now that stood there and wasn't Pivot's."""

    path: str
    stage: str
    result: Result
    error: str | None = None
    kept: str | None = None


def checkout(
    workspace: Workspace, targets: Sequence[str], mode: LinkMode | None, force: bool
) -> list[CheckedOut]:
    """Restore the outputs that targets name (none: all). Raises InvalidPipeline, UsageError."""
    graph = workspace.pipeline().graph
    paths = frozenset(workspace.targets().artifacts(targets) if targets else graph.producer)
    workspace.hashes.digests(sorted(paths))
    order = [spec for spec in workspace.select(()) if not paths.isdisjoint(out.path for out in spec.outs)]
    with under_way(workspace.project) as claims:
        restorer = Checkout(
            workspace.project,
            new_run_id(),
            mode,
            workspace.config.cache.mode,
            force,
            workspace.hashes,
            workspace.cache,
            claims,
            workspace.record,
        )
        return [
            item for spec in order for item in restorer.stage(spec, graph.upstream.get(spec.name, ()), paths)
        ]


class Checkout:
    """Restores outputs. ``mode`` None: the usual ``default``, and outputs that are right stay as they are.

    ``force``: what stands in an output's place and isn't in the cache is replaced, not kept.
    """

    def __init__(
        self,
        project: Project,
        run_id: str,
        mode: LinkMode | None,
        default: LinkMode,
        force: bool,
        hashes: FileHashes,
        cache: ContentCache,
        claims: Claims,
        record: Callable[[str], Lock | Reason | None],
    ) -> None:
        self._project = project
        self._run_id = run_id
        self._mode = mode
        self._default: LinkMode = default
        self._force = force
        self._hashes = hashes
        self._cache = cache
        self._claims = claims
        self._record = record

    def stage(
        self, spec: StageSpec, upstream: tuple[str, ...], paths: frozenset[str]
    ) -> Iterator[CheckedOut]:
        """Restore those outputs of a stage that are among ``paths``; what can't be is told."""
        outs = [out for out in spec.outs if out.path in paths]
        if not self._claims.take(spec, upstream):
            why = "a run is at work on it: try again when that is done"
            yield from (CheckedOut(out.path, spec.name, "failed", why) for out in outs)
            return
        try:
            record = self._record(spec.name)
            for out in outs:
                yield self._output(spec, out, record)
        finally:
            self._claims.release(spec.name)

    def _output(self, spec: StageSpec, out: OutSpec, record: Lock | Reason | None) -> CheckedOut:
        if isinstance(record, Reason):
            return CheckedOut(out.path, spec.name, "failed", f"{record.path}: {record.detail}")
        wanted = record.outs.get(out.path) if record is not None else None
        if wanted is None:
            return CheckedOut(out.path, spec.name, "unrecorded")
        there = self._hashes.digest(out.path)
        if there == wanted and (self._mode is None or not self._cache.has(wanted)):
            return CheckedOut(out.path, spec.name, "right")
        return self._restore(spec, out, wanted, there)

    def _restore(self, spec: StageSpec, out: OutSpec, wanted: str, there: str | None) -> CheckedOut:
        place, kept = self._project.root / out.path.rstrip("/"), None
        if not self._cache.has(wanted):
            error = f"the cache has no content {wanted[:12]}…: pivot-core run makes it again"
            return CheckedOut(out.path, spec.name, "failed", error)
        foreign = there != wanted and os.path.lexists(place) and not (there and self._cache.has(there))
        if self._cache.is_linked(place) and not place.exists():
            foreign = False  # a link to what went from the cache
        mode: LinkMode = "copy" if out.kind == "incremental" else self._mode or self._default
        to = self._project.replaced / self._run_id / out.path.rstrip("/")
        try:
            if foreign and not self._force:
                move_aside(self._cache, place, to)
                kept = to.relative_to(self._project.root).as_posix()
            fetch(self._cache, wanted, place, mode)
        except (CorruptContent, OSError) as error:
            if kept is not None and not os.path.lexists(place):
                Path(to).rename(place)
                kept = None
            return CheckedOut(out.path, spec.name, "failed", str(error), kept)
        self._hashes.remember(out.path, wanted)
        return CheckedOut(out.path, spec.name, "restored", kept=kept)
