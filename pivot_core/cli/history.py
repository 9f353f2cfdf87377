"""``pivot-core history``: past runs, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.options import Common, common_options, completing
from pivot_core.execute.history import History, PastRun
from pivot_core.store.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

_ID = 22


class HistoryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``history --json``: the newest run first."""

    schema: int = 1
    root: str
    runs: tuple[PastRun, ...]


@click.command()
@click.option(
    "-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many."
)
@click.option(
    "--stage",
    metavar="STAGE",
    shell_complete=completing("stages"),
    help="Only runs in which this stage wasn't skipped.",
)
@common_options
def command(common: Common, count: int, stage: str | None) -> int:
    """Show past runs.

    The newest first. They are kept on this machine only, the last 300. A run that found everything fresh
    isn't listed: nothing happened in it.

    \b
    Examples:
      pivot-core history
      pivot-core history --stage train   the runs that made it, or tried to
      pivot-core show latest             one of them, with every stage
    """
    project = common.project()
    with State(project.state, readonly=True) as state:
        history = History(state)
        runs = history.runs()
        if stage is not None:
            runs = [run for run in runs if any(end.stage == stage for end in history.stages(run))]
    runs = runs[:count]
    if common.json:
        common.out.json(HistoryDocument(root=str(project.root), runs=tuple(runs)))
    elif not runs:
        common.say("no run is known here yet" if stage is None else f"no run of {stage} is known here")
    else:
        _print(common, runs)
    return 0


def _print(common: Common, runs: Sequence[PastRun]) -> None:
    out = common.out
    for run in runs:
        stopped = "cancelled" in run.counts and "failed" not in run.counts
        symbol, style, _ = wording.OUTCOMES["ran" if run.ok else "cancelled" if stopped else "failed"]
        when, took = wording.ago(run.at), wording.duration(run.duration_s)
        what = wording.outcomes({name: n for name, n in run.counts.items() if name != "skipped"})
        asked = " ".join(run.asked)
        commit = out.paint(f"  {run.commit[:8]}", "dim") if run.commit else ""
        line = f"{run.run_id:<{_ID}}  {when:>12}  {took:>9}  {what}"
        out.line(f"{out.paint(symbol, style)} {line}{f'  ({asked})' if asked else ''}{commit}")
