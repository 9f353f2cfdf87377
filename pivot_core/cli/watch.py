"""``run --watch``: run, wait for an edit, run again, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_core.cli import failures
from pivot_core.code.live import LiveGraph
from pivot_core.errors import PivotError
from pivot_core.execute.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pivot_core.cli.options import Common
    from pivot_core.execute.tally import RunSummary

    Failed = dict[str, str]
    Round = Callable[[LiveGraph, Failed | None], RunSummary | None]

_SHOWN = 3
# How long after a run to look for what changed meanwhile, in seconds: longer than events take to arrive.
_SETTLE_S = 0.3


def watch(common: Common, run: Round) -> None:
    """Run a round now and after every edit. Ends by KeyboardInterrupt only.

    ``run`` gets what failed in the round before if it needn't be tried again on the same facts. It returns
    None if there was nothing to do. What changes *during* a round is a user's edit or a stage's own file:
    another round follows, but without these stages. Else one that writes a log and fails would never rest.
    """
    project, live = common.project(), LiveGraph()
    with Changes(project) as changes:
        while True:
            failed = _round(common, run, live, None)
            while failed is not None and changes.wait(_SETTLE_S):
                failed = _round(common, run, live, failed)
            _say(common, f"waiting for changes in {project.root} (Ctrl-C ends)")
            _say(common, f"{_names(project.root, changes.wait())} changed")


def _round(common: Common, run: Round, live: LiveGraph, failed: Failed | None) -> Failed | None:
    try:
        summary = run(live, failed)
        return None if summary is None else {**(failed or {}), **summary.failed}
    except PivotError as error:
        failures.show(error, common.err)
        if common.json:
            common.out.json(failures.document(error))
        return None


def _names(root: Path, paths: set[str]) -> str:
    # Editors save by way of other files, which are gone again.
    paths = {path for path in paths if (root / path).exists()} or paths
    shown = sorted(paths)[:_SHOWN]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(shown) + more


def _say(common: Common, text: str) -> None:
    if not common.json:
        common.say(common.out.paint(text, "dim"))
