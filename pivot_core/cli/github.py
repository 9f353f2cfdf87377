"""What went wrong, as annotations of GitHub Actions: beside the line of code in the pull request.

The syntax is that of GitHub's workflow commands: ``::error file=a.py,line=3,title=train::text``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.cli import wording
from pivot_core.errors import InvalidPipeline, UsageError
from pivot_core.execute.events import StageEnd, Warning

if TYPE_CHECKING:
    from pivot_core.cli.terminal import Terminal
    from pivot_core.errors import PivotError
    from pivot_core.execute.events import Event
    from pivot_core.status import StageStatus


def wanted() -> bool:
    """Whether a workflow of GitHub is running us."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class Annotations:
    """A listener. ``root`` is the project's; GitHub wants paths from the repository's root on."""

    def __init__(self, out: Terminal, root: Path) -> None:
        self._out = out
        workspace = os.environ.get("GITHUB_WORKSPACE")
        home = Path(workspace).resolve() if workspace else root
        self._prefix = root.relative_to(home) if root.is_relative_to(home) else Path()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warning) and event.path:
            self._say("warning", event.stage, event.message, event.path, event.line)
        elif isinstance(event, StageEnd) and event.error is not None:
            error = event.error
            text = f"{error.type}: {error.message}"
            self._say("error", f"{event.stage} failed", text, error.path, error.line)
        elif isinstance(event, StageEnd) and event.outcome == "blocked" and event.reasons:
            reason = event.reasons[0]
            if reason.kind == "upstream":
                return  # that one is told, and there is room for few annotations
            text = wording.first_reason(event.reasons)
            self._say("error", f"{event.stage} isn't fresh", text, reason.path, reason.line)

    def status(self, status: StageStatus) -> None:
        """A stage that isn't fresh (of ``status --check``); what only needs such a stage isn't told."""
        if status.verdict.state == "upstream_stale":
            return
        reason = status.verdict.reasons[0]
        title = f"{status.spec.name} isn't fresh"
        self._say("error", title, wording.first_reason(status.verdict.reasons), reason.path, reason.line)

    def error(self, error: PivotError) -> None:
        """What made the command fail."""
        if isinstance(error, InvalidPipeline):
            for problem in error.problems:
                text = f"{problem.message}\n{problem.hint}"
                self._say("error", problem.stage, text, problem.path, problem.line)
        else:
            for text in error.messages if isinstance(error, UsageError) else (str(error),):
                self._say("error", None, text, None, None)

    def _say(self, kind: str, title: str | None, text: str, path: str | None, line: int | None) -> None:
        properties = []
        if path:
            properties.append(f"file={_property((self._prefix / path).as_posix())}")
            properties.append(f"line={line or 1}")
        if title:
            properties.append(f"title={_property(title)}")
        self._out.line(f"::{kind} {','.join(properties)}".rstrip() + f"::{_data(text)}")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
