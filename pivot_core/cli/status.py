"""``pivot-core status``: the verdict on every stage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options
from pivot_core.engine import Engine
from pivot_core.types import Reason, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.engine import StageStatus

MANY = 30  # from here on, fresh stages are counted and not listed


class LastRunEntry(msgspec.Struct, frozen=True):
    at: str
    duration_s: float
    run_id: str


class StageEntry(msgspec.Struct, frozen=True):
    name: str
    state: State
    module: str
    qualname: str
    path: str
    line: int
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    reasons: tuple[Reason, ...]
    last_run: LastRunEntry | None


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's ``status --json``."""

    schema: int = 1
    root: str
    stages: tuple[StageEntry, ...]


@click.command()
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--explain", is_flag=True, help="Show every reason, with its place.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything isn't fresh (for CI and hooks).")
@common_options
def command(common: Common, stages: tuple[str, ...], explain: bool, check: bool) -> int:
    """Show which stages are fresh and why the others aren't.

    Runs nothing and imports none of your stages. With STAGE names: only those and what they need.

    \b
    ✓ fresh            its outputs are what its code and inputs would make
    ~ stale            its own code, parameters, inputs or outputs changed
    ↑ upstream stale   only a stage that it reads from isn't fresh
    + never run        no record of a run yet
    ✗ error            it can't be told; the reason says what to do

    \b
    Examples:
      pivot-core status                  every stage, with its first reason
      pivot-core status train --explain  all reasons of one stage and what it needs
      pivot-core status --check -q       only an exit code: 1 if anything isn't fresh
      pivot-core status --json           the same for programs
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine:
        found = engine.status(stages)
    if common.json:
        common.out.json(
            StatusDocument(root=str(project.root), stages=tuple(_entry(status) for status in found))
        )
    else:
        _print(common, found, explain)
    return 1 if check and any(status.verdict.state != "fresh" for status in found) else 0


def _entry(status: StageStatus) -> StageEntry:
    spec, last = status.spec, status.last_run
    return StageEntry(
        name=spec.name,
        state=status.verdict.state,
        module=spec.module,
        qualname=spec.qualname,
        path=spec.path,
        line=spec.line,
        deps=tuple(dep.path for dep in spec.deps),
        outs=tuple(out.path for out in spec.outs),
        reasons=status.verdict.reasons,
        last_run=LastRunEntry(last.at, last.duration_s, last.run_id) if last is not None else None,
    )


def _print(common: Common, found: Sequence[StageStatus], explain: bool) -> None:
    shown = [status for status in found if _is_shown(status, common, len(found))]
    width = min(40, max((len(status.spec.name) for status in shown), default=0))
    for status in shown:
        _print_stage(common, status, width, explain)
    common.say(_summary(common, found))


def _is_shown(status: StageStatus, common: Common, total: int) -> bool:
    if common.quiet:
        return status.verdict.state == "error"
    return status.verdict.state != "fresh" or common.verbose or total <= MANY


def _print_stage(common: Common, status: StageStatus, width: int, explain: bool) -> None:
    out, state = common.out, status.verdict.state
    symbol, style = wording.STATES[state]
    # "never run" is all there is to say about a stage that never ran.
    reasons = [reason for reason in status.verdict.reasons if explain or reason.kind != "never_run"]
    label = state.replace("_", " ")
    line = f"{out.paint(symbol, style)} {status.spec.name:<{width}}  "
    if explain or not reasons:
        out.line(line + out.paint(label, style))
    else:
        out.line(f"{line}{out.paint(f'{label:<14}', style)}  {wording.first_reason(reasons)}")
    if explain:
        for reason in reasons:
            kind = out.paint(f"{reason.kind.replace('_', ' '):<16}", "dim")
            out.line(f"    {kind}  {wording.reason(reason)}")


def _summary(common: Common, found: Sequence[StageStatus]) -> str:
    counts = Counter(status.verdict.state for status in found)
    total = wording.count(len(found), "stage")
    if counts["fresh"] == len(found):
        return common.out.paint(f"{total}, all fresh" if found else "no stages", "green")
    parts = [f"{counts[state]} {state.replace('_', ' ')}" for state in wording.STATES if counts[state]]
    return f"{total}: {', '.join(parts)}"
