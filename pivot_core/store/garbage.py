"""Which content of the cache nothing refers to, and removing it.

What counts as a reference: a digest in a lock file, in the work tree or at the head of a branch, a tag or
the stash of the git repository; the files of a tree that is referred to; and a link in the project that
leads to it; and of a folder that a stage reads the listing, not its files. Results of earlier runs that only
the local state remembers don't: bringing those back is what the cache is for until room is needed.

Content younger than ten minutes stays: its lock file may be about to be written. (Runs and this exclude each
other, too; see ``execute/claims.py``.)
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.errors import CorruptContent, UsageError
from pivot_core.store.cache import ContentCache
from pivot_core.store.digests import is_digest, is_tree
from pivot_core.store.git import Git
from pivot_core.store.lock import Locks, UnreadableLock

if TYPE_CHECKING:
    from pivot_core.project import Project

_YOUNG_S = 600.0
# What to do with damaged objects: who writes into an output that is a link has edited one.
SET_ASIDE = "see whether one has an edit of yours, and remove the folder"


class Garbage(NamedTuple):
    """An object that nothing refers to; its size in bytes."""

    digest: str
    path: Path
    size: int


def referenced(cache: ContentCache, project: Project) -> set[str]:
    """All digests that are referred to.

    Raises UsageError if a lock file or the git repository can't be read: nobody knows what it refers to then.
    """
    locks, git = Locks(project.locks), Git(project.root)
    folder = project.locks.relative_to(project.root).as_posix()
    found: set[str] = set()
    read: set[str] = set()
    for stage, lock in locks.read_all(locks.names()).items():
        if isinstance(lock, UnreadableLock):
            raise UsageError(
                f"the lock file of {stage} can't be read ({lock.why}), so what it refers to isn't known\n"
                f"    mend {lock.path}, or remove it, and try again"
            )
        found.update(lock.outs.values())
        read.update(digest for digest in lock.deps.values() if is_tree(digest))
    for commit in git.heads():
        for name, data in git.read_all(commit, folder).items():
            # One that can't be read there is kept as it was: nobody can take it up again.
            found.update(_outs_of(locks, name, data))
    return found | read | set(_files_of(cache, found)) | set(_linked(cache, project))


def garbage(cache: ContentCache, kept: set[str]) -> list[Garbage]:
    """The objects of the cache that aren't among ``kept`` and aren't young. Raises OSError."""
    limit = time.time() - _YOUNG_S
    found = []
    for path in sorted((cache.root / "files").glob("??/*")):
        digest = path.parent.name + path.name
        if is_digest(digest) and digest not in kept:
            status = path.lstat()
            if status.st_ctime < limit:
                found.append(Garbage(digest, path, status.st_size))
    return found


def _outs_of(locks: Locks, name: str, data: bytes) -> Iterable[str]:
    stage = locks.stage_of(name)
    if stage is None:
        return ()
    try:
        lock = locks.decode(stage, data)
    except UnreadableLock:
        return ()
    return () if lock is None else lock.outs.values()


def _linked(cache: ContentCache, project: Project) -> Iterator[str]:
    """What links in the project lead to: outputs may be links, also those that no lock file speaks of now."""
    home = os.path.realpath(cache.root / "files") + os.sep
    for at, folders, files in os.walk(project.root):
        if at == str(project.root):
            folders[:] = [name for name in folders if name not in (".git", project.home.name)]
        for name in files:
            path = f"{at}/{name}"
            if os.path.islink(path) and (real := os.path.realpath(path)).startswith(home):  # noqa: PTH114
                yield real[len(home) :].replace(os.sep, "")


def _files_of(cache: ContentCache, digests: Iterable[str]) -> Iterator[str]:
    for digest in digests:
        if is_tree(digest) and cache.path_of(digest).is_file():
            try:
                yield from cache.manifest(digest).values()
            except CorruptContent:
                continue  # it is set aside now; what it named is known to nobody
