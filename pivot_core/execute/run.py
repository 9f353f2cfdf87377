"""One run: take each stage when it is due, and skip it, restore it or have a worker make it.

One thread, one inbox: whatever happens elsewhere (workers, restoring threads) arrives as a message.
"""

from __future__ import annotations

import queue
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pivot_core.errors import CorruptContent
from pivot_core.execute.events import (
    Event,
    RunEnd,
    RunStart,
    StageEnd,
    StageError,
    StageOutput,
    StageStart,
    Warning,
)
from pivot_core.execute.messages import Crashed, Delivery, Done, Output, Restored, Started, Task
from pivot_core.types import Outcome, StageSpec, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pivot_core.execute.plan import Plan, Planner
    from pivot_core.execute.pool import Pool
    from pivot_core.execute.schedule import Schedule

# Tasks that wait in the pool beyond its width, so that no worker idles while the coordinator records.
_AHEAD = 2
# How long after its timeout a stage that doesn't react (it is in native code) is killed, in seconds.
_GRACE = 5.0
# How often what was recorded goes to the state database, in seconds. Lock files are written at once.
_FLUSH = 1.0


class Options(msgspec.Struct, frozen=True):
    """``force``: names of stages that are made whatever the verdict. ``frozen``: none may be made."""

    force: frozenset[str] = frozenset()
    keep_going: bool = False
    frozen: bool = False


class RunSummary(msgspec.Struct, frozen=True):
    """How a run ended. ``ok``: no stage failed or was left out. ``duration_s`` in seconds."""

    run_id: str
    ok: bool
    counts: dict[Outcome, int]
    duration_s: float
    interrupted: bool = False


class _Job(msgspec.Struct):
    """A stage under way, in a worker or being restored. ``started`` is monotonic, in seconds."""

    plan: Plan
    attempt: int = 0
    task: Task | None = None
    started: float | None = None
    out_of_time: bool = False


