"""What a request of the editor is about: the document, the project's sources, and what is at the place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from pivot_lsp.positions import Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_lsp.documents import Document
    from pivot_lsp.mentions import Mention, StageAt, Use
    from pivot_lsp.positions import Encoding, Lines
    from pivot_lsp.protocol import Location
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
    def use(self) -> Use | None:
        """The name that is there and stands for the path of an artifact."""
        from pivot_lsp.mentions import use_at

        return use_at(self.sources, self.path, self.line, self.column)

    @property
    def is_put_together(self) -> bool:
        """Whether what is there comes to a path that isn't written down."""
        from pivot_lsp.mentions import is_put_together

        return is_put_together(self.sources, self.path, self.line, self.column)

    @property
    def stage(self) -> StageAt | None:
        """The stage function whose name is there."""
        from pivot_lsp.mentions import stage_at

        return stage_at(self.sources, self.path, self.line, self.column)


def asked_at(session: Session, uri: str, position: types.Position | None = None) -> Asked | None:
    """What a request is about. While the text can't be parsed: in what it was before, if the line is left.

    None without that, and while its project isn't read yet.
    """
    session.read_documents()
    document = session.documents.get(uri)
    good = document.good if document is not None else None
    home = good.home if good is not None else None
    project = home.linter.sources.project if home is not None else None
    if document is None or home is None or project is None:
        return None
    line, column = 1, 0
    if position is not None:
        then = document.then(position.line + 1)
        if then is None:
            return None
        line, column = then, document.lines.column(position.line + 1, position.character, session.encoding)
    return Asked(document, project, home.linter.sources, home.path, line, column)


def location(session: Session, sources: Sources, file: str, span: Span) -> types.Location | None:
    """A stretch of a file of the project, as the editor counts; None where its text was edited since it could
    last be parsed."""
    assert sources.project is not None
    root, module = sources.project.root, sources.module(file)
    document = session.documents.at(root / file)
    assert module is not None
    if document is None:
        return types.Location(session.uri(root / file), range_of(span, module.lines, session.encoding))
    here = document.now(span) if document.good is not None and document.good.text == module.text else None
    if here is None or not _is_same(module.lines, span, document.lines, here):
        return None
    return types.Location(document.uri, range_of(here, document.lines, session.encoding))


def locations(session: Session, sources: Sources, places: Iterable[tuple[str, Span]]) -> list[types.Location]:
    """Those of several stretches, as far as they are left."""
    found = (location(session, sources, file, span) for file, span in places)
    return [place for place in found if place is not None]


def extent(session: Session, sources: Sources, file: str, whole: Span, name: Span) -> types.Range | None:
    """All of something long, which may be edited just now; None if the line with its name is."""
    assert sources.project is not None
    document = session.documents.at(sources.project.root / file)
    place = location(session, sources, file, name)
    if document is None or place is None:
        found = location(session, sources, file, whole)
        return found.range if found is not None and place is not None else None
    first = document.now(Span(whole.line, whole.column, whole.line, whole.column))
    end = range_of(document.end(whole), document.lines, session.encoding).end
    start = place.range if first is None else range_of(first, document.lines, session.encoding)
    return types.Range(start.start, max(end, place.range.end))


def as_types(place: Location) -> types.Location:
    """A place that our own requests have, as LSP's."""
    start, end = place.range.start, place.range.end
    return types.Location(
        place.uri,
        types.Range(types.Position(start.line, start.character), types.Position(end.line, end.character)),
    )


def _is_same(before: Lines, then: Span, after: Lines, now: Span) -> bool:
    """Whether lines say the same: a byte order mark may have come or gone."""
    lines = range(then.line, then.end_line + 1)
    return all(before.line(line) == after.line(line + now.line - then.line) for line in lines)


def range_of(span: Span, lines: Lines, encoding: Encoding) -> types.Range:
    """A stretch, as an editor counts."""
    return types.Range(
        types.Position(span.line - 1, lines.units(span.line, span.column, encoding)),
        types.Position(span.end_line - 1, lines.units(span.end_line, span.end_column, encoding)),
    )
