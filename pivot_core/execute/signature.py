"""What tells that a file is another one than it was, without reading it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Signature: TypeAlias = tuple[int, int, int, int]


def signature(path: str | Path) -> Signature | None:
    """Size, mtime, ctime and inode of a file; None when it isn't there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every module before every stage
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
