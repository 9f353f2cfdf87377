"""What holds while a run is under way: it has its claims, and signals stop it cleanly."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pivot_core.execute.claims import Claims
from pivot_core.store.atomic import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from pivot_core.project import Project

# What is local in .pivot/, also where nobody called `init`.
_IGNORED = "cache/\nstate.lmdb/\ntmp/\nreplaced/\n.pivot-*.tmp\n"


@contextmanager
def under_way(project: Project) -> Iterator[Claims]:
    """A run begins, beside others perhaps, with which it shares the stages by its claims. Raises OSError,
    UsageError."""
    project.home.mkdir(exist_ok=True)
    ignore = project.home / ".gitignore"
    if not os.path.lexists(ignore):  # (a link may lead anywhere)
        ignore.write_text(_IGNORED)
    claims = Claims(project)
    with claims.run() as alone:
        if alone:
            sweep(project.scratch)
            sweep(project.cache / "tmp")
        yield claims


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop the run as Ctrl-C does (only in the main thread).

    What is ignored stays so: ``nohup pivot-core run`` goes on when its terminal is closed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    wanted = (signal.SIGTERM, signal.SIGHUP)
    heeded = [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
