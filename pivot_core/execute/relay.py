"""What the processes that a worker starts read: each adds a line for it to a file of the worker's.

A fork has the worker's hooks. The processes that multiprocessing, loky and joblib start anew are given them
with the object that says what they shall do.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pivot_core.execute.callers import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_core.execute.signature import Signature

_APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
_HEAD: Final = 17  # bytes of the first line, which is another one in each file

Kind = Literal["read", "ran", "asked", "wrote"]


class Told(NamedTuple):
    """``name`` as the observer has it; the signature is that of the file at that moment. ``callers`` are
    functions of the worker, too, where it was forked in them."""

    kind: Kind
    name: str
    signature: Signature | None = None
    callers: tuple[Caller, ...] = ()


class Relay:
    """The file of one worker, ``owner``; ``for_worker`` is false in the processes that it starts."""

    def __init__(self, path: Path, owner: int) -> None:
        self.path = path
        self.owner = owner
        self._said: set[Told] = set()
        self._file = b""  # the head of the one in which that was said

    @property
    def for_worker(self) -> bool:
        """Whether this is the worker itself."""
        return os.getpid() == self.owner

    def tell(self, told: Told) -> None:
        """Say it once to the worker's stage.

        Raises OSError, which has the reading fail: else nobody would know that the result depends on it.
        """
        file = self._open()
        try:
            head = os.pread(file, _HEAD, 0)
            if head != self._file:  # another stage than before asks
                self._file = head
                self._said.clear()
            if told not in self._said:
                self._said.add(told)
                os.write(file, json.dumps(told).encode() + b"\n")  # appended as a whole
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing isn't enough: another thread may have forked meanwhile
            os.close(file)

    def _open(self) -> int:
        """The file, locked as long as it is open: the worker takes no file that somebody is adding to."""
        while True:
            file = self._open_now()
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                break
            os.close(file)  # it was taken meanwhile
        if not os.fstat(file).st_size:
            os.write(file, f"{secrets.token_hex(8)}\n".encode())
        return file

    def _open_now(self) -> int:
        try:
            return os.open(self.path, _APPEND)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self.path, _APPEND | os.O_CREAT, 0o666)

    def told(self) -> list[Told]:
        """What was said since the last time, in order."""
        taken = self.path.with_name(self.path.name + ".taken")
        try:
            self.path.rename(taken)  # who adds a line from now on begins another file
        except OSError:
            return []
        with taken.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.read().splitlines()
            taken.unlink()
            fcntl.flock(file, fcntl.LOCK_UN)
        found = []
        for line in lines:
            if line.startswith(b"["):  # not a head
                kind, name, was, by = json.loads(line)
                callers = tuple(Caller(*each) for each in by)
                found.append(Told(kind, name, tuple(was) if was is not None else None, callers))
        return found


class _Watched:
    """Unpickled in another process, it has that process watched."""

    def __init__(self, root: str, relay: Relay, watch: Callable[[str, str, int], None]) -> None:
        self._made = watch, (root, str(relay.path), relay.owner)

    def __reduce__(self) -> tuple[Callable[[str, str, int], None], tuple[str, str, int]]:
        return self._made


def watch_started(root: str, relay: Relay, watch: Callable[[str, str, int], None]) -> None:
    """Have ``watch(root, path, owner)`` called in each Python process that this one starts other than by
    forking, before what it has to do is unpickled there."""

    def state(process: BaseProcess) -> dict[str, object]:
        return {"_watched": _Watched(root, relay, watch), **process.__dict__}

    BaseProcess.__getstate__ = state  # type: ignore[assignment,method-assign]
