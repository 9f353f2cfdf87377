"""Which run makes which stage: so that several at once share the work and never write the same output.

A claim is a lock on one byte of ``.pivot/tmp/runs``. The system gives locks back however a process ends, and
workers don't inherit them. The bytes:

    0            shared by every run
    1            shared by every stage that is made; a stage with ``mutex=("*",)`` has it alone
    2 h + 2      h: hash of a stage's name (or of ``mutex:name``). Whoever makes the stage has it alone;
                 whoever makes a stage that reads its outputs shares it
    2 h + 3      the worker process that is at work on the stage has it alone: a worker outlives a killed
                 coordinator by a moment
    2^62 …       parts of resources; see ``shares.py``

Its length counts what all runs have recorded: who sees it grown by somebody else looks again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import xxhash

from pivot_core.errors import UsageError
from pivot_core.execute.schedule import EVERYTHING
from pivot_core.execute.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pivot_core.project import Project
    from pivot_core.types import StageSpec

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_A_RUN, _ANY_STAGE = 0, 1
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN})
# What a file system without locks says (some network file systems, some in user space).
_REFUSED = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})

# Locks belong to processes, not to threads: runs of one process (there are none in ours) take turns.
_runs_of_this_process = threading.Lock()


class Claims:
    """The claims of one process on the stages of a project. Raises OSError, UsageError."""

    def __init__(self, project: Project) -> None:
        project.check_own()
        project.scratch.mkdir(parents=True, exist_ok=True)
        self._file = os.open(project.claims, _FLAGS, 0o666)
        self._taken: dict[str, list[int]] = {}
        self._alone: set[int] = set()
        self._sharing: dict[int, int] = {}  # byte -> how many of our stages share it
        self._shares = Shares(lambda first, count: self._lock(first, fcntl.LOCK_EX, count), self._unlock)
        self._own = self._length()
        self._foreign = 0
        # Without locks nobody can tell who else is at work. Inputs that change while a stage runs are noticed
        # all the same.
        self.hold = True

    @contextmanager
    def run(self) -> Iterator[bool]:
        """While a run is under way; True if it began as the only one. Its end gives all claims back."""
        with _runs_of_this_process:
            alone = self._lock(_A_RUN, fcntl.LOCK_EX) and self.hold
            if alone:  # nobody counts on the length
                os.ftruncate(self._file, 0)
                self._own = 0
            self._lock(_A_RUN, fcntl.LOCK_SH, wait=True)
            try:
                yield alone
            finally:
                os.close(self._file)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """While this lasts runs may begin and end, but none takes itself for the only one."""
        self._lock(_A_RUN, fcntl.LOCK_SH, wait=True)
        try:
            yield
        finally:
            os.close(self._file)

    @contextmanager
    def no_run(self) -> Iterator[None]:
        """While this lasts no run is under way, and none begins. Raises UsageError if one is."""
        if not self._lock(_A_RUN, fcntl.LOCK_EX):
            raise UsageError("a run is under way\n    try again when it has ended, or stop it with Ctrl-C")
        try:
            yield
        finally:
            os.close(self._file)

    @contextmanager
    def at_work(self, stage: str) -> Iterator[None]:
        """A worker has the stage until it is done."""
        byte = _byte(stage) + 1
        self._lock(byte, fcntl.LOCK_EX, wait=True)
        try:
            yield
        finally:
            self._unlock(byte)

    def take(
        self, spec: StageSpec, upstream: Iterable[str], parts: Mapping[str, float] | None = None
    ) -> bool:
        """Claim a stage, to write its outputs and to read those of its upstream. False: not possible now.

        ``parts``: what it takes of resources, as parts of their capacity, if it is to be made. If it isn't
        (None), its mutexes and resources don't matter.
        """
        if spec.name in self._taken:
            return True
        alone = [_byte(spec.name)]
        shared = [_byte(name) for name in upstream]
        if parts is not None:
            alone += [_byte(f"mutex:{name}") for name in spec.mutex if name != EVERYTHING]
            (alone if EVERYTHING in spec.mutex else shared).append(_ANY_STAGE)
        taken = self._taken[spec.name] = []
        if (
            all(self._add(taken, byte, fcntl.LOCK_EX) for byte in alone)
            and all(self._add(taken, byte, fcntl.LOCK_SH) for byte in shared)
            and self._shares.take(spec.name, parts or {})
            and self._lock(alone[0] + 1, fcntl.LOCK_EX)
        ):
            self._unlock(alone[0] + 1)  # no worker of a killed run is at it, and none can begin
            return True
        self.release(spec.name)
        return False

    def release(self, stage: str) -> None:
        """Give a claim back; none is fine."""
        self._shares.release(stage)
        for byte in self._taken.pop(stage, ()):
            left = self._sharing.pop(byte, 1) - 1
            if left:
                self._sharing[byte] = left
            else:
                self._alone.discard(byte)
                self._unlock(byte)

    def recorded(self) -> None:
        """Something is in the lock files now that wasn't."""
        os.write(self._file, b".")
        self._own += 1

    def foreign(self) -> int:
        """How often it was noticed that others have recorded something."""
        length = self._length()
        if length != self._own:
            self._own = length
            self._foreign += 1
        return self._foreign

    def _add(self, taken: list[int], byte: int, mode: int) -> bool:
        # The system only tells processes apart: among our own stages we have to.
        if byte in self._alone or (byte in self._sharing and mode == fcntl.LOCK_EX):
            return False
        if byte not in self._sharing and not self._lock(byte, mode):
            return False
        if mode == fcntl.LOCK_EX:
            self._alone.add(byte)
        else:
            self._sharing[byte] = self._sharing.get(byte, 0) + 1
        taken.append(byte)
        return True

    def _lock(self, byte: int, mode: int, count: int = 1, *, wait: bool = False) -> bool:
        try:
            fcntl.lockf(self._file, mode | (0 if wait else fcntl.LOCK_NB), count, byte)
        except OSError as error:
            if error.errno in _TAKEN:
                return False
            if error.errno not in _REFUSED:
                raise
            self.hold = False
        return True

    def _unlock(self, byte: int, count: int = 1) -> None:
        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_UN, count, byte)

    def _length(self) -> int:
        return os.fstat(self._file).st_size


def _byte(name: str) -> int:
    # Offsets in files have 63 bits.
    return 2 * (xxhash.xxh3_64_intdigest(name.encode()) >> 3) + 2
