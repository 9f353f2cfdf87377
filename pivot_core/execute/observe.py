"""Sees which project files and environment variables user code reads undeclared.

An audit hook can't be taken out again, so there is one for the life of a worker. What it sees belongs to
the module that is being imported, if one is, else to the stage that runs.

What is only asked about (whether a file is there), handed to native code or named to a child process
counts if it is the same afterwards: else the stage made it. Processes that the worker starts tell it what
they read (see relay.py).
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import time
from contextlib import contextmanager
from importlib.util import source_from_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pivot_core.execute import questions
from pivot_core.execute.callers import Caller, callers
from pivot_core.execute.foreign import Foreign
from pivot_core.execute.relay import Kind, Relay, Told, watch_started
from pivot_core.execute.signature import Signature, is_file, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType
    from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = os.O_RDWR | os.O_CREAT | os.O_TRUNC
_FOREIGN = re.compile(r"(^|/)(\.|site-packages/|node_modules/)")
_NOT_DATA = (".pivot/", ".git/")
_NAMES = re.compile(r"[^\s'\"=;|&<>()]+")  # words of a command line that may be names of files
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_MODULE = re.compile(rf"(?<!\S)-m ({_DOTTED.pattern.replace('(', '(?:')})(?!\S)")
# Where the arguments of an event have the words of the command line, and the folder it is started in.
_COMMANDS: dict[str, Callable[[tuple[Any, ...]], tuple[Iterable[object], object]]] = {
    "subprocess.Popen": lambda args: (args[1] if isinstance(args[1], list | tuple) else [args[1]], args[2]),
    "os.system": lambda args: (args, None),
    "os.posix_spawn": lambda args: (args[1], None),
}
_LISTINGS = frozenset({"os.listdir", "os.scandir"})
# Packages that read a whole folder by native code when they are handed one.
_READ_FOLDERS = frozenset({"polars", "pyarrow"})

_TICK = 20_000_000  # ns; the clock of a file system is behind by a tick
_OURS = frozenset({__file__, questions.__file__})
_STANDARD = str(Path(os.__file__).parent) + os.sep

# What reads a variable for whoever calls it. (Not expanduser: where a home is says nothing about a result.)
_ASKED_FOR_OTHERS = frozenset({"os", "collections.abc", "_collections_abc", "string"})

# Modules that open source files for what they say as code.
_READERS = frozenset({linecache.__file__, str(Path(__file__).with_name("importer.py"))})

_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Observer:
    """The reads of one worker process. Paths are logical; a listed directory's ends with ``/``, and a
    variable is ``$NAME``.

    ``imports`` maps a project module's file to what it read while it was imported, each with the line of
    the top-level statement that was being executed (or a later line of it), or by a function within a
    function; ``calls`` to what was read while its other functions were called, by the stages that ran here
    so far: they may have kept it.
    """

    def __init__(self, root: Path, relay: Relay) -> None:
        self._root = str(root) + os.sep
        self._relay = relay
        self.foreign = Foreign(self._root)
        self._outside: dict[str, None] = {}
        self._importing: list[tuple[str, set[tuple[str, int]], dict[tuple[str, int], Signature | None]]] = []
        self._reads: dict[str, Signature | None] | None = None
        self._asked: dict[str, Signature | None] = {}
        self._asked_by: dict[str, set[Caller]] = {}
        self._written: set[str] = set()
        self._declared: tuple[str, ...] = ()
        self._began = 0
        self._walking = False  # through a folder ourselves
        self._listed: str | None = None  # the variable that an iteration has come to
        self.imports: dict[str, set[tuple[str, int]]] = {}
        self.calls: dict[str, set[tuple[str, int]]] = {}
        self.executed: set[str] = set()  # source files, by other loaders than ours
        self.signatures: dict[str, Signature | None] = {}  # of what ``calls`` has, when it was read

    def install(self) -> None:
        sys.addaudithook(self._hook)
        questions.hear(self._asked_about)
        questions.hear_names(self._named)
        self._watch_variables()
        watch_started(self._root.rstrip(os.sep), self._relay, _watch)

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
            if self._relay.for_worker:
                others: dict[str, Signature | None] = {}
                self._hear_from_others(others)
                reads.update((path, 0) for path in others)  # at no line that can be told
            reads.update(place for place, was in asked.items() if self._is_still(place[0], was))

    def _hear_from_others(self, reads: dict[str, Signature | None]) -> None:
        """Add what processes that this one has started read."""
        for kind, name, was, by in self._relay.told():
            if kind == "wrote":
                self._written.add(name)
                self._forget_made(name[len(self._root) :], reads)
            elif kind in ("read", "ran") and self._root + name not in self._written:
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

    def changed(self, reads: Mapping[str, Signature | None]) -> set[str]:
        """Which of these files somebody else than the stage has changed since they were read."""
        files = {path: was for path, was in reads.items() if path[-1] != "/" and path[0] not in "$@"}
        return {
            path
            for path, was in files.items()
            if self._root + path not in self._written and signature(self._root + path) != was
        }

    def outside(self) -> tuple[str, ...]:
        """Files outside of the project that the stage has read, absolute; not what was imported."""
        return tuple(path for path in self._outside if path not in self._written)

    def wrote(self, path: Path) -> bool:
        """Whether the stage has opened this file, or one in this folder, to write it."""
        return any(written == str(path) or written.startswith(f"{path}/") for written in self._written)

    def forget_modules(self) -> None:
        """The project's modules are dropped, with all that they kept."""
        self.imports.clear()
        self.calls.clear()
        self.signatures.clear()

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
        return self._root + path not in self._written and signature(self._root + path) == was

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            if self._reads is None and not self._importing:
                return
            path, mode, flags = args
            if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int):
                self._opened(path, flags, by_descriptor=mode is None)
        elif event in _LISTINGS and not self._walking and (self._importing or self._reads is not None):
            path = args[0] if args and args[0] is not None else "."
            if isinstance(path, str | bytes | os.PathLike) and not _by_the_import_system():
                self._note(path, listing=True)
        elif event in _COMMANDS and (self._importing or self._reads is not None):
            self._started(*_COMMANDS[event](args))
        elif event == "pickle.find_class" and (self._importing or self._reads is not None):
            self._add(f"@{args[0]}:{args[1]}")
        elif event == "sqlite3.connect" and isinstance(args[0], str | bytes | os.PathLike):
            self._ask(_database(args[0]))  # opened by the library itself
        elif event == "ctypes.dlopen" and isinstance(args[0], str) and os.sep in args[0]:
            self._ask(args[0])
        elif event == "import" and isinstance(args[1], str) and (self._importing or self._reads is not None):
            self._imported_native(args[1])

    def _opened(self, path: _Path, flags: int, *, by_descriptor: bool) -> None:
        if flags & _WRITES:
            if flags & _CHANGES == os.O_RDWR:
                self._note(path)  # "r+": what was there is read, too
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - no user class in a hook
            self._written.add(full)
            ours = self._root + _NOT_DATA[0]  # the relay's file is among them
            if not self._relay.for_worker and full.startswith(self._root) and not full.startswith(ours):
                self._relay.tell(Told("wrote", full))
        elif os.fsdecode(path).endswith((".py", ".pyc")) and self._opener() == "import":
            self._executed(path)
        elif not by_descriptor or is_file(os.fsdecode(path)):
            # Not what shutil.rmtree and the like open: a folder, or a name that is relative to one.
            self._note(path)
            self._note_outside(path)

    def _started(self, words: Iterable[object], cwd: object) -> None:
        """A child process: the files that its command line names. (What else it reads can't be seen.)"""
        folder = os.fsdecode(cwd) if isinstance(cwd, str | bytes | os.PathLike) else ""
        texts = [os.fsdecode(word) for word in words if isinstance(word, str | bytes | os.PathLike)]
        for name in {*texts, *(name for text in texts for name in _NAMES.findall(text))}:
            if is_file(Path(folder, name)):
                self._ask(Path(folder, name))
                self._program(Path(folder, name))
        for module in _MODULE.findall(" ".join(texts)):
            self._add(f"@{module}:__main__")
            self._add(f"@{module}.__main__:__main__")

    def _program(self, path: Path) -> None:
        """A Python file of the project that may be executed: as a module it can be followed."""
        logical = self._logical(path) if path.suffix == ".py" else None
        if logical is not None:
            module = logical.removeprefix("src/").removesuffix(".py").replace("/", ".")
            if _DOTTED.fullmatch(module):
                self._add(f"@{module}:__main__")

    def _asked_about(self, path: _Path, there: bool) -> None:
        """Whether a file is there, or something of it, was asked without opening it."""
        if (self._importing or self._reads is not None) and self._asked_by_the_project():
            name = os.fsdecode(path)
            if not there or (not name.endswith(".py") and is_file(name)):
                self._ask(path)

    def _named(self, path: _Path, module: str) -> None:
        """A library was handed a path: native code may open it, which nobody else tells of."""
        if not self._importing and self._reads is None:
            return
        name = os.fsdecode(path)
        if "://" not in name and not os.path.isdir(name):  # noqa: PTH112
            self._ask(path)
        elif module.partition(".")[0] in _READ_FOLDERS and self._logical(path):
            self._walking = True
            try:
                for folder, _, files in os.walk(name):
                    self._ask(folder, listing=True)
                    for file in files:
                        self._ask(os.path.join(folder, file))  # noqa: PTH118
            finally:
                self._walking = False

    def _imported_native(self, path: str) -> None:
        """A compiled module: the code graph knows only text."""
        logical = self._own(path)
        if logical is not None and "/site-packages/" not in f"/{logical}":
            self._add(logical)

    def _ask(self, path: _Path, *, listing: bool = False) -> None:
        logical = self._logical(path)
        if logical is None:
            return
        logical += "/" if listing else ""
        was = signature(self._root + logical)
        if not self._relay.for_worker:
            self._relay.tell(Told("asked", logical, was, callers(self._root)))
        elif self._importing:
            module, _, asked = self._importing[-1]
            asked.setdefault((logical, _line_in(self._root + module)), was)
        elif self._reads is not None:
            self._asked.setdefault(logical, was)
            self._asked_by.setdefault(logical, set()).update(callers(self._root))

    def _logical(self, path: _Path) -> str | None:
        """The path from the root on; None for what is no data of the project, or was written meanwhile."""
        logical = self._own(path)
        if logical is None or self._is_code(logical) or logical.startswith(_NOT_DATA):
            return None
        return logical

    def _own(self, path: _Path) -> str | None:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if not full.startswith(self._root) or full in self._written:
            return None
        return full[len(self._root) :].replace(os.sep, "/")

    def _note(self, path: _Path, *, listing: bool = False) -> None:
        if listing and os.path.abspath(os.fsdecode(path)) + os.sep == self._root:  # noqa: PTH100
            if not self._asked_by_the_project():
                return  # libraries look around in the current directory; in one below they were sent there
            logical: str | None = "./"
        else:
            logical = self._logical(path)
            if logical is not None and listing:
                logical += "/"
        if logical is None:
            return
        self._add(f"./{logical}" if logical[0] in "$@" else logical)

    def _note_outside(self, path: _Path) -> None:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if (
            self.foreign.counts(full)
            and full not in self._written
            and is_file(full)
            and not self._is_code(full)
        ):
            self._outside.setdefault(full)

    def _add(self, name: str, kind: Kind = "read") -> None:
        if not self._relay.for_worker:
            self._relay.tell(Told(kind, name, signature(self._root + name), callers(self._root)))
        elif self._importing:
            module, reads, _ = self._importing[-1]
            reads.add((name, _line_in(self._root + module)))
        elif self._reads is not None:
            self._reads.setdefault(name, signature(self._root + name))
            self._keep(name, callers(self._root))

    def _keep(self, read: str, callers: Iterable[Caller]) -> None:
        """Note which functions may have kept what was read; what a stage declares, its loaders read."""
        if any(read == path or read.startswith(path + "/") for path in self._declared):
            return
        for module, line, nested in callers:
            kept = self.imports if nested else self.calls
            kept.setdefault(module, set()).add((read, line))
            self.signatures.setdefault(read, signature(self._root + read))

    def _is_code(self, logical: str) -> bool:
        """What is imported is tracked by the code graph; bytecode and foreign packages are nobody's data."""
        if logical.endswith(".pyc") or "/site-packages/" in f"/{logical}":
            return True
        return logical.endswith((".py", ".so")) and bool(self._opener())

    def _opener(self) -> str:
        """Who opens the file that is being noted, if that is an import ("import"), or a traceback that quotes
        the line: it comes nearer than any code of the project."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                return "import"
            if name in _READERS:
                return "reader"
            if name.startswith(self._root) and "/site-packages/" not in name:
                return ""
            frame = frame.f_back
        return ""

    def _executed(self, path: _Path) -> None:
        """A module that another loader than ours executes, from its path perhaps: the code graph may not
        know it."""
        name = os.fsdecode(path)
        if name.endswith(".pyc") and "__pycache__" in name:
            name = source_from_cache(name)
        logical = self._own(name)
        if logical is None or not logical.endswith(".py"):
            return
        if _FOREIGN.search(logical) is None:
            self.executed.add(logical)
            self._add(logical, "ran")

    # --- variables -------------------------------------------------------------------------------

    def _watch_variables(self) -> None:
        """See each variable that project code asks for. A copy of all, for a child process say, asks for
        none: it would be another one in every shell."""
        kind = type(os.environ)
        getitem, iterate = kind.__getitem__, kind.__iter__

        def watched_getitem(environ: os._Environ[str], key: str) -> str:
            if self._importing or self._reads is not None:
                self._asked_for(key)
            return getitem(environ, key)

        def watched_iterate(environ: os._Environ[str]) -> Iterator[str]:
            try:
                for key in iterate(environ):
                    self._listed = key
                    yield key
            finally:
                self._listed = None

        kind.__getitem__ = watched_getitem  # type: ignore[method-assign]
        kind.__iter__ = watched_iterate  # type: ignore[method-assign]

    def _asked_for(self, key: str) -> None:
        listed, self._listed = self._listed, None
        if listed == key or not isinstance(key, str):
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and _asks_for_others(frame):
            frame = frame.f_back
        name = frame.f_code.co_filename if frame is not None else ""
        if name.startswith(self._root) and "/site-packages/" not in name:
            self._add(f"${key}")

    def _asked_by_the_project(self) -> bool:
        """Whether the nearest frame outside the standard library is the project's own code."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name not in _OURS:
                if "/site-packages/" in name:
                    return False
                if not name.startswith(("<frozen", _STANDARD)):
                    return name.startswith(self._root)
            frame = frame.f_back
        return False


def _asks_for_others(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__")
    if module == "posixpath":
        return frame.f_code.co_name == "expandvars"
    return module in _ASKED_FOR_OTHERS or frame.f_code.co_filename == __file__


def _database(name: _Path) -> _Path:
    """The path in what ``sqlite3.connect`` is given, which may be ``file:rows.db?mode=ro``."""
    if isinstance(name, str) and name.startswith("file:"):
        return unquote(name.removeprefix("file:").partition("?")[0])
    return name


def _watch(root: str, relay: str, owner: int) -> None:
    """Watch a process that a worker has started, to its end."""
    observer = Observer(Path(root), Relay(Path(relay), owner))
    observer._reads = {}
    observer.install()


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
