"""``pivot-core commit``: record the present state as right, without running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, targets_argument
from pivot_core.engine import Engine
from pivot_core.execute.commit import Committed

if TYPE_CHECKING:
    from collections.abc import Sequence


class CommitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``commit --json``."""

    schema: int = 1
    root: str
    dry_run: bool
    stages: tuple[Committed, ...]


@click.command()
@targets_argument
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be recorded; change nothing.")
@common_options
def command(common: Common, targets: tuple[str, ...], dry_run: bool) -> int:
    """Record the present state as right, without running.

    For when you know better: an edit that can't change the results, or outputs made elsewhere. The outputs
    that stand there go into the cache, and the lock files say that they are what the present code makes of
    the present inputs. Only the stages that TARGETs name, not what these need; without any: all.

    What a stage is known to read undeclared is recorded as it is now. Of a stage that never ran here that
    isn't known.

    \b
    Examples:
      pivot-core status --diff       what you are about to vouch for
      pivot-core commit train        one stage
      pivot-core commit --dry-run    what would be recorded
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine:
        found = engine.commit(targets, dry_run=dry_run)
    if common.json:
        common.out.json(CommitDocument(root=str(project.root), dry_run=dry_run, stages=tuple(found)))
    else:
        _print(common, found, dry_run=dry_run)
    return 1 if any(item.result == "refused" for item in found) else 0


def _print(common: Common, found: Sequence[Committed], *, dry_run: bool) -> None:
    out, would = common.out, "would record" if dry_run else "recorded"
    width = min(40, max((len(item.stage) for item in found), default=0))
    for item in found:
        if item.result == "refused":
            err = common.err
            err.line(
                f"{err.paint('✗', 'red')} {item.stage:<{width}}  not recorded: {'; '.join(item.problems)}"
            )
        elif item.result == "recorded":
            why = wording.first_reason(item.reasons)
            common.say(f"{out.paint('✓', 'green')} {item.stage:<{width}}  {would}  {why}".rstrip())
            for path, digest in item.outs.items():
                common.say(f"    {path}  {out.paint(digest[:12], 'dim')}")
            for path in item.discovered:
                common.say(f"    {path}  {out.paint('read undeclared', 'dim')}")
        elif common.verbose:
            common.say(f"{out.paint('·', 'dim')} {item.stage:<{width}}  fresh")
    recorded = sum(item.result == "recorded" for item in found)
    refused = sum(item.result == "refused" for item in found)
    if recorded or refused:
        failed = f", {refused} not recorded" if refused else ""
        common.say(f"{would} {wording.count(recorded, 'stage')}{failed}")
    else:
        common.say(f"nothing to record: {wording.count(len(found), 'stage')} fresh")
