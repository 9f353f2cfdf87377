"""Waits for edits in a project: the wake-up of ``run --watch``, and of editors that can't watch files by
themselves. What an edit means, the engine decides.

Folders are watched one by one and not as a tree, since a project may hold an environment with thousands
of them; and so are those outside that its links lead to. A thread collects what changes, also while a run is
under way.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import watchfiles

from pivot_core.execute.beyond import Beyond, beyond

if TYPE_CHECKING:
    from pivot_core.project import Project

# Edits that come together (saving all files, another branch checked out) are taken together. Milliseconds.
_QUIET_MS, _LONGEST_MS = 60, 1500
# What programs write beside the files that people edit.
_NOISE = re.compile(r"\.pivot-.*|.*~|\.#.*|#.*#|4913|.*\.sw[a-z]|.*\.py[co]|\.DS_Store")
_SETTINGS = r"config\.yaml"  # in .pivot/, where nothing else is watched, unless somebody asks for it


class Changes:
    """A context manager. ``wait`` gives logical paths below the project's root, but for Pivot's own.

    ``records``: also those of the lock files and the state, which tell of other runs.
    """

    def __init__(self, project: Project, *, records: bool = False) -> None:
        self._project = project
        # What counts in folders of Pivot's own, by its name.
        self._own = {project.home: re.compile(_SETTINGS)}
        if records:
            parts = f"{_SETTINGS}|{project.locks.name}|{project.state.name}"
            self._own = {
                project.home: re.compile(parts),
                project.locks: re.compile(r".*\.lock"),
                project.state: re.compile(r"data\.mdb"),
            }
        self._found: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._folders: list[str] = []
        self._beyond = Beyond({}, {})
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
        if any(map(self._leads_on, found)) or not all(map(os.path.isdir, self._folders)):
            self._watch()
        return found

    def _leads_on(self, path: str) -> bool:
        """Whether a folder, or a link, has come or may have gone there."""
        place = self._project.root / path
        return place.is_dir() or place.is_symlink() or not place.exists()

    def _watch(self) -> None:
        own, links = self._own_folders()
        self._beyond = beyond(str(self._project.root), links)
        folders = sorted({*own, *self._beyond.watched})
        if folders == self._folders and self._thread is not None and self._thread.is_alive():
            return  # (a folder that went, and came again, has ended it)
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

    def _own_folders(self) -> tuple[list[str], list[str]]:
        """The folders of the project that aren't hidden, and no environments or caches; the links in them."""
        waiting, links = [str(self._project.root)], []
        found = [str(folder) for folder in self._own if folder.is_dir()]
        while waiting:
            folder = waiting.pop()
            found.append(folder)
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue  # it has just gone
            for entry in entries:
                if entry.is_symlink():
                    links.append(entry.path)
                # (By a file in it, since what decides is the folders around it.)
                elif entry.is_dir() and self._project.is_own(Path(entry.path, "x")):
                    waiting.append(entry.path)
        return found, links

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
            self._found.put({self._name(path) for _, path in changes})

    def _name(self, path: str) -> str:
        """What the project calls it."""
        return self._beyond.name(path) or os.path.relpath(path, self._project.root)

    def _counts(self, change: watchfiles.Change, path: str) -> bool:
        place = Path(path)
        if place.parent in self._own:
            return self._own[place.parent].fullmatch(place.name) is not None
        if not place.is_relative_to(self._project.root) and self._beyond.name(path) is None:
            return False
        return _NOISE.fullmatch(place.name) is None
