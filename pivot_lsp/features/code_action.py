"""Quick fixes for findings, *fix all*, and silencing a finding by a comment; in editors without lenses, what
these would offer.

What a fix changes is worked out when somebody chooses it, if the client can ask for it then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified

from pivot_lsp.asked import range_of
from pivot_lsp.features.code_lens import lenses
from pivot_lsp.features.diagnostics import diagnostic_of
from pivot_lsp.lint.fixes import Change, changes, fixed_wholly
from pivot_lsp.lint.rule import Finding
from pivot_lsp.positions import Span
from pivot_lsp.source.comments import takes_comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pivot_lsp.documents import Document
    from pivot_lsp.lenses import Lens
    from pivot_lsp.session import Session

_Edits = types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.pivot"


class Chosen(msgspec.Struct, frozen=True):
    """What an action was offered for: a finding of a version of a document; without a code, all of them."""

    uri: str
    version: int | None
    code: str | None = None
    line: int = 0
    column: int = 0


def register(session: Session) -> None:
    server = session.server
    kinds: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds, resolve_provider=True))
    async def offered(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = session.documents.get(params.text_document.uri)
        if document is None:
            return []
        session.read_documents()
        found = list(_offered(session, document, params)) if document.reading is not None else []
        if not _resolves(session):
            for action in found:
                if action.edit is None:
                    action.edit = _edit(session, msgspec.convert(action.data, Chosen))
        if params.context.only is None and not session.shows_lenses:
            found += _as_actions(await lenses(session, document.uri), params.range)
        return found

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def chosen(action: types.CodeAction) -> types.CodeAction:
        """Also of one that is a command: Helix asks about each that has no edit."""
        if action.edit is None and action.command is None:
            action.edit = _edit(session, msgspec.convert(action.data, Chosen))
        return action


def _offered(
    session: Session, document: Document, params: types.CodeActionParams
) -> Iterator[types.CodeAction]:
    wanted = params.context.only
    lines, encoding = document.lines, session.encoding
    findings = document.findings
    # Neovim asks about the place of the cursor, with all that it shows in that line.
    shown = [(diagnostic.code, diagnostic.range) for diagnostic in params.context.diagnostics]
    here = [
        finding
        for finding in findings
        if _touch(at := range_of(finding.span, lines, encoding), params.range) or (finding.code, at) in shown
    ]
    if _is_wanted(types.CodeActionKind.QuickFix.value, wanted):
        for finding in here:
            diagnostic = diagnostic_of(session, finding, document)
            wanted_there = changes(finding.fix) if finding.fix is not None else []
            if finding.fix is not None and wanted_there and _can_be_changed(session, document, wanted_there):
                place = (finding.span.line, finding.span.column)
                yield types.CodeAction(
                    finding.fix.title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    is_preferred=True,
                    data=msgspec.to_builtins(Chosen(document.uri, document.version, finding.code, *place)),
                )
            silenced = _silenced(finding, document)
            if silenced is not None:
                yield types.CodeAction(
                    f"ignore {finding.code} in this line",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    edit=_workspace_edit(session, [silenced], document),
                )
    safe = any(finding.fix is not None and finding.fix.safe for finding in findings)
    if safe and _is_wanted(FIX_ALL, wanted):
        yield types.CodeAction(
            "fix all that Pivot can mend safely",
            kind=FIX_ALL,
            data=msgspec.to_builtins(Chosen(document.uri, document.version)),
        )


def _as_actions(found: Iterable[Lens], where: types.Range) -> Iterator[types.CodeAction]:
    """What the lenses of these lines can do. The one that says how the stage is comes before them."""
    state = ""
    for lens in found:
        if not where.start.line < lens.line <= where.end.line + 1:
            continue
        if lens.command:
            command = types.Command(lens.title, lens.command, arguments=[lens.argument])
            yield types.CodeAction(f"{lens.title} · {state}", command=command)
        else:
            state = lens.title


def _edit(session: Session, chosen: Chosen) -> types.WorkspaceEdit:
    session.read_documents()
    document = session.documents.get(chosen.uri)
    if document is None or document.version != chosen.version or document.reading is None:
        raise JsonRpcContentModified
    if chosen.code is None:
        return _workspace_edit(session, _all(document), document)
    for finding in document.findings:
        if (finding.code, finding.span.line, finding.span.column) == (
            chosen.code,
            chosen.line,
            chosen.column,
        ):
            return _workspace_edit(session, changes(finding.fix) if finding.fix else [], document)
    raise JsonRpcContentModified  # an edit elsewhere has mended it


def _all(document: Document) -> list[Change]:
    assert document.reading is not None
    home = document.reading.home
    fixed = fixed_wholly(home.linter, home.path) if home is not None else None
    if home is None or fixed is None:
        return []
    end = document.lines.count
    last = len(document.lines.line(end).encode("utf-8", "surrogatepass"))
    return [Change(home.path, Span(1, 0, end, last), fixed)]


def _silenced(finding: Finding, document: Document) -> Change | None:
    """A comment that silences it, at its last line or else its first; None if neither has room for one."""
    home = document.reading.home if document.reading is not None else None
    module = home.module if home is not None else None
    if home is None or module is None:
        return None
    for line in (finding.span.end_line, finding.span.line):
        tops = (part.top for part in module.parts)
        top = next((one for one in tops if one.first_line <= line < one.first_line + one.line_count), None)
        if top is not None and takes_comment(top, line - top.first_line + 1):
            text = document.lines.line(line)
            column = len(text.rstrip().encode("utf-8", "surrogatepass"))
            end = len(text.encode("utf-8", "surrogatepass"))
            return Change(home.path, Span(line, column, line, end), f"  # pivot: ignore[{finding.code}]")
    return None


def _can_be_changed(session: Session, document: Document, wanted: Iterable[Change]) -> bool:
    """Whether the places of changes are those of the texts as they are: not of one that is half typed."""
    for path in {change.path for change in wanted}:
        file, lines = document.elsewhere(path)
        other = session.documents.at(file)
        if other is not None and other is not document and other.text != lines.text:
            return False
    return True


def _workspace_edit(session: Session, wanted: Sequence[Change], document: Document) -> types.WorkspaceEdit:
    """The changes as an edit: of the document, of other open ones, and of files of the project."""
    if not _can_be_changed(session, document, wanted):
        raise JsonRpcContentModified
    by_document: dict[tuple[str, int | None], list[_Edits]] = {}
    for change in wanted:
        path, lines = document.elsewhere(change.path)
        uri = session.uri(path)
        other = session.documents.get(uri)
        edit = types.TextEdit(range_of(change.span, lines, session.encoding), change.text)
        by_document.setdefault((uri, other.version if other is not None else None), []).append(edit)
    client = session.server.client_capabilities.workspace
    if client is not None and client.workspace_edit is not None and client.workspace_edit.document_changes:
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri, version), edits)
                for (uri, version), edits in by_document.items()
            ]
        )
    plain = {
        uri: [edit for edit in edits if isinstance(edit, types.TextEdit)]
        for (uri, _), edits in by_document.items()
    }
    return types.WorkspaceEdit(changes=plain)


def _resolves(session: Session) -> bool:
    client = session.server.client_capabilities.text_document
    action = client.code_action if client is not None else None
    return bool(action and action.resolve_support and "edit" in action.resolve_support.properties)


def _is_wanted(kind: str, only: Iterable[types.CodeActionKind | str] | None) -> bool:
    """Kinds are hierarchical: ``source`` asks for ``source.fixAll.pivot``, too."""
    if only is None:
        return True
    names = [item.value if isinstance(item, types.CodeActionKind) else item for item in only]
    return any(kind == name or kind.startswith(name + ".") for name in names)


def _touch(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end
