"""The runs that are under way because somebody asked for them in the editor, and how far they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from pivot_core.execute.events import Event, Progress, RunStart, StageEnd, StageOutput, StageStart
from pivot_lsp.output import Output
from pivot_lsp.runner import Child, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pivot_core.project import Project


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be run: see ``pivot-core run``. ``root``: the project's; None for the only one there is."""

    root: str | None = None
    targets: tuple[str, ...] = ()
    only: bool = False
    force: bool = False

    def arguments(self) -> list[str]:
        """For the command line."""
        flags = [name for name, given in (("--only", self.only), ("--force", self.force)) if given]
        return ["run", "--json", *flags, "--", *self.targets]


class UnderWay(msgspec.Struct, frozen=True):
    """A stage that isn't done. ``since``: when it was started (monotonic, s); None while it is queued."""

    since: float | None = None
    progress: Progress | None = None


class Run:
    """One run. ``listener`` hears of each event; output comes to it a moment late, and bounded."""

    def __init__(
        self, number: int, project: Project, request: Request, listener: Callable[[Run, Event], None]
    ) -> None:
        self.number = number
        self.project = project
        self.request = request
        self.total = 0
        self.ends: dict[str, StageEnd] = {}
        self.stopped = False
        # Until it is known what it will do: what was asked for.
        self.under_way: dict[str, UnderWay] = {target: UnderWay() for target in request.targets}
        self._listener = listener
        self._output = Output(self._tell)
        self._child = Child(project.root, request.arguments(), self._take)

    async def until_end(self) -> Ended:
        """Run. Raises OSError if it can't be started."""
        try:
            return await self._child.run()
        finally:
            self._output.flush()
            self.under_way.clear()

    def stop(self) -> None:
        """Stop it cleanly; nothing that is done is lost."""
        self.stopped = True
        self._child.stop()

    def covers(self, targets: Iterable[str]) -> bool:
        """Whether it is at these, or will be (none: all that there is)."""
        names = set(targets)
        return names <= self.under_way.keys() if names else not self.request.targets

    def _take(self, event: Event) -> None:
        if isinstance(event, StageOutput):
            self._output.put(event)
            return
        self._output.flush()
        self._follow(event)
        self._tell(event)

    def _follow(self, event: Event) -> None:
        if isinstance(event, RunStart):
            self.total = len(event.stages)
            self.under_way = {name: UnderWay() for name in event.stages}
        elif isinstance(event, StageStart):
            self.under_way[event.stage] = UnderWay(time.monotonic())
        elif isinstance(event, StageEnd):
            self.under_way.pop(event.stage, None)
            self.ends[event.stage] = event
        elif isinstance(event, Progress) and event.stage in self.under_way:
            before = self.under_way[event.stage]
            self.under_way[event.stage] = UnderWay(before.since, event)

    def _tell(self, event: Event) -> None:
        self._listener(self, event)


class Runs:
    """All of them. Use from the event loop's thread only."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._number = 0
        self._on_change: list[Callable[[Path], None]] = []

    def on_change(self, listener: Callable[[Path], None]) -> None:
        """Call it with the root of a project when anything about its runs is otherwise than before."""
        self._on_change.append(listener)

    def changed(self, root: Path) -> None:
        for listener in self._on_change:
            listener(root)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._runs)

    def begin(self, project: Project, request: Request, listener: Callable[[Run, Event], None]) -> Run:
        """A run that counts as under way from now on, until :meth:`ended`."""
        self._number += 1
        run = Run(self._number, project, request, listener)
        self._runs.append(run)
        self.changed(project.root)
        return run

    def ended(self, run: Run) -> None:
        self._runs.remove(run)
        self.changed(run.project.root)

    @property
    def all(self) -> tuple[Run, ...]:
        return tuple(self._runs)

    def of(self, root: Path) -> list[Run]:
        """Those of a project."""
        return [run for run in self._runs if run.project.root == root]

    def at(self, root: Path, stage: str) -> UnderWay | None:
        """How far a stage is, if it is in a run."""
        found = [run.under_way[stage] for run in self.of(root) if stage in run.under_way]
        return next((one for one in found if one.since is not None), found[0] if found else None)

    def stop(self, root: Path, targets: Iterable[str]) -> int:
        """Stop those that are at any of these (none: all of the project); how many these are."""
        names = set(targets)
        runs = [run for run in self.of(root) if not names or not names.isdisjoint(run.under_way)]
        for run in runs:
            run.stop()
        return len(runs)
