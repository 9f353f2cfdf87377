"""Which files of a declared folder changed: told beside a verdict, which never rests on it.

The cache has the listing of each folder that a stage wrote. Of one that a stage only reads it gets the
listing, and none of the files, when the stage is recorded. Where a listing isn't there, nothing is told.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from pivot_core.artifacts.paths import shown
from pivot_core.errors import UsageError
from pivot_core.store import tree
from pivot_core.store.digests import is_tree
from pivot_core.types import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.decide import Facts
    from pivot_core.store.cache import ContentCache
    from pivot_core.types import Reason, Verdict

_NAMED = 3  # files that are told by name


class Folders:
    """Keeps listings for later, and tells what became of folders since."""

    def __init__(self, hashes: FileHashes, cache: ContentCache) -> None:
        self._hashes = hashes
        self._cache = cache
        # By digest, since many stages may read one folder: present listings, and what became of former ones.
        self._listings: dict[str, Mapping[str, str]] = {}
        self._said: dict[tuple[str, str], str] = {}

    def keep(self, deps: Mapping[str, str | None]) -> None:
        """Keep the listings of the folders among these, as they are recorded now."""
        for path, digest in deps.items():
            if digest is None or not is_tree(digest) or self._cache.path_of(digest).is_file():
                continue
            listing = self._now(path, digest)
            if listing is not None:
                with suppress(OSError):  # a full disk, say: the record doesn't need it
                    self._cache.add_listing(listing)

    def told(self, verdict: Verdict, record: Lock | Reason | None, facts: Facts) -> Verdict:
        """The verdict, with the files that changed in its reasons."""
        if verdict.state != "stale" or not isinstance(record, Lock):
            return verdict
        reasons = tuple(self._told(reason, record, facts) for reason in verdict.reasons)
        return msgspec.structs.replace(verdict, reasons=reasons)

    def _told(self, reason: Reason, record: Lock, facts: Facts) -> Reason:
        path = reason.subject
        if reason.kind == "input":
            was, now = record.deps.get(path), facts.deps.get(path)
        elif reason.kind == "output":
            was, now = record.outs.get(path), facts.outs.get(path)
        else:
            return reason
        if was is None or now is None or not is_tree(was) or not is_tree(now):
            return reason
        if (was, now) not in self._said:
            self._said[was, now] = self._difference(path, was, now)
        said = self._said[was, now]
        return msgspec.structs.replace(reason, detail=f"{reason.detail} ({said})") if said else reason

    def _difference(self, path: str, was: str, now: str) -> str:
        before = self._cache.listing(was)
        after = None if before is None else self._cache.listing(now) or self._now(path, now)
        return "" if before is None or after is None else _in_words(list(_changes(before, after)))

    def _now(self, path: str, digest: str) -> Mapping[str, str] | None:
        """What is in a folder; None if that isn't any more what the digest says."""
        if digest not in self._listings:
            try:
                found = self._hashes.manifest(path)
                if found is None or tree.digest_of(found) != digest:
                    return None
            except UsageError:
                return None
            self._listings[digest] = found
        return self._listings[digest]


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield f"{shown(name)} {'added' if was is None else 'removed' if now is None else 'changed'}"


def _in_words(changes: list[str]) -> str:
    """``a.png changed``, ``2 files: a.png changed, b.png added``, ``7 files: …, and 4 more``."""
    if len(changes) <= 1:
        return "".join(changes)
    more = len(changes) - _NAMED
    rest = f", and {more} more" if more > 0 else ""
    return f"{len(changes)} files: {', '.join(changes[:_NAMED])}{rest}"
