"""Above every stage's ``def``: is what it made still what it would make, if not, why; and what to do.

A lens stays while its line is half typed, and where the line is now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from pivot_lsp.documents import project_of
from pivot_lsp.later import Later
from pivot_lsp.lenses import PIPELINE, of_document, of_pipeline
from pivot_lsp.loading import is_pipeline
from pivot_lsp.wire import encode

if TYPE_CHECKING:
    from pivot_lsp.lenses import Lens
    from pivot_lsp.session import Session

_APART_S = 0.1  # between two times that the client is told to ask again
# While something runs, lenses say for how long. VS Code asks for lenses when nobody has told it to for a
# quarter of a second, or for as long as they take: told of all that happens in a run, it would ask when that
# has ended.
_TICK_S = 1.0
_AGES_S = 60.0  # they say how long ago things were, to the minute


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lens(params: types.CodeLensParams) -> msgspec.Raw:
        found = await lenses(session, params.text_document.uri)
        return msgspec.Raw(encode([_as_json(lens) for lens in found]))

    def refresh() -> None:
        workspace = server.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            server.workspace_code_lens_refresh(None)
            soon.ask(_TICK_S if session.runs else _AGES_S)

    def ask() -> None:
        soon.ask(_TICK_S if session.runs else _APART_S)

    soon = Later(0.0, refresh)
    session.on_verdicts(lambda root, answer: ask())
    session.on_settings(ask)
    session.runs.on_change(lambda root: ask())
    session.loading.on_change(lambda root: ask())


async def lenses(session: Session, uri: str) -> list[Lens]:
    """Those of a document as it is now."""
    document = session.documents.get(uri)
    project = project_of(document.path) if document is not None else None
    if document is None or project is None or not project.is_own(document.path):
        return []
    if not is_pipeline(project, session.documents):
        return []
    answer = await session.verdicts(project).current()
    # Meanwhile there may be a newer version, and the answer is about that one.
    newest = session.documents.get(document.uri)
    if newest is None:
        return []
    viewer = session.viewer(project)
    logical = document.path.relative_to(project.root).as_posix()
    found = of_document(answer, logical, newest, viewer)
    return found or (of_pipeline(answer, viewer) if logical == PIPELINE else [])


def _as_json(lens: Lens) -> dict[str, object]:
    """A ``CodeLens``: by hand, as there can be hundreds at each keystroke."""
    start = {"line": lens.line - 1, "character": 0}
    # Without a command an editor would ask for one.
    command: dict[str, object] = {"title": lens.title, "command": lens.command}
    if lens.argument is not None:
        command["arguments"] = [lens.argument]
    return {"range": {"start": start, "end": start}, "command": command}
