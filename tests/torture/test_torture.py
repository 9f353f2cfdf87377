"""A sample of the strikes of ``make torture``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(300)
@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None, reason="needs Linux, and gcc to build the shim"
)
@pytest.mark.parametrize(
    ("command", "sample", "strikes"),
    [("run", "2", 18), ("takeover", "1", 9), ("commit", "1", 8), ("checkout", "1", 7), ("gc", "1", 7)],
)
def test_a_command_that_is_killed_or_whose_disk_fails_loses_nothing_and_the_next_one_is_right(
    command, sample, strikes
):
    script = Path(__file__).with_name("torture.py")
    done = subprocess.run(
        [sys.executable, script, "--command", command, "--sample", sample, "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{strikes} strikes, 0 broken guarantees" in done.stdout
    assert "killed" in done.stdout
    assert "failed" in done.stdout


def test_a_state_database_with_noise_in_it_kills_no_process_and_gives_nothing_wrong():
    script = Path(__file__).with_name("noise.py")
    done = subprocess.run(
        [sys.executable, script, "--count", "20", "--seed", "40"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 damaged databases, 0 broken guarantees" in done.stdout
    assert "was noticed" in done.stdout
