"""Errors that a user can mend. Everything else is a defect of ours and keeps its traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pivot_core.types import Problem


class PivotError(Exception):
    """Something the user can mend. ``str(error)`` is the whole message: what is wrong, what to do."""


class UsageError(PivotError):
    """Wrong usage of a command or of the authoring API (exit code 2).

    Several mistakes of one kind (targets that are nothing) are told at once: ``messages`` has one each.
    """

    def __init__(self, *messages: str) -> None:
        self.messages = messages
        super().__init__("\n".join(messages))


class InvalidPipeline(PivotError):  # noqa: N818 - named for what it is
    """The pipeline has mistakes; all that were found are in ``problems`` (exit code 2)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(describe(problem) for problem in self.problems))


class CorruptContent(PivotError):  # noqa: N818 - named for what it is
    """Content of the cache isn't what its name says (it was set aside); the stage has to run again."""


def describe(problem: Problem) -> str:
    """``path:line: message`` and the hint on a line of its own."""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    text = f"{place}: {problem.message}\n    {problem.hint}"
    return text + "".join(f"\n    see {place.path}:{place.line}" for place in problem.related)
