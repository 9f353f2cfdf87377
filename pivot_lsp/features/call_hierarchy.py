"""The pipeline's graph as a call hierarchy: what a stage needs, and who needs what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, as_types, asked_at, extent, location, locations
from pivot_lsp.places import places

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pivot_lsp.hierarchy import Node, Path
    from pivot_lsp.session import Session
    from pivot_lsp.source.stages import StageFunction


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    async def prepare(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem]:
        """One for each stage that is made of the function."""
        from pivot_lsp.hierarchy import function_of

        asked = asked_at(session, params.text_document.uri, params.position)
        at = asked.stage if asked is not None else None
        if asked is None or at is None:
            return []
        wanted = function_of(at.function)
        items = [
            _item(session, asked, node)
            for node in await _nodes(session, asked)
            if (node.file, node.function) == wanted
        ]
        return [item for item in items if item is not None]

    @server.feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def consumers(
        params: types.CallHierarchyIncomingCallsParams,
    ) -> list[types.CallHierarchyIncomingCall]:
        """The stages that read what this one writes; the places are where they say so."""
        asked, nodes, node = await _found(session, params.item)
        if asked is None or node is None:
            return []
        found = []
        for other in nodes:
            paths = other.read_from(node)
            item = _item(session, asked, other) if paths else None
            if item is not None:
                found.append(types.CallHierarchyIncomingCall(item, _places(session, asked, paths, item.uri)))
        return found

    @server.feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def producers(
        params: types.CallHierarchyOutgoingCallsParams,
    ) -> list[types.CallHierarchyOutgoingCall]:
        """The stages that write what this one reads."""
        asked, nodes, node = await _found(session, params.item)
        if asked is None or node is None:
            return []
        found = []
        for other in nodes:
            paths = node.read_from(other)
            item = _item(session, asked, other) if paths else None
            if item is not None:
                where = _places(session, asked, paths, params.item.uri)
                found.append(types.CallHierarchyOutgoingCall(item, where))
        return found


async def _nodes(session: Session, asked: Asked) -> list[Node]:
    from pivot_lsp.hierarchy import nodes

    answer = await session.verdicts(asked.project).current()
    return list(nodes(asked.sources, answer))


async def _found(
    session: Session, item: types.CallHierarchyItem
) -> tuple[Asked | None, list[Node], Node | None]:
    """All stages, and that of an item that was given before, if it is there still."""
    data = item.data if isinstance(item.data, dict) else {}
    asked = asked_at(session, str(data.get("uri", "")))
    nodes = await _nodes(session, asked) if asked is not None else []
    return asked, nodes, next((node for node in nodes if node.name == item.name), None)


def _item(session: Session, asked: Asked, node: Node) -> types.CallHierarchyItem | None:
    where = _function(session, asked, node)
    if where is None:
        return None
    return types.CallHierarchyItem(
        node.name,
        types.SymbolKind.Event,
        where[0].uri,
        where[1],
        where[0].range,
        detail=", ".join(out.path for out in node.outputs),
        data={"uri": asked.document.uri},
    )


def _function(session: Session, asked: Asked, node: Node) -> tuple[types.Location, types.Range] | None:
    """The name of its function, and all of that."""
    from pivot_lsp.mentions import name_span

    function = _in_the_text(asked, node)
    if function is None:
        if node.spec is None:
            return None
        place = as_types(places(session, asked.project, [node.spec]).of_stage(node.spec))
        return place, place.range
    span = name_span(function)
    name = location(session, asked.sources, node.file, span)
    whole = extent(session, asked.sources, node.file, function.top.spot(function.node).absolute, span)
    return (name, whole) if name is not None and whole is not None else None


def _in_the_text(asked: Asked, node: Node) -> StageFunction | None:
    module = asked.sources.module(node.file)
    functions = module.functions if module is not None else ()
    return next((one for one in functions if one.node.name == node.function and one.at_module_level), None)


def _places(session: Session, asked: Asked, paths: Iterable[Path], uri: str) -> list[types.Range]:
    """Where paths are written, as far as in one file: the protocol has no more."""
    spots = (spot for path in paths for spot in path.spots)
    found = locations(session, asked.sources, ((spot.path, spot.absolute) for spot in spots))
    return [place.range for place in found if place.uri == uri]
