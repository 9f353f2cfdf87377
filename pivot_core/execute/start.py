"""Starts a run: what was asked for becomes stages in order, with all that the run needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import InvalidPipeline
from pivot_core.execute.events import Warning
from pivot_core.execute.foresee import foresee
from pivot_core.execute.history import History, RunLog
from pivot_core.execute.plan import Planner
from pivot_core.execute.run import Options, Run
from pivot_core.execute.schedule import Schedule
from pivot_core.execute.session import stopped_by_signals, under_way
from pivot_core.execute.tally import RunSummary, new_run_id
from pivot_core.store.git import Git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.execute.claims import Claims
    from pivot_core.execute.events import Event
    from pivot_core.types import StageSpec
    from pivot_core.workspace import Workspace

_NO_LOCKS = (
    "this file system refuses locks, so runs can't tell of each other: have one at a time here, "
    "or keep the project on another file system"
)


class Request(msgspec.Struct, frozen=True):
    """What somebody asks a run for; see ``Engine.run``."""

    targets: tuple[str, ...] = ()
    only: bool = False
    force: bool = False
    dry_run: bool = False
    keep_going: bool = False
    frozen: bool = False

    def words(self) -> list[str]:
        """As it would be typed, for the history."""
        flags = {"only": self.only, "force": self.force, "keep-going": self.keep_going, "frozen": self.frozen}
        return [*self.targets, *(f"--{name}" for name, given in flags.items() if given)]


def run(workspace: Workspace, request: Request) -> RunSummary:
    """Run, or tell what would happen. Raises InvalidPipeline, UsageError, KeyboardInterrupt."""
    order = workspace.select(request.targets, only=request.only)
    if not request.keep_going:
        _refuse_missing(workspace, order)
    forced: frozenset[str] = frozenset()
    if request.force:
        targets = request.targets
        forced = frozenset(workspace.targets().stages(targets) if targets else (s.name for s in order))
    if request.dry_run:
        return foresee(workspace, order, forced)
    options = Options(forced, request.keep_going, request.frozen)
    with under_way(workspace.project) as claims, stopped_by_signals():
        if not claims.hold:
            workspace.emit(Warning(message=_NO_LOCKS))
        return _run(workspace, order, options, claims, request.words()).execute()


def _run(
    workspace: Workspace,
    order: Sequence[StageSpec],
    options: Options,
    claims: Claims,
    asked: Sequence[str],
) -> Run:
    graph, run_id = workspace.pipeline().graph, new_run_id()
    records = workspace.records(order)
    planner = Planner(
        workspace.project,
        run_id,
        workspace.config.cache.mode,
        records,
        graph.producer,
        workspace.gatherer(order, records),
        workspace.hashes,
        workspace.cache,
        workspace.recorder,
        workspace.folders,
        claims,
        workspace.record,
    )
    lasted = workspace.recorder.last_runs([spec.name for spec in order])
    durations = {name: last.duration_s for name, last in lasted.items() if last.failed is None}
    schedule = Schedule(order, graph.upstream, workspace.config.resources, durations)
    log = RunLog(History(workspace.state), asked, Git(workspace.project.root).head)

    def emit(event: Event) -> None:
        log(event)
        workspace.emit(event)

    return Run(
        run_id,
        order,
        schedule,
        planner,
        workspace.pool,
        claims,
        graph.upstream,
        options,
        emit,
        workspace.flush,
    )


def _refuse_missing(workspace: Workspace, order: Sequence[StageSpec]) -> None:
    """Before hours of work: tell of all inputs that aren't there."""
    graph, root = workspace.pipeline().graph, workspace.project.root
    if any(not os.path.lexists(root / path) for path in graph.sources):
        from pivot_core.artifacts.graph import missing

        if problems := missing(graph, order, root):
            raise InvalidPipeline(problems)
