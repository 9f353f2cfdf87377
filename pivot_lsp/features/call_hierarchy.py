"""The pipeline's graph as a call hierarchy: what a stage needs, and who needs what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.asked import Asked, asked_at, extent, location, locations

if TYPE_CHECKING:
    from pivot_lsp.session import Session
    from pivot_lsp.source.registered import Stage, Use


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    async def prepare(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem]:
        from pivot_lsp.mentions import stages_of

        asked = asked_at(session, params.text_document.uri, params.position)
        at = asked.stage if asked is not None else None
        if asked is None or at is None:
            return []
        items = (_item(session, asked, stage) for stage in stages_of(asked.sources, at.function))
        return [item for item in items if item is not None]

    @server.feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def consumers(
        params: types.CallHierarchyIncomingCallsParams,
    ) -> list[types.CallHierarchyIncomingCall]:
        """The stages that read what this one writes; the places are where they say so."""
        asked, stage = _stage(session, params.item)
        if asked is None or stage is None:
            return []
        found = []
        for other in asked.sources.stages:
            uses = [use for use in other.inputs if any(_meet(use, out) for out in stage.outputs)]
            item = _item(session, asked, other) if uses else None
            if item is not None:
                found.append(types.CallHierarchyIncomingCall(item, _places(session, asked, uses, item.uri)))
        return found

    @server.feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def producers(
        params: types.CallHierarchyOutgoingCallsParams,
    ) -> list[types.CallHierarchyOutgoingCall]:
        """The stages that write what this one reads."""
        asked, stage = _stage(session, params.item)
        if asked is None or stage is None:
            return []
        found = []
        for other in asked.sources.stages:
            uses = [use for use in stage.inputs if any(_meet(use, out) for out in other.outputs)]
            item = _item(session, asked, other) if uses else None
            if item is not None:
                places = _places(session, asked, uses, params.item.uri)
                found.append(types.CallHierarchyOutgoingCall(item, places))
        return found


def _item(session: Session, asked: Asked, stage: Stage) -> types.CallHierarchyItem | None:
    from pivot_lsp.mentions import name_span

    function = stage.function
    if function is None:
        return None
    file, span = function.top.path, name_span(function)
    name = location(session, asked, file, span)
    whole = extent(session, asked, file, function.top.spot(function.node).absolute, span)
    if name is None or whole is None:
        return None
    return types.CallHierarchyItem(
        stage.name or function.node.name,
        types.SymbolKind.Event,
        name.uri,
        whole,
        name.range,
        detail=", ".join(out.path for out in stage.outputs),
        data={"uri": asked.document.uri},
    )


def _stage(session: Session, item: types.CallHierarchyItem) -> tuple[Asked | None, Stage | None]:
    """The stage of an item that was given before, if it is there still."""
    data = item.data if isinstance(item.data, dict) else {}
    asked = asked_at(session, str(data.get("uri", "")))
    for stage in asked.sources.stages if asked is not None else ():
        if stage.function is not None and (stage.name or stage.function.node.name) == item.name:
            return asked, stage
    return asked, None


def _places(session: Session, asked: Asked, uses: list[Use], uri: str) -> list[types.Range]:
    """Where paths are written, as far as in one file: the protocol has no more."""
    places = locations(session, asked, ((use.spot.path, use.spot.absolute) for use in uses))
    return [place.range for place in places if place.uri == uri]


def _meet(read: Use, written: Use) -> bool:
    """Whether what is read is what is written, in it, or around it."""
    return (
        read.path == written.path
        or (written.path.endswith("/") and read.path.startswith(written.path))
        or (read.path.endswith("/") and written.path.startswith(read.path))
    )
