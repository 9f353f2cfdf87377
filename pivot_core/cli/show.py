"""``pivot-core show``: one past run."""

from __future__ import annotations

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.options import Common, common_options, completing
from pivot_core.execute.events import StageEnd
from pivot_core.execute.history import History, PastRun
from pivot_core.store.state import State


class ShowDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``show --json``. ``stages`` are the events ``stage_end`` of those that weren't skipped."""

    schema: int = 1
    root: str
    run: PastRun
    stages: tuple[StageEnd, ...]


@click.command()
@click.argument("run", default="latest", shell_complete=completing("runs"))
@common_options
def command(common: Common, run: str) -> int:
    """Show one past run.

    Each stage that wasn't skipped, why it ran and how it ended.

    RUN is an id of `pivot-core history`, or its beginning; without it, the latest run.

    \b
    Examples:
      pivot-core show
      pivot-core show 20260131T0915
    """
    project = common.project()
    with State(project.state, readonly=True) as state:
        history = History(state)
        found = history.find(run)
        stages = history.stages(found)
    if common.json:
        common.out.json(ShowDocument(root=str(project.root), run=found, stages=stages))
    else:
        _print(common, found, stages)
    return 0


def _print(common: Common, run: PastRun, stages: tuple[StageEnd, ...]) -> None:
    out = common.out
    out.line(out.paint(f"run {run.run_id}", "bold"))
    facts = {
        "began": f"{run.at}  ({wording.ago(run.at)})",
        "took": wording.duration(run.duration_s),
        "asked": " ".join(("pivot-core run", *run.asked)),
        "commit": run.commit or "",
        "result": wording.outcomes(run.counts),
    }
    for name, text in facts.items():
        if text:
            out.line(f"{out.paint(f'{name:<7}', 'dim')} {text}")
    out.line()
    width = min(40, max((len(end.stage) for end in stages), default=0))
    for end in stages:
        _print_stage(common, end, width)


def _print_stage(common: Common, end: StageEnd, width: int) -> None:
    out = common.out
    symbol, style, word = wording.OUTCOMES[end.outcome]
    took = wording.duration(end.duration_s) if end.duration_s else ""
    line = f"{end.stage:<{width}}  {out.paint(f'{word:<9}', style)}  {took:>9}"
    out.line(f"{out.paint(symbol, style)} {line}".rstrip())
    for reason in end.reasons:
        out.line(f"    {out.paint(f'{reason.kind}'.replace('_', ' '), 'dim')}  {wording.detail(reason)}")
    if end.error is not None:
        out.line(f"    {out.paint(wording.what_was_raised(end.error), 'red')}")
        for text in end.error.traceback.splitlines():
            out.line(f"      {text}")
