"""The tests that execute stages leave nothing of them behind."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import CodeProject

# A fork, as those of multiprocessing are, and a program.
STAGES = """\
import os, subprocess, time
def s(text):
    forked = os.fork()
    if not forked:
        time.sleep(1000)
    return f"{forked} {subprocess.Popen(['sleep', '1000']).pid}"
"""


def test_what_a_stage_leaves_running_ends_with_it(code: CodeProject) -> None:
    code.write({"pipeline.py": "", "stages.py": STAGES})
    left = [int(pid) for pid in code.output("").strip("'").split()]
    assert len(left) == 2
    while any(is_running(pid) for pid in left):
        time.sleep(0.01)  # the test has a limit


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
