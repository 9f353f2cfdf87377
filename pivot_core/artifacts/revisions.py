"""What outputs and records were in a commit: from git where they are in it, else from the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_core.store.digests import is_tree
from pivot_core.store.git import Git
from pivot_core.store.lock import Locks, UnreadableLock

if TYPE_CHECKING:
    from pivot_core.project import Project
    from pivot_core.store.cache import ContentCache
    from pivot_core.types import Lock


class Revision:
    """A commit of the project's repository. Raises UsageError if ``name`` means none."""

    def __init__(self, project: Project, cache: ContentCache, name: str) -> None:
        self.name = name
        self._git = Git(project.root)
        self.commit = self._git.commit(name)
        self._cache = cache
        self._locks = Locks(project.locks)
        folder = project.locks.relative_to(project.root).as_posix()
        self._files = self._git.read_all(self.commit, folder)

    def lock(self, stage: str) -> Lock | None:
        """What was recorded of a stage; None if nothing was, or nothing that can be read."""
        data = self._files.get(self._locks.path_of(stage).name)
        if data is None:
            return None
        try:
            return self._locks.decode(stage, data)
        except UnreadableLock:
            return None

    def content(self, stage: str, path: str) -> bytes | None:
        """What a file that is an output of the stage was; None if neither git nor the cache has it.

        Raises CorruptContent.
        """
        if (data := self._git.read(self.commit, path)) is not None:
            return data
        lock = self.lock(stage)
        digest = lock.outs.get(path) if lock is not None else None
        if digest is None or is_tree(digest) or not self._cache.has(digest):
            return None
        return self._cache.read(digest)

    def why_none(self, stage: str, path: str) -> str:
        """Why there is no ``content``."""
        lock = self.lock(stage)
        if lock is None:
            return f"{stage} has no record in {self.name}"
        if path not in lock.outs:
            return f"{stage} didn't make it in {self.name}"
        return f"{self.name} has it neither in git nor in the cache here"
