"""One run: take each stage when it is due, and skip it, restore it or have a worker make it.

One thread, one inbox: whatever happens elsewhere (workers, restoring threads) arrives as a message.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec

from pivot_core.execute.events import (
    Event,
    Progress,
    StageError,
    StageOutput,
    StageStart,
    Warning,
)
from pivot_core.execute.messages import Advanced, Crashed, Delivery, Done, Output, Restored, Started, Task
from pivot_core.execute.record import facts_key
from pivot_core.execute.tally import RunSummary, Tally
from pivot_core.types import Outcome, Reason, StageSpec, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pivot_core.execute.claims import Claims
    from pivot_core.execute.plan import Plan, Planner
    from pivot_core.execute.pool import Pool
    from pivot_core.execute.schedule import Schedule

# Tasks that wait in the pool beyond its width, so that no worker idles while the coordinator records.
_AHEAD = 2
# How long after its timeout a stage that doesn't react (it is in native code) is killed, in seconds.
_GRACE = 5.0
# How often we look whether another run has given back what a stage waits for, in seconds.
_LOOK_AGAIN = 0.1
# How long the first retry waits; each further one twice as long, up to the longest. Seconds.
_BACKOFF, _LONGEST_BACKOFF = 1.0, 60.0
# How often a stage is given to another worker because its own died before it began.
_STARTS = 3
# How often what was recorded goes to the state database, in seconds. Lock files are written at once.
_FLUSH = 1.0


class Options(msgspec.Struct, frozen=True):
    """``force``: names of stages that are made whatever the verdict. ``frozen``: none may be made."""

    force: frozenset[str] = frozenset()
    keep_going: bool = False
    frozen: bool = False


class _Job(msgspec.Struct):
    """A stage under way, in a worker or being restored. ``started`` is monotonic, in seconds."""

    plan: Plan
    attempt: int = 0
    starts: int = 0
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
        claims: Claims,
        upstream: Mapping[str, Sequence[str]],
        options: Options,
        emit: Callable[[Event], None],
        flush: Callable[[], None],
    ) -> None:
        self._specs = {spec.name: spec for spec in order}
        self._tally = Tally(run_id, self._specs, emit, schedule.durations)
        self._schedule = schedule
        self._planner = planner
        self._pool = pool
        self._claims = claims
        self._upstream = upstream
        self._options = options
        self._emit = emit
        self._flush = flush
        self._jobs: dict[int, _Job] = {}  # by ticket: in a worker, or being restored
        self._waiting: dict[str, _Job] = {}  # for a slot, and for another run to be done with the stage
        self._resting: dict[str, float] = {}  # to be tried again: monotonic time, in seconds
        self._to_restore: list[Plan] = []
        self._told: set[str] = set()
        self._ticket = 0
        self._stopped = False
        self._flushed = time.monotonic()
        self._restorers = ThreadPoolExecutor(thread_name_prefix="restore")

    def execute(self) -> RunSummary:
        """Settle every stage. Raises KeyboardInterrupt, after a clean stop, when interrupted."""
        try:
            self._loop()
        except KeyboardInterrupt:
            self._interrupted()
            self._flush()
            self._tally.finish()
            raise
        except BaseException:
            self._pool.kill()
            raise
        self._restorers.shutdown()
        self._flush()
        return self._tally.finish()

    def _loop(self) -> None:
        while True:
            self._advance()
            if not self._jobs and (self._stopped or not (self._waiting or self._to_restore)):
                break
            message = self._pool.receive(self._patience())
            if message is not None:
                self._take(message)
            self._end_overdue()
            if time.monotonic() - self._flushed > _FLUSH:
                self._flush()
                self._flushed = time.monotonic()
        for name in self._schedule.unsettled:
            self._tally.end(name, "cancelled")

    # --- what is due ---------------------------------------------------------------------------

    def _advance(self) -> None:
        """Start what can be started. Starting one may settle it, and so make others due."""
        moved = True
        while moved and not self._stopped:
            moved = False
            while not self._stopped and (due := self._schedule.take_due()):
                for name in due:
                    if not self._stopped:
                        self._consider(self._specs[name])
            waiting, self._to_restore = self._to_restore, []
            for plan in waiting:
                self._restore(plan)
            for name in [name for name, at in self._resting.items() if at <= time.monotonic()]:
                del self._resting[name]
                self._schedule.enqueue(name)
            while not self._stopped and self._waiting:
                ready = self._schedule.start_next(self._pool.width, _AHEAD, self._claim)
                if ready is None:
                    break
                moved = not self._start(self._waiting.pop(ready)) or moved

    def _consider(self, spec: StageSpec) -> None:
        self._follow(self._plan(spec))

    def _plan(self, spec: StageSpec) -> Plan:
        return self._planner.plan(spec, force=spec.name in self._options.force)

    def _follow(self, plan: Plan) -> None:
        spec = plan.spec
        if plan.action == "skip":
            self._claims.release(spec.name)
            self._tally.end(spec.name, "skipped")
            self._schedule.settle(spec.name)
        elif plan.action == "fail":
            reason = plan.verdict.reasons[0]
            kind = "MissingInput" if reason.kind == "input" else "UnusableInput"
            error = StageError(kind, f"{reason.subject} {reason.detail}", "", reason.path, reason.line)
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

    def _claim(self, spec: StageSpec) -> bool:
        """Keep other runs from the stage, and from its resources, unless they have them: then wait."""
        return self._take_claim(spec, self._schedule.parts(spec))

    def _take_claim(self, spec: StageSpec, parts: dict[str, float] | None) -> bool:
        """Claim a stage, to make it (with ``parts`` of resources) or to restore it. If not, say so."""
        if self._claims.take(spec, self._upstream.get(spec.name, ()), parts):
            return True
        if spec.name not in self._told:
            self._told.add(spec.name)
            self._emit(Progress(stage=spec.name, text="waiting for another run"))
        return False

    def _start(self, job: _Job) -> bool:
        """Begin a claimed stage; False if that isn't needed, since another run has made it meanwhile."""
        spec = job.plan.spec
        if self._planner.is_outdated(spec):
            job.plan = self._plan(spec)
            if job.plan.action != "make":
                self._schedule.stop(spec.name)
                self._follow(job.plan)
                return False
        self._submit(job)
        return True

    # --- workers -------------------------------------------------------------------------------

    def _submit(self, job: _Job) -> None:
        job.started = None
        ticket = self._next(job)
        try:
            job.task = self._planner.task(job.plan, ticket)
        except OSError as error:
            del self._jobs[ticket]
            self._fail(job.plan, self._planner.broken(error), 0.0)
        else:
            self._pool.run(job.task)

    def _restore(self, plan: Plan) -> None:
        if not self._take_claim(plan.spec, None):
            self._to_restore.append(plan)
            return
        if self._planner.is_outdated(plan.spec):
            self._consider(plan.spec)
            return
        ticket = self._next(_Job(plan, started=time.monotonic()))
        restore = self._planner.restoring(plan, ticket)
        self._restorers.submit(lambda: self._pool.inbox.put(restore()))

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
        elif isinstance(message, Advanced):
            name = job.plan.spec.name
            self._emit(Progress(stage=name, text=message.text, done=message.done, total=message.total))
        elif isinstance(message, Done):
            del self._jobs[message.ticket]
            self._done(job, message)
        elif isinstance(message, Restored):
            del self._jobs[message.ticket]
            self._restored(job, message)
        elif isinstance(message, Crashed):
            self._crashed(message)

    def _done(self, job: _Job, done: Done) -> None:
        plan = job.plan
        self._say_kept(done.kept, plan.spec.name)
        if done.error is None:
            try:
                warnings = self._planner.made(plan, done)
            except OSError as error:  # the outputs are there, and no record of what they are
                self._fail(plan, self._planner.broken(error), done.duration_s)
                return
            for warning in warnings:
                self._emit(warning)
            self._settle(plan, "ran", done.duration_s)
        elif not self._retry(job, done.error):
            self._fail(plan, done.error, done.duration_s)

    def _restored(self, job: _Job, message: Restored) -> None:
        plan = job.plan
        self._say_kept(message.kept, plan.spec.name)
        if message.error is not None:
            self._emit(Warning(message=f"{message.error}; the stage runs instead", stage=plan.spec.name))
            if self._options.frozen:
                self._refuse(plan)
            else:
                self._claims.release(plan.spec.name)  # to make it, more is needed
                self._wait_for_slot(_Job(plan))
            return
        try:
            self._planner.restored(plan, message.signatures)
        except OSError as error:
            self._fail(plan, self._planner.broken(error), 0.0)
            return
        self._settle(plan, "restored", time.monotonic() - (job.started or 0.0))

    def _say_kept(self, kept: Iterable[tuple[str, str]], stage: str) -> None:
        for warning in self._planner.kept(kept, stage):
            self._emit(warning)

    def _settle(self, plan: Plan, outcome: Outcome, duration_s: float) -> None:
        self._claims.release(plan.spec.name)
        self._tally.end(plan.spec.name, outcome, plan.verdict, duration_s)
        self._schedule.settle(plan.spec.name)

    # --- failures ------------------------------------------------------------------------------

    def _retry(self, job: _Job, error: StageError) -> bool:
        retries = job.plan.spec.retries
        if job.attempt >= retries or self._stopped:
            return False
        job.attempt += 1
        name = job.plan.spec.name
        pause = min(_BACKOFF * 2 ** (job.attempt - 1), _LONGEST_BACKOFF)
        why = f"{error.type}: {error.message}".partition("\n")[0]
        text = f"failed ({why}); retry {job.attempt} of {retries} in {pause:g} s"
        self._emit(Warning(message=text, stage=name))
        self._claims.release(name)
        self._waiting[name] = job
        self._resting[name] = time.monotonic() + pause
        self._schedule.stop(name)
        return True

    def _fail(self, plan: Plan, error: StageError, duration_s: float) -> None:
        name = plan.spec.name
        self._claims.release(name)
        self._planner.failed(plan, duration_s, f"{error.type}: {error.message}".splitlines()[0])
        self._tally.end(name, "failed", plan.verdict, duration_s, error)
        self._tally.failed[name] = facts_key(plan.facts)
        for blocked in self._schedule.fail(name):
            self._waiting.pop(blocked, None)
            self._tally.end(blocked, "blocked", _behind(name, "failed"))
        if not self._options.keep_going:
            self._stopped = True

    def _refuse(self, plan: Plan) -> None:
        """``--frozen``: the stage would have to run, which nobody may."""
        name = plan.spec.name
        self._claims.release(name)
        self._tally.end(name, "blocked", plan.verdict)
        for blocked in self._schedule.fail(name):
            self._tally.end(blocked, "blocked", _behind(name, "isn't fresh"))

    def _crashed(self, message: Crashed) -> None:
        """A worker died, and with it the stage that it had. The others go on."""
        job = self._jobs.pop(message.ticket, None)
        if job is None or job.task is None:
            return  # it had done its task
        self._put_back(job.task, begun=job.started is not None)
        job.starts += 1
        if job.started is None and job.starts < _STARTS:
            self._schedule.stop(job.plan.spec.name)
            self._wait_for_slot(job)
        else:
            self._killed(job, message.detail)

    def _put_back(self, task: Task, *, begun: bool) -> None:
        try:
            for warning in self._planner.put_back(task, begun=begun):
                self._emit(warning)
        except OSError as error:
            why = self._planner.broken(error).message
            text = f"what was there can't be put back ({why}); pivot-core checkout gets it from the cache"
            self._emit(Warning(message=text, stage=task.spec.name))

    def _killed(self, job: _Job, detail: str) -> None:
        spec = job.plan.spec
        kind, text = "WorkerDied", f"its process died: {detail}"
        if job.out_of_time:
            kind = "StageTimeout"
            text = f"ran longer than its timeout of {spec.timeout:g} s and was killed"
        elapsed = time.monotonic() - (job.started or time.monotonic())
        error = StageError(kind, text, "", spec.path, spec.line)
        if not self._retry(job, error):
            self._fail(job.plan, error, elapsed)

    def _patience(self) -> float | None:
        """How long to wait for a message, in seconds, before something else is due. None: nothing else is."""
        moments = [at for job in self._jobs.values() if (at := _deadline(job)) is not None]
        if not self._stopped:
            moments.extend(self._resting.values())
            if self._told & (self._waiting.keys() | {plan.spec.name for plan in self._to_restore}):
                moments.append(time.monotonic() + _LOOK_AGAIN)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _end_overdue(self) -> None:
        for ticket, job in self._jobs.items():
            at = _deadline(job)
            if at is not None and at <= time.monotonic() and not job.out_of_time:
                job.out_of_time = True
                self._pool.end(ticket)

    def _interrupted(self) -> None:
        self._stopped = True
        self._pool.kill()
        self._restorers.shutdown(cancel_futures=True)
        for job in self._jobs.values():
            if job.task is not None:
                self._put_back(job.task, begun=job.started is not None)
        for name in self._schedule.unsettled:
            self._tally.end(name, "cancelled")


def _deadline(job: _Job) -> float | None:
    timeout = job.plan.spec.timeout
    if timeout is None or job.started is None or job.task is None or job.out_of_time:
        return None
    return job.started + timeout + _GRACE


def _behind(stage: str, how: str) -> Verdict:
    """Of a stage that nobody looks at, since one that it needs, directly or not, isn't made."""
    return Verdict("upstream_stale", (Reason("upstream", stage, how),))
