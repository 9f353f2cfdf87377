"""Waits for edits in a project: the wake-up of ``run --watch``. What an edit means, the engine decides.

Folders are watched one by one and not as a tree, since a project may hold an environment with thousands
of them. A thread collects what changes, also while a run is under way.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import watchfiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_core.project import Project

# Edits that come together (saving all files, another branch checked out) are taken together. Milliseconds.
_QUIET_MS, _LONGEST_MS = 60, 1500
# What programs write beside the files that people edit.
_NOISE = re.compile(r"\.pivot-.*|.*~|\.#.*|#.*#|4913|.*\.sw[a-z]|.*\.py[co]|\.DS_Store")
_SETTINGS = "config.yaml"  # in .pivot/, where nothing else is watched


class Changes:
    """A context manager. ``wait`` gives logical paths below the project's root, but for Pivot's own."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._folders: list[str] = []
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._watch()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()

    def wait(self, seconds: float | None = None) -> set[str]:
        """What has changed since the last call; waits for something, or for at most ``seconds``."""
        found: set[str] = set()
        try:
            while True:
                found |= self._found.get(timeout=0.0 if found else seconds)
        except queue.Empty:
            pass
        if any((self._project.root / path).is_dir() for path in found) or self._gone():
            self._watch()  # a folder has come or gone
        return found

    def _gone(self) -> bool:
        return not all(map(os.path.isdir, self._folders))

    def _watch(self) -> None:
        folders = sorted(self._own_folders())
        if folders == self._folders:
            return
        self._end()
        self._folders, self._stop = folders, threading.Event()
        self._thread = threading.Thread(
            target=self._collect, args=(folders, self._stop), name="changes", daemon=True
        )
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _own_folders(self) -> Iterator[str]:
        """The folders of the project that aren't hidden, and no environments or caches."""
        waiting = [self._project.root]
        if self._project.home.is_dir():
            yield str(self._project.home)
        while waiting:
            folder = waiting.pop()
            yield str(folder)
            try:
                below = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()]
            except OSError:
                continue  # it has just gone
            # (By a file in it, since what decides is the folders around it.)
            waiting += [path for path in below if self._project.is_own(path / "x") and not path.is_symlink()]

    def _collect(self, folders: list[str], stop: threading.Event) -> None:
        try:
            self._collect_by(folders, stop, polling=False)
        except FileNotFoundError:
            self._found.put(set())  # a folder has gone meanwhile: look again
        except (OSError, RuntimeError):  # the system has no more watches, or has none
            self._collect_by(folders, stop, polling=True)

    def _collect_by(self, folders: list[str], stop: threading.Event, *, polling: bool) -> None:
        for changes in watchfiles.watch(
            *folders,
            watch_filter=self._counts,
            debounce=_LONGEST_MS,
            step=_QUIET_MS,
            stop_event=stop,
            rust_timeout=200,
            force_polling=polling,
            recursive=False,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            self._found.put({os.path.relpath(path, self._project.root) for _, path in changes})

    def _counts(self, change: watchfiles.Change, path: str) -> bool:
        place = Path(path)
        if place.parent == self._project.home:
            return place.name == _SETTINGS
        return _NOISE.fullmatch(place.name) is None
