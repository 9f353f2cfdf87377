"""Local state that can be lost: byte values by prefix and key, read from LMDB, written in batches.

One database for all; new state means a new prefix, here:
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec
import xxhash

from pivot_core.store.database import Database

if TYPE_CHECKING:
    import lmdb

T = TypeVar("T")

FILES = "file"  # resolved path of a file -> its signature, and the digest of its content
TREES = "tree"  # resolved path of a folder -> signature over all its files, and the digest of the tree
SOURCES = "source"  # hash of a definition -> its text when a stage last ran with it
SUMMARIES = "summary"  # hash of a module's text -> what its code binds and uses
CODE = "code"  # the project -> the fingerprints of all stages, and the files they were computed from
DEFINITION = "definition"  # the project -> what loading pipeline.py gave, and what it was made from
PACKAGES = "packages"  # interpreter -> installed versions by import name
RUNS = "run"  # code and inputs of earlier runs -> their outputs, so that these can come from the cache
RUN_SUMMARIES = "history"  # run id -> what was asked and how it ended
RUN_DETAILS = "details"  # run id -> how each stage ended that wasn't skipped
LAST_RUNS = "last"  # stage -> when it last ran here, and how that ended

# LMDB takes keys of up to 511 bytes (format 1). Longer ones are kept by hash, the key before the value.
_MAX_KEY = 511
_PLAIN, _HASHED = b":", b"#"


class State:
    """The state at ``path`` (a folder). Nothing is made by reading, or before the first ``flush``.

    ``readonly``: what is put stays in memory, ``flush`` stores nothing (for processes beside the one
    that writes). Where the database can't be used, what is put stays in memory as well.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self._database: Database | None = Database.share(path)
        self._readonly = readonly
        # Stored key -> stored value, None: to be deleted. Consulted before the database.
        self._buffer: dict[bytes, bytes | None] = {}

    def get(self, prefix: str, key: str) -> bytes | None:
        """The value, or None."""
        return self.get_many(prefix, (key,)).get(key)

    def get_as(self, prefix: str, key: str, decode: Callable[[bytes], T]) -> T | None:
        """The record, or None; also when it isn't one any more (another version of Pivot wrote it)."""
        return self.get_many_as(prefix, (key,), decode).get(key)

    def get_many_as(self, prefix: str, keys: Iterable[str], decode: Callable[[bytes], T]) -> dict[str, T]:
        """``get_as`` for many; those that aren't there, or aren't records any more, are left out."""
        found: dict[str, T] = {}
        for key, data in self.get_many(prefix, keys).items():
            try:
                found[key] = decode(data)
            except msgspec.MsgspecError:
                continue
        return found

    def get_many(self, prefix: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The values of those of ``keys`` that have one, read in one transaction."""
        wanted = {key: _stored_key(prefix, key) for key in keys}
        values = {key: self._buffer[stored] for key, stored in wanted.items() if stored in self._buffer}
        absent = [(key, stored) for key, stored in wanted.items() if key not in values]
        if absent:
            values.update(self._read(absent))
        found: dict[str, bytes] = {}
        for key, value in values.items():
            own = None if value is None else _own_value(key, wanted[key], value)
            if own is not None:
                found[key] = own
        return found

    def put(self, prefix: str, key: str, value: bytes) -> None:
        """Keep a value: visible at once here, to others after ``flush``."""
        stored = _stored_key(prefix, key)
        self._buffer[stored] = _stored_value(key, stored, value)

    def delete(self, prefix: str, key: str) -> None:
        """Forget a value; none there is fine."""
        self._buffer[_stored_key(prefix, key)] = None

    def scan(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All keys and values of a prefix, as they are when the first is asked for."""
        stored: dict[bytes, bytes | None] = {}
        for start in (prefix.encode() + _PLAIN, prefix.encode() + _HASHED):
            stored.update(self._range(start))
            stored.update((key, value) for key, value in self._buffer.items() if key.startswith(start))
        for stored_key, value in sorted(stored.items()):
            if value is not None:
                yield _key_and_value(prefix, stored_key, value)

    def flush(self) -> None:
        """Store all that was put and deleted, in one transaction. Never fails: see the class."""
        if not self._buffer or self._readonly or self._database is None:
            return

        def store(transaction: lmdb.Transaction[bytes]) -> None:
            for key, value in self._buffer.items():
                if value is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, value)

        if self._database.write(store):
            self._buffer = {}

    def close(self) -> None:
        """Give the database back, without flushing. What was put stays readable here."""
        if self._database is not None:
            self._database.release()
            self._database = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, wanted: list[tuple[str, bytes]]) -> dict[str, bytes | None]:
        if self._database is None:
            return {}
        read = self._database.read(lambda txn: {key: txn.get(stored) for key, stored in wanted})
        return read or {}

    def _range(self, start: bytes) -> list[tuple[bytes, bytes]]:
        def collect(transaction: lmdb.Transaction[bytes]) -> list[tuple[bytes, bytes]]:
            found: list[tuple[bytes, bytes]] = []
            with transaction.cursor() as cursor:
                if cursor.set_range(start):
                    for key, value in cursor:
                        if not key.startswith(start):
                            break
                        found.append((key, value))
            return found

        return [] if self._database is None else self._database.read(collect) or []


def _stored_key(prefix: str, key: str) -> bytes:
    stored = f"{prefix}:{key}".encode(errors="surrogateescape")
    if len(stored) <= _MAX_KEY:
        return stored
    return prefix.encode() + _HASHED + xxhash.xxh3_128_digest(stored)


def _is_hashed(stored: bytes) -> bool:
    plain, hashed = stored.find(_PLAIN), stored.find(_HASHED)
    return hashed >= 0 and (plain < 0 or hashed < plain)


def _stored_value(key: str, stored: bytes, value: bytes) -> bytes:
    if not _is_hashed(stored):
        return value
    text = key.encode(errors="surrogateescape")
    return len(text).to_bytes(4, "little") + text + value


def _own_value(key: str, stored: bytes, value: bytes) -> bytes | None:
    """The value as it was put; None if it is that of another key with the same hash."""
    if not _is_hashed(stored):
        return value
    found, own = _split(value)
    return own if found == key else None


def _key_and_value(prefix: str, stored: bytes, value: bytes) -> tuple[str, bytes]:
    if _is_hashed(stored):
        return _split(value)
    return stored[len(prefix) + 1 :].decode(errors="surrogateescape"), value


def _split(value: bytes) -> tuple[str, bytes]:
    end = 4 + int.from_bytes(value[:4], "little")
    return value[4:end].decode(errors="surrogateescape"), value[end:]
