"""What a stage, and the modules that are imported for it, have read, and which functions may have kept it.

A process that the worker has started tells the worker of it (see relay.py), which counts it with its own.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pivot_core.execute.callers import Caller, callers
from pivot_core.execute.relay import Kind, Relay, Told
from pivot_core.execute.signature import Signature, signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from types import FrameType

_TICK = 20_000_000  # ns; the clock of a file system is behind by a tick
_HOME = ".pivot/"  # the relay's file is in it


class ReadLog:
    """Paths are logical; a listed directory's ends with ``/``, and a variable is ``$NAME``.

    ``imports`` maps a project module's file to what it read while it was imported, each with the line of
    the top-level statement that was being executed (or a later line of it), or by a function within a
    function; ``calls`` to what was read while its other functions were called, by the stages that ran here
    so far: they may have kept it.

    ``always``: all that the process does belongs to a stage, of the worker that has started it.
    """

    def __init__(self, root: Path, relay: Relay, *, always: bool = False) -> None:
        self.root = str(root) + os.sep
        self.relay = relay
        self._importing: list[tuple[str, set[tuple[str, int]], dict[tuple[str, int], Signature | None]]] = []
        self._reads: dict[str, Signature | None] | None = {} if always else None
        self._asked: dict[str, Signature | None] = {}
        self._asked_by: dict[str, set[Caller]] = {}
        self._written: set[str] = set()
        self._outside: dict[str, None] = {}
        self._declared: tuple[str, ...] = ()
        self._began = 0
        self.imports: dict[str, set[tuple[str, int]]] = {}
        self.calls: dict[str, set[tuple[str, int]]] = {}
        self.executed: set[str] = set()  # source files, by other loaders than ours
        self.signatures: dict[str, Signature | None] = {}  # of what ``calls`` has, when it was read

    # --- whose reads they are -------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """Whether somebody is at work whose reads count."""
        return self._reads is not None or bool(self._importing)

    @contextmanager
    def stage(self, declared: Iterable[str]) -> Iterator[dict[str, Signature | None]]:
        """Collect what a stage reads, with the signature it had then. What it wrote itself before isn't
        an input of it."""
        self._declared = tuple(path.rstrip("/") for path in declared)
        reads: dict[str, Signature | None] = {}
        self._reads, self._asked, self._written, self._outside = reads, {}, set(), {}
        self._asked_by, self._began = {}, time.time_ns() - _TICK
        try:
            yield reads
        finally:
            self._reads = None
            self._hear_from_others(reads)
            for path in self._not_made():
                reads.setdefault(path, self._asked[path])
                self._keep(path, self._asked_by.get(path, ()))

    @contextmanager
    def importing(self, module: str) -> Iterator[set[tuple[str, int]]]:
        """Collect what a module reads while it is imported."""
        reads = self.imports.setdefault(module, set())
        asked: dict[tuple[str, int], Signature | None] = {}
        self._importing.append((module, reads, asked))
        try:
            yield reads
        finally:
            self._importing.pop()
            if self.relay.for_worker:
                others: dict[str, Signature | None] = {}
                self._hear_from_others(others)
                reads.update((path, 0) for path in others)  # at no line that can be told
            reads.update(place for place, was in asked.items() if self._is_still(place[0], was))

    def forget_modules(self) -> None:
        """The project's modules are dropped, with all that they kept."""
        self.imports.clear()
        self.calls.clear()
        self.signatures.clear()

    # --- what was done --------------------------------------------------------------------------

    def add(self, name: str, kind: Kind = "read") -> None:
        """It was read now, or executed."""
        if not self.relay.for_worker:
            self.relay.tell(Told(kind, name, signature(self.root + name), callers(self.root)))
        elif self._importing:
            module, reads, _ = self._importing[-1]
            reads.add((name, _line_in(self.root + module)))
        elif self._reads is not None:
            self._reads.setdefault(name, signature(self.root + name))
            self._keep(name, callers(self.root))

    def ask(self, logical: str) -> None:
        """It was only asked about, or handed to who may read it: it counts if it is the same afterwards."""
        was = signature(self.root + logical)
        if not self.relay.for_worker:
            self.relay.tell(Told("asked", logical, was, callers(self.root)))
        elif self._importing:
            module, _, asked = self._importing[-1]
            asked.setdefault((logical, _line_in(self.root + module)), was)
        elif self._reads is not None:
            self._asked.setdefault(logical, was)
            self._asked_by.setdefault(logical, set()).update(callers(self.root))

    def add_written(self, full: str) -> None:
        """This file is being written."""
        self._written.add(full)
        of_project = full.startswith(self.root) and not full.startswith(self.root + _HOME)
        if of_project and not self.relay.for_worker:
            self.relay.tell(Told("wrote", full))

    def add_outside(self, full: str) -> None:
        """This file, which isn't in the project, was read."""
        self._outside.setdefault(full)

    def _keep(self, read: str, callers: Iterable[Caller]) -> None:
        """Note which functions may have kept what was read; what a stage declares, its loaders read."""
        if any(read == path or read.startswith(path + "/") for path in self._declared):
            return
        for module, line, nested in callers:
            kept = self.imports if nested else self.calls
            kept.setdefault(module, set()).add((read, line))
            self.signatures.setdefault(read, signature(self.root + read))

    # --- asking ---------------------------------------------------------------------------------

    def is_written(self, full: str) -> bool:
        """Whether the stage has opened this file to write it."""
        return full in self._written

    def changed(self, reads: Mapping[str, Signature | None]) -> set[str]:
        """Which of these files somebody else than the stage has changed since they were read."""
        files = {path: was for path, was in reads.items() if path[-1] != "/" and path[0] not in "$@"}
        return {
            path
            for path, was in files.items()
            if self.root + path not in self._written and signature(self.root + path) != was
        }

    def outside(self) -> tuple[str, ...]:
        """Files outside of the project that the stage has read, absolute; not what was imported."""
        return tuple(path for path in self._outside if path not in self._written)

    def has_written(self, path: Path) -> bool:
        """Whether the stage has opened this file, or one in this folder, to write it."""
        return any(written == str(path) or written.startswith(f"{path}/") for written in self._written)

    def _not_made(self) -> list[str]:
        """What was asked about and the stage hasn't made: neither it, nor something in the folder, nor the
        folder that it is in."""
        made = [path for path, was in self._asked.items() if not self._is_still(path, was)]
        folders = tuple(f"{path}/" for path in made if path[-1] != "/")
        return [
            path
            for path in self._asked.keys() - made
            if not path.startswith(folders)
            and not (path[-1] == "/" and any(each.startswith(path) for each in made))
        ]

    def _is_still(self, path: str, was: Signature | None) -> bool:
        return self.root + path not in self._written and signature(self.root + path) == was

    # --- of other processes ---------------------------------------------------------------------

    def _hear_from_others(self, reads: dict[str, Signature | None]) -> None:
        """Add what processes that this one has started read."""
        for kind, name, was, by in self.relay.told():
            if kind == "wrote":
                self._written.add(name)
                self._forget_made(name[len(self.root) :], reads)
            elif kind in ("read", "ran") and self.root + name not in self._written:
                reads.setdefault(name, was)
                self._keep(name, by)
                if kind == "ran":
                    self.executed.add(name)
            elif kind == "asked":
                self._asked.setdefault(name, was)
                self._asked_by.setdefault(name, set()).update(by)

    def _forget_made(self, name: str, reads: dict[str, Signature | None]) -> None:
        """Another process has written a file; was it read after that?"""
        was = reads.get(name)
        if was is not None and was[2] >= self._began:
            del reads[name]
            for seen in self.calls.values():
                seen.difference_update([place for place in seen if place[0] == name])


def _line_in(module: str) -> int:
    """The line that the module being imported has come to; 0 if it isn't on the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename == module:
            return frame.f_lineno
        frame = frame.f_back
    return 0
