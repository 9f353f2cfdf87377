"""Tells of files that change, for clients that can't: a thread a project that waits for it.

What a client can watch by itself, it is asked for (see ``features/watching.py``): it does so anyway.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.project import Project
from pivot_lsp.answers import Known

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_lsp.answers import Answer
    from pivot_lsp.session import Session

_SETTINGS = frozenset({"params.yaml", "pyproject.toml", "config.yaml", "data.mdb"})
_PATIENCE_S = 5.0  # until a thread sees that it isn't needed any more


class Watching:
    """Use from the event loop's thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stops: dict[Path, threading.Event] = {}
        self._artifacts: dict[Path, frozenset[str]] = {}  # what the stages of each project read and write
        session.on_verdicts(self._answered)

    def begin(self, root: Path) -> None:
        """Follow the files of a project."""
        if root not in self._stops:
            self._stops[root] = threading.Event()
            loop = asyncio.get_running_loop()

            def tell(paths: set[str]) -> None:
                loop.call_soon_threadsafe(self._changed, root, paths)

            threading.Thread(
                target=_follow, args=(root, tell, self._stops[root]), name="pivot-files", daemon=True
            ).start()

    def end(self, root: Path) -> None:
        """Nobody is interested in a project any more."""
        self._artifacts.pop(root, None)
        stop = self._stops.pop(root, None)
        if stop is not None:
            stop.set()

    def _answered(self, root: Path, answer: Answer) -> None:
        if isinstance(answer, Known):
            self._artifacts[root] = frozenset(path for item in answer.stages for path in item.spec.paths)

    def _changed(self, root: Path, paths: set[str]) -> None:
        """Whatever else changes, such as a log that is written whenever ``pipeline.py`` is read, is nobody's
        business."""
        if root not in self._stops:
            return
        known = self._artifacts.get(root, frozenset())
        data = [path for path in sorted(paths) if not _is_ours(path) and _is_in(path, known)]
        # Thousands of data files may change at once, and all mean the same: look again.
        for path in (*filter(_is_ours, sorted(paths)), *data[:1]):
            self._session.outdated(root / path)


def _is_ours(path: str) -> bool:
    """Whether it is code, settings, or a record: what clients are asked for, too."""
    name = path.rpartition("/")[2]
    return name.endswith((".py", ".lock")) or name in _SETTINGS


def _is_in(path: str, artifacts: frozenset[str]) -> bool:
    """Whether it is an artifact, or is in one that is a folder."""
    parts = path.split("/")
    folders = ("/".join(parts[:count]) + "/" for count in range(1, len(parts) + 1))
    return path in artifacts or any(folder in artifacts for folder in folders)


def _follow(root: Path, tell: Callable[[set[str]], None], stop: threading.Event) -> None:
    from pivot_core.execute.changes import Changes  # with watchfiles, which most editors don't need

    with Changes(Project(root), records=True) as changes:
        while not stop.is_set():
            found = changes.wait(_PATIENCE_S)
            if found:
                tell(found)
