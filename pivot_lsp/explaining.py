"""Why a stage is as it is, in Markdown: what ``pivot-core status --diff`` says, with places to follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from pivot_core.cli import wording
from pivot_core.cli.diff import difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_core.status import StageStatus
    from pivot_core.types import Reason, State, UnitChange
    from pivot_lsp.places import Places

_ARE: dict[State, str] = {
    "fresh": "is fresh",
    "stale": "is stale",
    "upstream_stale": "waits for other stages",
    "never_run": "never ran",
    "error": "can't be judged",
}


def explanation(status: StageStatus, at: Places) -> str:
    """``status`` has to be one that was asked to explain."""
    return "\n".join([*_head(status, at), *reasons(status, at), *_rest(status, at), ""])


def _head(status: StageStatus, at: Places) -> Iterator[str]:
    spec, last = status.spec, status.last_run
    yield f"# {_code(spec.name)} {_ARE[status.verdict.state]}"
    yield ""
    if last is None:
        yield f"Defined at {_link(at, spec.path, spec.line)}."
        return
    how = f"failed with {_code(last.failed)}" if last.failed else f"took {wording.duration(last.duration_s)}"
    yield f"Defined at {_link(at, spec.path, spec.line)}. Its last run, {wording.ago(last.at)}, {how}."


def reasons(status: StageStatus, at: Places) -> Iterator[str]:
    """A list of them, each with its place, and with the difference where the code is another."""
    changes = {change.name: change for change in status.changes}
    for reason in status.verdict.reasons:
        if reason.kind == "never_run":
            continue  # the headline says it
        yield ""
        yield f"- {reason.kind.replace('_', ' ')}: {_said(reason, at)}"
        if reason.kind == "code" and reason.subject in changes:
            yield from _difference(changes[reason.subject])


def _rest(status: StageStatus, at: Places) -> Iterator[str]:
    if status.verdict.notes:
        yield from ("", "## Different, but it doesn't count", "")
        yield from (f"- {note.kind.replace('_', ' ')}: {_said(note, at)}" for note in status.verdict.notes)
    if status.widened:
        yield from ("", "## Where its code can't be followed", "")
    for widening in status.widened:
        yield f"- {widening.why}, so {_code(widening.to)} counts ({_link(at, widening.path, widening.line)})"


def _said(reason: Reason, at: Places) -> str:
    if reason.path and reason.path != reason.subject:
        text = wording.reason(msgspec.structs.replace(reason, path=None, line=None))
        return f"{_escaped(text)} ({_link(at, reason.path, reason.line)})"
    return _escaped(wording.reason(reason))


def _difference(change: UnitChange) -> Iterator[str]:
    lines = difference(change)
    if lines[0][:1] not in ("+", "-", " ", "…"):
        yield from ("", f"  *{_escaped(lines[0])}*")
        return
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from ("", f"  {fence}diff", *(f"  {line}" for line in lines), f"  {fence}")


def _link(at: Places, path: str, line: int | None) -> str:
    found = at.of_line(path, line)
    shown = _escaped(wording.place(path, line))
    return f"[{shown}]({found.uri}#L{found.range.start.line + 1})" if found is not None else shown


def _code(text: str) -> str:
    """As code, whatever is in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def _escaped(text: str) -> str:
    """As text, whatever is in it, on one line."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))
