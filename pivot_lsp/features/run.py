"""``pivot.run`` and ``pivot.cancel``: stages run in a child process, with all that happens shown.

The answer to ``pivot.run`` comes when the run has begun, since editors don't wait for answers for long.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from pivot_core.types import JSON
from pivot_lsp import arguments
from pivot_lsp.answers import Known
from pivot_lsp.documents import on_disk
from pivot_lsp.failures import Failures
from pivot_lsp.messages import choose, show
from pivot_lsp.presenter import SPEAKER, Presenter
from pivot_lsp.runs import Request

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_core.types import Problem
    from pivot_lsp.answers import Answer
    from pivot_lsp.runs import Run
    from pivot_lsp.session import Session

RUN, CANCEL = "pivot.run", "pivot.cancel"
_ANYWAY = "Run what is saved"


class Begun(msgspec.Struct, frozen=True):
    """The answer to ``pivot.run``: the run's number, or why there is none (and that was shown)."""

    run: int | None = None
    why: str | None = None


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stages of a project: none means all."""

    root: str | None = None
    targets: tuple[str, ...] = ()


def register(session: Session) -> None:
    server, runs = session.server, session.runs
    failures: dict[Path, Failures] = {}

    def of(root: Path) -> Failures:
        return failures.setdefault(root, Failures(root, session.problems))

    @server.command(RUN)
    async def run(*given: JSON) -> object:
        request = arguments.of_command(given, Request)
        project = arguments.project(session, request.root)
        await session.settled()
        why, remark = _refusal(session, project, request), ""
        if why is None:
            why, remark = await _unsaved(session, project)
            # Again, since a person may take a while to answer.
            why = why or _refusal(session, project, request)
        if why is not None:
            return msgspec.to_builtins(Begun(why=why))
        presenter = Presenter(session, of(project.root), remark)
        begun = runs.begin(project, request, presenter.heard)
        server.watch(asyncio.get_running_loop().create_task(_follow(session, begun, presenter)))
        return msgspec.to_builtins(Begun(run=begun.number))

    @server.command(CANCEL)
    def cancel(*given: JSON) -> object:
        which = arguments.of_command(given, Which)
        return {"cancelled": runs.stop(arguments.project(session, which.root).root, which.targets)}

    def other_verdicts(root: Path, answer: Answer) -> None:
        session.problems.keep(SPEAKER, root, lambda problem: _stands(problem, answer))
        if isinstance(answer, Known):
            of(root).code_is({item.spec.name: item.code for item in answer.stages})

    def other_settings() -> None:
        if not session.trusted:
            for begun in runs.all:
                begun.stop()

    session.on_verdicts(other_verdicts)
    session.on_settings(other_settings)


async def _follow(session: Session, run: Run, presenter: Presenter) -> None:
    verdicts = session.verdicts(run.project)  # from now on, failures go when the code is another
    try:
        await presenter.begin(run)
        ended = await run.until_end()
    except OSError as error:
        presenter.lost(run, f"the run can't be started: {error}")
        return
    except Exception as error:
        run.stop()
        presenter.lost(run, f"the run can't be followed any more, and was stopped: {error}")
        raise
    finally:
        session.runs.ended(run)
    presenter.ended(run, ended)
    if ended.problems:
        answer = await verdicts.current()  # they may be mended by now
        standing = [problem for problem in ended.problems if _stands(problem, answer)]
        session.problems.put(SPEAKER, run.project.root, standing)


def _stands(problem: Problem, answer: Answer) -> bool:
    """Whether what kept a run from starting still does."""
    if not isinstance(answer, Known):
        return True
    return any(item.verdict.state == "error" for item in answer.stages if item.spec.name == problem.stage)


def _refusal(session: Session, project: Project, request: Request) -> str | None:
    """Why nothing is run, after saying so."""
    if not session.trusted:
        why = "the workspace isn't trusted, so nothing of it is run. Trust it in your editor to run stages"
    elif any(run.covers(request.targets) for run in session.runs.of(project.root)):
        why = f"{', '.join(request.targets) or 'everything'} is running already"
    else:
        return None
    show(session.server, types.MessageType.Warning, why)
    return why


async def _unsaved(session: Session, project: Project) -> tuple[str | None, str]:
    """Tell of buffers that aren't saved, since a run takes the files. Why nothing is run, if so; and what is
    to be said at the end of a run that nobody could be asked about."""
    names = [
        name for name, document in session.documents.of(project) if on_disk(document.path) != document.text
    ]
    if not names:
        return None, ""
    files = f"{', '.join(names[:3])}{' …' * (len(names) > 3)}"
    text = f"{files} {'has' if len(names) == 1 else 'have'} edits that aren't saved; a run doesn't see them"
    asked, chosen = await choose(session.server, text, [_ANYWAY])
    if not asked:
        return None, f" · {files} as saved"
    return (f"not saved: {files}" if chosen is None else None), ""
