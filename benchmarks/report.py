"""Turns what was measured into Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

from peers import Tool
from scenario import KINDS, Cells

_MIB = 2**20


def machine() -> str:
    """What the figures were measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{cores} cores, {platform.system()}, Python {version}."


def tools(found: Iterable[Tool]) -> str:
    """A line for each tool: its version, and how it runs the stages."""
    return "\n".join(f"- {tool.name} ({tool.program} {tool.version()}): {tool.how}" for tool in found)


def costs(rows: Sequence[Cells]) -> str:
    """Wall / CPU seconds for each tool and kind, and how many stages ran."""
    header = [_work(rows[0]), *KINDS, "MiB"]
    return table(
        header,
        ([row.tool.name, *(_cost(row, kind) for kind in KINDS), _memory(row)] for row in rows),
    )


def ratios(rows: Sequence[Cells], against: str) -> str | None:
    """Wall / CPU of each tool as multiples of another tool's; None if that one wasn't measured."""
    base = next((row for row in rows if row.tool.name == against), None)
    if base is None or base.gave_up:
        return None
    return table(
        [f"{_work(rows[0])}, {against} = 1", *KINDS],
        ([row.tool.name, *(_ratio(row, base, kind) for kind in KINDS)] for row in rows if row is not base),
    )


def answers(found: Mapping[str, Mapping[str, str]]) -> str:
    """What each tool made of files that changed behind its back."""
    kinds = list(next(iter(found.values())))
    return table(["", *kinds], ([name, *given.values()] for name, given in found.items()))


def _work(row: Cells) -> str:
    return f"{row.stages:,} stages" + (f", {row.topology}" if row.topology != "layered" else "")


def _cost(row: Cells, kind: str) -> str:
    outcomes = row.outcomes.get(kind)
    if not outcomes:
        return "-"
    last = outcomes[-1]
    if last.figures.timed_out:
        return f"> {last.figures.wall:.0f} ({last.ran} ran)"
    ran = "" if kind == "status" else f" ({last.ran}{'**!**' if last.wrong else ''})"
    failed = f" exit {last.figures.code}" if last.figures.code else ""
    return f"{_seconds(row.wall(kind))} / {_seconds(row.cpu(kind))}{ran}{failed}"


def _ratio(row: Cells, base: Cells, kind: str) -> str:
    if row.gave_up or kind not in row.outcomes or kind not in base.outcomes:
        return "-"
    return f"{row.wall(kind) / base.wall(kind):.1f} / {row.cpu(kind) / base.cpu(kind):.1f}"


def _memory(row: Cells) -> str:
    figures = [outcome.figures for found in row.outcomes.values() for outcome in found]
    return f"{max(f.largest for f in figures) / _MIB:.0f} / {max(f.together for f in figures) / _MIB:.0f}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
