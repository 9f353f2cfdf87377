"""On a file system that refuses locks, results are the same, and who has to do something is told."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """
from typing import Annotated
import time
from pivot_core import Pipeline, loaders, outputs

def make(
    text: Annotated[str, outputs.Dep("in.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    time.sleep(0.5)
    return text.upper()

pipeline = Pipeline("p")
pipeline.register(make)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("gcc") is None, reason="needs Linux, and gcc to build the shim"
)


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP], ids=["ENOLCK", "EOPNOTSUPP"])
def environment(request, tmp_path: Path) -> dict[str, str]:
    shim, counter = tmp_path / "shim.so", tmp_path / "counter"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-o", shim, Path(__file__).with_name("shim.c"), "-ldl"], check=True
    )
    counter.write_bytes(bytes(64))
    project = tmp_path / "project"
    project.mkdir()
    (project / "pipeline.py").write_text(PIPELINE)
    (project / "in.txt").write_text("hello")
    return {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "TORTURE_ROOT": str(project),
        "TORTURE_COUNTER": str(counter),
        "TORTURE_AT": "0",
        "TORTURE_HOW": f"lock:{request.param}",
    }


def start(environment: dict[str, str], *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pivot_core", *args],
        cwd=environment["TORTURE_ROOT"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    return out, err


def test_without_locks_results_are_the_same_and_a_message_says_what_to_do(environment):
    out, err = ended(start(environment, "run", "--json"))
    events = [json.loads(line) for line in out.splitlines()]
    (warning,) = [event["message"] for event in events if event["event"] == "warning"]
    assert "refuses locks" in warning and "one at a time" in warning
    assert "state.lmdb" in err and "keep the project on another one" in err
    out, _ = ended(start(environment, "status", "--json"))
    assert [stage["state"] for stage in json.loads(out)["stages"]] == ["fresh"]
    out, _ = ended(start(environment, "run", "--json"))
    assert '"skipped"' in out and '"ran"' not in out
    for command in (["gc"], ["checkout"], ["commit"], ["history"], ["doctor"]):
        ended(start(environment, *command))


def test_without_locks_two_runs_at_once_both_give_the_right_result(environment):
    project = Path(environment["TORTURE_ROOT"])
    for process in [start(environment, "run", "--json") for _ in range(2)]:
        ended(process)
    assert (project / "out.txt").read_text() == "HELLO"
    out, _ = ended(start(environment, "run", "--json"))
    assert '"skipped"' in out and '"ran"' not in out
