"""Sees which project files and environment variables user code reads undeclared.

An audit hook can't be taken out again, so there is one for the life of a worker, and of each process that it
starts. Whose reads they are, and which of them count, is said in reads.py.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from importlib.util import source_from_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pivot_core.execute import questions, variables
from pivot_core.execute.foreign import Foreign
from pivot_core.execute.reads import ReadLog
from pivot_core.execute.relay import Relay, watch_started
from pivot_core.execute.signature import is_file
from pivot_core.store.atomic import is_scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
    "subprocess.Popen": lambda args: (
        [args[0], *(args[1] if isinstance(args[1], list | tuple) else [args[1]])],
        args[2],
    ),
    "os.system": lambda args: (args, None),
    "os.posix_spawn": lambda args: ([args[0], *args[1]], None),
    "os.exec": lambda args: ([args[0], *args[1]], None),  # also in a fork: os.spawnv, pty.spawn
}
# What gives a file a name. (A hard link changes the file that it is made to, as any look at it shows.)
_NAMING = frozenset({"os.rename", "os.symlink"})
_LISTINGS = frozenset({"os.listdir", "os.scandir"})
# Packages that read a whole folder by native code when they are handed one.
_READ_FOLDERS = frozenset({"polars", "pyarrow"})

_OURS = frozenset({__file__, questions.__file__})
_STANDARD = str(Path(os.__file__).parent) + os.sep

# Modules that open source files for what they say as code.
_READERS = frozenset({linecache.__file__, str(Path(__file__).with_name("importer.py"))})

_Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Observer:
    """Listens to one process for its whole life, and adds to ``reads`` what it hears of."""

    def __init__(self, reads: ReadLog) -> None:
        self._reads = reads
        self._root = reads.root
        self.foreign = Foreign(self._root)
        self._walking = False  # through a folder ourselves

    def install(self) -> None:
        sys.addaudithook(self._hook)
        questions.hear(self._asked_about)
        questions.hear_names(self._named)
        variables.hear(self._variable)
        watch_started(self._root.rstrip(os.sep), self._reads.relay, _watch)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            if not self._reads.wanted:
                return
            path, mode, flags = args
            if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int):
                self._opened(path, flags, by_descriptor=mode is None)
        elif event in _LISTINGS and not self._walking and self._reads.wanted:
            path = args[0] if args and args[0] is not None else "."
            if isinstance(path, str | bytes | os.PathLike) and not _by_the_import_system():
                self._note(path, listing=True)
        elif event in _COMMANDS and self._reads.wanted:
            self._started(*_COMMANDS[event](args))
        elif event in _NAMING and self._reads.wanted:
            self._given_a_name(event, args[0], args[1])
        elif event == "pickle.find_class" and self._reads.wanted:
            self._reads.add(f"@{args[0]}:{args[1]}")
        elif event == "sqlite3.connect" and isinstance(args[0], str | bytes | os.PathLike):
            self._ask(_database(args[0]))  # opened by the library itself
        elif event == "ctypes.dlopen" and isinstance(args[0], str) and os.sep in args[0]:
            self._ask(args[0])
        elif event == "import" and isinstance(args[1], str) and self._reads.wanted:
            self._imported_native(args[1])

    def _opened(self, path: _Path, flags: int, *, by_descriptor: bool) -> None:
        if flags & _WRITES:
            if flags & _CHANGES == os.O_RDWR:
                self._note(path)  # "r+": what was there is read, too
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - no user class in a hook
            self._reads.add_written(full)
        elif os.fsdecode(path).endswith((".py", ".pyc")) and self._opener() == "import":
            self._executed(path)
        elif not by_descriptor or is_file(os.fsdecode(path)):
            # Not what shutil.rmtree and the like open: a folder, or a name that is relative to one.
            self._note(path)
            self._note_outside(path)

    def _given_a_name(self, event: str, source: object, name: object) -> None:
        """What the stage has written is its own also where it renames it to; it reads what it links to."""
        paths = str, bytes, os.PathLike
        if not isinstance(source, paths) or not isinstance(name, paths):
            return
        full = os.path.abspath(os.fsdecode(name))  # noqa: PTH100
        if event == "os.symlink" and is_file(target := Path(full).parent / os.fsdecode(source)):
            self._note(target)
            self._reads.add_written(full)
        elif event == "os.rename":
            former = os.path.abspath(os.fsdecode(source))  # noqa: PTH100
            # Not what the worker itself puts in an output's place: what comes there later is somebody else's.
            if self._reads.is_written(former) and not is_scratch(os.path.basename(former)):  # noqa: PTH119
                self._reads.add_written(full)

    def _started(self, words: Iterable[object], cwd: object) -> None:
        """A child process: the files that its command line names. (What else it reads can't be seen.)"""
        folder = os.fsdecode(cwd) if isinstance(cwd, str | bytes | os.PathLike) else ""
        texts = [os.fsdecode(word) for word in words if isinstance(word, str | bytes | os.PathLike)]
        for name in {*texts, *(name for text in texts for name in _NAMES.findall(text))}:
            if is_file(Path(folder, name)):
                self._ask(Path(folder, name))
                self._program(Path(folder, name))
        for module in _MODULE.findall(" ".join(texts)):
            self._reads.add(f"@{module}:__main__")
            self._reads.add(f"@{module}.__main__:__main__")

    def _program(self, path: Path) -> None:
        """A Python file of the project that may be executed: as a module it can be followed."""
        logical = self._logical(path) if path.suffix == ".py" else None
        if logical is not None:
            module = logical.removeprefix("src/").removesuffix(".py").replace("/", ".")
            if _DOTTED.fullmatch(module):
                self._reads.add(f"@{module}:__main__")

    def _asked_about(self, path: _Path, there: bool) -> None:
        """Whether a file is there, or something of it, was asked without opening it."""
        if self._reads.wanted and self._asked_by_the_project():
            name = os.fsdecode(path)
            if not there or (not name.endswith(".py") and is_file(name)):
                self._ask(path)

    def _named(self, path: _Path, module: str) -> None:
        """A library was handed a path: native code may open it, which nobody else tells of."""
        if not self._reads.wanted:
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
            self._reads.add(logical)

    def _ask(self, path: _Path, *, listing: bool = False) -> None:
        logical = self._logical(path)
        if logical is None:
            return
        self._reads.ask(f"{logical}/" if listing else logical)

    def _logical(self, path: _Path) -> str | None:
        """The path from the root on; None for what is no data of the project, or was written meanwhile."""
        logical = self._own(path)
        if logical is None or self._is_code(logical) or logical.startswith(_NOT_DATA):
            return None
        return logical

    def _own(self, path: _Path) -> str | None:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if not full.startswith(self._root) or self._reads.is_written(full):
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
        self._reads.add(f"./{logical}" if logical[0] in "$@" else logical)

    def _note_outside(self, path: _Path) -> None:
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if (
            self.foreign.counts(full)
            and not self._reads.is_written(full)
            and is_file(full)
            and not self._is_code(full)
        ):
            self._reads.add_outside(full)

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
            self._reads.executed.add(logical)
            self._reads.add(logical, "ran")

    def _variable(self, name: str, asker: str) -> None:
        """A variable was asked for, by code in the file ``asker``."""
        if self._reads.wanted and asker.startswith(self._root) and "/site-packages/" not in asker:
            self._reads.add(f"${name}")

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


def _database(name: _Path) -> _Path:
    """The path in what ``sqlite3.connect`` is given, which may be ``file:rows.db?mode=ro``."""
    if isinstance(name, str) and name.startswith("file:"):
        return unquote(name.removeprefix("file:").partition("?")[0])
    return name


def _watch(root: str, relay: str, owner: int) -> None:
    """Watch a process that a worker has started, to its end."""
    Observer(ReadLog(Path(root), Relay(Path(relay), owner), always=True)).install()


def _by_the_import_system() -> bool:
    """Whether the listing is the path finder's own (frames: this, _hook, the caller)."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")
