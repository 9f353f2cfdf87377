"""All findings in all projects of the workspace, also in files that nobody has open.

A client asks again as soon as it has its answer. One that knows all of it already waits for its answer until
there is another: so asking costs nothing as long as nothing happens.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lsprotocol import types

from pivot_lsp.features.diagnostics import as_json, identity, of_closed, of_document
from pivot_lsp.later import Later

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pivot_core.project import Project
    from pivot_lsp.documents import Document
    from pivot_lsp.session import Session

_PAUSE_S = 0.5  # from a change to the answer
_Report: TypeAlias = (
    types.WorkspaceFullDocumentDiagnosticReport | types.WorkspaceUnchangedDocumentDiagnosticReport
)


def register(session: Session) -> None:
    server = session.server
    waiting: set[asyncio.Event] = set()
    asked = False

    def wake() -> None:
        for event in waiting:
            event.set()

    later = Later(_PAUSE_S, wake)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def everything(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        nonlocal asked
        known = {item.uri: item.value for item in params.previous_result_ids}
        changed = asyncio.Event()
        waiting.add(changed)
        try:
            while True:
                changed.clear()
                found = await _reports(session, known)
                if not asked or any(
                    isinstance(one, types.WorkspaceFullDocumentDiagnosticReport) for one in found
                ):
                    asked = True
                    return types.WorkspaceDiagnosticReport(found)
                await changed.wait()
        finally:
            waiting.discard(changed)

    session.on_findings(later.ask)
    session.on_change(lambda document: later.ask())
    session.on_problems(lambda path: later.ask())
    session.on_files(lambda path: later.ask())


async def _reports(session: Session, known: Mapping[str, str]) -> list[_Report]:
    """What is to be said of each file, as far as the client doesn't know it."""
    found: dict[str, _Report] = {}
    async for path, document in _files(session):
        is_open = document is not None and session.documents.get(document.uri) is document
        uri, version = session.uri(path), document.version if document is not None else None
        items = of_document(session, document) if document is not None else of_closed(session, path)
        number = identity(as_json(session, items))
        if known.get(uri) == number:
            found[uri] = types.WorkspaceUnchangedDocumentDiagnosticReport(
                uri, number, version if is_open else None
            )
        elif items or uri in known:
            found[uri] = types.WorkspaceFullDocumentDiagnosticReport(uri, items, version, result_id=number)
        await asyncio.sleep(0)  # others may have something more urgent
    nothing = identity(as_json(session, []))
    for uri in known.keys() - found.keys():  # a file that went
        if known[uri] != nothing:
            found[uri] = types.WorkspaceFullDocumentDiagnosticReport(uri, [], None, result_id=nothing)
    return list(found.values())


async def _files(session: Session) -> AsyncIterator[tuple[Path, Document | None]]:
    """All that there may be something to say about; with its document, or one that is made of the file."""
    seen: set[Path] = set()
    for project in await session.folders.projects():
        for path, document in await _modules(session, project):
            seen.add(path)
            yield path, document
    for document in session.documents:
        if document.path not in seen:
            seen.add(document.path)
            yield document.path, document
    for path in session.problems.paths:
        if path not in seen:
            yield path, None


async def _modules(session: Session, project: Project) -> list[tuple[Path, Document]]:
    """Those of a project that the lint looks at."""
    linter = await session.linters.of(project)
    files = [project.root / path for path in linter.paths]
    found = [(file, session.documents.at(file) or await session.linters.of_file(file)) for file in files]
    return [(file, document) for file, document in found if document is not None]
