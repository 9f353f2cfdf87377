"""``pivot-core metrics``: the numbers that stages put out, and what they were in a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.artifacts import numbers
from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, completing, targets_argument
from pivot_core.cli.values import Values, print_changes, print_values, revisions_told
from pivot_core.engine import Engine
from pivot_core.errors import CorruptContent

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_core.artifacts.revisions import Revision


class MetricsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``metrics --json``. ``revision`` is the commit compared with."""

    schema: int = 1
    root: str
    revision: str | None
    metrics: tuple[Values, ...]


@click.command()
@targets_argument
@click.option(
    "--diff",
    metavar="REV",
    help="Compare with a git revision: HEAD, main, v1.0, a commit.",
    shell_complete=completing("revisions"),
)
@common_options
def command(common: Common, targets: tuple[str, ...], diff: str | None) -> int:
    """Show metrics, and compare them with a commit.

    Metrics are the outputs that are declared as outputs.Metric: JSON, YAML, or CSV, of which the last row
    counts. What they were comes from git if the file is in it, else from the cache, by the lock file of the
    commit.

    \b
    Examples:
      pivot-core metrics
      pivot-core metrics evaluate --diff main
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine, revisions_told(project, targets):
        outs = engine.outputs_of_kind("metric", targets)
        revision = engine.revision(diff) if diff is not None else None
        found = tuple(_values(project.root, stage, path, revision) for stage, path in outs)
    if common.json:
        commit = revision.commit if revision is not None else None
        common.out.json(MetricsDocument(root=str(project.root), revision=commit, metrics=found))
        return 0
    for values in found:
        title = f"{values.path}  ({values.stage})"
        if diff is None:
            print_values(common.out, title, values)
        else:
            print_changes(common.out, title, values, diff)
    if not found:
        common.say(f"{wording.none_of(targets)} has a metric: declare one with outputs.Metric")
    return 0


def _values(root: Path, stage: str, path: str, revision: Revision | None) -> Values:
    now = was = problem = None
    try:
        now = numbers.read(path, (root / path).read_bytes())
    except FileNotFoundError:
        problem = f"it isn't there: make it with pivot-core run {stage}"
    except numbers.NotNumbers as error:
        problem = str(error)
    if revision is not None:
        try:
            data = revision.content(stage, path)
            was = numbers.read(path, data) if data is not None else None
        except (numbers.NotNumbers, CorruptContent) as error:
            problem = f"{revision.name}: {error}"
        else:
            if data is None:
                problem = revision.why_none(stage, path)
    return Values(stage=stage, path=path, now=now, was=was, problem=problem)
