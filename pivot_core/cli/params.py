"""``pivot-core params``: what the stages are given, and what it was in a commit."""

from __future__ import annotations

import click
import msgspec

from pivot_core.artifacts.numbers import flatten
from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, completing, targets_argument
from pivot_core.cli.values import Values, print_changes, print_values, revisions_told
from pivot_core.engine import Engine


class ParamsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``params --json``. ``revision`` is the commit compared with."""

    schema: int = 1
    root: str
    revision: str | None
    params: tuple[Values, ...]


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
    """Show parameters, and compare them with a commit.

    They are those that a run would give them: the values of pipeline.py, with those of params.yaml in their
    place. What they were is in the lock files of the commit: what the stage last succeeded with.

    \b
    Examples:
      pivot-core params
      pivot-core params train --diff HEAD~3
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine, revisions_told(project, targets):
        wanted = engine.targets().stages(targets) if targets else None
        specs = [spec for spec in engine.definition().stages if wanted is None or spec.name in wanted]
        revision = engine.revision(diff) if diff is not None else None
        found = []
        for spec in specs:
            was, problem = None, None
            if revision is not None:
                lock = revision.lock(spec.name)
                was = flatten(lock.params) if lock is not None else None
                problem = None if lock is not None else f"it has no record in {diff}"
            if spec.params or was:
                found.append(Values(stage=spec.name, now=flatten(spec.params), was=was, problem=problem))
    if common.json:
        commit = revision.commit if revision is not None else None
        common.out.json(ParamsDocument(root=str(project.root), revision=commit, params=tuple(found)))
        return 0
    for values in found:
        if diff is None:
            print_values(common.out, values.stage, values)
        else:
            print_changes(common.out, values.stage, values, diff)
    if not found:
        common.say(f"{wording.none_of(targets)} has parameters")
    return 0
