"""Local state that can be lost: byte values by prefix and key, read from LMDB, written in batches.

One database for all; new state means a new prefix, here:
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from pivot_core.store import entries
from pivot_core.store.database import Database

if TYPE_CHECKING:
    from pivot_core.store.database import Transaction

T = TypeVar("T")

FILES = "file"  # resolved path of a file -> its signature, and the digest of its content
TREES = "tree"  # resolved path of a folder -> signature over all its files, and the digest of the tree
SOURCES = "source"  # hash of a definition -> its text when a stage last ran with it
SUMMARIES = "summary"  # hash of a module's text -> what its code binds and uses
CODE = "code"  # the project -> the fingerprints of all stages, and the files they were computed from
DEFINITION = "definition"  # the project -> what loading pipeline.py gave, and what it was made from
PACKAGES = "packages"  # interpreter -> installed versions by import name
RUNS = "run"  # code and inputs of earlier runs -> their outputs, so that these can come from the cache
RUN_SUMMARIES = "history"  # what was asked of the newest runs, and how they ended
RUN_DETAILS = "details"  # run id -> how each stage ended that wasn't skipped
LAST_RUNS = "last"  # stage -> when it last ran here, and how that ended


# Read at every look, and not small.
_REMEMBERED = frozenset({DEFINITION, LAST_RUNS})


class Records:
    """Records that were read from a state, for as long as nobody writes to it. Nobody may change them."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], object] = {}  # by prefix and key; None: there is none
        self._signature: bytes | None = None

    def hold(self, signature: bytes | None) -> None:
        """The state's file has this signature now; None: nobody can tell whether it is what it was."""
        if signature is None or signature != self._signature:
            self.known = {}
        self._signature = signature


class State:
    """The state at ``path`` (a folder). Nothing is made by reading, or before the first ``flush``.

    ``readonly``: what is put stays in memory, ``flush`` stores nothing (for processes beside the one
    that writes). Where the database can't be used, what is put stays in memory as well. ``records``: what
    goes on from one read-only state to the next.
    """

    def __init__(self, path: Path, *, readonly: bool = False, records: Records | None = None) -> None:
        self._database: Database | None = Database.share(path)
        self.readonly = readonly
        self._records = records if readonly else None
        if self._records is not None:
            self._records.hold(self._database.signature())
        # Stored key -> stored value, None: to be deleted. Consulted before the database.
        self._buffer: dict[bytes, bytes | None] = {}
        self._changes: dict[bytes, list[Callable[[bytes | None], bytes]]] = {}

    def get(self, prefix: str, key: str) -> bytes | None:
        """The value, or None."""
        return self.get_many(prefix, (key,)).get(key)

    def get_as(self, prefix: str, key: str, decode: Callable[[bytes], T]) -> T | None:
        """The record, or None; also when it isn't one any more (another version of Pivot wrote it)."""
        return self.get_many_as(prefix, (key,), decode).get(key)

    def get_many_as(self, prefix: str, keys: Iterable[str], decode: Callable[[bytes], T]) -> dict[str, T]:
        """``get_as`` for many; those that aren't there, or aren't records any more, are left out."""
        if self._records is None or prefix not in _REMEMBERED:
            return self._decoded(prefix, keys, decode)
        known, wanted = self._records.known, tuple(keys)
        unknown = [key for key in wanted if (prefix, key) not in known]
        if unknown:
            found = self._decoded(prefix, unknown, decode)
            known.update(((prefix, key), found.get(key)) for key in unknown)
        records = ((key, known[prefix, key]) for key in wanted)
        # One prefix has one kind of records.
        return {key: cast("T", record) for key, record in records if record is not None}

    def _decoded(self, prefix: str, keys: Iterable[str], decode: Callable[[bytes], T]) -> dict[str, T]:
        found: dict[str, T] = {}
        for key, data in self.get_many(prefix, keys).items():
            try:
                found[key] = decode(data)
            except msgspec.MsgspecError:
                continue
        return found

    def get_many(self, prefix: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The values of those of ``keys`` that have one, read in one transaction."""
        wanted = {key: entries.stored_key(prefix, key) for key in keys}
        values = {key: self._buffer[stored] for key, stored in wanted.items() if stored in self._buffer}
        absent = [(key, stored) for key, stored in wanted.items() if key not in values]
        if absent:
            values.update(self._read(absent))
        found: dict[str, bytes] = {}
        for key, value in values.items():
            own = None if value is None else entries.own_value(key, wanted[key], value)
            if own is not None:
                found[key] = own
        return found

    def put(self, prefix: str, key: str, value: bytes) -> None:
        """Keep a value: visible at once here, to others after ``flush``."""
        stored = entries.stored_key(prefix, key)
        self._buffer[stored] = entries.stored_value(key, stored, value)
        if self._records is not None:
            self._records.known.pop((prefix, key), None)

    def delete(self, prefix: str, key: str) -> None:
        """Forget a value; none there is fine."""
        self._buffer[entries.stored_key(prefix, key)] = None
        if self._records is not None:
            self._records.known.pop((prefix, key), None)

    def update(self, prefix: str, key: str, change: Callable[[bytes | None], bytes]) -> None:
        """Put what ``change`` makes of the value: when it is stored, of the one that is stored then, whoever
        stored it."""
        stored = entries.stored_key(prefix, key)
        self.put(prefix, key, change(self.get(prefix, key)))
        self._changes.setdefault(stored, []).append(change)

    def scan(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All keys and values of a prefix. Reads the whole database: for who looks for damage, and tests."""
        stored: dict[bytes, bytes | None] = dict(self._all())
        stored.update(self._buffer)
        for stored_key, value in sorted(stored.items()):
            if value is not None and stored_key.startswith(entries.starts(prefix)):
                yield entries.key_and_value(prefix, stored_key, value)

    def trouble(self) -> str | None:
        """Why the database can't be used, as far as that has been noticed."""
        return self._database.trouble if self._database is not None else None

    def flush(self) -> None:
        """Store all that was put and deleted, in one transaction. Never fails: see the class."""
        if not self._buffer or self.readonly or self._database is None:
            return

        def store(transaction: Transaction) -> None:
            for key, value in self._buffer.items():
                if value is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, entries.seal(key, self._changed(transaction, key, value)))

        if self._database.write(store):
            self._buffer, self._changes = {}, {}

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

        def collect(transaction: Transaction) -> dict[str, bytes | None]:
            found: dict[str, bytes | None] = {}
            for key, stored in wanted:
                sealed = transaction.get(stored)
                found[key] = None if sealed is None else entries.unseal(stored, sealed)
            return found

        return self._database.read(collect) or {}

    def _changed(self, transaction: Transaction, key: bytes, value: bytes) -> bytes:
        changes = self._changes.get(key)
        if changes is None:
            return value
        sealed = transaction.get(key)
        now = None if sealed is None else entries.unseal(key, sealed)
        for change in changes:
            now = change(now)
        return now or b""

    def _all(self) -> list[tuple[bytes, bytes]]:
        def collect(transaction: Transaction) -> list[tuple[bytes, bytes]]:
            with transaction.cursor() as cursor:
                # Backwards: LMDB checks the pages that it comes to so, and forwards dies of damaged ones.
                return [(key, entries.unseal(key, sealed)) for key, sealed in cursor.iterprev()]

        return [] if self._database is None else self._database.read(collect) or []
