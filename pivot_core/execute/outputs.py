"""What a worker does with the outputs of a stage: make room, save, publish, and put back on failure.

Order: every value is saved to a scratch file first, then all content goes into the cache, then into its
place. So a stage that fails while its second output is saved has changed nothing that was there.
Outputs that the stage writes itself (PathOnly, directories, incremental ones) can't wait: what was there is
moved or removed before the stage runs, and had back from the cache if it fails.

What somebody else put in an output's place is moved to where the task says, whenever it came there; only what
comes to the place of an output that the stage writes itself, while it does, can't be told from its own work.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.errors import CorruptContent, PivotError, UsageError
from pivot_core.execute.standing import fetch, is_foreign, move_aside, place_of, replace, unused
from pivot_core.store.atomic import remove, scratch_path
from pivot_core.store.moving import move, move_back

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from pivot_core.define.bind import Binding, BoundOut
    from pivot_core.execute.messages import Task
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.store.links import LinkMode
    from pivot_core.types import OutSpec


class WrongOutput(PivotError):  # noqa: N818 - named for what it is
    """What the stage returned or wrote isn't what it declares."""


class Outputs:
    """The outputs of one task. ``wrote``: whether the stage has opened something at this path to write it."""

    def __init__(
        self,
        task: Task,
        cache: ContentCache,
        project: Project,
        wrote: Callable[[Path], bool],
    ) -> None:
        self._task = task
        self._cache = cache
        self._root = project.root
        self._scratch = project.scratch
        self._wrote = wrote
        self.touched: set[str] = set()
        # By path, what an output had when it was certainly what its digest says.
        self.signatures: dict[str, bytes] = {}
        self._kept: dict[str, str] = {}
        self._half_made: list[Path] = []
        self._path_only = {out.path for out in task.spec.outs if _is_path_only(out)}

    def make_room(self) -> None:
        """Before the stage runs: self-written outputs away, incremental ones back.

        Raises UsageError if a link leads out of the project.
        """
        for out in self._task.spec.outs:
            place = place_of(self._root, out.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if is_self_written(out):
                self._clear(out, place)

    def _clear(self, out: OutSpec, place: Path) -> None:
        self.touched.add(out.path)
        aside = Path(self._task.aside[out.path]) if out.path in self._task.aside else None
        if (start := self._task.start.get(out.path)) is not None:
            there = aside if os.path.lexists(place) else None
            # Always a private copy: the stage may change it in place.
            replace(self._cache, start, place, "copy", lambda: self._to_keep(out) or there)
            return
        if (keep := self._to_keep(out)) is not None:
            move_aside(self._cache, place, keep)
        elif aside is not None and os.path.lexists(place):
            place.rename(aside)
        remove(place)
        if out.kind == "directory":
            place.mkdir()

    def publish(self, binding: Binding, values: Mapping[str, object]) -> dict[str, str]:
        """Save what the stage returned, publish it and put it in place; logical path -> digest.

        Raises WrongOutput, UsageError if a link leads out of the project, and whatever a writer raises.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        try:
            saved = {out.path: self._save(out, values[out.key]) for out in binding.outs}
            digests = {out.path: self._add(out, saved[out.path]) for out in self._task.spec.outs}
            for out in self._task.spec.outs:
                with _about(out):
                    self._put_in_place(out, digests[out.path])
                if out.path not in self.signatures:  # else it stayed where it was hashed
                    self._sign(out.path)
        finally:
            _clear_away(self._half_made)
        _clear_away(map(Path, self._task.aside.values()))
        return digests

    def kept_now(self) -> tuple[tuple[str, str], ...]:
        """Outputs, and where what stood in their places is now, unless it was put back."""
        return tuple(item for item in self._kept.items() if os.path.lexists(item[1]))

    def _save(self, out: BoundOut, value: object) -> Path:
        """Where the output's content is now: its own place if the stage wrote it, else a scratch file."""
        if out.path in self._path_only:
            return _check_written(out.path, value)
        # No folder of its own: making and removing one costs more than all the rest. Writers may look at
        # how the name ends; a file name has at most 255 bytes.
        path = scratch_path(self._scratch, Path(out.path).name[-50:])
        self._half_made.append(path)
        if out.kind == "directory":
            path.mkdir()
        try:
            out.writer.save(value, path)
        except Exception as error:
            error.add_note(f"while {type(out.writer).__name__} wrote {out.path} of {self._task.spec.name}")
            raise
        if not path.exists():
            raise WrongOutput(f"{type(out.writer).__name__} wrote no file for {out.path}")
        return path

    def _add(self, out: OutSpec, path: Path) -> str:
        with _about(out):
            if out.kind == "directory" or path.is_dir():
                digest, signature = self._cache.add_signed_tree(path)
                if out.path in self._path_only:
                    self.signatures[out.path] = signature
                return digest
            if out.kind == "incremental" and out.path in self._path_only:
                # Its own file stays where it is: the cache gets a copy of it.
                self._sign(out.path)
            return self._cache.add(path, move=out.kind != "incremental")

    def _sign(self, path: str) -> None:
        """Note what the output is like now."""
        signature = FileHashes(self._root, None).signature(path)
        if signature is not None:
            self.signatures[path] = signature

    def _put_in_place(self, out: OutSpec, digest: str) -> None:
        place = place_of(self._root, out.path)
        if out.kind != "incremental" and is_self_written(out):
            if not place.is_dir():
                fetch(self._cache, digest, place, self._task.mode)
        elif out.path not in self._path_only:
            mode: LinkMode = "copy" if out.kind == "incremental" else self._task.mode
            replace(self._cache, digest, place, mode, lambda: self._to_keep(out))

    def _to_keep(self, out: OutSpec) -> Path | None:
        """Where what stands in the output's place has to go; None if nobody would miss it."""
        if self._wrote(self._root / out.path.rstrip("/")):
            return None
        known = self._task.known.get(out.path)
        if not is_foreign(out.path, self._root, self._cache, known):
            return None
        keep = unused(Path(self._task.keep[out.path]))
        self._kept[out.path] = str(keep)
        return keep


@contextmanager
def _about(out: OutSpec) -> Iterator[None]:
    """What the system refuses is about this output, where it names no file itself (a full disk)."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = out.path
        raise


def _clear_away(paths: Iterable[Path]) -> None:
    """Remove scratch files. One that stays is no reason to fail: a later run sweeps it."""
    for path in paths:
        with suppress(OSError):
            remove(path)


def is_self_written(out: OutSpec) -> bool:
    """Whether the stage writes the output itself, in its place, while it runs."""
    return out.kind == "incremental" or _is_path_only(out)


def _is_path_only(out: OutSpec) -> bool:
    # By name: the coordinator asks this too, and has no use for the loaders otherwise.
    return (out.loader.module, out.loader.qualname) == ("pivot_core.loaders", "PathOnly")


def put_back(cache: ContentCache, task: Task, root: Path, touched: Collection[str]) -> None:
    """After a failure: replace what the stage has left of its outputs by what was there before.

    ``root`` is the project's: neither the coordinator nor a stage need be in it. ``touched``: outputs that
    the stage may have written itself.
    """
    for out in task.spec.outs:
        kept, aside = Path(task.keep[out.path]), task.aside.get(out.path)
        with suppress(UsageError):  # the stage has put a link there that leads out: nothing is done outside
            place = place_of(root, out.path)
            if aside is not None and os.path.lexists(aside):
                remove(place)
                if out.path in task.start:  # it came there by set_aside
                    move(Path(aside), place)
                else:
                    Path(aside).rename(place)
            elif os.path.lexists(kept):
                if is_self_written(out):
                    remove(place)
                move_back(kept, place)
            elif out.path in touched and is_self_written(out):
                _take_away(cache, task, out, place)


def _take_away(cache: ContentCache, task: Task, out: OutSpec, place: Path) -> None:
    """What a stage has left in the place of an output, from which nothing was moved."""
    if out.path not in task.there:
        remove(place)
    elif (digest := task.there[out.path]) is not None and out.path not in task.aside:
        # The place is on another file system.
        remove(place)
        with suppress(CorruptContent):  # it is set aside; the stage runs again anyway
            fetch(cache, digest, place, "copy" if out.kind == "incremental" else task.mode)


def _check_written(declared: str, value: object) -> Path:
    place = Path(declared)
    if not isinstance(value, str | os.PathLike):
        raise WrongOutput(
            f"the output {declared} has the loader PathOnly: the stage writes it and returns its path, "
            f"but it returned {type(value).__name__}"
        )
    if Path(value).resolve() != place.resolve():
        raise WrongOutput(f"the stage returned the path {os.fspath(value)!r}, but declares {declared!r}")
    if not place.exists():
        raise WrongOutput(f"the stage returned {declared!r} but didn't write it")
    return place
