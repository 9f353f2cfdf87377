"""What a person sees of one run: progress, output, failures at their lines, and one message at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types

from pivot_core.cli.wording import OUTCOMES, count, duration, outcomes
from pivot_core.execute.events import Event, Progress, RunStart, StageEnd, StageOutput, StageStart, Warning
from pivot_lsp.later import Later
from pivot_lsp.messages import WorkDone, show

if TYPE_CHECKING:
    from pivot_core.cli.failures import ErrorDocument
    from pivot_lsp.failures import Failures
    from pivot_lsp.runner import Ended
    from pivot_lsp.runs import Run
    from pivot_lsp.session import Session

RUN_EVENT = "pivot/runEvent"
SPEAKER = "request"  # of what keeps a run from starting
_PAUSE_S = 0.1
_INFO, _WARNING, _ERROR = types.MessageType.Info, types.MessageType.Warning, types.MessageType.Error


class Presenter:
    """Listens to one run, from the event loop's thread. ``remark`` is said after how it ended."""

    def __init__(self, session: Session, failures: Failures, remark: str = "") -> None:
        self._session = session
        self._server = session.server
        self._failures = failures
        self._remark = remark
        self._progress = WorkDone(session.server)

    async def begin(self, run: Run) -> None:
        """It is about to start."""
        self._report = Later(_PAUSE_S, lambda: self._show_progress(run))
        self._session.problems.put(SPEAKER, run.project.root, ())
        await self._progress.begin(f"Pivot: {_what(run)}", run.stop)

    def heard(self, run: Run, event: Event) -> None:
        """Something has happened in it."""
        self._notify(run, msgspec.to_builtins(event))
        self._log(event)
        if isinstance(event, StageStart):
            self._failures.started([event.stage])
        elif isinstance(event, StageEnd):
            self._failures.ended(event)
            if event.outcome != "skipped":
                self._session.outdated(run.project.locks)
        if isinstance(event, RunStart | StageStart | StageEnd | Progress):
            self._report.ask()
            self._session.runs.changed(run.project.root)

    def ended(self, run: Run, ended: Ended) -> None:
        """It has ended, in whatever way."""
        self._report.drop()
        if ended.stderr and ended.code not in (0, 1, 2):
            self._server.window_log_message(types.LogMessageParams(_ERROR, ended.stderr))
        kind, said = self._summary(run, ended)
        told = said or ("stopped" if run.stopped else _done(run))
        self._progress.end(told)
        self._say(run, kind, said if self._session.shows_lenses else told, ended.code)
        self._session.outdated(run.project.locks)

    def lost(self, run: Run, why: str) -> None:
        """There was no run, or nobody could follow it."""
        self._report.drop()
        self._progress.end("failed")
        self._say(run, _ERROR, why, None)

    def _say(self, run: Run, kind: types.MessageType, said: str, code: int | None) -> None:
        """How it ended. A client that listens to runs shows that itself, with what can be done about it."""
        if self._client_listens:
            self._notify(run, {"event": "ended", "code": code, "message": said or None})
        elif said:
            show(self._server, kind, said + self._remark)

    def _summary(self, run: Run, ended: Ended) -> tuple[types.MessageType, str]:
        """What to tell at the end; "" if the lenses tell it."""
        failed = [end for end in run.ends.values() if end.outcome == "failed"]
        if run.stopped:
            return _INFO, ""
        if ended.errors is not None:
            return _ERROR, _errors(ended.errors)
        if failed:
            return _ERROR, _failed(failed)
        if ended.code != 0:
            return _ERROR, f"the run was lost ({ended.how}). What is done is kept: run it again"
        if all(end.outcome == "skipped" for end in run.ends.values()):
            return _INFO, f"nothing to do: {_fresh(run)}"
        return _INFO, ""

    def _show_progress(self, run: Run) -> None:
        done = len(run.ends)
        running = [name for name, stage in run.under_way.items() if stage.since is not None]
        named = ", ".join(running[:3]) + (f" and {len(running) - 3} more" if len(running) > 3 else "")
        percentage = 100 * done // run.total if run.total else 0
        self._progress.report(f"{done}/{run.total} {named}".rstrip(), percentage)

    @property
    def _client_listens(self) -> bool:
        return "runEvents" in self._session.wants

    def _notify(self, run: Run, event: object) -> None:
        if self._client_listens:
            said = {"root": str(run.project.root), "run": run.number, "event": event}
            self._server.protocol.notify(RUN_EVENT, said)

    def _log(self, event: Event) -> None:
        if (said := _logged(event)) is not None:
            self._server.window_log_message(types.LogMessageParams(*said))


def _what(run: Run) -> str:
    targets = run.request.targets
    return f"run {', '.join(targets[:3])}{' …' * (len(targets) > 3)}" if targets else "run all stages"


def _logged(event: Event) -> tuple[types.MessageType, str] | None:
    if isinstance(event, StageOutput):
        text = event.text.removesuffix("\n")
        return types.MessageType.Log, "\n".join(f"[{event.stage}] {line}" for line in text.split("\n"))
    if isinstance(event, Warning):
        place = f"{event.path}:{event.line}: " if event.path and event.line else ""
        return _WARNING, f"{place}{event.message}"
    if isinstance(event, StageEnd) and event.outcome != "skipped":
        said = f"[{event.stage}] {event.outcome}"
        if event.error is not None:
            return (
                _ERROR,
                f"{said}: {event.error.type}: {event.error.message}\n{event.error.traceback}".rstrip(),
            )
        return types.MessageType.Log, f"{said} · {duration(event.duration_s)}" if event.duration_s else said
    return None


def _done(run: Run) -> str:
    """What a run that went well has done."""
    done = [end for end in run.ends.values() if end.outcome != "skipped"]
    if len(done) == 1:
        (end,) = done
        return f"{end.stage} {OUTCOMES[end.outcome].word}" + (
            f" in {duration(end.duration_s)}" if end.duration_s else ""
        )
    return outcomes(Counter(end.outcome for end in done))


def _failed(failed: list[StageEnd]) -> str:
    first = failed[0]
    assert first.error is not None
    place = f" ({first.error.path}:{first.error.line})" if first.error.path else ""
    why = f"{first.error.type}: {first.error.message}".partition("\n")[0]
    if len(failed) == 1:
        return f"{first.stage} failed with {why}{place}"
    names = ", ".join(end.stage for end in failed[:5])
    return f"{len(failed)} stages failed: {names}{', …' * (len(failed) > 5)}. The first with {why}{place}"


def _errors(found: ErrorDocument) -> str:
    first = found.errors[0]
    place = f"{first.path}:{first.line}: " if first.path and first.line else ""
    more = f" ({len(found.errors) - 1} more problems)" if len(found.errors) > 1 else ""
    return f"can't run: {place}{first.message}: {first.hint}{more}"


def _fresh(run: Run) -> str:
    names = list(run.request.targets)
    if not names:
        return f"{count(run.total, 'stage')}, all fresh"
    return f"{', '.join(names[:3])}{' …' * (len(names) > 3)} {'is' if len(names) == 1 else 'are'} fresh"
