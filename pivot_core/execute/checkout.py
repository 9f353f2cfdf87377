"""Outputs from the cache, as the lock files say. Only what the pipeline declares is ever written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.errors import CorruptContent, UsageError
from pivot_core.execute.failure import of_the_system
from pivot_core.execute.session import under_way
from pivot_core.execute.standing import cached, is_foreign, place_of, replace
from pivot_core.execute.tally import new_run_id
from pivot_core.store.links import Method
from pivot_core.types import Lock, OutSpec, Reason, StageSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.execute.claims import Claims
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.store.links import LinkMode
    from pivot_core.workspace import Workspace

Result = Literal["restored", "right", "unrecorded", "failed"]


class CheckedOut(msgspec.Struct, frozen=True):
    """What became of one output. ``kept``: where the file is now that stood there and wasn't Pivot's.

    ``method``: how the content came. ``instead``: why it wasn't the way that was wished for.
    """

    path: str
    stage: str
    result: Result
    error: str | None = None
    kept: str | None = None
    method: Method | None = None
    instead: str | None = None


def checkout(
    workspace: Workspace, targets: Sequence[str], mode: LinkMode | None, force: bool
) -> list[CheckedOut]:
    """Restore the outputs that targets name (none: all). Raises InvalidPipeline, UsageError."""
    graph = workspace.pipeline().graph
    paths = frozenset(workspace.targets().artifacts(targets) if targets else graph.producer)
    workspace.hashes.known(sorted(paths))
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
        there = self._hashes.known((out.path,))[out.path]
        if there == wanted and (self._mode is None or not self._cache.has(wanted)):
            return CheckedOut(out.path, spec.name, "right")
        return self._restore(spec, out, wanted)

    def _restore(self, spec: StageSpec, out: OutSpec, wanted: str) -> CheckedOut:
        if not self._cache.has(wanted):
            error = f"the cache has no content {wanted[:12]}…: pivot-core run makes it again"
            return CheckedOut(out.path, spec.name, "failed", error)
        root, keep = self._project.root, self._project.replaced / self._run_id / out.path.rstrip("/")
        wished = self._mode or self._default
        mode: LinkMode = "copy" if out.kind == "incremental" else wished
        try:
            place = place_of(root, out.path)
            _, known = cached((out.path,), self._hashes, self._cache)

            def to_keep() -> Path | None:
                foreign = not self._force and is_foreign(out.path, root, self._cache, known.get(out.path))
                return keep if foreign else None

            method = replace(self._cache, wanted, place, mode, to_keep)
        except (CorruptContent, UsageError, OSError) as error:
            why = of_the_system(error, root) if isinstance(error, OSError) else str(error)
            return CheckedOut(out.path, spec.name, "failed", why, self._kept(keep))
        self._hashes.remember(out.path, wanted, self._hashes.signature(out.path))
        instead = None if wished == "auto" or method in (wished, None) else _why_not(wished, out)
        return CheckedOut(
            out.path, spec.name, "restored", kept=self._kept(keep), method=method, instead=instead
        )

    def _kept(self, keep: Path) -> str | None:
        """Where what stood there is now; None if it is where it was, or nobody misses it."""
        if not os.path.lexists(keep):
            return None
        return keep.relative_to(self._project.root).as_posix()


def _why_not(wished: LinkMode, out: OutSpec) -> str:
    if out.kind == "incremental":
        return "a copy, since its stage changes it in place"
    return f"a copy: there can be no {wished} from the cache to there"
