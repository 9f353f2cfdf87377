"""What tells that a file is another one than it was, without reading it."""

from __future__ import annotations

import stat as modes
from os import stat  # as it is before a worker listens to those that user code asks
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Signature: TypeAlias = tuple[int, int, int, int]


def signature(path: str | Path) -> Signature | None:
    """Size, mtime, ctime and inode of a file; None when it isn't there."""
    try:
        found = stat(path)  # noqa: PTH116 - called for every module before every stage
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def is_file(path: str | Path) -> bool:
    """Whether it is a regular file, or a link to one."""
    try:
        return modes.S_ISREG(stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False
