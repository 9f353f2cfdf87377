"""Putting the content of one file at another path: reflink, hard link, symbolic link or copy.

``auto`` never links: whoever writes into a linked output in place writes into the cache, if only file modes
keep him from it (root they don't). What a link saves in disk space has to be asked for.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Literal

LinkMode = Literal["auto", "reflink", "hardlink", "symlink", "copy"]
Method = Literal["reflink", "hardlink", "symlink", "copy"]

_METHODS: dict[LinkMode, tuple[Method, ...]] = {
    "auto": ("reflink", "copy"),
    "reflink": ("reflink", "copy"),
    "hardlink": ("hardlink", "copy"),
    "symlink": ("symlink", "copy"),
    "copy": ("copy",),
}
_UNSUPPORTED = frozenset(
    {
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.EINVAL,
        errno.ENOSYS,
        errno.ENOTTY,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
    }
)
# This file has all the links it may have; others of the device may have more.
_EXHAUSTED = frozenset({errno.EMLINK})
_FICLONE = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
_PRIVATE = 0o644


class Linker:
    """Places files, and remembers which method which pair of devices can't do."""

    def __init__(self) -> None:
        self._unsupported: set[tuple[Method, int, int]] = set()

    def place(self, source: Path, fresh: Path, mode: LinkMode, destination: Path | None = None) -> Method:
        """Put ``source``'s content at ``fresh``, where nothing is; returns how it was done.

        Reflinks and copies are private and writable (0644); a hard link is the source itself. A symbolic
        link is relative, so that the project can be moved: it holds at ``destination``, where ``fresh``
        will be renamed to. A method that the file system can't do is replaced by the next one, in the end
        by a copy. Raises OSError.
        """
        destination = destination or fresh
        devices = (source.stat().st_dev, fresh.parent.stat().st_dev)
        for method in _METHODS[mode]:
            if (method, *devices) not in self._unsupported and self._try(
                method, source, fresh, destination, devices
            ):
                return method
        raise AssertionError("a copy either works or raises")  # pragma: no cover

    def _try(
        self, method: Method, source: Path, fresh: Path, destination: Path, devices: tuple[int, int]
    ) -> bool:
        if method == "copy":
            _copy(source, fresh)
            return True
        try:
            if method == "reflink":
                _reflink(source, fresh)
            elif method == "hardlink":
                os.link(source, fresh)
            else:
                fresh.symlink_to(os.path.relpath(source, os.path.realpath(destination.parent)))
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                self._unsupported.add((method, *devices))
            elif error.errno not in _EXHAUSTED:
                raise
            return False
        return True


def _open_fresh(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    os.fchmod(descriptor, _PRIVATE)
    return descriptor


def _copy(source: Path, fresh: Path) -> None:
    with source.open("rb") as reader:
        descriptor = _open_fresh(fresh)
        try:
            with os.fdopen(descriptor, "wb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def _reflink(source: Path, fresh: Path) -> None:
    if sys.platform == "linux":
        _clone_by_ioctl(source, fresh)
    elif sys.platform == "darwin":
        _clone_by_clonefile(source, fresh)
    else:
        raise OSError(errno.ENOTSUP, "no reflinks on this platform")


def _clone_by_ioctl(source: Path, fresh: Path) -> None:
    import fcntl

    with source.open("rb") as reader:
        descriptor = _open_fresh(fresh)
        try:
            with os.fdopen(descriptor, "wb"):
                fcntl.ioctl(descriptor, _FICLONE, reader.fileno())
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def _clone_by_clonefile(source: Path, fresh: Path) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.clonefile(os.fsencode(source), os.fsencode(fresh), 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(fresh))
    fresh.chmod(_PRIVATE)
