"""The content-addressed cache: a file's name is the digest of its bytes, and restoring proves it.

``files/ab/cdef…`` (0444) holds files; manifests of trees are ``….dir`` beside them. An object appears
by one rename of a complete file, so a killed process leaves at worst a scratch file that nobody reads.
One that isn't what its name says is moved to ``damaged/``: it may be somebody's edit of a linked output.

The change time of an object says when it was last made or used; ``gc`` goes by it.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from pivot_core.errors import CorruptContent, UsageError
from pivot_core.store import tree
from pivot_core.store.atomic import remove, scratch_path, swap_in, write_scratch
from pivot_core.store.digests import SMALL, TREE_SUFFIX, hash_bytes, hash_file, is_digest, is_tree
from pivot_core.store.links import Linker, LinkMode, Method

T = TypeVar("T")
Around = Callable[[], AbstractContextManager[None]]
"""What surrounds the moment in which something comes in the place of what stood there."""

_READ_ONLY = 0o444


class ContentCache:
    """``root`` is the project's cache folder, ``scratch`` one for half-made files of the project."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch
        self._linker = Linker()

    @cached_property
    def _workshop(self) -> Path:
        """Where objects are made: on the file system that they will be on, since the cache may be a link to
        a larger disk."""
        for folder in (self.root, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        return self.scratch if self.root.stat().st_dev == self.scratch.stat().st_dev else self.root / "tmp"

    # --- asking ---------------------------------------------------------------------------------

    def path_of(self, digest: str) -> Path:
        """Where the object is, or would be. Raises CorruptContent if that isn't a digest at all."""
        if not is_digest(digest):
            raise CorruptContent(f"not the digest of any content: {digest!r}")
        return self.root / "files" / digest[:2] / digest[2:]

    def has(self, digest: str) -> bool:
        """Whether the object is there; for a tree: with all its files. Reads no content of files."""
        if not is_digest(digest) or not self.path_of(digest).is_file():
            return False
        if not is_tree(digest):
            return True
        try:
            return all(self.path_of(file).is_file() for file in self.manifest(digest).values())
        except CorruptContent:
            return False

    def manifest(self, digest: str) -> dict[str, str]:
        """Relative path to digest, for the tree ``digest``. Raises CorruptContent (a bad one is
        set aside)."""
        path = self.path_of(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _missing(digest) from None
        if hash_bytes(data) + TREE_SUFFIX != digest:
            raise self._set_aside(digest)
        return tree.decode(data)

    def listing(self, digest: str) -> dict[str, str] | None:
        """``manifest`` to tell of only: names may be any, nothing is set aside. None: it can't be had."""
        try:
            data = self.path_of(digest).read_bytes()
            if hash_bytes(data) + TREE_SUFFIX != digest:
                return None
            return msgspec.json.decode(data, type=dict[str, str])
        except (CorruptContent, OSError, msgspec.MsgspecError):
            return None

    def read(self, digest: str) -> bytes:
        """The bytes of a file. Raises CorruptContent, OSError."""
        data = self._verified(digest).read_bytes()
        if hash_bytes(data) != digest:
            raise _missing(digest)  # changed since it was verified
        return data

    def is_linked(self, path: Path) -> bool:
        """Whether the file is a symbolic link into the cache, or the folder has one in it."""
        if path.is_symlink():
            return os.path.realpath(path).startswith(self._home())
        if not path.is_dir():
            return False
        return any(file.linked and self.is_linked(Path(file.path)) for file in tree.walk(str(path)).files)

    def _home(self) -> str:
        return os.path.realpath(self.root) + os.sep

    # --- publishing -----------------------------------------------------------------------------

    def add(self, path: Path, *, move: bool = False) -> str:
        """Publish the content of one regular file; returns its digest.

        With ``move`` the file is gone afterwards, and wasn't copied if that could be avoided. Raises
        UsageError if it isn't a regular file, OSError if it can't be read.
        """
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"can't keep {path}: it is no regular file")
        if move and status.st_nlink == 1 and not path.is_symlink():
            return self._add_by_rename(path)
        digest = self._add_by_copy(path, status.st_size)
        if move:
            path.unlink()
        return digest

    def add_bytes(self, data: bytes) -> str:
        """Publish these bytes as a file; returns its digest."""
        digest = hash_bytes(data)
        self._add_bytes_as(digest, data)
        return digest

    def add_tree(self, path: Path) -> str:
        """Publish every file under a folder, then the manifest; returns the digest of the tree.

        Raises UsageError, OSError as ``add_signed_tree`` does.
        """
        return self.add_signed_tree(path)[0]

    def add_signed_tree(self, path: Path) -> tuple[str, bytes]:
        """``add_tree``, with the signature that the folder had before any of it was read.

        Raises UsageError naming what can't be kept (links that leave the folder, pipes, …).
        """
        listing = tree.walk(str(path))
        tree.check_publishable(str(path), listing, self._home())
        digest = self.add_listing({file.name: self.add(Path(file.path)) for file in listing.files})
        return digest, tree.signature(listing.files)

    def add_listing(self, manifest: Mapping[str, str]) -> str:
        """Publish the manifest of a tree, whose files may be elsewhere; returns the digest of the tree."""
        data = tree.encode(manifest)
        digest = hash_bytes(data) + TREE_SUFFIX
        self._add_bytes_as(digest, data)
        return digest

    def _add_by_rename(self, path: Path) -> str:
        digest = hash_file(path)
        if self._is_intact(digest, path.stat().st_size):
            path.unlink()
            return digest
        try:
            self._publish(path, digest)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            digest = self._add_by_copy(path, path.stat().st_size)
            path.unlink()
        return digest

    def _add_by_copy(self, path: Path, size: int) -> str:
        """The digest is always that of the bytes that were kept, whatever happens to ``path`` meanwhile."""
        if size <= SMALL:
            return self.add_bytes(path.read_bytes())
        digest = hash_file(path)
        if self._is_intact(digest, size):
            return digest
        self._workshop.mkdir(exist_ok=True)
        fresh = scratch_path(self._workshop)
        try:
            self._linker.place(path, fresh, "reflink")
            digest = hash_file(fresh)
            self._publish(fresh, digest)
        finally:
            fresh.unlink(missing_ok=True)
        return digest

    def _add_bytes_as(self, digest: str, data: bytes) -> None:
        if self._is_intact(digest, len(data)):
            return
        fresh = write_scratch(self._workshop, data)
        try:
            self._publish(fresh, digest)
        finally:
            fresh.unlink(missing_ok=True)

    def _publish(self, fresh: Path, digest: str) -> None:
        fresh.chmod(_READ_ONLY)
        target = self.path_of(digest)
        try:
            fresh.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh.replace(target)

    def _is_intact(self, digest: str, size: int) -> bool:
        """Whether the object is there and right: to keep a bad one would record content that isn't."""
        path = self.path_of(digest)
        try:
            if path.stat().st_size != size or _address(path, digest) != digest:
                self._set_aside(digest)
                return False
        except FileNotFoundError:
            return False
        _touch(path)
        return True

    # --- restoring ------------------------------------------------------------------------------

    def restore(
        self, digest: str, destination: Path, mode: LinkMode = "auto", around: Around = nullcontext
    ) -> Method:
        """Put a file of the cache at ``destination``, replacing what is there; returns how that was done.

        It is made ready first; ``around`` then surrounds the replacing, once more if that takes a second try.
        Raises CorruptContent if the object isn't there, or isn't what it should be (then it is set aside).
        """
        source = self._verified(digest)
        return self._into_place(
            destination, lambda fresh: self._place(source, fresh, mode, destination), around
        )

    def restore_tree(
        self, digest: str, destination: Path, mode: LinkMode = "auto", around: Around = nullcontext
    ) -> Method | None:
        """Put a tree of the cache at ``destination``, replacing what is there: all of it or nothing. Returns
        how that was done: "copy" if some of its files had to be copied, None if it has no files.

        Raises CorruptContent as ``restore`` does, and UsageError where the file system can't tell two of its
        names apart; the destination is as it was then.
        """
        sources = {name: self._verified(file) for name, file in self.manifest(digest).items()}

        def build(fresh: Path) -> Method | None:
            methods: set[Method] = set()
            fresh.mkdir()
            for name, source in sources.items():
                target = fresh / name
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    methods.add(self._place(source, target, mode, destination / name))
                except FileExistsError as error:
                    raise UsageError(
                        f"can't restore the directory {destination}: this file system takes {name!r} for "
                        "another name in it (they may differ in case only)"
                    ) from error
            return "copy" if "copy" in methods else next(iter(methods), None)

        return self._into_place(destination, build, around)

    def _place(self, source: Path, fresh: Path, mode: LinkMode, destination: Path) -> Method:
        if source.stat().st_nlink == 1:  # else it would change the files that are this object, too
            _touch(source)
        return self._linker.place(source, fresh, mode, destination)

    def check(self, digest: str) -> bool:
        """Whether the object is there and right. Reads all of it; a bad one is set aside."""
        try:
            self._verified(digest)
        except CorruptContent:
            return False
        return True

    def _verified(self, digest: str) -> Path:
        path = self.path_of(digest)
        try:
            actual = _address(path, digest)
        except FileNotFoundError:
            raise _missing(digest) from None
        if actual != digest:
            raise self._set_aside(digest)
        return path

    @property
    def damaged(self) -> Path:
        """Where objects are that weren't what their names say. Nothing is read from here, and nothing is
        removed: it may be somebody's work."""
        return self.root / "damaged"

    def set_aside(self) -> tuple[int, int]:
        """How many objects were, and their size in bytes."""
        sizes = [path.lstat().st_size for path in self.damaged.iterdir()] if self.damaged.is_dir() else []
        return len(sizes), sum(sizes)

    def _set_aside(self, digest: str) -> CorruptContent:
        """Out of the way of the right content; returns what to say."""
        to = self.damaged / f"{digest}-{secrets.token_hex(4)}"
        to.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self.path_of(digest).rename(to)
        return CorruptContent(
            f"the cache's content {digest} was changed by somebody, or by a fault of the disk, and was set "
            "aside: the stage that makes it has to run again"
        )

    def _into_place(self, destination: Path, make: Callable[[Path], T], around: Around) -> T:
        """Make it in our scratch folder, so that a killed process leaves nothing among the user's files.

        That can't be where the destination is on another file system; then beside it.
        """
        destination.parent.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        try:
            return _make_and_swap(self.scratch, destination, make, around)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return _make_and_swap(destination.parent, destination, make, around)


def _make_and_swap(workshop: Path, destination: Path, make: Callable[[Path], T], around: Around) -> T:
    fresh = scratch_path(workshop)
    try:
        made = make(fresh)
        with around():
            swap_in(fresh, destination)
        return made
    finally:
        remove(fresh)


def _address(path: Path, digest: str) -> str:
    return hash_file(path) + (TREE_SUFFIX if is_tree(digest) else "")


def _missing(digest: str) -> CorruptContent:
    return CorruptContent(f"the cache has no content {digest}: the stage that makes it has to run again")


def _touch(path: Path) -> None:
    """Note that it was used. (In a cache of several people, only its owner may.)"""
    with suppress(PermissionError):
        os.utime(path)
