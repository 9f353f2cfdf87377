"""Who remembers the look before sees what a new look sees: a short run, always the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOOKS = Path(__file__).with_name("looks.py")


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(LOOKS), *args], capture_output=True, text=True, check=False)


def test_after_each_edit_who_remembers_sees_what_a_new_look_sees():
    done = run("--count", "150", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", ["files", "locks", "records", "code", "verdicts"])
def test_a_memory_that_is_believed_without_a_look_is_found_out(what):
    done = run("--count", "400", "--seed", "1", "--trust", what)
    assert "remembered" in done.stdout, done.stdout + done.stderr
