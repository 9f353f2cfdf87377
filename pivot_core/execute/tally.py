"""How the stages of a run ended: told one by one, and counted."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pivot_core.execute.events import Event, RunEnd, RunStart, StageEnd, StageError
from pivot_core.types import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_NOT_DONE: frozenset[Outcome] = frozenset({"failed", "blocked", "cancelled"})


class RunSummary(msgspec.Struct, frozen=True):
    """How a run ended. ``ok``: no stage failed or was left out. ``duration_s`` in seconds.

    ``failed``: the stages that did, and a key of what they were to be made of.
    """

    run_id: str
    ok: bool
    counts: dict[Outcome, int]
    duration_s: float
    failed: dict[str, str] = {}


class Tally:
    """One run's, from its first event to its last."""

    def __init__(
        self,
        run_id: str,
        stages: Iterable[str],
        emit: Callable[[Event], None],
        lasted: Mapping[str, float] | None = None,
    ) -> None:
        self._run_id = run_id
        self._emit = emit
        self._counts: dict[Outcome, int] = {}
        self.failed: dict[str, str] = {}
        self._began = time.monotonic()
        emit(RunStart(run_id=run_id, stages=tuple(stages), lasted=dict(lasted or {})))

    def end(
        self,
        stage: str,
        outcome: Outcome,
        verdict: Verdict | None = None,
        duration_s: float = 0.0,
        error: StageError | None = None,
    ) -> None:
        """A stage has ended, because of ``verdict`` if it was looked at."""
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        reasons = () if verdict is None else verdict.reasons
        self._emit(
            StageEnd(stage=stage, outcome=outcome, reasons=reasons, duration_s=duration_s, error=error)
        )

    def finish(self) -> RunSummary:
        """The run has ended."""
        ok = not self._counts.keys() & _NOT_DONE
        duration = time.monotonic() - self._began
        self._emit(RunEnd(ok=ok, counts=self._counts, duration_s=duration))
        return RunSummary(self._run_id, ok, self._counts, duration, self.failed)


def new_run_id() -> str:
    """Sortable by time, unique, and fit for a folder's name."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
