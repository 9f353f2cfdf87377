"""What a user can mend, as text on stderr and (with ``--json``) as one document on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import InvalidPipeline, PivotError, UsageError
from pivot_core.types import Place, Problem

if TYPE_CHECKING:
    from pivot_core.cli.terminal import Terminal


class ErrorEntry(msgspec.Struct, frozen=True):
    """``path`` and ``line`` are null where the mistake isn't in a file; ``line`` where it is all of it."""

    path: str | None
    line: int | None
    message: str
    hint: str
    stage: str | None
    related: tuple[Place, ...] = ()


class ErrorDocument(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = 1
    errors: tuple[ErrorEntry, ...]


def exit_code(error: PivotError) -> int:
    """2 for wrong usage and invalid pipelines, 1 for what went wrong on the way."""
    return 2 if isinstance(error, UsageError | InvalidPipeline) else 1


def document(error: PivotError) -> ErrorDocument:
    if isinstance(error, InvalidPipeline):
        return ErrorDocument(errors=tuple(_entry(problem) for problem in error.problems))
    return ErrorDocument(errors=tuple(_placeless(message) for message in _messages(error)))


def _messages(error: PivotError) -> tuple[str, ...]:
    return error.messages if isinstance(error, UsageError) else (str(error),)


def _placeless(text: str) -> ErrorEntry:
    message, _, hint = text.partition("\n")
    return ErrorEntry(None, None, message, hint.strip(), None)


def _entry(problem: Problem) -> ErrorEntry:
    return ErrorEntry(
        problem.path or None,
        problem.line or None,
        problem.message,
        problem.hint,
        problem.stage,
        problem.related,
    )


def show(error: PivotError, err: Terminal) -> None:
    """Every problem with its place first, so that editors and terminals make a link of it."""
    label = err.paint("error:", "bold", "red")
    if not isinstance(error, InvalidPipeline):
        said = _messages(error)
        for message, following in zip(said, (*said[1:], ""), strict=True):
            text, _, hint = message.partition("\n")
            err.line(f"{label} {text}")
            if hint and hint != following.partition("\n")[2]:  # said once, below all
                err.line(hint)
        return
    for problem in error.problems:
        place = f"{problem.path}:{problem.line}" if problem.line else problem.path
        err.line(f"{err.paint(place + ':', 'bold')} {label} {problem.message}")
        for hint in problem.hint.splitlines():
            err.line(f"    {hint}")
        for related in problem.related:
            err.line(err.paint(f"    see {related.path}:{related.line}", "dim"))
    if len(error.problems) > 1:
        err.line(f"{len(error.problems)} problems")
