"""A short run of the fuzzer, always the same; ``make fuzz`` is the long one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def run(*args: str, report: Path) -> tuple[subprocess.CompletedProcess[str], list[dict]]:
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), "--json", str(report), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done, json.loads(report.read_text()) if report.exists() else []


def test_no_edit_that_matters_is_missed_and_none_that_does_not_is_minded(tmp_path):
    done, found = run("--count", "40", "--seed", "1", report=tmp_path / "found.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {one["subject"] for one in found} >= {"markdown", "packaging", "pathspec", "penguins"}
    assert sum(one["stale"] for one in found) > 50, "edits that count"
    assert sum(one["fresh"] for one in found) > 15, "and edits that were executed, since they don't"
    assert sum(one["rewritten"] - one["excused"] for one in found) > 100


def test_the_fuzzer_finds_what_a_blind_graph_would_miss(tmp_path):
    """With every edit taken for cosmetic, executing shows which were not."""
    done, (found,) = run("--blind", "--count", "60", "--subject", "pathspec", report=tmp_path / "found.json")
    assert done.returncode == 1, done.stderr
    assert len(found["misses"]) > 5
