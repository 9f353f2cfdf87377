"""The pipeline for views of it, and a notification when it may be otherwise: see editor-protocol.md."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from pivot_lsp import arguments
from pivot_lsp.answers import Unknown
from pivot_lsp.later import Later
from pivot_lsp.loading import is_pipeline
from pivot_lsp.protocol import PIPELINE, VERDICTS_CHANGED

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_lsp.answers import Answer
    from pivot_lsp.session import Session

_PAUSE_S = 0.2  # between two notifications
_OTHERS = Unknown("pipeline.py has nothing to do with Pivot: pivot_core isn't mentioned in it")


class _Which(msgspec.Struct, frozen=True):
    root: str | None = None


def register(session: Session) -> None:
    server = session.server

    @server.feature(PIPELINE)
    async def pipeline(params: arguments.Params) -> object:
        from pivot_lsp.describing import described  # with the engine: not before the client has its answer

        project = arguments.project(session, arguments.of_request(params, _Which).root)
        await session.settled()
        describe = described(session, project, await _answer(session, project))
        return msgspec.to_builtins(await asyncio.to_thread(describe))

    if_wanted = _Notifying(session)
    session.on_verdicts(lambda root, answer: if_wanted.changed(root))
    session.on_settings(if_wanted.all_changed)
    session.runs.on_change(if_wanted.changed)
    session.loading.on_change(if_wanted.changed)


async def _answer(session: Session, project: Project) -> Answer:
    if not is_pipeline(project, session.documents):
        return _OTHERS
    return await session.verdicts(project).current()


class _Notifying:
    """Tells the client which pipelines may be otherwise than it knows; not each time, but soon."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._roots: set[Path] = set()
        self._later = Later(_PAUSE_S, self._tell)

    def changed(self, root: Path) -> None:
        if "verdicts" in self._session.wants:
            self._roots.add(root)
            self._later.ask()

    def all_changed(self) -> None:
        for root in self._session.roots:
            self.changed(root)

    def _tell(self) -> None:
        roots, self._roots = self._roots, set()
        for root in sorted(roots):
            self._session.server.protocol.notify(VERDICTS_CHANGED, {"root": str(root)})
