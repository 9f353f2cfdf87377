"""Ends what a run has started, when the run has ended: however it ended.

Every worker process has a mark in its environment, which all that its stages start inherits, also what
left the process group or whose parents have gone. A small process of its own watches a pipe that the
coordinator holds; the pipe closes when the coordinator ends or is killed, and then all that has the run's
mark is killed. It runs as a script, without our package: it has to start quickly and stay small.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

# NAME=run.worker, in the environment of every process of a run but the coordinator.
MARK = "PIVOT_WORKER"
_ROUNDS = 100  # a process may start another while we look


class Watchdog:
    """Kills all processes whose mark begins with ``run`` once this process ends, or calls :meth:`close`."""

    def __init__(self, run: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )

    def watch(self, group: int) -> None:
        """A worker leads this process group (asked for only where environments can't be read)."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"%d\n" % group)
            self._process.stdin.flush()

    def close(self) -> None:
        """Kill what is left of the run, and wait until that is done."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


def end_marked(mark: str, spare: int = 0) -> bool:
    """Kill every process whose mark begins with ``mark``, but ``spare``. False where nobody can tell."""
    for _ in range(_ROUNDS):
        found = _marked(f"{MARK}={mark}".encode())
        if found is None:
            return False
        found.discard(spare)
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    return True


def end_group(group: int) -> None:
    """Kill a process group, if it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _marked(mark: bytes) -> set[int] | None:
    """The processes that have a mark in the environment they were started with (Linux)."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - os only
    except OSError:
        return None
    found = set()
    for pid in pids:
        # (Another user's processes can't be read, and those that have ended have no environment.)
        with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environ:  # noqa: PTH123
            if any(variable.startswith(mark) for variable in environ.read().split(b"\0")):
                found.add(pid)
    return found


def _main(run: str) -> None:
    groups = [int(line) for line in sys.stdin.buffer]
    if not end_marked(run):
        for group in groups:
            end_group(group)


if __name__ == "__main__":
    _main(sys.argv[1])
