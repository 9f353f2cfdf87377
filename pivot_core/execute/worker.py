"""The worker process: gets references, imports the stage, loads, runs, saves, hashes, reports.

Only this side ever imports user code. It is started by :mod:`pivot_core.execute.pool`, through loky.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from functools import cached_property
from multiprocessing.connection import Client
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from pivot_core import progress
from pivot_core.define.bind import Binding, bind
from pivot_core.errors import PivotError
from pivot_core.execute.capture import Capture
from pivot_core.execute.claims import Claims
from pivot_core.execute.events import StageError
from pivot_core.execute.failure import describe
from pivot_core.execute.importer import UserModules
from pivot_core.execute.messages import (
    Advanced,
    Defined,
    Done,
    Message,
    Output,
    Started,
    Task,
    decode_task,
    encode,
)
from pivot_core.execute.observe import Observer
from pivot_core.execute.outputs import Outputs, put_back
from pivot_core.execute.reads import ReadLog
from pivot_core.execute.relay import Relay
from pivot_core.execute.variables import variables_read
from pivot_core.execute.watchdog import MARK, end_marked
from pivot_core.project import PIPELINE_MODULE, Project
from pivot_core.store.atomic import scratch_path
from pivot_core.store.cache import ContentCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from pivot_core.execute.capture import Stream
    from pivot_core.execute.messages import Reads
    from pivot_core.execute.signature import Signature
    from pivot_core.types import StageSpec

_worker: Worker  # the one of this process, once start() has run


class StageTimeout(PivotError):  # noqa: N818 - named for what happened
    """A stage ran longer than its ``timeout``."""

    __module__ = "builtins"  # so that a traceback has its name alone, as those of Python's own


def start(root: str, address: str, key: bytes) -> None:
    """Set this process up (loky's initializer): before any task, and before any user code."""
    global _worker
    # A process group of its own: Ctrl-C in the terminal reaches the coordinator, which then ends
    # the whole group, the stage's children included.
    os.setpgid(0, 0)
    # loky has made its own way of starting processes the usual one here, which a stage's would fail on.
    multiprocessing.set_start_method(None, force=True)
    _worker = Worker(Project(Path(root)), address, key)


def run_stage(task: bytes) -> None:
    """Run one stage; the result travels by the socket, so that it can't overtake the output."""
    _worker.run(decode_task(task))


def load_definition(ticket: int) -> None:
    """Load ``pipeline.py`` and send what it defines."""
    _worker.define(ticket)


class Worker:
    """One worker process's state between tasks."""

    def __init__(self, project: Project, address: str, key: bytes) -> None:
        self._project = project
        self._connection = Client(address, family="AF_UNIX", authkey=key)
        self._mark = os.environ[MARK]
        self._connection.send_bytes(f"{os.getpid()} {self._mark}".encode())
        self._sending = threading.Lock()
        threading.Thread(target=self._end_with_coordinator, daemon=True).start()
        self._reads = ReadLog(project.root, Relay(scratch_path(project.scratch, "reads"), os.getpid()))
        self._observer = Observer(self._reads)
        self._modules = UserModules(project, self._reads)
        self._cache = ContentCache(project.cache, project.scratch)
        self._ticket = 0
        self._pid = os.getpid()
        progress.send_to(self._advanced)
        os.chdir(project.root)
        self._capture = Capture(self._deliver)
        self._observer.install()
        self._modules.install()
        self._pristine = dict(os.environ), list(sys.path)

    def run(self, task: Task) -> None:
        self._ticket = task.ticket
        self._send(Started(task.ticket, os.getpid()))
        began = time.perf_counter()
        error: StageError | None = None
        outs: dict[str, str] = {}
        outputs = Outputs(task, self._cache, self._project, self._reads.has_written)
        with self._reads.stage(task.spec.paths) as reads:
            try:
                with self._claims.at_work(task.spec.name), _alarm(task.spec.timeout):
                    outs = self._make(task, outputs)
            except BaseException as raised:  # noqa: BLE001 - whatever a stage raises is its failure, not ours
                error = describe(raised, self._project)
                if isinstance(raised, StageTimeout):
                    end_marked(self._mark, spare=os.getpid())
        self._capture.drain()
        self._send(
            Done(
                ticket=task.ticket,
                duration_s=time.perf_counter() - began,
                error=error,
                outs=outs,
                signatures=outputs.signatures if error is None else {},
                reads=tuple(sorted(reads)),
                import_reads=_sorted(self._reads.imports),
                call_reads=_sorted(self._reads.calls),
                changed=tuple(sorted(self._reads.changed(self._signatures() | reads))),
                sources=self._modules.sources,
                kept=outputs.kept_now(),
                executed=tuple(sorted(self._reads.executed)),
                outside=self._reads.outside(),
                imported=self._observer.foreign.modules(),
            )
        )

    @cached_property
    def _claims(self) -> Claims:
        return Claims(self._project)

    def _signatures(self) -> dict[str, Signature | None]:
        return self._reads.signatures | self._modules.signatures

    def define(self, ticket: int) -> None:
        from pivot_core.define.load import define

        self._ticket = ticket
        self._refresh()
        with self._reads.stage(()) as reads, variables_read(self._project.root) as variables:
            definition = define(self._project.root)
        self._capture.drain()
        imported = {read for seen in self._reads.imports.values() for read, _ in seen}
        files = {read for read in reads.keys() | imported if read[0] not in "$@"}
        self._send(
            Defined(
                ticket,
                msgspec.structs.replace(
                    definition,
                    reads=tuple(sorted(files)),
                    environment=tuple(sorted(variables)),
                ),
                self._modules.sources,
            )
        )

    def _make(self, task: Task, outputs: Outputs) -> dict[str, str]:
        self._refresh()
        binding = self._bind(task.spec)
        os.chdir(self._project.root)  # the stage's modules may have gone elsewhere, or pipeline.py
        with _kept_environment(self._project.root):
            return self._call(task, binding, outputs)

    def _refresh(self) -> None:
        """With the modules goes what they set when they were imported."""
        if self._modules.refresh():
            _set_environment(*self._pristine)

    def _call(self, task: Task, binding: Binding, outputs: Outputs) -> dict[str, str]:
        try:
            outputs.make_room()
            values = binding.split_result(binding.function(**binding.load_arguments()))
            os.chdir(self._project.root)  # outputs are relative to it, wherever the stage went
            return outputs.publish(binding, values)
        except BaseException:
            put_back(self._cache, task, self._project.root, outputs.touched)
            raise

    def _bind(self, spec: StageSpec) -> Binding:
        # What only pipeline.py imports may register or patch what the stage uses: the same in every worker.
        importlib.import_module(PIPELINE_MODULE)
        function: object = importlib.import_module(spec.module)
        for name in spec.qualname.split("."):
            function = getattr(function, name)
        return bind(cast("Callable[..., object]", function), spec)

    def _deliver(self, stream: Stream, text: str) -> None:
        self._send(Output(self._ticket, stream, text))

    def _advanced(self, done: int, total: int | None, text: str) -> None:
        if os.getpid() == self._pid:  # not in a fork of this process: frames would be mixed up
            self._send(Advanced(self._ticket, done, total, text))

    def _send(self, message: Message) -> None:
        with self._sending:
            self._connection.send_bytes(encode(message))

    def _end_with_coordinator(self) -> None:
        """Wait for the end of the connection, which nobody else reads, and end the whole group with it."""
        try:
            self._connection.recv_bytes()
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)


def _sorted(reads: Mapping[str, set[tuple[str, int]]]) -> Reads:
    return {path: tuple(sorted(seen)) for path, seen in reads.items() if seen}


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raise StageTimeout in the body after ``seconds``. (Native code that never returns is killed by
    the coordinator, a little later.)"""
    if seconds is None:
        yield
        return

    def ring(signum: int, frame: FrameType | None) -> None:
        raise StageTimeout(f"ran longer than its timeout of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _kept_environment(root: Path) -> Iterator[None]:
    """Give the next stage the folder, variables and import path that this one found: those that the
    modules of both set when they were imported."""
    variables, path = dict(os.environ), list(sys.path)
    try:
        yield
    finally:
        _set_environment(variables, path)
        os.chdir(root)


def _set_environment(variables: Mapping[str, str], path: list[str]) -> None:
    if dict(os.environ) != variables:
        os.environ.clear()
        os.environ.update(variables)
    sys.path[:] = path