class Run:
    """One run over ``order``; call :meth:`execute` once."""

    def __init__(
        self,
        run_id: str,
        order: Sequence[StageSpec],
        schedule: Schedule,
        planner: Planner,
        pool: Pool,
        options: Options,
        emit: Callable[[Event], None],
        flush: Callable[[], None],
    ) -> None:
        self._run_id = run_id
        self._specs = {spec.name: spec for spec in order}
        self._schedule = schedule
        self._planner = planner
        self._pool = pool
        self._options = options
        self._emit = emit
        self._flush = flush
        self._jobs: dict[int, _Job] = {}
        self._waiting: dict[str, _Job] = {}
        self._alone: set[str] = set()
        self._ticket = 0
        self._stopped = False
        self._counts: dict[Outcome, int] = {}
        self._began = self._flushed = time.monotonic()
        self._restorers = ThreadPoolExecutor(thread_name_prefix="restore")

    def execute(self) -> RunSummary:
        """Settle every stage. Raises KeyboardInterrupt, after a clean stop, when interrupted."""
        self._emit(RunStart(run_id=self._run_id, stages=tuple(self._specs)))
        try:
            self._loop()
        except KeyboardInterrupt:
            self._interrupted()
            self._finish()
            raise
        except BaseException:
            self._pool.kill()
            raise
        self._restorers.shutdown()
        return self._finish()

    def _loop(self) -> None:
        while True:
            self._advance()
            if not self._jobs:
                break
            try:
                message = self._pool.inbox.get(timeout=self._until_deadline())
            except queue.Empty:
                self._kill_overdue()
                continue
            self._take(message)
            if time.monotonic() - self._flushed > _FLUSH:
                self._flush()
                self._flushed = time.monotonic()
        for name in self._schedule.unsettled:
            self._end(name, "cancelled")

    # --- what is due ---------------------------------------------------------------------------

    def _advance(self) -> None:
        while not self._stopped and (due := self._schedule.take_due()):
            for name in due:
                if not self._stopped:
                    self._consider(self._specs[name])
        while self._waiting and not self._stopped:
            width = 1 if self._alone else self._pool.width
            due_now = self._schedule.start_next(width, ahead=0 if self._alone else _AHEAD)
            if due_now is None:
                break
            self._submit(self._waiting.pop(due_now))

    def _consider(self, spec: StageSpec) -> None:
        plan = self._planner.plan(spec, force=spec.name in self._options.force)
        if plan.action == "skip":
            self._end(spec.name, "skipped")
            self._schedule.settle(spec.name)
        elif plan.action == "fail":
            reason = plan.verdict.reasons[0]
            error = StageError(
                "MissingInput", f"{reason.subject} {reason.detail}", "", reason.path, reason.line
            )
            self._fail(plan, error, 0.0)
        elif plan.action == "restore":
            self._restore(plan)
        elif self._options.frozen:
            self._refuse(plan)
        else:
            self._wait_for_slot(_Job(plan))

    def _wait_for_slot(self, job: _Job) -> None:
        self._waiting[job.plan.spec.name] = job
        self._schedule.enqueue(job.plan.spec.name)

    # --- workers -------------------------------------------------------------------------------

    def _submit(self, job: _Job) -> None:
        job.started = None
        job.task = self._planner.task(job.plan, self._next(job))
        self._pool.run(job.task)

    def _restore(self, plan: Plan) -> None:
        ticket = self._next(_Job(plan, started=time.monotonic()))

        def restore() -> None:
            try:
                self._planner.restore(plan)
            except (CorruptContent, OSError) as error:
                self._pool.inbox.put(Restored(ticket, str(error)))
            else:
                self._pool.inbox.put(Restored(ticket))

        self._restorers.submit(restore)

    def _next(self, job: _Job) -> int:
        self._ticket += 1
        self._jobs[self._ticket] = job
        return self._ticket

    def _take(self, message: Delivery) -> None:
        job = self._jobs.get(message.ticket)
        if job is None:
            return  # of a task that was given up
        if isinstance(message, Started):
            job.started = time.monotonic()
            self._emit(StageStart(stage=job.plan.spec.name, pid=message.pid))
        elif isinstance(message, Output):
            self._emit(StageOutput(stage=job.plan.spec.name, stream=message.stream, text=message.text))
        elif isinstance(message, Done):
            del self._jobs[message.ticket]
            self._done(job, message)
        elif isinstance(message, Restored):
            del self._jobs[message.ticket]
            self._restored(job, message)
        elif isinstance(message, Crashed):
            self._pool_broke(message.detail)

    def _done(self, job: _Job, done: Done) -> None:
        plan = job.plan
        self._alone.discard(plan.spec.name)
        if done.error is None:
            kept = self._planner.kept(job.task.keep if job.task is not None else {}, plan.spec.name)
            for warning in (*kept, *self._planner.made(plan, done)):
                self._emit(warning)
            self._end(plan.spec.name, "ran", plan, done.duration_s)
            self._schedule.settle(plan.spec.name)
        elif not self._retry(job, done.error):
            self._fail(plan, done.error, done.duration_s)

    def _restored(self, job: _Job, message: Restored) -> None:
        plan = job.plan
        if message.error is not None:
            self._emit(Warning(message=f"{message.error}; the stage runs instead", stage=plan.spec.name))
            if self._options.frozen:
                self._refuse(plan)
            else:
                self._wait_for_slot(_Job(plan))
            return
        for warning in self._planner.restored(plan):
            self._emit(warning)
        self._end(plan.spec.name, "restored", plan, time.monotonic() - (job.started or 0.0))
        self._schedule.settle(plan.spec.name)

    # --- failures ------------------------------------------------------------------------------

    def _retry(self, job: _Job, error: StageError) -> bool:
        retries = job.plan.spec.retries
        if job.attempt >= retries or self._stopped:
            return False
        job.attempt += 1
        name = job.plan.spec.name
        text = f"failed ({error.type}: {error.message}); retry {job.attempt} of {retries}"
        self._emit(Warning(message=text, stage=name))
        self._waiting[name] = job
        self._schedule.requeue(name)
        return True

    def _fail(self, plan: Plan, error: StageError, duration_s: float) -> None:
        name = plan.spec.name
        self._planner.failed(plan, duration_s, f"{error.type}: {error.message}".splitlines()[0])
        self._end(name, "failed", plan, duration_s, error)
        for blocked in self._schedule.fail(name):
            self._waiting.pop(blocked, None)
            self._end(blocked, "blocked")
        if not self._options.keep_going:
            self._stopped = True

    def _refuse(self, plan: Plan) -> None:
        """``--frozen``: the stage would have to run, which nobody may."""
        name = plan.spec.name
        self._end(name, "blocked", plan)
        for blocked in self._schedule.fail(name):
            self._end(blocked, "blocked")

    def _pool_broke(self, detail: str) -> None:
        """A worker died. Alone in its pool, its stage is to blame; else each is tried again alone."""
        self._pool.kill()
        lost = [job for job in self._jobs.values() if job.task is not None]
        self._jobs = {ticket: job for ticket, job in self._jobs.items() if job.task is None}
        begun = [job for job in lost if job.started is not None]
        overdue = [job for job in begun if job.out_of_time]
        guilty = overdue or (begun if len(begun) == 1 else [])
        if not guilty:
            self._alone.update(job.plan.spec.name for job in begun)
        for job in lost:
            if job.task is not None:
                self._planner.put_back(job.task)
            if job in guilty:
                self._killed(job, detail)
            else:
                self._waiting[job.plan.spec.name] = job
                self._schedule.requeue(job.plan.spec.name)

    def _killed(self, job: _Job, detail: str) -> None:
        spec = job.plan.spec
        self._alone.discard(spec.name)
        if job.out_of_time:
            error = StageError(
                "StageTimeout", f"ran longer than its timeout of {spec.timeout:g} s and was killed"
            )
        else:
            error = StageError(
                "WorkerDied", f"the worker process died ({detail}): out of memory, or a crash in native code"
            )
        elapsed = time.monotonic() - (job.started or time.monotonic())
        if not self._retry(job, error):
            self._fail(job.plan, error, elapsed)

    def _until_deadline(self) -> float | None:
        deadlines = [deadline for job in self._jobs.values() if (deadline := _deadline(job)) is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _kill_overdue(self) -> None:
        overdue = [
            job
            for job in self._jobs.values()
            if (at := _deadline(job)) is not None and at <= time.monotonic()
        ]
        for job in overdue:
            job.out_of_time = True
        if overdue:
            self._pool_broke("killed")

    def _interrupted(self) -> None:
        self._stopped = True
        self._pool.kill()
        self._restorers.shutdown(cancel_futures=True)
        for job in self._jobs.values():
            if job.task is not None:
                self._planner.put_back(job.task)
        for name in self._schedule.unsettled:
            self._end(name, "cancelled")

    # --- ends ----------------------------------------------------------------------------------

    def _end(
        self,
        name: str,
        outcome: Outcome,
        plan: Plan | None = None,
        duration_s: float = 0.0,
        error: StageError | None = None,
    ) -> None:
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        reasons = () if plan is None else plan.verdict.reasons
        self._emit(StageEnd(stage=name, outcome=outcome, reasons=reasons, duration_s=duration_s, error=error))

    def _finish(self) -> RunSummary:
        self._flush()
        ok = not self._counts.keys() & {"failed", "blocked", "cancelled"}
        duration = time.monotonic() - self._began
        self._emit(RunEnd(ok=ok, counts=self._counts, duration_s=duration))
        return RunSummary(self._run_id, ok, self._counts, duration)


def _deadline(job: _Job) -> float | None:
    timeout = job.plan.spec.timeout
    if timeout is None or job.started is None or job.task is None:
        return None
    return job.started + timeout + _GRACE


def new_run_id() -> str:
    """Sortable by time, unique, and fit for a folder's name."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def foresee(
    verdicts: Mapping[str, Verdict],
    forced: frozenset[str],
    emit: Callable[[Event], None],
) -> RunSummary:
    """Tell of a run without running: what is not fresh (or forced) counts as ``ran``."""
    run_id = new_run_id()
    counts: dict[Outcome, int] = {}
    emit(RunStart(run_id=run_id, stages=tuple(verdicts)))
    for name, verdict in verdicts.items():
        fresh = verdict.state == "fresh" and name not in forced
        outcome: Outcome = "skipped" if fresh else "failed" if verdict.state == "error" else "ran"
        counts[outcome] = counts.get(outcome, 0) + 1
        emit(StageEnd(stage=name, outcome=outcome, reasons=verdict.reasons))
    ok = "failed" not in counts
    emit(RunEnd(ok=ok, counts=counts, duration_s=0.0))
    return RunSummary(run_id, ok, counts, 0.0)
