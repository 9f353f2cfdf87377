"""Lint of files and folders, and how its findings are printed."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.sources import decode
from pivot_core.errors import UsageError
from pivot_core.project import Project
from pivot_lsp.lint.config import load_config
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.rule import Severity
from pivot_lsp.source.module import Module, mentions_pivot
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.lint.rule import Finding
    from pivot_lsp.positions import Span

_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})


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


def find(paths: Sequence[Path]) -> Report:
    """Lint files, and all Python files below folders; each once, as a part of the project that it is in.

    Raises UsageError for settings that are wrong.
    """
    linters = Linters()
    found: list[Entry] = []
    unreadable: list[Unread] = []
    for path in dict.fromkeys(chain.from_iterable(map(_files, paths))):
        try:
            found += _entries(path, linters)
        except SyntaxError as error:
            unreadable.append(Unread(os.fspath(path), error.lineno or 0, error.msg))
        except (OSError, ValueError, LookupError) as error:
            unreadable.append(Unread(os.fspath(path), 0, str(error)))
    return Report(findings=tuple(found), unreadable=tuple(unreadable))


class Linters:
    """One linter a project, made when the first of its files comes."""

    def __init__(self) -> None:
        self._by_root: dict[Path, Linter] = {}

    def of(self, path: Path) -> tuple[Linter, str]:
        """The linter for a file, and the path that it knows the file by."""
        full = path.resolve()
        try:
            project = Project.find(full.parent)
        except UsageError:
            return Linter(Sources(None)), os.fspath(path)
        if not project.is_own(full):
            return Linter(Sources(None)), os.fspath(path)
        if project.root not in self._by_root:
            self._by_root[project.root] = Linter(Sources(project), config=load_config(project.root))
        return self._by_root[project.root], full.relative_to(project.root).as_posix()


def as_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def as_text(report: Report) -> str:
    """A finding on two lines, as compilers print theirs; then how many there are."""
    count = len(report.findings)
    total = "nothing found" if count == 0 else "1 finding" if count == 1 else f"{count} findings"
    return "".join(map(_text, report.findings)) + total + "\n"


def _text(entry: Entry) -> str:
    where = entry.where
    lines = [f"{where.path}:{where.line}:{where.column}: {entry.code} {entry.message}", f"    {entry.hint}"]
    lines += [
        f"    see {other.where.path}:{other.where.line}:{other.where.column}: {other.message}"
        for other in entry.related
    ]
    return "\n".join(lines) + "\n"


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _is_foreign(Path(folder, name)))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def _is_foreign(folder: Path) -> bool:
    return folder.name in _FOREIGN or folder.name.startswith(".") or (folder / "pyvenv.cfg").exists()


def _entries(path: Path, linters: Linters) -> Iterator[Entry]:
    text = decode(path.read_bytes())
    linter, known_as = linters.of(path)
    sources = linter.sources
    if sources.project is None:
        if not mentions_pivot(text):
            return
        sources.add(known_as, text)
    elif sources.module(known_as) is None:
        Module(known_as, text)  # says what is wrong with it
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
