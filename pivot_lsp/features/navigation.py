"""From a path to the stage that makes it, to all that name it, and to the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, as_types, asked_at, locations
from pivot_lsp.places import places
from pivot_lsp.read import unwritten

if TYPE_CHECKING:
    from pivot_core.types import StageSpec
    from pivot_lsp.mentions import Mention
    from pivot_lsp.session import Session


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> list[types.Location]:
        """Of a path: where a stage writes it; of a source: the file itself."""
        from pivot_lsp.mentions import of_path

        asked = asked_at(session, params.text_document.uri, params.position)
        mention = _mention(asked) if asked is not None else None
        if asked is None or mention is None:
            return []
        makers = [other for other in of_path(asked.sources, mention.path) if not other.is_input]
        found = locations(session, asked.sources, ((other.file, other.span) for other in makers))
        found = found or await _unwritten(session, asked, mention, reading=False)
        return found or _the_file(session, asked, mention.path)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        """All places that name the path, and the stages that have it without."""
        from pivot_lsp.mentions import of_path

        asked = asked_at(session, params.text_document.uri, params.position)
        mention = _mention(asked) if asked is not None else None
        if asked is None or mention is None:
            return []
        wanted = of_path(asked.sources, mention.path)
        if not params.context.include_declaration:
            wanted = [other for other in wanted if other.is_input]
        found = locations(session, asked.sources, ((other.file, other.span) for other in wanted))
        for reading in (True, False) if params.context.include_declaration else (True,):
            found += await _unwritten(session, asked, mention, reading=reading)
        return found

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def links(params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        """The paths of files that are there."""
        from pivot_lsp.mentions import mentions

        asked = asked_at(session, params.text_document.uri)
        if asked is None:
            return []
        found = []
        for mention in mentions(asked.sources):
            file = asked.root / mention.path
            if mention.file == asked.path and file.is_file():
                places = locations(session, asked.sources, [(mention.file, mention.span)])
                found += [types.DocumentLink(place.range, session.uri(file)) for place in places]
        return found


def _mention(asked: Asked) -> Mention | None:
    """The path that is written at the place, or that the name there stands for."""
    use = asked.use
    return use.mention if use is not None else asked.mention


async def _unwritten(
    session: Session, asked: Asked, mention: Mention, *, reading: bool
) -> list[types.Location]:
    """The functions of stages that have the path without its being written down: reading ``pipeline.py`` told
    it."""
    from pivot_lsp.hierarchy import function_of
    from pivot_lsp.mentions import mentions

    answer = await session.verdicts(asked.project).current()
    written = {
        function_of(stage.function)
        for other in mentions(asked.sources)
        if other.path == mention.path and other.is_input == reading
        for stage in other.stages
        if stage.function is not None
    }
    specs = [
        spec
        for spec in unwritten(asked.sources, answer)
        if (spec.path, spec.qualname) not in written and _has(spec, mention.path, reading)
    ]
    at = places(session, asked.project, specs)
    return [as_types(place) for place in dict.fromkeys(map(at.of_stage, specs))]


def _has(spec: StageSpec, path: str, reading: bool) -> bool:
    if reading:
        return any(dep.path == path for dep in spec.deps)
    return any(
        out.path == path or (out.path.endswith("/") and path.startswith(out.path)) for out in spec.outs
    )


def _the_file(session: Session, asked: Asked, path: str) -> list[types.Location]:
    file = asked.root / path
    start = types.Position(0, 0)
    return [types.Location(session.uri(file), types.Range(start, start))] if file.is_file() else []
