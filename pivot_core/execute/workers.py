"""The worker processes of a run.

::

    coordinator                                             worker (loky)
      run(task) ── loky: function by reference, bytes ───────> worker.run_stage
      inbox <── reading thread <── AF_UNIX socket, frames ──── Started, Output…, Done
      inbox <── Crashed <── loky: the future's exception       (died: signal, out of memory)

The socket lies in a private folder and wants a key. A worker that loses it knows that the coordinator
is gone and ends itself with all its children, so no orphan writes into the next run's outputs.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

import loky
from loky.backend import get_context

from pivot_core.execute import worker
from pivot_core.execute.messages import Crashed, Task, decode_message, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from queue import SimpleQueue

    from pivot_core.execute.messages import Delivery
    from pivot_core.project import Project

# What workers find set unless the user has set it. Sets in the same order in every worker, so that the same
# stage writes the same bytes; and no window from a process that has no screen.
_DEFAULTS = {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}

# How long workers may take to end, once all results are in.
_PATIENCE_S = 5.0


class Workers:
    """A pool of ``width`` processes. Everything that happens in it arrives in ``inbox``."""

    def __init__(self, project: Project, width: int, inbox: SimpleQueue[Delivery]) -> None:
        self.width = width
        self._inbox = inbox
        self._pids: set[int] = set()
        self._folder = Path(tempfile.mkdtemp(prefix="pivot-"))
        key = secrets.token_bytes(32)
        # multiprocessing's own short path: a socket's is limited to about 100 characters.
        self._address = str(self._folder / "s")
        self._listener = Listener(self._address, family="AF_UNIX", backlog=width + 1, authkey=key)
        self._closing = False
        threading.Thread(target=self._accept, name="workers", daemon=True).start()
        self._executor = loky.ProcessPoolExecutor(
            max_workers=width,
            context=get_context("loky"),
            env={**_DEFAULTS, **os.environ},
            initializer=worker.start,
            initargs=(str(project.root), self._address, key),
        )

    def run(self, task: Task) -> None:
        """Give a task to the next free worker."""
        self._submit(task.ticket, worker.run_stage, encode(task))

    def define(self, ticket: int) -> None:
        """Have a worker load ``pipeline.py``; a Defined arrives."""
        self._submit(ticket, worker.load_definition, ticket)

    def close(self) -> None:
        """End the idle workers, with whatever their stages have left running."""
        patience = threading.Timer(_PATIENCE_S, self._kill_groups)  # a thread that a stage never ended
        patience.daemon = True
        patience.start()
        try:
            self._executor.shutdown(wait=True)
        finally:
            patience.cancel()
            self._kill_groups()
            self._stop_listening()

    def kill(self) -> None:
        """End all workers now, with whatever their stages have started."""
        self._kill_groups()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._executor.shutdown(wait=True, kill_workers=True)
        self._stop_listening()

    def _kill_groups(self) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)

    def _submit(self, ticket: int, function: Callable[..., None], argument: bytes | int) -> None:
        future = self._executor.submit(function, argument)
        future.add_done_callback(lambda future: self._ended(ticket, future))

    def _ended(self, ticket: int, future: Future[None]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._inbox.put(Crashed(ticket, _how(error)))

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
            self._pids.add(int(connection.recv_bytes()))
            while True:
                self._inbox.put(decode_message(connection.recv_bytes()))

    def _stop_listening(self) -> None:
        self._closing = True
        # Wakes the accepting thread. It may have ended by itself, so nothing here waits for an answer.
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(self._address)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _how(error: BaseException) -> str:
    """How the worker died, from loky's message, such as ``SIGKILL(-9)``."""
    found = re.search(r"exit codes of the workers are \{(.*?)\}", str(error))
    return found.group(1) if found else f"{type(error).__name__}: {error}"
