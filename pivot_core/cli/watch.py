"""``run --watch``: run, wait for an edit, run again, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pivot_core.cli import failures
from pivot_core.errors import PivotError
from pivot_core.execute.changes import Changes
from pivot_core.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pivot_core.cli.options import Common
    from pivot_core.execute.tally import RunSummary

    Round: TypeAlias = Callable[[Memory, "Failed | None"], RunSummary | None]

Failed: TypeAlias = dict[str, str]

_SHOWN = 3
# How long after a run to look for what changed meanwhile, in seconds: longer than events take to arrive.
_SETTLE_S = 0.3


class _Ended(NamedTuple):
    """How a round ended: what ``failed``, or the mistake that was told. ``silent``: nothing was said."""

    failed: Failed
    mistake: str | None = None
    silent: bool = False


def watch(common: Common, run: Round) -> None:
    """Run a round now and after every edit. Ends by KeyboardInterrupt only.

    ``run`` gets what failed in the round before if it needn't be tried again on the same facts. It returns
    None if there was nothing to do. What changes *during* a round is a user's edit, a stage's own file, or
    that which our own lines go to: another round follows, but without these stages, and what was said already
    isn't said again. Else a stage that writes a log and fails would never rest, nor ``> watch.log``.
    """
    project, memory = common.project(), Memory()
    with Changes(project) as changes:
        while True:
            ended: _Ended | None = None
            while ended is None or changes.wait(_SETTLE_S):
                ended = _round(common, run, memory, ended)
                if not ended.silent:
                    _say(common, f"waiting for changes in {project.root} (Ctrl-C ends)")
            _say(common, f"{_names(project.root, changes.wait())} changed")


def _round(common: Common, run: Round, memory: Memory, last: _Ended | None) -> _Ended:
    """``last``: the round that this one only follows up on, if it does."""
    try:
        summary = run(memory, None if last is None or last.mistake is not None else last.failed)
    except PivotError as error:
        mistake = str(error)
        if last is not None and last.mistake == mistake:
            return last._replace(silent=True)
        failures.show(error, common.err)
        if common.json:
            common.out.json(failures.document(error))
        return _Ended({}, mistake)
    failed = last.failed if last is not None else {}
    return _Ended(failed, silent=True) if summary is None else _Ended({**failed, **summary.failed})


def _names(root: Path, paths: set[str]) -> str:
    # Editors save by way of other files, which are gone again.
    paths = {path for path in paths if (root / path).exists()} or paths
    shown = sorted(paths)[:_SHOWN]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(shown) + more


def _say(common: Common, text: str) -> None:
    if not common.json:
        common.say(common.out.paint(text, "dim"))
