"""Findings of the lint as diagnostics, a pause after each change.

While a text can't be parsed, the former findings stay: the editor moves them along, and a mistake that
vanishes with each half-typed word and comes back would be noise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from pivot_lsp.documents import Document
    from pivot_lsp.lint import Finding
    from pivot_lsp.lint.rule import Severity
    from pivot_lsp.positions import Encoding, Lines, Span
    from pivot_lsp.session import Session

_PAUSE_S = 0.1
_SEVERITY: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}


def register(session: Session) -> None:
    waiting: dict[str, asyncio.TimerHandle] = {}

    def changed(document: Document) -> None:
        before = waiting.pop(document.uri, None)
        if before is not None:
            before.cancel()
        if session.documents.get(document.uri) is None:
            _publish(session, document, [])
        else:
            waiting[document.uri] = asyncio.get_running_loop().call_later(_PAUSE_S, publish, document)

    def publish(document: Document) -> None:
        del waiting[document.uri]
        try:
            if document.reading is not None:
                _publish(session, document, diagnostics(document, session.encoding))
        except Exception as error:  # noqa: BLE001 - a timer has no caller; this shows it
            session.server.failed(error)

    session.on_change(changed)


def diagnostics(document: Document, encoding: Encoding) -> list[types.Diagnostic]:
    """The findings in a document that can be parsed."""
    assert document.reading is not None
    return [_diagnostic(finding, document, encoding) for finding in document.reading.findings]


def _publish(session: Session, document: Document, found: list[types.Diagnostic]) -> None:
    session.server.text_document_publish_diagnostics(
        types.PublishDiagnosticsParams(document.uri, found, document.version)
    )


def _diagnostic(finding: Finding, document: Document, encoding: Encoding) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(document.uri, _range(other.span, document.lines, encoding)), other.message
        )
        for other in finding.related
    ]
    return types.Diagnostic(
        range=_range(finding.span, document.lines, encoding),
        message=f"{finding.message}\n{finding.hint}",
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source="pivot",
        related_information=related or None,
    )


def _range(span: Span, lines: Lines, encoding: Encoding) -> types.Range:
    return types.Range(
        types.Position(span.line - 1, lines.units(span.line, span.column, encoding)),
        types.Position(span.end_line - 1, lines.units(span.end_line, span.end_column, encoding)),
    )
