"""The worker processes of a run.

::

    coordinator                                             worker (loky), one a slot
      run(task) ── loky: function by reference, bytes ───────> worker.run_stage
      inbox <── reading thread <── AF_UNIX socket, frames ──── Started, Output…, Done
      inbox <── Crashed <── loky: the future's exception       (died: signal, out of memory)

Each slot is a loky executor of one process, so that a worker that dies takes only its own stage along.
The socket lies in a private folder and wants a key. A worker that loses it knows that the coordinator
is gone and ends itself; the watchdog ends whatever stages have left running.
"""

from __future__ import annotations

import os
import re
import resource
import secrets
import select
import shutil
import socket
import tempfile
import threading
import time
import warnings
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

import loky
from loky.backend import get_context

from pivot_core.execute import worker
from pivot_core.execute.messages import Crashed, Defined, Done, Task, decode_message, encode
from pivot_core.execute.watchdog import MARK, Watchdog, end_group, end_marked

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from queue import SimpleQueue

    from pivot_core.execute.messages import Delivery
    from pivot_core.project import Project

# What workers find set unless the user has set it. Sets in the same order in every worker, so that the same
# stage writes the same bytes; and no window from a process that has no screen.
_DEFAULTS = {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}

# What the end of a process usually comes from.
_ENDS = {
    "SIGKILL": "{}, which the system sends when memory runs out",
    **dict.fromkeys(("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"), "{}, a crash in native code"),
}

# How many files a coordinator has open at most, and how many more for each of its workers.
_FILES, _FILES_EACH = 64, 10

# How long idle workers may take to end, and the last messages of a dead one to be read, in seconds.
_PATIENCE_S = 5.0


class _Order:
    """What a worker is to do: a function of ``worker`` and its argument."""

    def __init__(self, ticket: int, function: Callable[..., None], argument: bytes | int) -> None:
        self.ticket = ticket
        self.function = function
        self.argument = argument


class _Slot:
    """Room for one worker process; a new one is started when the last has died."""

    def __init__(self, number: int, start: Callable[[str], loky.ProcessPoolExecutor], run: str) -> None:
        self._number = number
        self._start = start
        self._run = run
        self._generation = 0
        self._executor: loky.ProcessPoolExecutor | None = None
        self.mark = ""
        self.ticket: int | None = None
        self.group: int | None = None
        self.reader: threading.Thread | None = None

    @property
    def is_warm(self) -> bool:
        return self._executor is not None

    def submit(self, order: _Order) -> Future[None]:
        self.ticket = order.ticket
        try:
            future: Future[None] = self._open().submit(order.function, order.argument)
        except loky.process_executor.BrokenProcessPool:  # it died idle
            self.retire()
            future = self._open().submit(order.function, order.argument)
        return future

    def retire(self) -> None:
        """Forget the process, which has died, and end what it has started."""
        if not end_marked(self.mark) and self.group is not None:
            end_group(self.group)
        self._executor = None
        self.group = None

    def kill(self) -> None:
        """End the process with all that it has started; its future tells."""
        if self._executor is None:
            return
        if not end_marked(self.mark) and self.group is not None:
            end_group(self.group)

    def close(self, *, kill: bool = False) -> None:
        """Let the idle process end, or kill it and wait for that."""
        if self._executor is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._executor.shutdown(wait=kill, kill_workers=kill)

    def _open(self) -> loky.ProcessPoolExecutor:
        if self._executor is None:
            self._generation += 1
            self.mark = f"{self._run}.{self._number}.{self._generation};"
            self._executor = self._start(self.mark)
        return self._executor


