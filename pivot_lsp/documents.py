"""The open documents, as the editor has them, and what is read from their text without running it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from pivot_core.code.encoding import NotTextError, decode
from pivot_core.errors import UsageError
from pivot_core.project import Project
from pivot_lsp.edits import Edit, Untouched, move, move_line
from pivot_lsp.positions import MARK, Lines, Span
from pivot_lsp.source.module import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pivot_lsp.lint.rule import Elsewhere, Finding
    from pivot_lsp.linters import Reading

    Read = Callable[[Path, str], Reading]

_DEF = re.compile(rf"{MARK}?(?:async\s+)?def\s+(\w+)")


class Former:
    """The findings of the last version that could be parsed, where they are in the newest one.

    They are asked for only where that can't be parsed: so the lint isn't asked about each version.
    """

    def __init__(self, reading: Reading | None = None) -> None:
        self._reading = reading
        self._edits: list[Edit] = []  # since the findings were where they are
        self._findings: tuple[Finding, ...] | None = None

    def edited(self, edits: Iterable[Edit]) -> Former:
        self._edits += edits
        return self

    def reread(self, reading: Reading) -> None:
        """That version was read again: by others, perhaps."""
        self._reading = reading

    @property
    def _path(self) -> str | None:
        home = self._reading.home if self._reading is not None else None
        return home.path if home is not None else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        if self._findings is None:
            self._findings = () if self._reading is None else self._reading.findings
        for edit in self._edits:
            self._findings = _moved(self._findings, edit, self._path)
        self._edits.clear()
        return self._findings


@dataclass(eq=False)
class Document:
    """One version of one open document. ``path`` is absolute, its folder resolved.

    ``read`` reads a text of it, or raises SyntaxError. ``last_good``: what was read of the last version that
    could be parsed. ``former``: the findings of that version, where they are in the newest one.
    ``untouched``: the lines of that version that are left.
    ``places``: the lines of the functions that it, or a version before it, had; where they are in this one.
    """

    uri: str
    path: Path
    version: int | None
    lines: Lines
    read: Read
    last_good: Reading | None = None
    former: Former = field(default_factory=Former)
    untouched: Untouched = field(default_factory=Untouched)
    places: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.lines.text

    @cached_property
    def reading(self) -> Reading | None:
        """What this version says; None while it can't be parsed (in the middle of typing)."""
        try:
            return self.read(self.path, self.text)
        except SyntaxError:
            return None

    @property
    def is_too_long(self) -> bool:
        """Whether it is longer than what is read while it is typed, though it has to do with stages."""
        return self.reading is None and len(self.text) > LONGEST

    @property
    def unread(self) -> str:
        """Why what is known of it is about an earlier text; "" if it isn't."""
        if self.reading is not None:
            return ""
        return "as it was: it is too long" if self.is_too_long else "before the syntax error"

    def outdated(self) -> None:
        """What was read of it may be read otherwise now."""
        if vars(self).pop("reading", None) is not None:
            _ = self.reading  # what was no part of a project wasn't parsed, and may not be Python now
        elif self.last_good is not None:  # whoever reads it now doesn't know what it said
            try:
                self.last_good = self.read(self.path, self.last_good.text)
            except SyntaxError:
                self.last_good = None
            else:
                self.former.reread(self.last_good)

    @property
    def good(self) -> Reading | None:
        """What this version says, or the last one before it that said something."""
        return self.reading or self.last_good

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of this version; while it can't be parsed, those that there were before."""
        return self.former.findings if self.reading is None else self.reading.findings

    def edited(self, version: int | None, lines: Lines, edits: Sequence[Edit]) -> Document:
        """The next version."""
        # Only what was read already: a version that nobody looked at isn't worth being parsed.
        read: Reading | None = vars(self).get("reading")
        former = (self.former if read is None else Former(read)).edited(edits)
        places = self.places if read is None else _lost(self.places, read.definitions) | read.definitions
        for edit in edits:
            moved = ((name, move_line(line, edit)) for name, line in places.items())
            places = {name: line for name, line in moved if line is not None}
        good = read or self.last_good
        untouched = (self.untouched if read is None else Untouched()).edited(edits)
        return Document(self.uri, self.path, version, lines, self.read, good, former, untouched, places)

    def now(self, span: Span) -> Span | None:
        """Where a stretch of what was read is in this version; None where that was touched since."""
        return span if self.reading is not None else self.untouched.now(span)

    def then(self, line: int) -> int | None:
        """Which line of what was read a line is; None where that was touched since."""
        return line if self.reading is not None else self.untouched.then(line)

    def end(self, span: Span) -> Span:
        """The same for the end of something long whose beginning is left: an empty stretch."""
        if self.reading is not None:
            return Span(span.end_line, span.end_column, span.end_line, span.end_column)
        left = self.untouched.now(Span(span.end_line, span.end_column, span.end_line, span.end_column))
        if left is not None:
            return left
        line = self.untouched.end(span.end_line) or self.lines.count
        column = len(self.lines.line(line).encode("utf-8", "surrogatepass"))
        return Span(line, column, line, column)

    def lines_of(self, functions: Iterable[str]) -> dict[str, int]:
        """The lines of those of these functions that are here. A function whose ``def`` is being typed, or
        given another name, is where it was before."""
        names = dict.fromkeys(functions)
        found = {name: line for name, line in self._definitions.items() if name in names}
        taken = set(found.values())
        for name in (names.keys() - found.keys()) & self.places.keys():
            line = self.places[name]
            if line not in taken and self._is_half_typed(line):
                found[name] = line
        return dict(sorted(found.items(), key=itemgetter(1)))

    @cached_property
    def _definitions(self) -> dict[str, int]:
        return self.reading.definitions if self.reading is not None else definitions(self.lines)

    def _is_half_typed(self, line: int) -> bool:
        return self.reading is None or self.lines.line(line).startswith(("def ", "async def "))

    def elsewhere(self, path: str) -> tuple[Path, Lines]:
        """Path and lines of a file of its project, by the path that findings name it by."""
        home = self.good.home if self.good is not None else None
        if home is None or path == home.path:
            return self.path, self.lines
        module, project = home.linter.sources.module(path), home.linter.sources.project
        assert module is not None
        assert project is not None
        return project.root / path, module.lines

    def logical(self, project: Project) -> str | None:
        """Its logical path; None if it isn't the project's own."""
        return self.path.relative_to(project.root).as_posix() if project.is_own(self.path) else None


