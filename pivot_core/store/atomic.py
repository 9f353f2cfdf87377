"""Files that appear whole or not at all, also when the process is killed half-way.

Everything is made under a fresh scratch name and then renamed. Nothing is fsynced: what a power cut can
tear is found by its readers (cache content is verified, locks are parsed, the database is a cache).
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from pathlib import Path

_SCRATCH_NAME = re.compile(r"\.pivot-[0-9a-f]{16}\.")
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What renaming says when a folder is in the way of a file, or anything is in the way of a folder.
_IN_THE_WAY = frozenset({errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST})


def is_scratch(name: str) -> bool:
    """Whether a file of this name is one of our half-made ones (nobody else's business)."""
    return _SCRATCH_NAME.match(name) is not None


def scratch_path(folder: Path, suffix: str = "tmp") -> Path:
    """A name in ``folder`` that nothing has. Nothing is made."""
    return folder / f".pivot-{secrets.token_hex(8)}.{suffix}"


def scratch_file(folder: Path, suffix: str = "tmp") -> tuple[int, Path]:
    """Make an empty file in ``folder`` (made if missing); returns its write descriptor and path.

    Never follows a link or opens what is there already. The caller closes and removes.
    """
    path = scratch_path(folder, suffix)
    try:
        return os.open(path, _FRESH, 0o666), path
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(path, _FRESH, 0o666), path


def write_scratch(folder: Path, data: bytes) -> Path:
    """A scratch file in ``folder`` with this content, closed. The caller renames or removes it."""
    descriptor, path = scratch_file(folder)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            write_all(file.fileno(), data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def write_all(descriptor: int, data: bytes) -> None:
    """``os.write`` until all of ``data`` is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_bytes(path: Path, data: bytes) -> None:
    """Make or replace the file ``path``; readers see the old content or the new one."""
    scratch = write_scratch(path.parent, data)
    try:
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


def swap_in(fresh: Path, destination: Path) -> None:
    """Rename ``fresh`` (file or folder, on the same file system) to ``destination``.

    What stood there goes, whatever it was; a link is replaced, not followed. Between two files this is
    one atomic step. Where a folder is involved, a process killed half-way leaves no destination, and
    what stood there under a scratch name beside ``fresh``.
    """
    try:
        fresh.replace(destination)
    except OSError as error:
        if error.errno not in _IN_THE_WAY or not os.path.lexists(destination):
            raise
        _replace_by_two_renames(fresh, destination)
    # Renaming one hard link of a file over another link of it does nothing, and leaves both.
    if os.path.lexists(fresh):
        fresh.unlink()


def _replace_by_two_renames(fresh: Path, destination: Path) -> None:
    aside = scratch_path(fresh.parent)
    destination.rename(aside)
    try:
        fresh.rename(destination)
    except BaseException:
        aside.rename(destination)
        raise
    remove(aside)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; nothing there is fine."""
    try:
        is_folder = stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if is_folder:
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep(folder: Path, older_than_s: float = 86_400.0) -> int:
    """Remove scratch files that killed processes left in ``folder``; returns how many (age in seconds)."""
    if not folder.is_dir():
        return 0
    limit = time.time() - older_than_s
    old = [path for path in folder.iterdir() if is_scratch(path.name) and path.lstat().st_ctime < limit]
    for path in old:
        remove(path)
    return len(old)
