"""What tells that a file is another one than it was, without reading it: size, mtime, ctime and inode.

The ctime can't be set back by a program, so an edit that keeps size and mtime shows. What it can't show is a
second edit within one tick of the file system's clock; so what was read of a file that was that young then
isn't kept ("racy" in git's words).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

_YOUNG_NS = 20_000_000  # the kernel's clock for files ticks every 4 to 10 ms
_YOUNG_COARSE_NS = 2_000_000_000  # FAT, HFS+, some network file systems: whole seconds, or even ones
_SECOND_NS = 1_000_000_000
_SIGNATURE = struct.Struct("<QqqQ")
_INODE_MASK = (1 << 64) - 1

SIZE = _SIGNATURE.size


def signature_of(status: os.stat_result) -> bytes:
    """Of ``SIZE`` bytes."""
    return _SIGNATURE.pack(
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & _INODE_MASK
    )


def identity_of(status: os.stat_result) -> bytes:
    """Another one after each edit, also one that is taken back; but not after links to the file came or went.

    A file that nobody may write may be an object of the cache, whose times say when it was used.
    """
    written = status.st_mtime_ns if status.st_mode & 0o222 else 0
    return _SIGNATURE.pack(status.st_size, written, 0, status.st_ino & _INODE_MASK)


def is_settled(status: os.stat_result, now: int) -> bool:
    """Whether an edit after ``now`` (ns) would certainly give another signature than this one."""
    changed = status.st_ctime_ns
    return now - changed >= (_YOUNG_NS if changed % _SECOND_NS else _YOUNG_COARSE_NS)
