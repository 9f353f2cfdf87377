"""Past runs, kept in the local state: what was asked, what happened to each stage, and why.

A run that found everything fresh is none: nothing happened. The newest are kept, a few hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import UsageError
from pivot_core.execute.events import Event, RunEnd, RunStart, StageEnd
from pivot_core.store.state import RUN_DETAILS, RUN_SUMMARIES
from pivot_core.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pivot_core.store.state import State

KEPT = 300


class PastRun(msgspec.Struct, frozen=True):
    """``asked``: targets and options, as typed. ``commit``: what was checked out, if that is known. ``at``:
    when it began, UTC. Durations in seconds. ``counts`` has skipped stages, too."""

    run_id: str
    at: str
    duration_s: float
    ok: bool
    counts: dict[Outcome, int]
    asked: tuple[str, ...] = ()
    commit: str | None = None


class PastRunDetails(msgspec.Struct, frozen=True):
    """How the stages ended that weren't skipped, in that order."""

    stages: tuple[StageEnd, ...]


_ALL = "all"  # they are few and small: one value has them
_decode = msgspec.msgpack.Decoder(list[PastRun]).decode
_decode_details = msgspec.msgpack.Decoder(PastRunDetails).decode


class History:
    """The past runs of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def runs(self) -> list[PastRun]:
        """All that are known, the newest first."""
        return _runs(self._state.get(RUN_SUMMARIES, _ALL))

    def find(self, name: str) -> PastRun:
        """The run with an id, or the only one whose id begins so, or the ``latest``. Raises UsageError."""
        runs = self.runs()
        if not runs:
            raise UsageError("no run is known here yet\n    make one with: pivot-core run")
        matching = runs[:1] if name == "latest" else [run for run in runs if run.run_id.startswith(name)]
        if len(matching) == 1:
            return matching[0]
        if not matching:
            raise UsageError(f"no run's id begins with {name!r}\n    see: pivot-core history")
        some = ", ".join(run.run_id for run in matching[:5])
        raise UsageError(f"{name!r} begins the ids of {len(matching)} runs: {some}\n    write more of it")

    def stages(self, run: PastRun) -> tuple[StageEnd, ...]:
        """How the stages of a run ended that weren't skipped."""
        details = self._state.get_as(RUN_DETAILS, run.run_id, _decode_details)
        return () if details is None else details.stages

    def add(self, run: PastRun, stages: Sequence[StageEnd]) -> None:
        """Keep a run, and forget the oldest if there are too many."""
        for old in self.runs()[KEPT - 1 :]:
            self._state.delete(RUN_DETAILS, old.run_id)
        self._state.put(RUN_DETAILS, run.run_id, msgspec.msgpack.encode(PastRunDetails(tuple(stages))))
        # (Another run may end at the same time.)
        self._state.update(
            RUN_SUMMARIES, _ALL, lambda known: msgspec.msgpack.encode([run, *_runs(known)][:KEPT])
        )


def _runs(data: bytes | None) -> list[PastRun]:
    """The newest first; none if another version of Pivot wrote them."""
    try:
        found = [] if data is None else _decode(data)
    except msgspec.MsgspecError:
        return []
    return sorted(found, key=lambda run: run.at, reverse=True)


class RunLog:
    """A listener that puts a run into the history when it ends. ``commit`` is asked for then."""

    def __init__(self, history: History, asked: Sequence[str], commit: Callable[[], str | None]) -> None:
        self._history = history
        self._asked = tuple(asked)
        self._commit = commit
        self._begun: RunStart | None = None
        self._ends: list[StageEnd] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStart):
            self._begun = event
        elif isinstance(event, StageEnd):
            if event.outcome != "skipped":
                self._ends.append(event)
        elif isinstance(event, RunEnd) and self._begun is not None and self._ends:
            run = PastRun(
                run_id=self._begun.run_id,
                at=self._begun.at,
                duration_s=event.duration_s,
                ok=event.ok,
                counts=event.counts,
                asked=self._asked,
                commit=self._commit(),
            )
            self._history.add(run, self._ends)
