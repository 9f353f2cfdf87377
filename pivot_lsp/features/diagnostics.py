"""Findings of the lint, and what others know of a file, as diagnostics.

A client that can ask for them does; to any other they are sent after each change: at once, or after as long
as they took the last time, so that fast typing in a large file isn't held up by them.

While a text can't be parsed, the former findings stay, and go where their text goes: a mistake that vanishes
with each half-typed word and comes back would be noise.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from xxhash import xxh3_64_hexdigest

from pivot_lsp.asked import range_of
from pivot_lsp.documents import path_of, project_of
from pivot_lsp.problems import PIPELINE, SLOW
from pivot_lsp.source.module import mentions_pivot, too_long
from pivot_lsp.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pivot_lsp.documents import Document
    from pivot_lsp.lint.rule import Finding, Severity
    from pivot_lsp.positions import Encoding, Lines
    from pivot_lsp.problems import Placed
    from pivot_lsp.session import Session

_AT_ONCE_S = 0.01
_LONGEST_S = 0.1
_SEVERITY: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


def register(session: Session) -> None:
    server = session.server
    sending = Sending(session)

    def can_ask() -> bool:
        client = server.client_capabilities.text_document
        return client is not None and client.diagnostic is not None

    def changed(document: Document) -> None:
        if not can_ask():
            sending.changed(document)

    def other_problems(path: Path) -> None:
        document = session.documents.at(path)
        if not can_ask():
            sending.send(path, document)
        else:
            refresh()

    def refresh() -> None:
        workspace = server.client_capabilities.workspace
        if workspace is not None and workspace.diagnostics and workspace.diagnostics.refresh_support:
            server.workspace_diagnostic_refresh(None)

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="pivot"),
    )
    async def asked(params: types.DocumentDiagnosticParams) -> msgspec.Raw:
        """Asynchronous: changes that have arrived by then are dealt with before."""
        uri = params.text_document.uri
        document, path = session.documents.get(uri), path_of(uri)
        if document is None and path is not None:
            path = session.folders.real(path)
            document = await session.linters.of_file(path)  # as in the answers for the workspace
        if document is not None:
            found = of_document(session, document)
        else:
            found = of_closed(session, path) if path is not None else []
        items = as_json(session, found)
        number = identity(items)
        if params.previous_result_id == number:
            return msgspec.Raw(encode({"kind": "unchanged", "resultId": number}))
        return msgspec.Raw(encode({"kind": "full", "resultId": number, "items": items}))

    def other_findings() -> None:
        if can_ask():
            refresh()
        else:
            for document in session.documents:
                sending.changed(document)

    session.on_findings(other_findings)
    session.on_change(changed)
    session.on_problems(other_problems)


class Sending:
    """Diagnostics for clients that don't ask. Files without any, and without a pipeline, aren't spoken of."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[Path, asyncio.TimerHandle] = {}
        self._shown: set[Path] = set()
        self._took_s = 0.0

    def changed(self, document: Document) -> None:
        """It has a new version, or was closed."""
        path = document.path
        before = self._waiting.pop(path, None)
        if before is not None:
            before.cancel()
        if self._session.documents.get(document.uri) is None:
            self.send(path, None)
            return
        pause = 0.0 if self._took_s < _AT_ONCE_S else min(self._took_s, _LONGEST_S)
        loop = asyncio.get_running_loop()
        self._waiting[path] = loop.call_later(pause, self._guarded, lambda: self._send_newest(document.uri))

    def send(self, path: Path, document: Document | None) -> None:
        """Send those of a file, by its document if it is open."""
        session = self._session
        found = of_closed(session, path) if document is None else of_document(session, document)
        if not found and path not in self._shown and not _concerns_us(path, document):
            return
        (self._shown.add if found else self._shown.discard)(path)
        uri, version = (document.uri, document.version) if document is not None else (session.uri(path), None)
        session.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def _send_newest(self, uri: str) -> None:
        document = self._session.documents.get(uri)
        if document is not None:
            self._waiting.pop(document.path, None)
            started = time.monotonic()
            self.send(document.path, document)
            self._took_s = time.monotonic() - started

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - a timer has no caller; this shows it
            self._session.server.failed(error)


