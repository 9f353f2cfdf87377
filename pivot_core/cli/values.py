"""Values by name, now and in a revision, as a table: what ``params`` and ``metrics`` print."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pivot_core.artifacts.numbers import Value
    from pivot_core.cli.terminal import Terminal
    from pivot_core.project import Project

_ABSENT = "-"


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one stage or file. ``was``: in the revision; null where none was asked for, or nothing is
    known, and then ``problem`` says why. ``now`` is null for a file that isn't there."""

    stage: str
    path: str | None = None
    now: dict[str, Value] | None
    was: dict[str, Value] | None = None
    problem: str | None = None


@contextmanager
def revisions_told(project: Project, targets: Sequence[str]) -> Iterator[None]:
    """Who gives a commit where targets are meant is told how to compare with it. Raises UsageError."""
    try:
        yield
    except UsageError as error:
        from pivot_core.store.git import Git

        git = Git(project.root)
        commits = [target for target in targets if git.knows(target)]
        raise UsageError(*(_with_revision(message, commits) for message in error.messages)) from error


def _with_revision(message: str, commits: Sequence[str]) -> str:
    first = message.splitlines()[0]
    named = next((name for name in commits if repr(name) in first), None)
    return message if named is None else f"{first}\n    compare with that commit: --diff {named}"


def print_values(out: Terminal, title: str, values: Values) -> None:
    """The values as they are."""
    out.line(out.paint(title, "bold"))
    _problem(out, values)
    width = max(map(len, values.now or ()), default=0)
    for name, value in (values.now or {}).items():
        out.line(f"  {name:<{width}}  {_text(value)}")


def print_changes(out: Terminal, title: str, values: Values, revision: str) -> None:
    """What is different from the revision, and what isn't, dimmed."""
    out.line(out.paint(title, "bold"))
    _problem(out, values)
    if values.was is None:
        return
    rows = [("", revision, "now", "")]
    now: Mapping[str, Value] = values.now or {}
    for name in dict.fromkeys([*values.was, *now]):
        rows.append((name, _cell(values.was, name), _cell(now, name), _change(values.was, now, name)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        out.line("  " + (line if row[3] else out.paint(line, "dim")))


def _problem(out: Terminal, values: Values) -> None:
    if values.problem is not None:
        out.line(f"  {out.paint(values.problem, 'yellow')}")


def _cell(values: Mapping[str, Value], name: str) -> str:
    return _text(values[name]) if name in values else _ABSENT


def _change(was: Mapping[str, Value], now: Mapping[str, Value], name: str) -> str:
    if name not in was:
        return "new"
    if name not in now:
        return "gone"
    old, new = was[name], now[name]
    if _text(old) == _text(new):
        return ""
    if _is_number(old) and _is_number(new):
        assert isinstance(old, int | float)
        assert isinstance(new, int | float)
        return f"{new - old:+.6g}"
    return "changed"


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
