"""How verdicts, reasons, outcomes and durations read in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import shown
from pivot_core.code.records import LOADING, MAIN, PROCESS, WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pivot_core.cli.terminal import Style
    from pivot_core.execute.events import Progress, StageError
    from pivot_core.types import Outcome, Reason, State

_LONGEST = 200  # characters of an exception in the line of its stage

STATES: dict[State, tuple[str, Style]] = {
    "fresh": ("✓", "green"),
    "stale": ("~", "yellow"),
    "upstream_stale": ("↑", "yellow"),
    "never_run": ("+", "cyan"),
    "error": ("✗", "red"),
}


class Look(NamedTuple):
    """How an outcome reads in the line of a stage and in the summary."""

    symbol: str
    style: Style
    word: str


OUTCOMES: dict[Outcome, Look] = {
    "ran": Look("✓", "green", "ran"),
    "restored": Look("↺", "cyan", "restored"),
    "failed": Look("✗", "red", "failed"),
    "blocked": Look("⊘", "yellow", "blocked"),
    "cancelled": Look("⊘", "yellow", "cancelled"),
    "skipped": Look("·", "dim", "skipped"),
}
# In a dry run nothing ran, and a frozen one blocks what isn't fresh.
DRY_OUTCOMES = {
    **OUTCOMES,
    "ran": Look("~", "yellow", "would run"),
    "restored": Look("↺", "cyan", "would restore"),
}
FROZEN_OUTCOMES = {**OUTCOMES, "blocked": Look("~", "yellow", "not fresh")}


def place(path: str | None, line: int | None) -> str:
    """``helpers.py:3``, ``helpers.py``, or nothing."""
    return f"{path}:{line}" if path and line else path or ""


def reason(item: Reason) -> str:
    """One reason on one line, with its place at the end (unless the subject is that place)."""
    where = place(item.path, item.line)
    said = f"{subject(item)} {item.detail}"
    if item.kind == "never_run":
        said = item.detail
    elif item.kind == "failed":
        said = f"{item.subject} failed: {item.detail}"
    return f"{said} ({where})" if where and where != item.subject else said


def subject(item: Reason) -> str:
    """What a reason is about: of code that has no name of its own, what it is."""
    text = shown(item.subject)
    if item.kind != "code":
        return text
    module, _, name = text.rpartition(".")
    if name in _NAMELESS:
        return _NAMELESS[name].format(module)
    if text == PROCESS:
        return "what is done to the process"
    return f"what is done to {text}" if _is_of_another(text, item.path) else text


def _is_of_another(name: str, path: str | None) -> bool:
    """Whether code stands where no definition of that name does: it changes a library, ``os`` say."""
    if " " in name or path is None or not path.endswith(".py"):
        return False
    module = "." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    parts = name.split(".")
    return not any(module.endswith("." + ".".join(parts[:length])) for length in range(1, len(parts)))


_NAMELESS = {
    WHOLE: "what {} does while it is imported",
    LOADING: "what can fail while {} is imported",
    MAIN: "what {} does when it is run as a program",
}


def detail(item: Reason) -> str:
    """One reason beside its kind: of "never run" only the place is left to say."""
    return place(item.path, item.line) if item.kind == "never_run" else reason(item)


def first_reason(reasons: Sequence[Reason]) -> str:
    if not reasons:
        return ""
    rest = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return reason(reasons[0]) + rest


def duration(seconds: float) -> str:
    """``4 ms``, ``0.05 s``, ``2.1 s``, ``3 min 05 s``."""
    if seconds < 0.01:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def failure(error: StageError) -> str:
    """Why a stage failed, on a line of its own: a KeyError says nothing without its type."""
    said = error.message.partition("\n")[0]
    if error.type == "KeyError":
        said = f"KeyError: {said}"
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "…"


def what_was_raised(error: StageError) -> str:
    """Its type and message; of one with several lines the first, where a traceback below has them all."""
    said = f"{error.type}: {error.message.rstrip()}"
    return said.partition("\n")[0] if error.traceback else said


def left(seconds: float | None) -> str:
    """``about 40 s left``, ``about 3 min left``, ``about 2 h 10 min left``: no more exact than it can be."""
    if seconds is None or seconds < 1:
        return ""
    if seconds < 55:
        return f"about {seconds if seconds < 10 else 5 * round(seconds / 5):.0f} s left"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"about {minutes} min left"
    return f"about {hours} h left" if not minutes else f"about {hours} h {minutes:02} min left"


def progress(event: Progress) -> str:
    """``reading 3/10 (30%)``, ``reading 3``, ``waiting for another run``."""
    if event.done is None:
        return event.text
    part = f"{event.done}/{event.total} ({event.done / event.total:.0%})" if event.total else f"{event.done}"
    return f"{event.text} {part}".lstrip()


def ago(at: str) -> str:
    """How long ago an ISO 8601 time is, in words. To the minute: an editor shows them for that long."""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    if seconds < 60:  # or by another clock
        return "just now"
    for limit, unit, name in _AGES:
        if seconds < limit:
            return f"{int(seconds / unit)} {name} ago"
    return f"{int(seconds / 86_400)} days ago"


# Below so many seconds, in units of so many.
_AGES = ((5_400, 60, "min"), (172_800, 3600, "h"))


def size(count: int) -> str:
    """``12 bytes``, ``3.4 MB``."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{count} bytes" if unit == "bytes" else f"{amount:.3g} {unit}"


def none_of(targets: Sequence[str]) -> str:
    """The beginning of a sentence about stages that there aren't among those that were named."""
    return "none of these" if targets else "no stage"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def outcomes(counts: Mapping[Outcome, int], looks: Mapping[Outcome, Look] = OUTCOMES) -> str:
    """``failed 1, ran 3, skipped 8``: what happened and how often, without the zeros."""
    order: tuple[Outcome, ...] = ("failed", "blocked", "cancelled", "ran", "restored", "skipped")
    return ", ".join(f"{looks[name].word} {counts[name]}" for name in order if counts.get(name))
