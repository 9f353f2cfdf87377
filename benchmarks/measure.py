"""Measures one command from outside: wall time, CPU time and memory of all the processes it starts.

    python measure.py '{"argv": [...], "cwd": "...", "env": {...}, "limit": 60, "log": "..."}'

A process of its own for each measurement, so that what the operating system adds up for "children" is
this command's and no other's. On Linux it adopts processes that outlive the command (a pool's workers,
say), so that they count too. Prints the figures as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_LINUX = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE = 0.1  # seconds between two looks at the memory of all processes
_PATIENCE = 5.0  # seconds that processes may outlive the command


@dataclass(frozen=True)
class Figures:
    """Seconds, and bytes of resident memory: of the largest process, and of all at once (sampled)."""

    wall: float
    cpu: float
    largest: int
    together: int
    code: int
    timed_out: bool


def measure(argv: list[str], cwd: Path, env: dict[str, str], limit: float, log: Path) -> Figures:
    """Run a command, killed after ``limit`` seconds; what it prints is appended to ``log``."""
    order = {"argv": argv, "cwd": str(cwd), "env": env, "limit": limit, "log": str(log)}
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(order)], check=True, stdout=subprocess.PIPE, text=True
    )
    return Figures(**json.loads(done.stdout))


def _measure(argv: list[str], cwd: str, env: dict[str, str], limit: float, log: str) -> Figures:
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sampler = _Sampler()
    with Path(log).open("ab") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        alarm = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        sampler.start()
        code = process.wait()
        wall = time.perf_counter() - began
    alarm.cancel()
    _end_adopted()
    sampler.stop()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = used.ru_maxrss * (1024 if _LINUX else 1)
    return Figures(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        largest=largest,
        together=max(sampler.peak, largest),
        code=code,
        timed_out=wall >= limit,
    )


def _end_adopted() -> None:
    """Wait for adopted processes, and kill those that don't end by themselves."""
    deadline = time.monotonic() + _PATIENCE
    with suppress(ChildProcessError):
        while True:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if not ended:
                if time.monotonic() > deadline:
                    for child in _descendants():
                        with suppress(ProcessLookupError):
                            os.kill(child, signal.SIGKILL)
                time.sleep(0.01)


class _Sampler(threading.Thread):
    """Looks at the memory of all descendants of this process from time to time (Linux only)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while _LINUX and not self._stopped.wait(_SAMPLE):
            self.peak = max(self.peak, sum(_descendants().values()))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _descendants() -> dict[int, int]:
    """Resident bytes of each process below this one."""
    page = os.sysconf("SC_PAGE_SIZE")
    children: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
            resident[int(folder.name)] = int(fields[21]) * page
    found: dict[int, int] = {}
    frontier = [os.getpid()]
    while frontier:
        for child in children.get(frontier.pop(), ()):
            found[child] = resident[child]
            frontier.append(child)
    return found


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(**json.loads(sys.argv[1])))))
