"""``pivot-core gc``: drop content of the cache that nothing refers to."""

from __future__ import annotations

import click
import msgspec

from pivot_core.cli import wording
from pivot_core.cli.options import Common, common_options
from pivot_core.execute.claims import Claims
from pivot_core.store import garbage
from pivot_core.store.cache import ContentCache


class GcDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``gc --json``: digests of what was dropped (would be, in a dry run), and bytes; how many objects are
    set aside as damaged."""

    schema: int = 1
    root: str
    dry_run: bool
    dropped: tuple[str, ...]
    dropped_bytes: int
    kept: int
    damaged: int
    damaged_bytes: int


@click.command()
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be dropped; drop nothing.")
@common_options
def command(common: Common, dry_run: bool) -> int:
    """Drop cache content that nothing refers to.

    Kept is what the lock files say: those of the work tree, and those at the head of every branch, tag and
    stash; and what links in the project lead to. Results of other runs go: to get one of them again, its
    stage has to run. Outputs themselves, and files in .pivot/replaced and .pivot/cache/damaged, are never
    touched. While a run is under way, nothing is dropped.

    \b
    Examples:
      pivot-core gc --dry-run
      pivot-core gc
    """
    project = common.project()
    cache = ContentCache(project.cache, project.scratch)
    with Claims(project).no_run():
        kept = garbage.referenced(cache, project)
        found = garbage.garbage(cache, kept)
        damaged, damaged_bytes = cache.set_aside()
        if not dry_run:
            for each in found:
                each.path.unlink(missing_ok=True)
                if common.verbose and not common.json:
                    common.out.line(f"{each.digest}  {wording.size(each.size)}")
    total = sum(each.size for each in found)
    if common.json:
        dropped = tuple(each.digest for each in found)
        common.out.json(
            GcDocument(
                root=str(project.root),
                dry_run=dry_run,
                dropped=dropped,
                dropped_bytes=total,
                kept=len(kept),
                damaged=damaged,
                damaged_bytes=damaged_bytes,
            )
        )
    elif not found:
        common.say("nothing to drop")
    else:
        word = "would drop" if dry_run else "dropped"
        common.say(f"{word} {wording.count(len(found), 'object')}, {wording.size(total)}")
    if damaged and not common.json:
        took = f"{wording.count(damaged, 'damaged object')} ({wording.size(damaged_bytes)})"
        common.say(f"kept {took} in .pivot/cache/damaged\n    {garbage.SET_ASIDE}")
    return 0
