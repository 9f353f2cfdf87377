"""``pivot-core status``: the verdict on every stage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from pivot_core.cli import github, wording
from pivot_core.cli.diff import print_change
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, targets_argument
from pivot_core.engine import Engine
from pivot_core.types import Reason, State, UnitChange, Widening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.cli.terminal import Terminal
    from pivot_core.status import StageStatus

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
    notes: tuple[Reason, ...] | msgspec.UnsetType = msgspec.UNSET
    changes: tuple[UnitChange, ...] | msgspec.UnsetType = msgspec.UNSET
    widened: tuple[Widening, ...] | msgspec.UnsetType = msgspec.UNSET


class StatusDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's ``status --json``; ``notes``, ``changes``, ``widened`` are there with ``--explain``."""

    schema: int = 1
    root: str
    stages: tuple[StageEntry, ...]


@click.command()
@targets_argument
@click.option("--explain", is_flag=True, help="Show every reason, with its place.")
@click.option("--diff", is_flag=True, help="As --explain, and show what changed in the code.")
@click.option("--strict", is_flag=True, help="Any other version of a package counts, bug-fix releases too.")
@click.option("--check", is_flag=True, help="Exit with 1 if anything isn't fresh (for CI and hooks).")
@common_options
def command(
    common: Common, targets: tuple[str, ...], explain: bool, diff: bool, strict: bool, check: bool
) -> int:
    """Show which stages are fresh and why the others aren't.

    Runs nothing and imports none of your stages. With TARGETs (stages, outputs, patterns of
    either): only those and what they need.

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
      pivot-core status train --diff     and what changed in its code since it last succeeded
      pivot-core status --check -q       only an exit code: 1 if anything isn't fresh
      pivot-core status --json           the same for programs
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes, strict=strict) as engine:
        found = engine.status(targets, explain=explain or diff, folders=True)
    if common.json:
        entries = tuple(_entry(status, explain or diff) for status in found)
        common.out.json(StatusDocument(root=str(project.root), stages=entries))
    else:
        _print(common, found, _Detail(explain or diff, diff))
    wrong = [status for status in found if check and status.verdict.state != "fresh"]
    if wrong and github.wanted() and not common.json:
        said = github.Annotations(common.out, project.root)
        for status in wrong:
            said.status(status)
    return 1 if wrong else 0


def _entry(status: StageStatus, explain: bool) -> StageEntry:
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
        notes=status.verdict.notes if explain else msgspec.UNSET,
        changes=status.changes if explain else msgspec.UNSET,
        widened=status.widened if explain else msgspec.UNSET,
    )


class _Detail(NamedTuple):
    explain: bool
    diff: bool


def _print(common: Common, found: Sequence[StageStatus], detail: _Detail) -> None:
    shown = [status for status in found if _is_shown(status, common, len(found))]
    width = min(40, max((len(status.spec.name) for status in shown), default=0))
    for status in shown:
        _print_stage(common, status, width, detail)
    common.say(_summary(common, found))


def _is_shown(status: StageStatus, common: Common, total: int) -> bool:
    if common.quiet:
        return status.verdict.state == "error"
    return status.verdict.state != "fresh" or common.verbose or total <= MANY


def _print_stage(common: Common, status: StageStatus, width: int, detail: _Detail) -> None:
    out, state = common.out, status.verdict.state
    symbol, style = wording.STATES[state]
    # "never run" is all there is to say about a stage that never ran.
    reasons = [reason for reason in status.verdict.reasons if detail.explain or reason.kind != "never_run"]
    label = state.replace("_", " ")
    line = f"{out.paint(symbol, style)} {status.spec.name:<{width}}  "
    if detail.explain or not reasons:
        out.line(line + out.paint(label, style))
    else:
        out.line(f"{line}{out.paint(f'{label:<14}', style)}  {wording.first_reason(reasons)}")
    if detail.explain:
        changes = {change.name: change for change in status.changes} if detail.diff else {}
        for reason in reasons:
            _print_detail(out, reason.kind.replace("_", " "), wording.detail(reason))
            if reason.kind == "code" and reason.subject in changes:
                print_change(out, changes[reason.subject])
        for note in status.verdict.notes:
            _print_detail(out, f"({note.kind})", wording.reason(note))
        for widening in status.widened:
            where = wording.place(widening.path, widening.line)
            _print_detail(out, "widened", f"{widening.why}, so {widening.to} counts ({where})")


def _print_detail(out: Terminal, label: str, text: str) -> None:
    out.line(f"    {out.paint(f'{label:<16}', 'dim')}  {text}")


def _summary(common: Common, found: Sequence[StageStatus]) -> str:
    counts = Counter(status.verdict.state for status in found)
    total = wording.count(len(found), "stage")
    if counts["fresh"] == len(found):
        return common.out.paint(f"{total}, all fresh" if found else "no stages", "green")
    parts = [f"{counts[state]} {state.replace('_', ' ')}" for state in wording.STATES if counts[state]]
    return f"{total}: {', '.join(parts)}"