class Workers:
    """A pool of ``width`` processes, started as they are needed. All that happens arrives in ``inbox``."""

    def __init__(self, project: Project, width: int, inbox: SimpleQueue[Delivery]) -> None:
        self.width = width
        _allow_files(_FILES + _FILES_EACH * width)
        self._project = project
        self._inbox = inbox
        self._folder = Path(tempfile.mkdtemp(prefix="pivot-"))
        self._key = secrets.token_bytes(32)
        # multiprocessing's own short path: a socket's is limited to about 100 characters.
        self._address = str(self._folder / "s")
        self._listener = Listener(self._address, family="AF_UNIX", backlog=width + 1, authkey=self._key)
        self._closing = False
        threading.Thread(target=self._accept, name="workers", daemon=True).start()
        run = secrets.token_hex(8)
        self._watchdog = Watchdog(run)
        self._slots = [_Slot(number, self._executor, run) for number in range(width)]
        self._backlog: deque[_Order] = deque()
        self._assigning = threading.RLock()

    def run(self, task: Task) -> None:
        """Give a task to a free worker, or to the next that is."""
        self._give(_Order(task.ticket, worker.run_stage, encode(task)))

    def define(self, ticket: int) -> None:
        """Have a worker load ``pipeline.py``; a Defined arrives."""
        self._give(_Order(ticket, worker.load_definition, ticket))

    def end(self, ticket: int) -> None:
        """Kill the worker that has this task, with all that it has started; a Crashed arrives."""
        with self._assigning:
            for slot in self._slots:
                if slot.ticket == ticket:
                    slot.kill()

    def close(self) -> None:
        """End the idle workers, with whatever their stages have left running."""
        for slot in self._slots:
            slot.close()
        patience = time.monotonic() + _PATIENCE_S  # a stage may have left a thread that never ends
        for slot in self._slots:
            if slot.reader is not None:
                slot.reader.join(max(0.0, patience - time.monotonic()))
        self._stop_listening()

    def kill(self) -> None:
        """End all workers now, with whatever their stages have started."""
        with self._assigning:
            self._backlog.clear()
            self._closing = True
        for slot in self._slots:
            slot.kill()
        for slot in self._slots:
            slot.close(kill=True)
        self._stop_listening()

    # --- tasks ---------------------------------------------------------------------------------

    def _give(self, order: _Order) -> None:
        with self._assigning:
            free = [slot for slot in self._slots if slot.ticket is None]
            if free:
                self._submit(max(free, key=lambda slot: slot.is_warm), order)
            else:
                self._backlog.append(order)

    def _submit(self, slot: _Slot, order: _Order) -> None:
        future = slot.submit(order)
        future.add_done_callback(lambda future: self._ended(slot, order.ticket, future))

    def _next(self, slot: _Slot, ticket: int) -> None:
        """The slot has done with a task. The next one is given here, and not by the coordinator's thread,
        so that no worker idles while the coordinator records."""
        with self._assigning:
            if slot.ticket == ticket:
                slot.ticket = None
                if self._backlog and not self._closing:
                    self._submit(slot, self._backlog.popleft())

    def _ended(self, slot: _Slot, ticket: int, future: Future[None]) -> None:
        if future.cancelled() or (error := future.exception()) is None:
            return
        if slot.reader is not None:
            slot.reader.join(_PATIENCE_S)  # what it had sent comes first
        with self._assigning:
            if slot.ticket == ticket:
                slot.retire()
        self._inbox.put(Crashed(ticket, _how(error)))
        self._next(slot, ticket)

    # --- processes -----------------------------------------------------------------------------

    def _executor(self, mark: str) -> loky.ProcessPoolExecutor:
        return loky.ProcessPoolExecutor(
            max_workers=1,
            context=get_context("loky"),
            env={**_DEFAULTS, **os.environ, MARK: mark},
            initializer=worker.start,
            initargs=(str(self._project.root), self._address, self._key),
        )

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):  # a caller without the key, or closed
                continue
            if self._closing:
                connection.close()
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: Connection) -> None:
        with suppress(EOFError, OSError), connection:
            group, _, mark = connection.recv_bytes().decode().partition(" ")
            slot = next(slot for slot in self._slots if slot.mark == mark)
            slot.group, slot.reader = int(group), threading.current_thread()
            self._watchdog.watch(slot.group)
            threading.Thread(target=_end_with, args=(slot.group, mark), daemon=True).start()
            while True:
                message = decode_message(connection.recv_bytes())
                if isinstance(message, Done | Defined):
                    self._next(slot, message.ticket)
                self._inbox.put(message)

    def _stop_listening(self) -> None:
        self._closing = True
        self._watchdog.close()
        # Wakes the accepting thread. It may have ended by itself, so nothing here waits for an answer.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(self._address)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _allow_files(number: int) -> None:
    """Have so many files open at once, if the system lets us: on a machine with many cores the usual limit of
    a process would end the run in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _end_with(worker: int, mark: str) -> None:
    """End what a worker has started once that has died.

    What it has forked holds the other ends of its pipes, too: by these, nobody would see its death.
    """
    try:
        alive = os.pidfd_open(worker)
    except (AttributeError, OSError):  # only Linux tells, and not of what has ended already
        return
    poll = select.poll()
    poll.register(alive, select.POLLIN)
    poll.poll()
    os.close(alive)
    if not end_marked(mark):
        end_group(worker)


def _how(error: BaseException) -> str:
    """How the worker died, and what it usually comes from. The end is in loky's message: ``SIGKILL(-9)``."""
    found = re.search(r"exit codes of the workers are \{(\w+)\((-?\d+)\)\}", str(error))
    if found is None:
        return f"{type(error).__name__}: {error}"
    name, code = found.groups()
    if name == "EXIT":
        return f"it ended itself with code {code}, by os._exit or in native code"
    return _ENDS.get(name, "{}, sent by the stage or by somebody else").format(name)
