"""What happens during a run, as data. Terminal, JSON Lines and editor are listeners of this one stream.

Each record encodes to one object of the contract's ``run --json``: ``event`` is its tag and ``at`` is
ISO 8601 UTC with milliseconds (``2026-01-01T00:00:00.000Z``). Durations are in seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec

from pivot_core.types import Outcome, Reason


def now() -> str:
    """The present moment as events write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class StageError(msgspec.Struct, frozen=True):
    """Why a stage failed. ``traceback`` is trimmed to user frames; ``path``/``line`` is the last of them."""

    type: str
    message: str
    traceback: str = ""
    path: str | None = None
    line: int | None = None


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    at: str = msgspec.field(default_factory=now)


class RunStart(_Event, frozen=True, tag="run_start"):
    """``lasted``: how long stages ran when they last did, for those where that is known."""

    run_id: str
    stages: tuple[str, ...]
    lasted: dict[str, float] = {}


class StageStart(_Event, frozen=True, tag="stage_start"):
    stage: str
    pid: int


class StageOutput(_Event, frozen=True, tag="stage_output"):
    stage: str
    stream: Literal["stdout", "stderr"]
    text: str


class Progress(_Event, frozen=True, tag="stage_progress"):
    """Work that can exceed a second. ``stage`` is None for the engine's own (loading, planning)."""

    stage: str | None
    text: str
    done: int | None = None
    total: int | None = None


class StageEnd(_Event, frozen=True, tag="stage_end"):
    stage: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    duration_s: float = 0.0
    error: StageError | None = None


class Warning(_Event, frozen=True, tag="warning"):
    message: str
    stage: str | None = None
    path: str | None = None
    line: int | None = None


class RunEnd(_Event, frozen=True, tag="run_end"):
    ok: bool
    counts: dict[Outcome, int]
    duration_s: float


Event: TypeAlias = RunStart | StageStart | StageOutput | Progress | StageEnd | Warning | RunEnd


def ignore(event: Event) -> None:
    """The listener for those who don't listen."""
