"""Keeps the session's documents as the editor has them. Synchronous: each text with its own version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls import uris

if TYPE_CHECKING:
    from pivot_lsp.session import Session


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        _put(session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        _put(session, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        document = session.documents.close(params.text_document.uri)
        if document is not None:
            session.changed(document)
            session.outdated(document.path)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        session.outdated(_path(params.text_document.uri))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        for path in {_path(event.uri) for event in params.changes}:
            session.outdated(path)


def _put(session: Session, uri: str) -> None:
    """Take over pygls's text, which is that of the event: nothing else was read since."""
    path = _path(uri)
    if path is None or path.suffix != ".py":
        return
    source = session.server.workspace.get_text_document(uri)
    document = session.documents.put(uri, path, source.version, source.source)
    session.changed(document)
    session.outdated(document.path)


def _path(uri: str) -> Path | None:
    """The file of a URI; None for what isn't a file (an unsaved new document, a diff)."""
    found = uris.to_fs_path(uri)
    return Path(found) if found else None
