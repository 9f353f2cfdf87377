"""Projects with a past: a few, always the same. ``make histories`` plays many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HISTORIES = Path(__file__).with_name("histories.py")
EDITOR = HISTORIES.with_name("editor.py")


def play(script: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(script), *args], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("seed", ["5", "12"])
def test_after_each_step_verdicts_and_outputs_are_what_they_should_be(seed):
    done = play(HISTORIES, "--long", "--count", "1", "--steps", "15", "--seed", seed)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_engine_that_takes_no_notice_of_code_is_found_out():
    done = play(HISTORIES, "--long", "--count", "1", "--steps", "12", "--seed", "6", "--blind")
    assert "FALSE-FRESH" in done.stdout, done.stdout + done.stderr


def test_texts_that_are_not_saved_have_the_verdicts_of_saved_ones():
    done = play(EDITOR, "--count", "1", "--steps", "20", "--seed", "0")
    assert done.returncode == 0, done.stdout + done.stderr
