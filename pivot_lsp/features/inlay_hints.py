"""How long stages took and how big files are, between the lines; off unless ``pivot.inlayHints.enabled``."""

from __future__ import annotations

from stat import S_ISREG
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.answers import Known
from pivot_lsp.asked import Asked, asked_at, location
from pivot_lsp.read import of_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.positions import Span
    from pivot_lsp.session import Session

_UNITS = ("B", "KB", "MB", "GB", "TB")


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        asked = asked_at(session, params.text_document.uri) if session.settings.inlay_hints else None
        if asked is None:
            return []
        durations = await _durations(session, asked)
        found = [
            types.InlayHint(place.range.end, text, padding_left=True)
            for span, text in (*_sizes(asked), *durations)
            if (place := location(session, asked.sources, asked.path, span)) is not None
        ]
        first, last = params.range.start.line, params.range.end.line
        return [hint for hint in found if first <= hint.position.line <= last]

    def refresh() -> None:
        workspace = server.client_capabilities.workspace
        hint = workspace.inlay_hint if workspace is not None else None
        if hint is not None and hint.refresh_support:
            server.workspace_inlay_hint_refresh(None)

    session.on_verdicts(lambda root, answer: refresh() if session.settings.inlay_hints else None)
    session.on_settings(refresh)


async def _durations(session: Session, asked: Asked) -> list[tuple[Span, str]]:
    from pivot_core.cli.wording import duration
    from pivot_lsp.mentions import name_span

    answer = await session.verdicts(asked.project).current()
    module = asked.sources.module(asked.path)
    if not isinstance(answer, Known) or module is None:
        return []
    lasted = {one.spec.name: one.last_run.duration_s for one in answer.stages if one.last_run is not None}
    found = []
    for function in module.functions:
        names = [status.spec.name for status in of_function(answer, function)]
        known = [lasted[name] for name in names if name in lasted]
        if known:
            found.append((name_span(function), duration(sum(known))))
    return found


def _sizes(asked: Asked) -> Iterator[tuple[Span, str]]:
    from pivot_lsp.mentions import mentions

    for mention in mentions(asked.sources):
        if mention.file != asked.path:
            continue
        try:
            found = (asked.root / mention.path).stat()
        except OSError:  # not there, or not any more
            continue
        if S_ISREG(found.st_mode):
            yield mention.span, _size(found.st_size)


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} {_UNITS[-1]}"
