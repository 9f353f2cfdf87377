"""Stages that failed in a run of the editor's, as problems at the line of the user's code that raised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pivot_core.types import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pivot_core.execute.events import StageEnd, StageError
    from pivot_lsp.problems import Problems

SPEAKER = "run"
# As the engine writes a frame of the project's own; only these are left in the traceback.
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+), in ', re.MULTILINE)


class Failures:
    """Those of one project."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root = root
        self._problems = problems
        # By stage: its code when it failed; None until a look has told.
        self._codes: dict[str, str | None] = {}

    def started(self, stages: Iterable[str]) -> None:
        """These are run again: whether they fail is open."""
        self._drop(stages)

    def ended(self, end: StageEnd) -> None:
        """A stage has ended, perhaps by failing."""
        if end.outcome not in ("blocked", "cancelled"):
            self._drop([end.stage])
        if end.outcome == "failed" and end.error is not None and end.error.path is not None:
            self._codes[end.stage] = None
            self._problems.add(SPEAKER, self._root, _problem(end.stage, end.error, end.error.path))

    def code_is(self, codes: Mapping[str, str]) -> None:
        """The present code of all stages. What failed with another is no news any more."""
        now = {stage: codes.get(stage, "") for stage in self._codes}
        self._drop([stage for stage, code in self._codes.items() if code not in (None, now[stage])])
        self._codes = {stage: now[stage] for stage in self._codes}

    def _drop(self, stages: Iterable[str]) -> None:
        dropped = {stage for stage in stages if stage in self._codes}
        if dropped:
            self._codes = {stage: code for stage, code in self._codes.items() if stage not in dropped}
            self._problems.keep(SPEAKER, self._root, lambda problem: problem.stage not in dropped)


def _problem(stage: str, error: StageError, path: str) -> Problem:
    frames = [Place(found[1], int(found[2])) for found in _FRAME.finditer(error.traceback)]
    at = Place(path, error.line or 0)
    callers = tuple(frame for frame in dict.fromkeys(frames) if frame != at)
    what = f"{error.type}: {error.message}" if error.message else error.type
    return Problem(path, at.line, f"{stage} failed: {what}", "its output is in the log", stage, callers)
