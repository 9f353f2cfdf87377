"""Where things are in the files of a project, as an editor counts: in its documents, else in the files.

Each file is read once. Also from other threads than the event loop's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.documents import definitions, on_disk
from pivot_lsp.positions import Lines, width
from pivot_lsp.protocol import Location, Position, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_core.types import StageSpec
    from pivot_lsp.positions import Encoding
    from pivot_lsp.session import Session


class Text(NamedTuple):
    """One file: ``functions`` are the lines of those at module level."""

    uri: str
    lines: Lines
    functions: Mapping[str, int]


class Places:
    """``texts``: those of the editor, by logical path. ``uri``: what the editor calls a file."""

    def __init__(
        self, root: Path, texts: Mapping[str, Text], encoding: Encoding, uri: Callable[[Path], str]
    ) -> None:
        self._root = root
        self._named = uri
        self._texts = texts
        self._encoding = encoding
        self._text = cache(self._read)
        self._there = cache(self._uri_of)

    def of_stage(self, spec: StageSpec) -> Location:
        """The name in the ``def`` of its function."""
        text = self._text(spec.path)
        number = text.functions.get(spec.qualname, spec.line)
        line = text.lines.line(number)
        at = line.find(spec.qualname, line.find("def") + len("def"))
        if at < 0:  # the file is another one by now
            return _location(text.uri, number, 0, 0)
        start = text.lines.units_before(number, at, self._encoding)
        return _location(text.uri, number, start, start + width(spec.qualname, self._encoding))

    def uri(self, path: str) -> str:
        """What the editor calls a file or folder, which needn't be there."""
        return self._named(self._root / path)

    def of_line(self, path: str | None, line: int | None) -> Location | None:
        """The beginning of a line, from 1; None without a file."""
        uri = self._there(path) if path else None
        return _location(uri, max(line or 0, 1), 0, 0) if uri is not None else None

    def _read(self, path: str) -> Text:
        if path in self._texts:
            return self._texts[path]
        lines = Lines(on_disk(self._root / path) or "")
        return Text(self.uri(path), lines, definitions(lines))

    def _uri_of(self, path: str) -> str | None:
        if path in self._texts:
            return self._texts[path].uri
        file = self._root / path
        return self.uri(path) if file.is_file() else None


def places(session: Session, project: Project, specs: Iterable[StageSpec] = ()) -> Places:
    """As the editor's documents are now; these are the stages that may be looked for."""
    functions: dict[str, list[str]] = {}
    for spec in specs:
        functions.setdefault(spec.path, []).append(spec.qualname)
    texts = {
        path: Text(document.uri, document.lines, document.lines_of(functions.get(path, ())))
        for path, document in session.documents.of(project)
    }
    return Places(project.root, texts, session.encoding, session.folders.uri)


def _location(uri: str, line: int, start: int, end: int) -> Location:
    return Location(uri, Range(Position(line - 1, start), Position(line - 1, end)))
