"""Makes stages again in a copy of the project, and compares what comes out with what was recorded.

A stage that gives something else for the same code and inputs isn't deterministic (no seed, the time, the
order of a set, threads that race), or reads something that nobody knows of.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_core.execute.claims import Claims
from pivot_core.project import Project
from pivot_core.store.atomic import remove, scratch_path
from pivot_core.store.digests import is_tree
from pivot_core.store.links import Linker
from pivot_core.store.lock import Locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pivot_core.execute.events import Event
    from pivot_core.status import StageStatus
    from pivot_core.types import StageSpec

_HINT = (
    "set its seeds, and look for times, sets in any order, threads that race, and inputs it doesn't declare"
)
_SHOWN = 200  # characters of a line that differs


class Difference(msgspec.Struct, frozen=True):
    """An output that came out otherwise. ``detail``: the first difference, where it is text."""

    path: str
    detail: str


class Verified(msgspec.Struct, frozen=True):
    """What became of one stage. ``why``: of what wasn't compared, or the hint for what differs."""

    stage: str
    result: Literal["same", "different", "failed", "skipped"]
    why: str = ""
    differences: tuple[Difference, ...] = ()


class Verifier:
    """Verifies stages of a project one by one, each in a fresh copy of the outputs that it reads."""

    def __init__(self, project: Project, emit: Callable[[Event], None], jobs: int | None) -> None:
        self._project = project
        self._emit = emit
        self._jobs = jobs
        self._locks = Locks(project.locks)
        self._linker = Linker()
        self._open = ExitStack()
        self._open.enter_context(Claims(project).beside())  # a run that began alone would sweep the copy
        home = scratch_path(project.scratch, "verify")
        self._open.callback(remove, home)
        self._copy = Project(home.resolve() / "project")
        self._copy_project()

    def close(self) -> None:
        """Remove the copy."""
        self._open.close()

    def verify(self, status: StageStatus) -> Verified:
        """Make one stage again. Raises what a run raises, OSError."""
        from pivot_core.engine import Engine

        spec, state = status.spec, status.verdict.state
        if state != "fresh":
            stands = "it never ran" if state == "never_run" else f"it is {state.replace('_', ' ')}"
            why = f"{stands}: make it with pivot-core run {spec.name} first"
            return Verified(spec.name, "skipped", why)
        if any(out.kind == "incremental" for out in spec.outs):
            return Verified(
                spec.name, "skipped", "it goes on from its last result, so it can't be made again"
            )
        self._bring(spec)
        with Engine(self._copy, self._emit, self._jobs) as engine:
            summary = engine.run([spec.name], only=True, force=True)
        differences = tuple(self._differences(spec)) if summary.ok else ()
        self._take_back(spec)
        if not summary.ok:
            return Verified(spec.name, "failed", "it fails when it is made again")
        if differences:
            return Verified(spec.name, "different", _HINT, differences)
        return Verified(spec.name, "same")

    def _differences(self, spec: StageSpec) -> Iterator[Difference]:
        from pivot_core.artifacts.hashing import FileHashes

        before, after = FileHashes(self._project.root, None), FileHashes(self._copy.root, None)
        for out in spec.outs:
            was, now = before.digest(out.path), after.digest(out.path)
            if was != now:
                detail = "" if now is None or is_tree(now) else self._first_difference(out.path)
                yield Difference(out.path, detail)

    def _first_difference(self, path: str) -> str:
        """The first line that differs, of text files."""
        try:
            was = (self._project.root / path).read_text(encoding="utf-8").split("\n")
            now = (self._copy.root / path).read_text(encoding="utf-8").split("\n")
        except (UnicodeDecodeError, OSError):
            return ""
        for number, (old, new) in enumerate(zip(was, now, strict=False), 1):
            if old != new:
                return f"line {number}: {old[:_SHOWN]!r}, then {new[:_SHOWN]!r}"
        return f"{len(was)} lines, then {len(now)}"

    # --- the copy ------------------------------------------------------------------------------

    def _copy_project(self) -> None:
        """All of the project but hidden folders, environments, and what Pivot keeps for itself."""
        root = self._project.root
        for folder, below, names in os.walk(root):
            place = Path(folder)
            below[:] = [name for name in below if self._project.is_own(place / name / "x")]
            to = self._copy.root / place.relative_to(root)
            to.mkdir(parents=True, exist_ok=True)
            for name in (*names, *(name for name in below if (place / name).is_symlink())):
                self._place(place / name, to / name)
        for path in (self._project.config_file, *self._project.locks.glob("*.lock")):
            if path.is_file():
                to = self._copy.root / path.relative_to(root)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)

    def _place(self, path: Path, to: Path) -> None:
        if path.is_symlink():
            to.symlink_to(self._led(path.resolve()))
        elif path.is_file():
            self._linker.place(path, to, "auto")
            if os.access(path, os.X_OK):  # a script that a stage starts
                to.chmod(0o755)

    def _led(self, target: Path) -> Path:
        """Where a link leads from the copy: in the copy, too, if what it leads to is there."""
        if not self._project.is_own(target / "x" if target.is_dir() else target):
            return target
        return self._copy.root / target.relative_to(self._project.root)

    def _bring(self, spec: StageSpec) -> None:
        """What a stage reads and writes of hidden folders."""
        record = self._locks.read(spec.name)
        found = record.discovered if record is not None else {}
        files = (path for path in found if path[0] not in "$@" and (self._project.root / path).is_file())
        for path in (*spec.paths, *files):
            was, now = self._project.root / path.rstrip("/"), self._copy.root / path.rstrip("/")
            if os.path.lexists(was) and not os.path.lexists(now):
                now.parent.mkdir(parents=True, exist_ok=True)
                self._place_all(was, now)

    def _take_back(self, spec: StageSpec) -> None:
        """For the stages after it, the outputs are what was recorded."""
        for out in spec.outs:
            was, now = self._project.root / out.path, self._copy.root / out.path
            if now.is_dir() and not now.is_symlink():
                shutil.rmtree(now)
            else:
                now.unlink(missing_ok=True)
            self._place_all(was, now)

    def _place_all(self, path: Path, to: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, to, copy_function=lambda a, b: self._place(Path(a), Path(b)))
        else:
            self._place(path, to)
