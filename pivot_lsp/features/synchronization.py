"""Keeps the session's documents as the editor has them. Synchronous: each text with its own version.

pygls's own keeping of texts is put out of service: it breaks lines where editors don't (at form feeds).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.documents import path_of
from pivot_lsp.edits import Place, replace, replace_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pivot_lsp.documents import Document
    from pivot_lsp.edits import Edit
    from pivot_lsp.positions import Encoding, Lines
    from pivot_lsp.session import Session


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        path = path_of(item.uri)
        if path is not None and path.suffix == ".py":
            session.changed(session.documents.open(item.uri, path, item.version, item.text))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = session.documents.get(params.text_document.uri)
        if document is not None:
            edited = _edited(session, document, params)
            session.changed(session.documents.put(edited))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        document = session.documents.close(params.text_document.uri)
        if document is not None:
            session.changed(document)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        told([params.text_document.uri])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        told(event.uri for event in params.changes)

    def told(uris: Iterable[str]) -> None:
        for path in {path_of(uri) for uri in uris}:
            session.outdated(session.folders.real(path) if path is not None else None)


def _edited(session: Session, document: Document, params: types.DidChangeTextDocumentParams) -> Document:
    lines = document.lines
    edits: list[Edit] = []
    for change in params.content_changes:
        before = lines
        lines, edit = _applied(lines, change, session.encoding)
        session.problems.edited(document.path, before, edit)
        edits.append(edit)
    return document.edited(params.text_document.version, lines, edits)


def _applied(
    lines: Lines, change: types.TextDocumentContentChangeEvent, encoding: Encoding
) -> tuple[Lines, Edit]:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return replace_all(lines, change.text)
    start, end = _place(change.range.start), _place(change.range.end)
    return replace(lines, start, end, change.text, encoding)


def _place(position: types.Position) -> Place:
    return Place(position.line, position.character)
