"""Lint of files and folders, and how its findings are printed."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.sources import decode
from pivot_lsp.lint.engine import lint
from pivot_lsp.lint.rule import Severity
from pivot_lsp.positions import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    """Lint files, and all Python files below folders; each once."""
    found: list[Entry] = []
    unreadable: list[Unread] = []
    for path in dict.fromkeys(chain.from_iterable(map(_files, paths))):
        try:
            text = decode(path.read_bytes())
            found += _entries(os.fspath(path), text)
        except SyntaxError as error:
            unreadable.append(Unread(os.fspath(path), error.lineno or 0, error.msg))
        except (OSError, ValueError, LookupError) as error:
            unreadable.append(Unread(os.fspath(path), 0, str(error)))
    return Report(findings=tuple(found), unreadable=tuple(unreadable))


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


def _entries(path: str, text: str) -> Iterable[Entry]:
    findings = lint(text)
    lines = Lines(text)
    return [_entry(path, finding, lines) for finding in findings]


def _entry(path: str, finding: Finding, lines: Lines) -> Entry:
    related = tuple(RelatedEntry(other.message, _where(path, other.span, lines)) for other in finding.related)
    where = _where(path, finding.span, lines)
    return Entry(finding.code, finding.name, finding.severity, finding.message, finding.hint, where, related)


def _where(path: str, span: Span, lines: Lines) -> Where:
    return Where(
        path,
        span.line,
        lines.characters(span.line, span.column) + 1,
        span.end_line,
        lines.characters(span.end_line, span.end_column) + 1,
    )
