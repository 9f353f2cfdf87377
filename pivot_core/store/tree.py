"""What a directory artifact consists of, and the manifest that names it.

A manifest is canonical JSON: ``{"relative/path": digest, …}``, sorted. Its own digest with ``.dir`` is
the digest of the tree. Empty folders, modes and times aren't part of it.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import xxhash

from pivot_core.errors import CorruptContent, UsageError
from pivot_core.store.atomic import is_scratch
from pivot_core.store.digests import TREE_SUFFIX, hash_bytes, is_digest, is_tree
from pivot_core.store.signature import signature_of


class TreeFile(NamedTuple):
    """One regular file in a tree. ``linked``: a symbolic link is on the way to it, or is it."""

    name: str
    path: str
    status: os.stat_result
    linked: bool


class Listing(NamedTuple):
    """The files of a tree sorted by name, and what else is there: (name, what it is)."""

    files: tuple[TreeFile, ...]
    others: tuple[tuple[str, str], ...]


_Found = TreeFile | tuple[str, str]


def walk(root: str) -> Listing:
    """All files under the folder ``root``. Links are followed, but never in a circle.

    A file that disappears meanwhile isn't in the answer. Raises OSError for a folder that can't be read.
    """
    status = Path(root).stat()
    found = list(_walk(root, "", False, ((status.st_dev, status.st_ino),)))
    files = sorted((item for item in found if isinstance(item, TreeFile)), key=lambda item: item.name)
    return Listing(tuple(files), tuple(item for item in found if not isinstance(item, TreeFile)))


def _walk(folder: str, prefix: str, linked: bool, above: tuple[tuple[int, int], ...]) -> Iterator[_Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_scratch(entry.name):
                continue
            name = prefix + entry.name
            is_link = entry.is_symlink()
            try:
                status = entry.stat()
            except OSError:
                if is_link:
                    yield name, "a link to nothing"
                continue
            if stat.S_ISDIR(status.st_mode):
                here = (status.st_dev, status.st_ino)
                if here in above:
                    yield name, "a link to a folder that it is in"
                else:
                    yield from _walk(entry.path, name + "/", linked or is_link, (*above, here))
            elif stat.S_ISREG(status.st_mode):
                yield TreeFile(name, entry.path, status, linked or is_link)
            else:
                yield name, "neither a file nor a folder"


def signature(files: Iterable[TreeFile], of: Callable[[os.stat_result], bytes] = signature_of) -> bytes:
    """Over the names of all these, and what ``of`` says of each."""
    hasher = xxhash.xxh3_128()
    for file in files:
        hasher.update(os.fsencode(file.name) + b"\0" + of(file.status))
    return hasher.digest()


def check_publishable(root: str, listing: Listing, also: str) -> None:
    """Raises UsageError if the tree has something that a manifest can't hold, naming all of it.

    Links may lead to the tree's own files, and into the folder ``also`` (resolved, with a ``/`` at the end).
    """
    wrong = [f"{_shown(name)} is {what}" for name, what in listing.others]
    homes = (os.path.realpath(root) + os.sep, also)
    wrong.extend(
        f"{_shown(file.name)} is (in) a link that leaves it"
        for file in listing.files
        if file.linked and not os.path.realpath(file.path).startswith(homes)
    )
    wrong.extend(
        f"the name of {_shown(file.name)} isn't valid UTF-8 (rename it)"
        for file in listing.files
        if not _is_text(file.name)
    )
    if wrong:
        raise UsageError(f"can't keep the directory {root}: " + "; ".join(sorted(wrong)))


def encode(manifest: Mapping[str, str]) -> bytes:
    """The canonical bytes of a manifest. Raises UsageError for a name that isn't valid UTF-8."""
    try:
        return msgspec.json.encode(manifest, order="sorted")
    except UnicodeEncodeError as error:
        name = os.fsencode(error.object)
        raise UsageError(f"the name of the file {name!r} in it {_why_no_text(name)}") from error


def _why_no_text(name: bytes) -> str:
    try:
        name.decode()
    except UnicodeDecodeError:
        return "isn't valid UTF-8; rename it"
    encoding = sys.getfilesystemencoding()
    return f"can't be told in this environment's encoding ({encoding}); set LC_ALL=C.UTF-8"


def digest_of(manifest: Mapping[str, str]) -> str:
    """The digest of the tree that this manifest describes."""
    return hash_bytes(encode(manifest)) + TREE_SUFFIX


def decode(data: bytes) -> dict[str, str]:
    """A manifest from its bytes, checked: every name stays within the tree, every digest is one.

    Raises CorruptContent.
    """
    try:
        manifest = msgspec.json.decode(data, type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise CorruptContent(f"the manifest of a directory can't be read: {error}") from error
    wrong = sorted(name for name, digest in manifest.items() if not _is_entry(name, digest))
    wrong.extend(name for name in manifest if any(folder in manifest for folder in _folders_above(name)))
    if wrong:
        shown = ", ".join(map(repr, wrong))
        raise CorruptContent(f"the manifest of a directory has entries that can't be: {shown}")
    return manifest


def _is_entry(name: str, digest: str) -> bool:
    parts = name.split("/")
    safe = not any(part in ("", ".", "..") or "\0" in part for part in parts)
    return safe and is_digest(digest) and not is_tree(digest)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """On one line of a message."""
    return name if name.isprintable() else repr(os.fsencode(name))


def _folders_above(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
