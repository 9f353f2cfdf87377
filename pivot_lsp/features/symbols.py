"""Stages in the outline of a file, and stages and artifacts of all open projects by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, as_types, asked_at, extent, location, locations
from pivot_lsp.places import places
from pivot_lsp.read import unwritten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.answers import Answer
    from pivot_lsp.session import Session
    from pivot_lsp.source.sources import Sources
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
        found: list[types.WorkspaceSymbol] = []
        for project in await session.folders.projects():
            linter = await session.linters.of(project)
            answer = await session.verdicts(project).current()
            session.read_documents()
            found += _named(session, linter.sources, answer)
        return [symbol for symbol in found if _matches(query, symbol.name.lower())]


def _symbol(session: Session, asked: Asked, function: StageFunction) -> types.DocumentSymbol | None:
    from pivot_lsp.mentions import name_span, stages_of

    span = name_span(function)
    name = location(session, asked.sources, asked.path, span)
    whole = extent(session, asked.sources, asked.path, function.top.spot(function.node).absolute, span)
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
            whole = location(session, asked.sources, asked.path, artifact.top.spot(artifact.call).absolute)
            path = location(session, asked.sources, asked.path, artifact.path_spot.absolute)
            if whole is not None and path is not None:
                detail = "reads" if artifact.is_input else "writes"
                kind = types.SymbolKind.File
                yield types.DocumentSymbol(artifact.path.value, kind, whole.range, path.range, detail)


def _named(session: Session, sources: Sources, answer: Answer) -> Iterator[types.WorkspaceSymbol]:
    from pivot_lsp.mentions import mentions, name_span

    def symbol(name: str, place: types.Location, kind: types.SymbolKind, what: str) -> types.WorkspaceSymbol:
        return types.WorkspaceSymbol(place, name, kind, container_name=what)

    assert sources.project is not None
    stage, artifact = (types.SymbolKind.Event, "stage"), (types.SymbolKind.File, "artifact")
    told = unwritten(sources, answer)
    names, made = {spec.name for spec in told}, set()
    for one in sources.stages:
        if one.name is not None and one.function is not None and one.name not in names:
            for place in locations(session, sources, [(one.function.top.path, name_span(one.function))]):
                yield symbol(one.name, place, *stage)
    for mention in mentions(sources):
        if not mention.is_input:
            made.add(mention.path)
            for place in locations(session, sources, [(mention.file, mention.span)]):
                yield symbol(mention.path, place, *artifact)
    at = places(session, sources.project, told)
    for spec in told:
        place = as_types(at.of_stage(spec))
        yield symbol(spec.name, place, *stage)
        yield from (symbol(out.path, place, *artifact) for out in spec.outs if out.path not in made)


def _matches(query: str, name: str) -> bool:
    """Whether the letters of the query come in the name, in their order: as editors search."""
    letters = iter(name)
    return all(letter in letters for letter in query)
