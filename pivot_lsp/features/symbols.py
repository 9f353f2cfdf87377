"""Stages in the outline of a file, and stages and artifacts of all open projects by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, asked_at, location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pivot_lsp.positions import Span
    from pivot_lsp.session import Session
    from pivot_lsp.source.stages import StageFunction


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        asked = asked_at(session, params.text_document.uri)
        module = asked.sources.module(asked.path) if asked is not None else None
        if asked is None or module is None:
            return []
        return [_symbol(session, asked, function) for function in module.functions]

    @server.feature(types.WORKSPACE_SYMBOL)
    async def search(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        query = params.query.lower()
        projects: dict[Path, Asked] = {}
        for document in session.documents:
            asked = asked_at(session, document.uri)
            if asked is not None:
                projects.setdefault(asked.root, asked)
        found = [symbol for asked in projects.values() for symbol in _named(session, asked)]
        return [symbol for symbol in found if _matches(query, symbol.name.lower())]


def _symbol(session: Session, asked: Asked, function: StageFunction) -> types.DocumentSymbol:
    from pivot_lsp.mentions import name_span, stages_of

    def place(span: Span) -> types.Range:
        return location(session, asked, asked.path, span).range

    names = ", ".join(stage.name or "…" for stage in stages_of(asked.sources, function))
    children = [
        types.DocumentSymbol(
            artifact.path.value,
            types.SymbolKind.File,
            place(artifact.top.spot(artifact.call).absolute),
            place(artifact.path.spot.absolute),
            detail="reads" if artifact.is_input else "writes",
        )
        for artifact in function.artifacts
        if artifact.path is not None
        and artifact.path.spot.path == asked.path
        and artifact.top is function.top
    ]
    return types.DocumentSymbol(
        function.node.name,
        types.SymbolKind.Event,
        place(function.top.spot(function.node).absolute),
        place(name_span(function)),
        detail=f"stage {names}" if names else "stage, not registered",
        children=children,
    )


def _named(session: Session, asked: Asked) -> Iterator[types.WorkspaceSymbol]:
    from pivot_lsp.mentions import mentions, name_span

    for stage in asked.sources.stages:
        if stage.name is not None and stage.function is not None:
            place = location(session, asked, stage.function.top.path, name_span(stage.function))
            yield types.WorkspaceSymbol(place, stage.name, types.SymbolKind.Event, container_name="stage")
    for mention in mentions(asked.sources):
        if not mention.is_input:
            place = location(session, asked, mention.file, mention.span)
            yield types.WorkspaceSymbol(place, mention.path, types.SymbolKind.File, container_name="artifact")


def _matches(query: str, name: str) -> bool:
    """Whether the letters of the query come in the name, in their order: as editors search."""
    letters = iter(name)
    return all(letter in letters for letter in query)
