"""``pivot-core plots``: all plots on one page, beside those of a commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, completing, targets_argument
from pivot_core.cli.page import Plot, Shown, page
from pivot_core.cli.values import revisions_told
from pivot_core.engine import Engine
from pivot_core.errors import CorruptContent
from pivot_core.store.atomic import write_bytes

if TYPE_CHECKING:
    from pivot_core.artifacts.revisions import Revision


class PlotsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``plots --json``: the page that was written (null: none, without plots), and what is on it."""

    schema: int = 1
    root: str
    revision: str | None
    page: str | None
    plots: tuple[str, ...]


@click.command()
@targets_argument
@click.option(
    "--diff",
    metavar="REV",
    help="Beside those of a git revision: HEAD, main, v1.0, a commit.",
    shell_complete=completing("revisions"),
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="plots.html",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the page.",
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@common_options
def command(common: Common, targets: tuple[str, ...], diff: str | None, output: Path, show: bool) -> int:
    """Write all plots on one page, beside a commit's.

    Plots are the outputs that are declared as outputs.Plot. Pictures are shown as they are; tables (CSV, TSV,
    JSON, JSON Lines) as lines. The page is one HTML file that opens without a server or a network.

    \b
    Examples:
      pivot-core plots --open
      pivot-core plots 'plots/*.png' --diff main -o compared.html
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine, revisions_told(project, targets):
        outs = engine.outputs_of_kind("plot", targets)
        revision = engine.revision(diff) if diff is not None else None
        plots = [Plot(path, stage, _versions(project.root, stage, path, revision)) for stage, path in outs]
    place = common.folder / output
    subtitle = f"beside {diff} ({revision.commit[:12]})" if revision is not None else "as they are now"
    if plots:
        write_bytes(place, page(f"Plots of {project.root.name}", subtitle, plots).encode())
    if common.json:
        commit = revision.commit if revision is not None else None
        names = tuple(plot.path for plot in plots)
        common.out.json(
            PlotsDocument(
                root=str(project.root),
                revision=commit,
                page=str(place.resolve()) if plots else None,
                plots=names,
            )
        )
    elif plots:
        common.say(f"{len(plots)} plot{'s' * (len(plots) > 1)} on {place}")
    else:
        common.say(f"{wording.none_of(targets)} has a plot: declare one with outputs.Plot")
    if show and plots:
        click.launch(place.resolve().as_uri())
    return 0


def _versions(root: Path, stage: str, path: str, revision: Revision | None) -> tuple[Shown, ...]:
    try:
        now = Shown("now" if revision is not None else "", (root / path).read_bytes())
    except FileNotFoundError:
        now = Shown("now", None, f"it isn't there: make it with pivot-core run {stage}")
    if revision is None:
        return (now,)
    try:
        data = revision.content(stage, path)
        problem = "" if data is not None else revision.why_none(stage, path)
    except CorruptContent as error:
        data, problem = None, str(error)
    return Shown(revision.name, data, problem), now
