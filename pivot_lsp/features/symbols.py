"""Stages in the outline of a file, and stages and artifacts of all open projects by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, asked_at, extent, location

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
        symbols = (_symbol(session, asked, function) for function in module.functions)
        return [symbol for symbol in symbols if symbol is not None]

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


def _symbol(session: Session, asked: Asked, function: StageFunction) -> types.DocumentSymbol | None:
    from pivot_lsp.mentions import name_span, stages_of

    span = name_span(function)
    name = location(session, asked, asked.path, span)
    whole = extent(session, asked, asked.path, function.top.spot(function.node).absolute, span)
    if name is None or whole is None:
        return None
    names = ", ".join(stage.name or "…" for stage in stages_of(asked.sources, function))
    return types.DocumentSymbol(
        function.node.name,
        types.SymbolKind.Event,
        whole,
        name.range,
        detail=f"stage {names}" if names else "stage, not registered",
        children=list(_artifacts(session, asked, function)),
    )


def _artifacts(session: Session, asked: Asked, function: StageFunction) -> Iterator[types.DocumentSymbol]:
    """What its own annotations say, wherever the text of a path is."""
    for artifact in function.artifacts:
        if artifact.path is not None and artifact.top is function.top:
            whole = location(session, asked, asked.path, artifact.top.spot(artifact.call).absolute)
            path = location(session, asked, asked.path, artifact.path_spot.absolute)
            if whole is not None and path is not None:
                detail = "reads" if artifact.is_input else "writes"
                kind = types.SymbolKind.File
                yield types.DocumentSymbol(artifact.path.value, kind, whole.range, path.range, detail)


def _named(session: Session, asked: Asked) -> Iterator[types.WorkspaceSymbol]:
    from pivot_lsp.mentions import mentions, name_span

    named: list[tuple[str, str, Span, types.SymbolKind, str]] = []
    for stage in asked.sources.stages:
        if stage.name is not None and stage.function is not None:
            file, span = stage.function.top.path, name_span(stage.function)
            named.append((stage.name, file, span, types.SymbolKind.Event, "stage"))
    for mention in mentions(asked.sources):
        if not mention.is_input:
            named.append((mention.path, mention.file, mention.span, types.SymbolKind.File, "artifact"))
    for name, file, span, kind, what in named:
        place = location(session, asked, file, span)
        if place is not None:
            yield types.WorkspaceSymbol(place, name, kind, container_name=what)


def _matches(query: str, name: str) -> bool:
    """Whether the letters of the query come in the name, in their order: as editors search."""
    letters = iter(name)
    return all(letter in letters for letter in query)
