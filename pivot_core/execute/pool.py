"""The workers of one engine: opened when the first task needs them, and opened again after a crash.

Separate from :mod:`pivot_core.execute.workers` so that a run with nothing to do never imports loky.
"""

from __future__ import annotations

import queue
import time
from functools import cached_property
from typing import TYPE_CHECKING

from pivot_core.errors import PivotError
from pivot_core.execute.messages import Crashed, Defined, Delivery, Output, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_core.execute.workers import Workers
    from pivot_core.project import Project
    from pivot_core.types import Definition

# How long a wait goes on at most before Python looks for signals, in seconds. One that the system has given
# to another thread, or right before the wait began, doesn't end it.
_LOOK_FOR_SIGNALS = 0.5


class LoadingDied(PivotError):  # noqa: N818 - named for what happened
    """The process that loaded ``pipeline.py`` died."""


def cores() -> int:
    """How many this process may use."""
    from loky import cpu_count  # knows of affinity and cgroups

    return int(cpu_count())


class Pool:
    """``jobs``: how many processes (None: one a core that this process may use).

    ``inbox`` gets everything that happens in them.
    """

    def __init__(self, project: Project, jobs: int | None) -> None:
        self._project = project
        self._asked = jobs
        self._workers: Workers | None = None
        self.inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    @cached_property
    def width(self) -> int:
        """How many processes there are, or would be."""
        return self._asked if self._asked is not None else cores()

    def run(self, task: Task) -> None:
        """Give a task to the next free worker."""
        self._open().run(task)

    def load_definition(self) -> Callable[[], tuple[Definition, dict[str, str]]]:
        """Start loading ``pipeline.py``; call what is returned to wait for it.

        That gives the definition and the digest of each source file that was executed, and raises
        LoadingDied, with what was printed, if the process died on it.
        """
        self._open().define(0)
        return self._wait_for_definition

    def receive(self, patience_s: float | None = None) -> Delivery | None:
        """What happens next; None if nothing does for so long (without a limit: wait for it).

        Whatever thread a signal reaches: the main thread raises KeyboardInterrupt soon.
        """
        end = None if patience_s is None else time.monotonic() + patience_s
        while True:
            left = _LOOK_FOR_SIGNALS if end is None else min(_LOOK_FOR_SIGNALS, end - time.monotonic())
            try:
                return self.inbox.get(timeout=max(0.0, left))
            except queue.Empty:
                if end is not None and time.monotonic() >= end:
                    return None

    def end(self, ticket: int) -> None:
        """Kill the worker that has this task, with all that the stage has started; a Crashed arrives."""
        if self._workers is not None:
            self._workers.end(ticket)

    def kill(self) -> None:
        """End all workers now."""
        if self._workers is not None:
            self._workers.kill()
            self._workers = None

    def close(self) -> None:
        """End the idle workers."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def _open(self) -> Workers:
        if self._workers is None:
            from pivot_core.execute.workers import Workers

            self._workers = Workers(self._project, self.width, self.inbox)
        return self._workers

    def _wait_for_definition(self) -> tuple[Definition, dict[str, str]]:
        printed = []
        try:
            while True:
                message = self.receive()
                if isinstance(message, Defined):
                    return message.definition, message.sources
                if isinstance(message, Output):
                    printed.append(message.text)
                elif isinstance(message, Crashed):
                    self.kill()
                    raise LoadingDied(
                        f"pipeline.py: the process that loaded it died ({message.detail})\n"
                        "    import the modules of your stages one by one in Python to find the one that "
                        "crashes" + "".join(("\n", *printed)).rstrip()
                    )
        except KeyboardInterrupt:
            self.kill()
            raise
