"""What holds while a run is under way: it is the only one in the project, and signals stop it cleanly."""

from __future__ import annotations

import fcntl
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pivot_core.errors import UsageError
from pivot_core.store.atomic import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from pivot_core.project import Project

# What is local in .pivot/, also where nobody called `init`.
_IGNORED = "cache/\nstate.lmdb/\ntmp/\nreplaced/\n.pivot-*.tmp\n"


@contextmanager
def exclusive(project: Project) -> Iterator[None]:
    """Hold the project's run lock; the system gives it back however this process ends.

    Raises UsageError while another run is under way: two would write the same outputs.
    """
    project.scratch.mkdir(parents=True, exist_ok=True)
    ignore = project.home / ".gitignore"
    if not ignore.exists():
        ignore.write_text(_IGNORED)
    with (project.scratch / "run.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another run is under way in {project.root}\n    wait for it, or stop it with Ctrl-C"
            ) from None
        sweep(project.scratch)
        yield


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop the run as Ctrl-C does (only in the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
