"""Imports the user's modules in a worker, and knows exactly which text of each one it runs.

A worker outlives many stages. Before each one :meth:`UserModules.refresh` drops all modules of the project
when the source of one of them (or a file it read while it was imported) has changed since; third-party
modules stay, so pandas is imported once. Bytecode is looked up by the hash of the source and never by its
time stamp, which two edits in one second can share.
"""

from __future__ import annotations

import importlib
import linecache
import marshal
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from blake3 import blake3

from pivot_core.execute.signature import Signature, signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.execute.reads import ReadLog
    from pivot_core.project import Project

_CHECKED_HASH = (0b11).to_bytes(4, "little")  # PEP 552: hash-based, to be checked against the source


class UserModules:
    """The finder (on ``sys.meta_path``) for modules of the project, and the book of what it loaded.

    ``sources`` maps each loaded file's logical path to the digest of the text that was executed.
    """

    def __init__(self, project: Project, reads: ReadLog) -> None:
        self._project = project
        self._reads = reads
        self._folders = [str(folder) for folder in project.search_path]
        self._names: set[str] = set()
        self._signatures: dict[str, Signature | None] = {}
        self.sources: dict[str, str] = {}

    def install(self) -> None:
        """Put the project's folders first on ``sys.path`` and this finder first of all finders."""
        sys.path[:] = self._folders + [entry for entry in sys.path if entry not in ("", *self._folders)]
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a project module with our loader; None leaves the name to the other finders."""
        spec = PathFinder.find_spec(name, self._folders if path is None else path)
        if spec is None and path is None and self._other_folders():
            spec = PathFinder.find_spec(name)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.origin = os.path.abspath(spec.origin)  # noqa: PTH100 - ``__path__`` may say "pkg/../more"
        if not self._project.is_own(Path(spec.origin)):
            return None
        spec.loader = _Loader(name, spec.origin, self)
        return spec

    def _other_folders(self) -> bool:
        """Whether the project has put another folder of its own on ``sys.path``."""
        return any(
            entry not in self._folders and self._project.is_own(Path(os.path.abspath(entry), "_"))  # noqa: PTH100
            for entry in sys.path
        )

    @property
    def signatures(self) -> dict[str, Signature | None]:
        """Of each loaded file, and each that was read meanwhile, as it was then; by logical path."""
        root = self._project.root
        return {Path(path).relative_to(root).as_posix(): was for path, was in self._signatures.items()}

    def refresh(self) -> bool:
        """Forget every module of the project if one of them is not what was loaded any more; whether so."""
        if all(signature(path) == was for path, was in self._signatures.items()):
            return False
        for name in [name for name, module in sys.modules.items() if self._is_ours(name, module)]:
            del sys.modules[name]
        self._names.clear()
        self._signatures.clear()
        self.sources.clear()
        self._reads.forget_modules()
        importlib.invalidate_caches()
        linecache.clearcache()
        return True

    def _is_ours(self, name: str, module: ModuleType) -> bool:
        """Ours by record, or a namespace package (no file, no record) that lies in the project."""
        if name in self._names:
            return True
        if getattr(module, "__file__", None) is not None:
            return False
        return any(self._project.is_own(Path(entry, "_")) for entry in getattr(module, "__path__", ()))

    def read(self, name: str, path: str) -> bytes:
        """The source of a module that is about to run; from now on the book says so."""
        stamp = signature(path)  # before reading: an edit in between then shows at the next refresh
        source = Path(path).read_bytes()
        self._names.add(name)
        self._signatures[path] = stamp
        self.sources[Path(path).relative_to(self._project.root).as_posix()] = blake3(source).hexdigest()
        return source

    def execute(self, loader: SourceFileLoader, module: ModuleType) -> None:
        """Run a module's code; the files it opens meanwhile are inputs of whoever imports it."""
        path = Path(loader.path).relative_to(self._project.root).as_posix()
        with self._reads.importing(path) as reads:
            SourceFileLoader.exec_module(loader, module)
        for read, _ in reads:
            full = f"{self._project.root}/{read}"  # (the root's own listing is "/")
            self._signatures[full] = signature(full)


class _Loader(SourceFileLoader):
    """Loads one project module from its source as it is now."""

    def __init__(self, name: str, path: str, modules: UserModules) -> None:
        super().__init__(name, path)
        self._modules = modules

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, from ``__pycache__`` only if that was made from this very source."""
        source = self._modules.read(fullname, self.path)
        header = MAGIC_NUMBER + _CHECKED_HASH + source_hash(source)
        bytecode = cache_from_source(self.path)
        code = _from_bytecode(Path(bytecode), header)
        if code is None or code.co_filename != self.path:  # the project may have been moved
            try:
                code = self.source_to_code(source, self.path)
            except SyntaxError as error:
                error.filename = error.filename or self.path  # it isn't told of an encoding, or a null byte
                raise
            if not sys.dont_write_bytecode:
                # The parent's method: atomic, and silent in a folder that can't be written to.
                self.set_data(bytecode, header + marshal.dumps(code))
        return code

    def exec_module(self, module: ModuleType) -> None:
        self._modules.execute(self, module)


def _from_bytecode(path: Path, header: bytes) -> CodeType | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not data.startswith(header):
        return None
    try:
        code = marshal.loads(data[len(header) :])
    except (EOFError, ValueError, TypeError):  # cut short
        return None
    return code if isinstance(code, CodeType) else None
