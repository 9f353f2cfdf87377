"""Content addresses: blake3 in lower-case hexadecimal; ``.dir`` at the end for the digest of a tree."""

from __future__ import annotations

import os
import re
from pathlib import Path

from blake3 import blake3

TREE_SUFFIX = ".dir"
SMALL = 1 << 20  # bytes; up to here a file is read at once and threads don't pay
_CHUNK = 8 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}(\.dir)?")


def hash_bytes(data: bytes) -> str:
    """The digest of these bytes."""
    return blake3(data).hexdigest()


def hash_file(path: Path) -> str:
    """The digest of a file's content. Raises OSError.

    Reads instead of mapping the file into memory: a mapped file that somebody truncates meanwhile
    kills the whole process (SIGBUS).
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size <= SMALL:
            return hash_bytes(file.read())
        hasher = blake3(max_threads=blake3.AUTO)
        buffer = memoryview(bytearray(min(size, _CHUNK)))
        while count := file.readinto(buffer):
            hasher.update(buffer[:count])
        return hasher.hexdigest()


def is_digest(text: str) -> bool:
    """Whether ``text`` has the form of a digest (of a file or of a tree)."""
    return _DIGEST.fullmatch(text) is not None


def is_tree(digest: str) -> bool:
    """Whether ``digest`` is one of a tree (a directory artifact)."""
    return digest.endswith(TREE_SUFFIX)
