"""``make demo`` shows what it says it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples/demo.py"


def test_every_step_of_the_demo_ends_as_it_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DEMO],
        env={"PATH": "", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    ends = [
        line for line in done.stdout.splitlines() if re.match(r"(ran|restored|nothing|\d+ stages)\b", line)
    ]
    assert [re.sub(r" in [\d.]+ m?s| \([\d.]+ m?s\)", "", line) for line in ends] == [
        "ran 11",
        "nothing to do: 11 stages are fresh",
        "11 stages: 7 fresh, 3 stale, 1 upstream stale",
        "ran 3, skipped 8",
        "restored 3, skipped 8",
    ]
