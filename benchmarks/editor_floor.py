"""A server that keeps the text and says the same about any: what pygls by itself costs."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

LENSES = 120

server = LanguageServer("floor", "0", text_document_sync_kind=types.TextDocumentSyncKind.Incremental)


@server.feature(
    types.TEXT_DOCUMENT_DIAGNOSTIC,
    types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False),
)
def diagnostics(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    return types.RelatedFullDocumentDiagnosticReport([types.Diagnostic(_line(0), "a finding")])


@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
def lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
    return [types.CodeLens(_line(number), types.Command("a lens", "")) for number in range(LENSES)]


def _line(number: int) -> types.Range:
    return types.Range(types.Position(number, 0), types.Position(number, 1))


if __name__ == "__main__":
    server.start_io()
