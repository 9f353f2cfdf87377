"""Our own requests and notifications, and what is answered: see docs/reference/editor-protocol.md.

Lines and columns are LSP's.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from pivot_core.types import OutKind, ReasonKind, State

PIPELINE = "pivot/pipeline"
DIFF = "pivot/diff"
VERDICTS_CHANGED = "pivot/verdictsChanged"

Knowledge: TypeAlias = Literal["known", "outdated", "unread", "unknown"]
InputKind: TypeAlias = Literal["file", "directory"]


class Position(msgspec.Struct, frozen=True):
    line: int
    character: int


class Range(msgspec.Struct, frozen=True):
    start: Position
    end: Position


class Location(msgspec.Struct, frozen=True):
    uri: str
    range: Range


class Reason(msgspec.Struct, frozen=True):
    kind: ReasonKind
    subject: str
    detail: str
    location: Location | None


class HowFar(msgspec.Struct, frozen=True):
    """What a stage says of its own progress."""

    text: str
    done: int | None
    total: int | None


class Input(msgspec.Struct, frozen=True):
    """``producer``: the stage that makes it, or the first of those that make what is in it."""

    path: str
    uri: str
    producer: str | None
    exists: bool
    kind: InputKind


class Output(msgspec.Struct, frozen=True):
    path: str
    uri: str
    kind: OutKind
    exists: bool


class LastRun(msgspec.Struct, frozen=True, rename="camel"):
    at: str
    duration_seconds: float
    failed: str | None


class Stage(msgspec.Struct, frozen=True, rename="camel"):
    """``summary`` is what the lens says, ``since`` for how many seconds it has been running."""

    name: str
    state: State
    activity: Literal["queued", "running"] | None
    since: float | None
    progress: HowFar | None
    summary: str
    reasons: list[Reason]
    location: Location
    inputs: list[Input]
    outputs: list[Output]
    upstream: tuple[str, ...]
    last_run: LastRun | None


class Pipeline(msgspec.Struct, frozen=True):
    """``why``, on one line, where the state isn't ``known``. The stages are upstream first."""

    root: str
    name: str
    state: Knowledge
    why: str | None
    stages: list[Stage]
    running: int


class Change(msgspec.Struct, frozen=True):
    name: str
    change: Literal["added", "removed", "changed"]
    location: Location | None
    before: str | None
    after: str | None


class Diff(msgspec.Struct, frozen=True):
    stage: str
    changes: list[Change]
