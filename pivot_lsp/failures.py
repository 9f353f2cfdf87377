"""Stages that failed in a run of the editor's, as problems at the line of the user's code that raised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from pivot_core.types import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pivot_core.execute.events import StageEnd, StageError

SPEAKER = "run"
# As the engine writes a frame of the project's own; only these are left in the traceback.
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+), in ', re.MULTILINE)


class _Failure(msgspec.Struct, frozen=True):
    """``code``: the stage's code when it failed; None until a look has told."""

    problem: Problem
    code: str | None = None


class Failures:
    """Those of one project. ``put`` is called with all that there are, when they are others."""

    def __init__(self, root: Path, put: Callable[[str, Path, Iterable[Problem]], None]) -> None:
        self._root = root
        self._put = put
        self._by_stage: dict[str, _Failure] = {}

    def started(self, stages: Iterable[str]) -> None:
        """These are run again: whether they fail is open."""
        self._drop(stages)

    def ended(self, end: StageEnd) -> None:
        """A stage has ended, perhaps by failing."""
        if end.outcome == "failed" and end.error is not None and end.error.path is not None:
            self._by_stage[end.stage] = _Failure(_problem(end.stage, end.error, end.error.path))
            self._tell()
        elif end.outcome not in ("blocked", "cancelled"):
            self._drop([end.stage])

    def code_is(self, codes: Mapping[str, str]) -> None:
        """The present code of all stages. What failed with another is no news any more."""
        gone = []
        for stage, failure in self._by_stage.items():
            code = codes.get(stage, "")
            if failure.code is None:
                self._by_stage[stage] = _Failure(failure.problem, code)
            elif failure.code != code:
                gone.append(stage)
        self._drop(gone)

    def _drop(self, stages: Iterable[str]) -> None:
        dropped = [stage for stage in stages if self._by_stage.pop(stage, None) is not None]
        if dropped:
            self._tell()

    def _tell(self) -> None:
        self._put(SPEAKER, self._root, [failure.problem for failure in self._by_stage.values()])


def _problem(stage: str, error: StageError, path: str) -> Problem:
    frames = [Place(found[1], int(found[2])) for found in _FRAME.finditer(error.traceback)]
    at = Place(path, error.line or 0)
    callers = tuple(frame for frame in dict.fromkeys(frames) if frame != at)
    what = f"{error.type}: {error.message}" if error.message else error.type
    return Problem(path, at.line, f"{stage} failed: {what}", "its output is in the log", stage, callers)
