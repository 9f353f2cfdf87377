"""What stands in the place of an output, and whether somebody would miss it.

What the cache has nobody would. Whether it has that was asked when the stage was planned; until the place is
written, a signature tells whether it is still the same. All else is moved to ``.pivot/replaced/``.
"""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.artifacts.paths import check
from pivot_core.errors import UsageError
from pivot_core.store.atomic import remove, swap_in
from pivot_core.store.digests import is_tree
from pivot_core.store.moving import move, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from pivot_core.store.cache import Around, ContentCache
    from pivot_core.store.links import LinkMode, Method

_LONGEST_START = 240  # bytes of a name that leave room for a number


def cached(
    paths: Iterable[str], hashes: FileHashes, cache: ContentCache
) -> tuple[dict[str, str], dict[str, bytes]]:
    """What stands at these paths now and is in the cache: its digests, and its signatures where they would
    tell of every edit from now on."""
    digests: dict[str, str] = {}
    signatures: dict[str, bytes] = {}
    for path in paths:
        try:
            signature = hashes.settled_signature(
                path
            )  # first: an edit after it shows, also before the digest
            hashes.forget(path)
            digest = hashes.digest(path)
        except UsageError:  # neither a file nor a folder, or it can't be read
            continue
        if digest is not None and cache.has(digest):
            digests[path] = digest
            if signature is not None:
                signatures[path] = signature
    return digests, signatures


def is_foreign(path: str, root: Path, cache: ContentCache, known: bytes | None) -> bool:
    """Whether something stands at ``path`` that isn't in the cache. ``known``: the signature of what is.

    (A link to what went from our cache is nothing of anybody's.)
    """
    place = place_of(root, path)
    if not place.exists():
        return os.path.lexists(place) and not cache.is_linked(place)
    hashes = FileHashes(root, None)
    try:
        if known is not None and hashes.signature(path) == known:
            return False
        digest = hashes.digest(path)
    except UsageError:  # neither a file nor a folder, or it can't be read
        return True
    return digest is None or not cache.has(digest)


def place_of(root: Path, path: str) -> Path:
    """Where an output goes. Raises UsageError if a link has come to lead out of the project there."""
    if (wrong := check(path, root)) is not None:
        raise UsageError(f"nothing is written at {path}: it {wrong}")
    return root / path.rstrip("/")


def replace(
    cache: ContentCache, digest: str, place: Path, mode: LinkMode, to_keep: Callable[[], Path | None]
) -> Method | None:
    """``fetch``; what stands there is kept where ``to_keep`` says, which is asked when all is ready (None: it
    isn't worth keeping). It stays in its place until the content takes that, and if that can't be had."""
    if _leads_into(cache, place) and (keep := to_keep()) is not None:
        return _replace_linked(cache, digest, place, mode, keep)

    def around() -> AbstractContextManager[None]:
        keep = to_keep()
        return nullcontext() if keep is None else set_aside(place, keep)

    return fetch(cache, digest, place, mode, around)


def _replace_linked(
    cache: ContentCache, digest: str, place: Path, mode: LinkMode, keep: Path
) -> Method | None:
    """What links lead to is copied before the cache is asked for anything: it may find that damaged, and set
    it aside, and then they lead nowhere."""
    _copy(place, keep)
    try:
        return fetch(cache, digest, place, mode)
    except BaseException:
        swap_in(keep, place)
        raise


def unused(path: Path) -> Path:
    """``path``, or one like it where nothing is."""
    number = 1
    found = path
    while os.path.lexists(found):
        number += 1
        name = os.fsencode(path.name)[:_LONGEST_START].decode(errors="ignore")
        found = path.with_name(f"{name}.{number}")
    return found


def fetch(
    cache: ContentCache, digest: str, place: Path, mode: LinkMode, around: Around = nullcontext
) -> Method | None:
    """Put a file or tree of the cache in its place; returns how (None: a tree without files). Raises
    CorruptContent, OSError, UsageError."""
    if is_tree(digest):
        return cache.restore_tree(digest, place, mode, around)
    return cache.restore(digest, place, mode, around)


def move_aside(cache: ContentCache, path: Path, to: Path) -> None:
    """Move what stands at ``path`` (made by somebody else) to ``to``. Links into the cache become files: they
    would lead nowhere from there, and their content may go from the cache."""
    if _leads_into(cache, path):
        _copy(path, to)
        remove(path)
    else:
        move(path, to)


def _leads_into(cache: ContentCache, path: Path) -> bool:
    return path.exists() and cache.is_linked(path)


def _copy(path: Path, to: Path) -> None:
    """Copy what links lead to."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, to)
    else:
        shutil.copyfile(path, to)
