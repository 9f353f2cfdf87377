"""Sees which project files (and, while ``pipeline.py`` loads, variables) user code reads undeclared.

An audit hook can't be taken out again, so there is one for the life of a worker. What it sees belongs to
the module that is being imported, if one is, else to the stage that runs.
"""

from __future__ import annotations

import linecache
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.execute.signature import Signature, signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NOT_DATA = (".pivot/", ".git/")
_LISTINGS = frozenset({"os.listdir", "os.scandir"})

_STANDARD = str(Path(os.__file__).parent) + os.sep

# Modules that open source files for what they say as code.
_READERS = frozenset({linecache.__file__, str(Path(__file__).with_name("importer.py"))})

_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Observer:
    """The reads of one worker process. Paths are logical; a listed directory's ends with ``/``.

    ``imports`` maps a project module's file to what it read while it was imported, each with the line of
    the top-level statement that was being executed (or a later line of it).
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root) + os.sep
        self._importing: list[tuple[str, set[tuple[str, int]]]] = []
        self._reads: dict[str, Signature | None] | None = None
        self._written: set[str] = set()
        self.imports: dict[str, set[tuple[str, int]]] = {}

    def install(self) -> None:
        sys.addaudithook(self._hook)

    @contextmanager
    def stage(self) -> Iterator[dict[str, Signature | None]]:
        """Collect what a stage reads, with the signature it had then. What it wrote itself before isn't
        an input of it."""
        self._reads, self._written = {}, set()
        try:
            yield self._reads
        finally:
            self._reads = None

    @contextmanager
    def importing(self, module: str) -> Iterator[set[tuple[str, int]]]:
        """Collect what a module reads while it is imported."""
        reads = self.imports.setdefault(module, set())
        self._importing.append((module, reads))
        try:
            yield reads
        finally:
            self._importing.pop()

    def changed(self, reads: Mapping[str, Signature | None]) -> set[str]:
        """Which of these files somebody else than the stage has changed since they were read."""
        full = {path: self._root + path for path in reads}
        files = {path: was for path, was in reads.items() if not path.endswith("/")}
        return {p for p, was in files.items() if full[p] not in self._written and signature(full[p]) != was}

    def forget_imports(self) -> None:
        self.imports.clear()

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            if self._reads is None and not self._importing:
                return
            path, mode, flags = args
            if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int):
                self._opened(path, flags, by_descriptor=mode is None)
        elif event in _LISTINGS and (self._importing or self._reads is not None):
            path = args[0] if args and args[0] is not None else "."
            if isinstance(path, str | bytes | os.PathLike) and not _by_the_import_system():
                self._note(path, listing=True)

    def _opened(self, path: _Path, flags: int, *, by_descriptor: bool) -> None:
        if flags & _WRITES:
            if flags & _CHANGES == os.O_RDWR:
                self._note(path)  # "r+": what was there is read, too
            self._written.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - no user class in a hook
        elif not by_descriptor or Path(os.fsdecode(path)).is_file():
            # Not what shutil.rmtree and the like open: a folder, or a name that is relative to one.
            self._note(path)

    def _note(self, path: _Path, *, listing: bool = False) -> None:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if not (full + os.sep if listing else full).startswith(self._root):
            return
        if full in self._written:
            return
        if listing and full + os.sep == self._root and not self._asked_by_the_project():
            return  # libraries look around in the current directory; in a folder below they were sent there
        logical = (full[len(self._root) :].replace(os.sep, "/") or ".") + ("/" if listing else "")
        if _is_code(logical) or logical.startswith(_NOT_DATA):
            return
        if self._importing:
            module, reads = self._importing[-1]
            reads.add((logical, _line_in(self._root + module)))
        elif self._reads is not None:
            self._reads.setdefault(logical, signature(full))

    def _asked_by_the_project(self) -> bool:
        """Whether the nearest frame outside the standard library is the project's own code."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name != __file__:
                if "/site-packages/" in name:
                    return False
                if not name.startswith(("<frozen", _STANDARD)):
                    return name.startswith(self._root)
            frame = frame.f_back
        return False


def _is_code(logical: str) -> bool:
    """What is imported is tracked by the code graph; bytecode and foreign packages are nobody's data."""
    if logical.endswith(".pyc") or "/site-packages/" in f"/{logical}":
        return True
    return logical.endswith((".py", ".so")) and _opened_as_code()


def _opened_as_code() -> bool:
    """Whether an import, or a traceback that quotes the line, opens the file that is being noted."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_code.co_filename in _READERS:
            return True
        frame = frame.f_back
    return False


def _line_in(module: str) -> int:
    """The line that the module being imported has come to; 0 if it isn't on the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename == module:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def _by_the_import_system() -> bool:
    """Whether the listing is the path finder's own (frames: this, _hook, the caller)."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")


@contextmanager
def variables_read(project_root: Path) -> Iterator[set[str]]:
    """Collect the environment variables that project code reads (by any means, literal name or not).

    Done only while ``pipeline.py`` loads: a name too many there costs a reload, not a rerun.
    """
    seen: set[str] = set()
    root = str(project_root) + os.sep
    kind = type(os.environ)
    original = kind.__getitem__

    def getitem(self: os._Environ[str], key: str) -> str:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith("<frozen"):
            frame = frame.f_back
        if frame.f_code.co_filename.startswith(root) and isinstance(key, str):
            seen.add(key)
        return original(self, key)

    kind.__getitem__ = getitem  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        kind.__getitem__ = original  # type: ignore[method-assign]
