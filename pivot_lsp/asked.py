"""What a request of the editor is about: the document, the project's sources, and what is at the place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_lsp.documents import Document
    from pivot_lsp.mentions import Mention, StageAt
    from pivot_lsp.positions import Span
    from pivot_lsp.session import Session
    from pivot_lsp.source.sources import Sources


class Asked(NamedTuple):
    """A place in a document of a project that has been read. ``line`` from 1, ``column`` in bytes."""

    document: Document
    project: Project
    sources: Sources
    path: str
    line: int
    column: int

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def mention(self) -> Mention | None:
        """The path of an artifact that is written there."""
        from pivot_lsp.mentions import mention_at

        return mention_at(self.sources, self.path, self.line, self.column)

    @property
    def stage(self) -> StageAt | None:
        """The stage function whose name is there."""
        from pivot_lsp.mentions import stage_at

        return stage_at(self.sources, self.path, self.line, self.column)


def asked_at(session: Session, uri: str, position: types.Position | None = None) -> Asked | None:
    """What a request is about; None while the text can't be parsed, or its project isn't read yet."""
    document = session.documents.get(uri)
    home = document.reading.home if document is not None and document.reading is not None else None
    if document is None or home is None or home.linter.sources.project is None:
        return None
    line, column = 1, 0
    if position is not None:
        line = position.line + 1
        column = document.lines.column(line, position.character, session.encoding)
    sources = home.linter.sources
    return Asked(document, home.linter.sources.project, sources, home.path, line, column)


def location(session: Session, asked: Asked, file: str, span: Span) -> types.Location:
    """A stretch of a file of the project, as the editor counts."""
    open_one = session.documents.at(asked.root / file)
    module = asked.sources.module(file)
    assert module is not None
    lines = module.lines
    start = types.Position(span.line - 1, lines.units(span.line, span.column, session.encoding))
    end = types.Position(span.end_line - 1, lines.units(span.end_line, span.end_column, session.encoding))
    uri = open_one.uri if open_one is not None else (asked.root / file).as_uri()
    return types.Location(uri, types.Range(start, end))
