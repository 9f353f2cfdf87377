"""Above every stage's ``def``: is what it made still what it would make, and if not, why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.documents import project_of
from pivot_lsp.verdicts import Known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pivot_core.status import StageStatus
    from pivot_core.types import Reason, StageSpec, Verdict
    from pivot_lsp.documents import Document
    from pivot_lsp.session import Session
    from pivot_lsp.verdicts import Answer


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        document = session.documents.get(params.text_document.uri)
        project = project_of(document.path) if document is not None else None
        if document is None or project is None or not project.is_own(document.path):
            return []
        answer = await session.verdicts(project).current()
        # Meanwhile there may be a newer version, and the answer is about that one.
        newest = session.documents.get(document.uri)
        logical = document.path.relative_to(project.root).as_posix()
        return lenses(answer, logical, newest) if newest is not None else []

    def refresh() -> None:
        workspace = server.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            server.workspace_code_lens_refresh(None)

    session.on_verdicts(refresh)


def lenses(answer: Answer, logical: str, document: Document) -> list[types.CodeLens]:
    """The lenses of one document, one above each function that is a stage (or several)."""
    found = []
    for function, line in _lines(_specs(answer), logical, document).items():
        if isinstance(answer, Known):
            own = [item for item in answer.stages if _is_at(item.spec, logical, function)]
            title = title_of(own)
            if document.reading is None:
                title += " (before the syntax error)"
        else:
            title = f"Pivot: {answer.why}"
        found.append(_lens(line, title))
    if not found and not isinstance(answer, Known) and logical == "pipeline.py":
        found.append(_lens(1, f"Pivot: {answer.why}"))
    return found


def title_of(stages: Sequence[StageStatus]) -> str:
    """One stage's verdict; for variants of one function how many are fresh, and the first that isn't."""
    if len(stages) == 1:
        return said(stages[0].verdict)
    counts = Counter(item.verdict.state.replace("_", " ") for item in stages)
    title = f"{len(stages)} stages: " + ", ".join(f"{number} {state}" for state, number in counts.items())
    first = next((item for item in stages if item.verdict.state != "fresh"), None)
    return title if first is None else f"{title}; {first.spec.name} is {said(first.verdict)}"


def said(verdict: Verdict) -> str:
    """``fresh``, ``never run``, ``stale: helpers.normalise changed (helpers.py:3)``, and how many more."""
    state = verdict.state.replace("_", " ")
    reasons = [reason for reason in verdict.reasons if reason.kind != "never_run"]
    if verdict.state == "never_run" or not reasons:
        return state
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"{state}: {_reason(reasons[0])}{more}"


def _reason(reason: Reason) -> str:
    detail = reason.detail.replace(" since the last run", "")  # what else
    place = f"{reason.path}:{reason.line}" if reason.path and reason.line else reason.path or ""
    return f"{reason.subject} {detail}" + (f" ({place})" if place and place != reason.subject else "")


def _specs(answer: Answer) -> Iterable[StageSpec]:
    return [item.spec for item in answer.stages] if isinstance(answer, Known) else answer.stages


def _lines(specs: Iterable[StageSpec], logical: str, document: Document) -> dict[str, int]:
    """Line by name of the functions here that are stages."""
    names = dict.fromkeys(spec.qualname for spec in specs if spec.path == logical)
    lines = ((name, document.line_of(name)) for name in names)
    return {name: line for name, line in lines if line is not None}


def _is_at(spec: StageSpec, logical: str, function: str) -> bool:
    return spec.path == logical and spec.qualname == function


def _lens(line: int, title: str) -> types.CodeLens:
    start = types.Position(line - 1, 0)
    # Without a command's name it is text; without a command an editor would ask for one.
    return types.CodeLens(types.Range(start, start), types.Command(title, ""))
