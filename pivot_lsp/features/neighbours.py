"""An edit of one file can change what is found in others of its project that are open, and so can a file that
comes or goes on the disk: tell, when it has.

A moment after the last keystroke: the file that is typed in comes first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_lsp.documents import Document
    from pivot_lsp.lint.rule import Finding
    from pivot_lsp.session import Session

_PAUSE_S = 0.2


def register(session: Session) -> None:
    waiting: asyncio.TimerHandle | None = None
    known: dict[Path, list[object]] = {}

    def changed(document: Document) -> None:
        if document.last_good is None or document.last_good.home is not None:  # or it isn't about Pivot
            wait(document.path)

    def wait(edited: Path | None) -> None:
        nonlocal waiting
        if waiting is not None:
            waiting.cancel()
        waiting = asyncio.get_running_loop().call_later(_PAUSE_S, look, edited)

    def look(edited: Path | None) -> None:
        try:
            before = known.copy()
            remember()
            if any(path != edited and before.get(path) != found for path, found in known.items()):
                session.new_findings()
        except Exception as error:  # noqa: BLE001 - a timer has no caller; this shows it
            session.server.failed(error)

    def remember() -> None:
        known.clear()
        known.update({one.path: [_plain(finding) for finding in one.findings] for one in session.documents})

    session.on_findings(remember)
    session.on_change(changed)
    session.on_files(lambda path: wait(None))


def _plain(finding: Finding) -> object:
    """What a person sees of it."""
    return finding.code, finding.span, finding.message, finding.hint, finding.related
