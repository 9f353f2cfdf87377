"""Lint of files and folders."""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.encoding import NotTextError, decode, encoding_of
from pivot_core.errors import UsageError
from pivot_core.project import Project
from pivot_core.store.atomic import write_bytes
from pivot_lsp.lint.config import load_config
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.fixes import fix_all
from pivot_lsp.lint.rule import Severity
from pivot_lsp.source.listing import python_files
from pivot_lsp.source.module import LONGEST, Module, mentions_pivot
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.lint.rule import Finding
    from pivot_lsp.positions import Span


class Where(msgspec.Struct, frozen=True):
    """A stretch of a file. Lines and columns from 1, columns in characters, the end is after the last one."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


class RelatedEntry(msgspec.Struct, frozen=True):
    message: str
    where: Where


class Entry(msgspec.Struct, frozen=True):
    """One finding."""

    code: str
    name: str
    severity: Severity
    message: str
    hint: str
    where: Where
    related: tuple[RelatedEntry, ...] = ()
    fixable: bool = False


class Unread(msgspec.Struct, frozen=True):
    """A file that couldn't be looked at. ``line`` 0: as a whole."""

    path: str
    line: int
    why: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``lint --format json`` prints."""

    schema: int = 1
    findings: tuple[Entry, ...]
    unreadable: tuple[Unread, ...]
    fixed: tuple[str, ...] = ()


def find(paths: Sequence[Path], *, fix: bool = False) -> Report:
    """Lint files, and all Python files below folders; each once, as a part of the project that it is in.

    ``fix``: first write the files with all safe fixes of their findings; what is found is what is left.
    Raises UsageError for settings that are wrong.
    """
    linters = Linters()
    found: list[Entry] = []
    unreadable: list[Unread] = []
    fixed: list[str] = []
    read: list[Path] = []
    for path in dict.fromkeys(chain.from_iterable(map(_files, paths))):
        with _telling(path, unreadable):
            _loaded(path, decode(path.read_bytes()), linters)
            read.append(path)
    for path in read:  # now that all are known, as in an editor that has them open
        with _telling(path, unreadable):
            if fix and _fix(path, linters):
                fixed.append(os.fspath(path))
            found += _entries(path, linters)
    return Report(findings=tuple(found), unreadable=tuple(unreadable), fixed=tuple(fixed))


@contextmanager
def _telling(path: Path, unreadable: list[Unread]) -> Iterator[None]:
    """Note what keeps a file from being looked at."""
    try:
        yield
    except SyntaxError as error:
        unreadable.append(Unread(os.fspath(path), error.lineno or 0, error.msg))
    except NotTextError as error:
        unreadable.append(Unread(os.fspath(path), error.line, f"{error.why}; {error.hint}"))
    except OSError as error:
        unreadable.append(Unread(os.fspath(path), 0, str(error)))


class Linters:
    """One linter a project, made when the first of its files comes; one for each file that is in none."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Linter] = {}
        self._alone: dict[Path, Linter] = {}

    def of(self, path: Path) -> tuple[Linter, str]:
        """The linter for a file, and the path that it knows the file by."""
        full = path.resolve()
        try:
            project = Project.find(full.parent)
        except UsageError:
            return self._by_itself(path)
        if not project.is_own(full):
            return self._by_itself(path)
        if project.root not in self._by_root:
            self._by_root[project.root] = Linter(Sources(project), config=load_config(project.root))
        return self._by_root[project.root], full.relative_to(project.root).as_posix()

    def _by_itself(self, path: Path) -> tuple[Linter, str]:
        return self._alone.setdefault(path, Linter(Sources(None))), os.fspath(path)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from python_files(path)
    else:
        yield path


def _fix(path: Path, linters: Linters) -> bool:
    """Write a file with its safe fixes, in the encoding that it has; False if there are none."""
    data = path.read_bytes()
    linter, known_as = _loaded(path, decode(data), linters)
    fixed = fix_all(linter, known_as)
    if fixed is None:
        return False
    target = path.resolve()
    mode = target.stat().st_mode
    write_bytes(target, fixed.encode(encoding_of(data)))
    target.chmod(mode)
    return True


def _loaded(path: Path, text: str, linters: Linters) -> tuple[Linter, str]:
    """The linter that knows a file, and by which path. Raises SyntaxError."""
    linter, known_as = linters.of(path)
    relevant = mentions_pivot(text)
    if relevant:
        linter.sources.put(known_as, text)
    in_project = linter.sources.project is not None and len(text) <= LONGEST
    if (relevant or in_project) and linter.sources.module(known_as) is None:
        Module(known_as, text)  # says what is wrong with it
    return linter, known_as


def _entries(path: Path, linters: Linters) -> Iterator[Entry]:
    linter, known_as = _loaded(path, decode(path.read_bytes()), linters)
    sources = linter.sources
    shown = _Shown(sources, path, known_as)
    for finding in linter.findings(known_as):
        yield _entry(finding, known_as, shown)


class _Shown:
    """Places as people count them, in files by the paths that people gave."""

    def __init__(self, sources: Sources, path: Path, known_as: str) -> None:
        self._sources = sources
        self._paths = {known_as: os.fspath(path)}

    def where(self, path: str, span: Span) -> Where:
        module = self._sources.module(path)
        assert module is not None
        lines = module.lines
        return Where(
            self._path(path),
            span.line,
            lines.characters(span.line, span.column) + 1,
            span.end_line,
            lines.characters(span.end_line, span.end_column) + 1,
        )

    def _path(self, path: str) -> str:
        if path not in self._paths:
            assert self._sources.project is not None
            self._paths[path] = os.path.relpath(self._sources.project.root / path)
        return self._paths[path]


def _entry(finding: Finding, path: str, shown: _Shown) -> Entry:
    related = tuple(
        RelatedEntry(other.message, shown.where(other.path, other.span)) for other in finding.related
    )
    return Entry(
        finding.code,
        finding.name,
        finding.severity,
        finding.message,
        finding.hint,
        shown.where(path, finding.span),
        related,
        finding.fix is not None,
    )
