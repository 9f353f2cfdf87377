"""``pivot-core checkout``: outputs from the cache, as the lock files say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, targets_argument
from pivot_core.engine import Engine
from pivot_core.execute.checkout import CheckedOut, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.store.links import LinkMode


class CheckoutDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``checkout --json``."""

    schema: int = 1
    root: str
    outputs: tuple[CheckedOut, ...]


@click.command()
@targets_argument
@click.option(
    "--mode",
    type=click.Choice(["reflink", "hardlink", "symlink", "copy"]),
    help="How the files come (default: cache.mode of the configuration); as copies where they can't. "
    "Outputs that are right already are placed anew in this mode.",
)
@click.option("--force", is_flag=True, help="Replace files of yours without keeping them.")
@common_options
def command(common: Common, targets: tuple[str, ...], mode: str | None, force: bool) -> int:
    """Restore outputs from the cache.

    As the lock files say: for outputs that were deleted or edited, and after git has brought other lock
    files. Runs no stage.
    Without TARGETs: all outputs. A TARGET is a stage, an output or a pattern. A file that stands in the
    way and isn't Pivot's is moved to .pivot/replaced/. What the cache doesn't have is named, the rest is
    restored, and the exit code is 1.

    \b
    Examples:
      git checkout main && pivot-core checkout    the results of that branch
      pivot-core checkout model.json              one output
      pivot-core checkout 'build/*.csv' train     those that match, and all of a stage
      pivot-core checkout --mode symlink          as links into the cache, which take no space
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine:
        found = engine.checkout(targets, mode=cast("LinkMode | None", mode), force=force)
    if common.json:
        common.out.json(CheckoutDocument(root=str(project.root), outputs=tuple(found)))
    else:
        _print(common, found, named=bool(targets))
    missing = any(item.result == "unrecorded" for item in found) and bool(targets)
    return 1 if missing or any(item.result == "failed" for item in found) else 0


def _print(common: Common, found: Sequence[CheckedOut], *, named: bool) -> None:
    out = common.out
    for item in found:
        if item.result == "failed":
            common.err.line(f"{common.err.paint('✗', 'red')} {item.path}  {item.error}")
        elif item.result == "restored":
            notes = [f"what was there is now {item.kept}"] if item.kept else []
            notes += [item.instead] if item.instead else []
            common.say("  ".join((f"{out.paint('↺', 'cyan')} {item.path}", *notes)))
        elif item.result == "unrecorded" and (named or common.verbose):
            why = f"{item.stage} has recorded nothing of it: pivot-core run {item.stage}"
            common.err.line(f"{common.err.paint('+', 'cyan')} {item.path}  {why}")
        elif common.verbose:
            common.say(f"{out.paint('·', 'dim')} {item.path}  right already")
    counts = Counter(item.result for item in found)
    words: dict[Result, str] = {
        "restored": "restored",
        "right": "right already",
        "unrecorded": "never recorded",
        "failed": "not restored",
    }
    parts = [f"{counts[key]} {word}" for key, word in words.items() if counts[key]]
    common.say(f"{wording.count(len(found), 'output')}: {', '.join(parts)}" if parts else "no outputs")
