"""Why a stage isn't fresh: the code that is another than at its last success, and all of it in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from pygls.exceptions import JsonRpcInvalidParams

from pivot_core.errors import PivotError
from pivot_core.types import JSON
from pivot_lsp import arguments
from pivot_lsp.places import places
from pivot_lsp.protocol import DIFF, Change, Diff

if TYPE_CHECKING:
    from pivot_core.project import Project
    from pivot_core.status import StageStatus
    from pivot_lsp.session import Session

EXPLAIN = "pivot.explain"


class _Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: str
    root: str | None = None


def register(session: Session) -> None:
    server = session.server

    @server.feature(DIFF)
    async def diff(params: arguments.Params) -> object:
        which = arguments.of_request(params, _Which)
        project = arguments.project(session, which.root)
        status = await explained(session, project, which.stage)
        at = places(session, project)
        changes = [
            Change(one.name, one.change, at.of_line(one.path, one.line), one.before, one.after)
            for one in status.changes
        ]
        return msgspec.to_builtins(Diff(which.stage, changes))

    @server.command(EXPLAIN)
    async def explain(*given: JSON) -> object:
        from pivot_lsp.explaining import explanation  # with the engine: not before the client has its answer

        which = arguments.of_command(given, _Which)
        project = arguments.project(session, which.root)
        status = await explained(session, project, which.stage)
        return {"text": explanation(status, places(session, project))}


async def explained(session: Session, project: Project, stage: str) -> StageStatus:
    """A stage's verdict with all that explains it. Raises JsonRpcInvalidParams, also if the pipeline can't be
    read."""
    try:
        found = await session.ask(project, lambda engine: engine.status([stage], explain=True))
    except PivotError as error:
        raise JsonRpcInvalidParams(str(error)) from error
    for status in found:
        if status.spec.name == stage:
            return status
    raise JsonRpcInvalidParams(f"{stage} is no stage of {project.root}")  # but an output, or a pattern