def of_document(session: Session, document: Document) -> list[types.Diagnostic]:
    """All that is known of an open document."""
    lines, findings = document.lines, document.findings
    said = [_too_long(document)] if document.is_too_long and mentions_pivot(document.text) else []
    return [*said, *(diagnostic_of(session, finding, document) for finding in findings)] + [
        _problem(session, placed, lines)
        for placed in session.problems.of(document.path)
        if not _is_told(placed, findings) and not _is_mended(placed, lines)
    ]


def _too_long(document: Document) -> types.Diagnostic:
    start = types.Position(0, 0)
    return types.Diagnostic(
        types.Range(start, start),
        f"{too_long(document.text)}\nverdicts are about an earlier text of it, or the file",
        severity=types.DiagnosticSeverity.Information,
        source="pivot",
    )


def _is_told(placed: Placed, findings: Iterable[Finding]) -> bool:
    """Whether the lint has found it, too: that tells it better, and before it is saved."""
    return any(
        finding.message == placed.problem.message
        or (placed.speaker == PIPELINE and finding.severity == "error")
        for finding in findings
        if finding.span.line == placed.span.line
    )


def _is_mended(placed: Placed, lines: Lines) -> bool:
    """Whether it may be: what the definition's mistake was in is written otherwise, and not yet saved, which
    has it read again. Of a fix that was just taken, the mistake would stay, at the whole line."""
    return placed.speaker == PIPELINE and placed.is_about_another(lines.line(placed.span.line))


def of_closed(session: Session, path: Path) -> list[types.Diagnostic]:
    """What others than the lint know of a file that isn't open: by whole lines, so its text isn't needed."""
    return [_problem(session, placed, None) for placed in session.problems.of(path)]


def as_json(session: Session, found: list[types.Diagnostic]) -> msgspec.Raw:
    """For the client."""
    return msgspec.Raw(encode(session.server.protocol._converter.unstructure(found)))


def identity(found: msgspec.Raw) -> str:
    """The same for the same diagnostics, also in another session."""
    return xxh3_64_hexdigest(bytes(found))


def _concerns_us(path: Path, document: Document | None) -> bool:
    return document is None or mentions_pivot(document.text) or project_of(path) is not None


def diagnostic_of(session: Session, finding: Finding, document: Document) -> types.Diagnostic:
    """A finding, as an editor shows it."""
    related, encoding = [], session.encoding
    for other in finding.related:
        path, lines = document.elsewhere(other.path)
        there, span = session.documents.at(path), other.span
        if there is not None and there is not document and there.reading is None:  # it is half typed
            left = there.now(span)
            if left is None:
                continue
            span, lines = left, there.lines
        place = types.Location(session.uri(path), range_of(span, lines, encoding))
        related.append(types.DiagnosticRelatedInformation(place, other.message))
    return types.Diagnostic(
        range=range_of(finding.span, document.lines, encoding),
        message=f"{finding.message}\n{finding.hint}",
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source="pivot",
        related_information=related or None,
    )


def _problem(session: Session, placed: Placed, lines: Lines | None) -> types.Diagnostic:
    problem, span, encoding = placed.problem, placed.span, session.encoding
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(session.uri(placed.root / place.path), _whole_line(place.line, None, encoding)),
            "see here",
        )
        for place in problem.related
    ]
    return types.Diagnostic(
        range=_whole_line(span.line, lines, encoding),
        message=f"{problem.message}\n{problem.hint}" if problem.hint else problem.message,
        severity=_SEVERITY["warning" if placed.speaker == SLOW else "error"],
        source="pivot",
        related_information=related or None,
    )


def _whole_line(line: int, lines: Lines | None, encoding: Encoding) -> types.Range:
    """What is written in a line. Without its text: up to the line after it."""
    if lines is None:
        return types.Range(types.Position(max(line - 1, 0), 0), types.Position(max(line, 1), 0))
    text = lines.line(line)
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return types.Range(
        types.Position(line - 1, lines.units_before(line, start, encoding)),
        types.Position(line - 1, lines.units_before(line, max(start, end), encoding)),
    )
