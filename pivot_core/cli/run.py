"""``pivot-core run``: make stages up to date, and tell about it as it happens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pivot_core.cli import github, wording
from pivot_core.cli.options import Common, common_options, targets_argument
from pivot_core.cli.report import Report
from pivot_core.engine import Engine
from pivot_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_core.cli.junit import JUnit
    from pivot_core.execute.events import Event
    from pivot_core.execute.tally import RunSummary
    from pivot_core.memory import Memory
    from pivot_core.project import Project


@click.command()
@targets_argument
@click.option("--only", is_flag=True, help="Just the targets, not what they need.")
@click.option("--force", is_flag=True, help="Run the stages even if they are fresh.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would run; change nothing.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure, go on with what doesn't need it.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Stages at once (default: the cores)."
)
@click.option("--explain", is_flag=True, help="Show every reason of every stage that runs.")
@click.option("--strict", is_flag=True, help="Any other version of a package counts, bug-fix releases too.")
@click.option("--frozen", is_flag=True, help="For CI: run nothing, exit with 1 if anything would have to.")
@click.option("-w", "--watch", is_flag=True, help="Run again after every edit, until Ctrl-C.")
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write how the stages ended as JUnit XML.",
)
@common_options
def command(
    common: Common,
    targets: tuple[str, ...],
    only: bool,
    force: bool,
    dry_run: bool,
    keep_going: bool,
    jobs: int | None,
    explain: bool,
    strict: bool,
    frozen: bool,
    junit: Path | None,
    watch: bool,
) -> int:
    """Make stages, and what they need, up to date.

    A TARGET is a stage, an output, or a pattern of either; without any: all stages. A stage runs if its
    code, parameters, inputs or outputs aren't what they were when it last succeeded. If it ever ran with
    exactly these, its outputs come back from the cache instead.

    \b
    Examples:
      pivot-core run                 everything that isn't fresh
      pivot-core run train           one stage and what it needs
      pivot-core run model.json      what makes that file
      pivot-core run 'train@*'       all stages of that name (or 'plots/*.png')
      pivot-core run -n --explain    what would run, and every reason why
      pivot-core run train --force   run one stage and what it needs again
      pivot-core run -k -j 4         four at once; a failure stops only what needs it
      pivot-core run --watch         what an edit makes stale, as soon as it is saved
      pivot-core run --json          events as JSON Lines, for programs
      pivot-core run --frozen --junit results.xml   in CI
    """
    if watch and (dry_run or frozen or force or junit is not None):
        raise UsageError("--watch goes with none of --dry-run, --frozen, --force and --junit")
    if frozen and force:
        raise UsageError("--frozen runs nothing, so --force doesn't go with it")
    project = common.project()
    looks = wording.DRY_OUTCOMES if dry_run else wording.FROZEN_OUTCOMES if frozen else wording.OUTCOMES
    results = _results(junit)

    def once(memory: Memory | None = None, failed: dict[str, str] | None = None) -> RunSummary | None:
        """Run; None if nothing is to be done but what ``failed`` says is hopeless."""
        report = None if common.json else Report(common, looks, explain=explain)
        listener = _listener(common, project, report, results)
        try:
            with Engine(project, listener, jobs, strict=strict, memory=memory) as engine:
                if failed is not None and not engine.has_work(targets, failed):
                    return None
                return engine.run(
                    targets,
                    only=only,
                    force=force,
                    dry_run=dry_run,
                    keep_going=keep_going,
                    frozen=frozen,
                )
        finally:
            if report is not None:
                report.close()
            if results is not None and junit is not None:
                results.write(common.folder / junit)

    if watch:
        from pivot_core.cli.watch import watch as run_on

        run_on(common, once)
    summary = once()
    return 0 if summary is None or summary.ok else 1


def _listener(
    common: Common, project: Project, report: Report | None, results: JUnit | None
) -> Callable[[Event], None]:
    listeners: list[Callable[[Event], None]] = [report or common.out.json]
    if report is not None and github.wanted():
        listeners.append(github.Annotations(common.out, project.root))
    if results is not None:
        listeners.append(results)

    def listener(event: Event) -> None:
        for listen in listeners:
            listen(event)

    return listener


def _results(junit: Path | None) -> JUnit | None:
    if junit is None:
        return None
    from pivot_core.cli.junit import JUnit

    return JUnit()
