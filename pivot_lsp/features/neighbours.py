"""An edit of one file can change what is found in others of its project that are open: tell, when it has.

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
        nonlocal waiting
        if document.last_good is not None and document.last_good.home is None:
            return  # it has nothing to do with Pivot
        if waiting is not None:
            waiting.cancel()
        waiting = asyncio.get_running_loop().call_later(_PAUSE_S, look, document.path)

    def look(edited: Path) -> None:
        try:
            now = {one.path: [_plain(finding) for finding in one.findings] for one in session.documents}
            others = [path for path in now if path != edited and known.get(path) != now[path]]
            known.clear()
            known.update(now)
            if others:
                session.new_findings()
        except Exception as error:  # noqa: BLE001 - a timer has no caller; this shows it
            session.server.failed(error)

    session.on_change(changed)


def _plain(finding: Finding) -> object:
    """What a person sees of it."""
    return finding.code, finding.span, finding.message, finding.hint, finding.related