@dataclass
class Documents:
    """All open Python documents, by URI."""

    read: Read
    _by_uri: dict[str, Document] = field(default_factory=dict)

    def open(self, uri: str, path: Path, version: int | None, text: str) -> Document:
        """The editor has it, with this text."""
        return self.put(Document(uri, path.parent.resolve() / path.name, version, Lines(text), self.read))

    def put(self, document: Document) -> Document:
        """It is the newest version."""
        self._by_uri[document.uri] = document
        return document

    def get(self, uri: str) -> Document | None:
        return self._by_uri.get(uri)

    def close(self, uri: str) -> Document | None:
        """The editor has it no more; the file counts again."""
        return self._by_uri.pop(uri, None)

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._by_uri.values()))

    def at(self, path: Path) -> Document | None:
        """The one of a file."""
        return next((document for document in self._by_uri.values() if document.path == path), None)

    def of(self, project: Project) -> Iterator[tuple[str, Document]]:
        """Those of a project, with their logical paths."""
        for document in self._by_uri.values():
            logical = document.logical(project)
            if logical is not None:
                yield logical, document

    def overlay(self, project: Project) -> dict[str, str]:
        """Text by logical path of the buffers that aren't as their files are.

        A buffer that can't be parsed counts as it was when it last could (or as its file is).
        """
        texts = {logical: document.good.text for logical, document in self.of(project) if document.good}
        return {path: text for path, text in texts.items() if on_disk(project.root / path) != text}


def definitions(lines: Lines) -> dict[str, int]:
    """The lines of functions at module level, in a text that perhaps can't be parsed."""
    numbered = enumerate(lines.with_breaks, 1)
    return {match[1]: number for number, line in numbered if (match := _DEF.match(line))}


def path_of(uri: str) -> Path | None:
    """The file of a URI; None for what isn't a file here (an unsaved new document, a diff)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    is_here = parts.scheme == "file" and parts.netloc in ("", "localhost")
    return Path(path) if is_here and path and "\0" not in path else None


def project_of(path: Path) -> Project | None:
    """The project that a file is in, if it is in one."""
    try:
        return Project.find(path.parent)
    except UsageError:
        return None


def _lost(places: Mapping[str, int], definitions: Mapping[str, int]) -> dict[str, int]:
    """Names that aren't defined any more: the oldest of each line, which is being given another name."""
    oldest = {line: name for name, line in reversed([*places.items()]) if name not in definitions}
    return {name: line for line, name in oldest.items()}


def _moved(findings: tuple[Finding, ...], edit: Edit, path: str | None) -> tuple[Finding, ...]:
    placed = ((finding, move(finding.span, edit)) for finding in findings)
    return tuple(
        msgspec.structs.replace(finding, span=span, related=_related(finding, edit, path))
        for finding, span in placed
        if span is not None
    )


def _related(finding: Finding, edit: Edit, path: str | None) -> tuple[Elsewhere, ...]:
    """Those in the edited file, which is at ``path``, are moved, too."""
    placed = (
        (other, move(other.span, edit) if other.path == path else other.span) for other in finding.related
    )
    return tuple(msgspec.structs.replace(other, span=span) for other, span in placed if span is not None)


def on_disk(path: Path) -> str | None:
    """The text that a file has."""
    try:
        return decode(path.read_bytes())
    except (OSError, NotTextError):  # gone, or no text: not what the editor has
        return None
