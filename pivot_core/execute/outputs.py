"""What a worker does with the outputs of a stage: make room, save, publish, and put back on failure.

Order: every value is saved to a scratch file first, then all content goes into the cache, then into its
place. So a stage that fails while its second output is saved has changed nothing that was there.
Outputs that the stage writes itself (PathOnly, directories, incremental ones) can't wait: what was there is
moved or removed before the stage runs, and had back from the cache if it fails.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.errors import CorruptContent, PivotError
from pivot_core.store.atomic import remove, scratch_path
from pivot_core.store.digests import is_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pivot_core.define.bind import Binding, BoundOut
    from pivot_core.execute.messages import Task
    from pivot_core.store.cache import ContentCache
    from pivot_core.store.links import LinkMode
    from pivot_core.types import OutSpec


class WrongOutput(PivotError):  # noqa: N818 - named for what it is
    """What the stage returned or wrote isn't what it declares."""


class Outputs:
    """The outputs of one task, in the project at the current directory."""

    def __init__(self, task: Task, binding: Binding, cache: ContentCache, scratch: Path) -> None:
        self._task = task
        self._binding = binding
        self._cache = cache
        self._scratch = scratch
        self._half_made: list[Path] = []
        self._path_only = {out.path for out in task.spec.outs if _is_path_only(out)}

    def make_room(self) -> None:
        """Before the stage runs: foreign files aside, self-written outputs away, incremental ones back."""
        for path, kept in self._task.keep.items():
            move_aside(self._cache, Path(path), Path(kept))
        for out in self._task.spec.outs:
            place = Path(out.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if out.path in self._task.aside:
                place.rename(self._task.aside[out.path])
            if out.kind == "incremental" and out.path in self._task.previous:
                # Always a private copy: the stage may change it in place.
                fetch(self._cache, self._task.previous[out.path], place, "copy")
            elif is_self_written(out):
                remove(place)
                if out.kind == "directory":
                    place.mkdir()

    def publish(self, values: Mapping[str, object]) -> dict[str, str]:
        """Save what the stage returned, publish it and put it in place; logical path -> digest.

        Raises WrongOutput, and whatever a writer raises.
        """
        self._scratch.mkdir(parents=True, exist_ok=True)
        try:
            saved = {out.path: self._save(out, values[out.key]) for out in self._binding.outs}
            digests = {out.path: self._add(out, saved[out.path]) for out in self._task.spec.outs}
            for out in self._task.spec.outs:
                self._put_in_place(out, digests[out.path])
        finally:
            _clear_away(self._half_made)
        _clear_away(map(Path, self._task.aside.values()))
        return digests

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
        out.writer.save(value, path)
        if not path.exists():
            raise WrongOutput(f"{type(out.writer).__name__} wrote no file for {out.path}")
        return path

    def _add(self, out: OutSpec, path: Path) -> str:
        if out.kind == "directory" or path.is_dir():
            return self._cache.add_tree(path)
        # An incremental output's own file stays where it is: the cache gets a copy of it.
        return self._cache.add(path, move=out.kind != "incremental")

    def _put_in_place(self, out: OutSpec, digest: str) -> None:
        place = Path(out.path)
        if out.kind == "incremental":
            if out.path not in self._path_only:
                fetch(self._cache, digest, place, "copy")
        elif not (is_self_written(out) and place.is_dir()):
            fetch(self._cache, digest, place, self._task.mode)


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


def put_back(cache: ContentCache, task: Task, root: Path) -> None:
    """After a failure: replace what the stage has left of its outputs by what was there before.

    ``root`` is the project's: neither the coordinator nor a stage need be in it.
    """
    for out in task.spec.outs:
        kept, place = task.keep.get(out.path), root / out.path
        if kept is not None and not os.path.lexists(kept):
            continue  # never touched: nothing was moved aside yet
        if (aside := task.aside.get(out.path)) is not None:
            if os.path.lexists(aside):
                remove(place)
                Path(aside).rename(place)
            continue
        if is_self_written(out):
            remove(place)
        if kept is not None and not os.path.lexists(place):
            shutil.move(kept, place)
        if not is_self_written(out):
            continue
        if (digest := task.previous.get(out.path)) is not None:
            try:
                fetch(cache, digest, place, "copy" if out.kind == "incremental" else task.mode)
            except CorruptContent:
                continue  # set aside; the stage runs again anyway


def fetch(cache: ContentCache, digest: str, place: Path, mode: LinkMode) -> None:
    """Put a file or tree of the cache in its place. Raises CorruptContent, OSError."""
    if is_tree(digest):
        cache.restore_tree(digest, place, mode)
    else:
        cache.restore(digest, place, mode)


def move_aside(cache: ContentCache, path: Path, to: Path) -> None:
    """Move what stands at ``path`` (made by somebody else) to ``to``. Links into the cache become files: they
    would lead nowhere from there, and their content may go from the cache."""
    if not os.path.lexists(path):
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and cache.is_linked(path):
        if path.is_dir():
            shutil.copytree(path, to)
        else:
            shutil.copyfile(path, to)
        remove(path)
    else:
        shutil.move(path, to)


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
