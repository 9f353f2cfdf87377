"""Lock files: one a stage, in git. JSON, sorted, one key a line, the same bytes for the same facts."""

from __future__ import annotations

import errno
import os
import posixpath
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from pivot_core.errors import PivotError
from pivot_core.store.atomic import write_bytes
from pivot_core.store.signature import is_settled, signature_of
from pivot_core.types import Lock

SCHEMA = 1
_SUFFIX = ".lock"
# What a file name can't have on some system, the escape itself, and a dot that would hide the file.
_UNSAFE = re.compile(r'^\.|[%/\\:*?"<>|\x00-\x1f]')
_ESCAPED = re.compile(r"%([0-9A-F]{2})")
# A class that came out of a pickle, or its package.
_CLASS = re.compile(r"@\w[\w.]*(:\w+)?")
_CHUNK = 1 << 16
_decoder = msgspec.json.Decoder(Lock)


class UnreadableLock(PivotError):  # noqa: N818 (named for what it is, like the others)
    """A lock file that isn't one: merge conflict markers, half a file, a later schema."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(
            f"{path}: can't be read: {why}\n    restore it from git, or remove it and run the stage"
        )


class _Read(NamedTuple):
    """What a settled file says as long as it has the signature. None: it is another stage's lock."""

    path: str
    signature: bytes
    found: Lock | UnreadableLock | None


ReadBefore: TypeAlias = dict[str, _Read]  # by stage


class Locks:
    """The lock files in one folder. ``before``: what goes on from one object to the next."""

    def __init__(self, folder: Path, before: ReadBefore | None = None) -> None:
        self.folder = folder
        self._before = before

    def path_of(self, stage: str) -> Path:
        """The file of a stage's lock, whether or not it is there."""
        return self.folder / _file_name(stage)

    def read(self, stage: str) -> Lock | None:
        """The lock of a stage; None if it has none. Raises UnreadableLock."""
        found = self.read_all((stage,)).get(stage)
        if isinstance(found, UnreadableLock):
            raise found
        return found

    def read_all(self, stages: Iterable[str]) -> dict[str, Lock | UnreadableLock]:
        """The locks of those of ``stages`` that have one; an unreadable one is returned, not raised."""
        found: dict[str, Lock | UnreadableLock] = {}
        folder = f"{self.folder}{os.sep}"
        for stage in stages:
            try:
                lock = self._read(stage, folder)
            except UnreadableLock as error:
                found[stage] = error
            else:
                if lock is not None:
                    found[stage] = lock
        return found

    def _read(self, stage: str, folder: str) -> Lock | UnreadableLock | None:
        if self._before is None:
            data = _content(folder + _file_name(stage))
            return None if data is None else self.decode(stage, data)
        before = self._before.get(stage)
        if before is not None and _signature(before.path) == before.signature:
            return before.found
        path = folder + _file_name(stage)
        signature = _signature(path, time.time_ns())
        data = _content(path)
        found = None if data is None else self._decoded(stage, data)
        if signature is not None and _signature(path) == signature:
            self._before[stage] = _Read(path, signature, found)
        return found

    def _decoded(self, stage: str, data: bytes) -> Lock | UnreadableLock | None:
        try:
            return self.decode(stage, data)
        except UnreadableLock as error:
            return error

    def write(self, lock: Lock) -> None:
        """Make or replace a stage's lock, atomically; the file isn't touched if nothing changed."""
        path, data = self.path_of(lock.stage), encode(lock)
        with suppress(UnreadableLock):
            if _content(str(path)) == data:
                return
        write_bytes(path, data)

    def remove(self, stage: str) -> None:
        """Remove a stage's lock; none there is fine."""
        self.path_of(stage).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The stages that have a lock, sorted."""
        if not self.folder.is_dir():
            return []
        found = (path.name for path in self.folder.iterdir())
        return sorted(_stage_name(name) for name in found if name.endswith(_SUFFIX) and name[0] != ".")

    def stage_of(self, file_name: str) -> str | None:
        """The stage whose lock has this file name; None if it is no lock's."""
        return _stage_name(file_name) if file_name.endswith(_SUFFIX) else None

    def decode(self, stage: str, data: bytes) -> Lock | None:
        """A stage's lock from the bytes of its file; None if it is another stage's. Raises UnreadableLock."""
        try:
            lock = _decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            why = "it has merge conflict markers" if b"\n<<<<<<< " in b"\n" + data else str(error)
            raise UnreadableLock(self.path_of(stage), why) from error
        if lock.schema != SCHEMA:
            raise UnreadableLock(
                self.path_of(stage), f"it has schema {lock.schema}; this Pivot knows {SCHEMA}"
            )
        for name in lock.discovered:
            if not _can_be_read(name):
                raise UnreadableLock(
                    self.path_of(stage), f"it says that the stage reads {name!r}, which none can"
                )
        # Where file names ignore case, the file of "Train" is found for "train": not this stage's record.
        return lock if lock.stage == stage else None


def encode(lock: Lock) -> bytes:
    """The bytes of a lock file: deterministic, all fields, keys sorted, one a line."""
    return msgspec.json.format(msgspec.json.encode(lock, order="sorted"), indent=1) + b"\n"


def _can_be_read(name: str) -> bool:
    """Whether a stage may have read this undeclared: nothing else that a lock file names is looked at."""
    if name.startswith("@"):
        return _CLASS.fullmatch(name) is not None
    if not name or "\0" in name:
        return False
    return name[0] == "$" or not (name[0] == "/" or posixpath.normpath(name).split("/")[0] == "..")


def _signature(path: str, now: int | None = None) -> bytes | None:
    """That of what is at a path, a link or not; None if nothing is, or it isn't settled ``now``."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return signature_of(status) if now is None or is_settled(status, now) else None


def _content(path: str) -> bytes | None:
    # Bare system calls: a thousand locks are read on every command, and `open` alone would take the time.
    # Links aren't followed: they may lead to what never ends.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            chunks = [os.read(descriptor, _CHUNK)]
            while chunks[-1]:
                chunks.append(os.read(descriptor, _CHUNK))
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else str(error.strerror)
        raise UnreadableLock(Path(path), why) from error
    return b"".join(chunks)


def _file_name(stage: str) -> str:
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", stage) + _SUFFIX


def _stage_name(file_name: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), file_name.removesuffix(_SUFFIX))
