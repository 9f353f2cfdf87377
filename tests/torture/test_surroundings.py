"""On file systems of other machines, on those that refuse locks, and with clocks that are wrong, results are
the same, and who has to do something is told."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
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


def shimmed(home: Path, project: Path, how: str) -> dict[str, str]:
    """An environment with the shim, and a project."""
    shim, counter = home / "shim.so", home / "counter"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-o", shim, Path(__file__).with_name("shim.c"), "-ldl"], check=True
    )
    counter.write_bytes(bytes(64))
    project.mkdir()
    (project / "pipeline.py").write_text(PIPELINE)
    (project / "in.txt").write_text("hello")
    return {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "TORTURE_ROOT": str(project),
        "TORTURE_COUNTER": str(counter),
        "TORTURE_AT": "0",
        "TORTURE_HOW": how,
    }


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP], ids=["ENOLCK", "EOPNOTSUPP"])
def environment(request, tmp_path: Path) -> dict[str, str]:
    return shimmed(tmp_path, tmp_path / "project", f"lock:{request.param}")


@pytest.fixture
def network(tmp_path: Path):
    """A project on a file system that says it is NFS."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.major(memory.stat().st_dev):
        pytest.skip("needs a file system without a disk of its own")
    with tempfile.TemporaryDirectory(dir=memory) as home:
        environment = shimmed(tmp_path, Path(home, "a project"), "error:0")
        mounts = tmp_path / "mounts"
        mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {home}/a\\040project nfs4 rw 0 0\n")
        (tmp_path / "local").mkdir()
        yield {**environment, "TORTURE_MOUNTS": str(mounts), "TMPDIR": str(tmp_path / "local")}


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


def test_on_a_network_file_system_the_state_is_on_a_local_disk(network):
    project = Path(network["TORTURE_ROOT"])
    ended(start(network, "run", "--json"))
    assert not (project / ".pivot/state.lmdb").exists()
    (base,) = Path(network["TMPDIR"]).glob("pivot-state-*")
    assert base.stat().st_mode & 0o77 == 0
    (state,) = base.iterdir()
    assert (state / "data.mdb").exists()
    _, err = ended(start(network, "status"))
    assert err == ""
    assert "ran 1" in ended(start(network, "history"))[0]
    shown, _ = ended(start(network, "doctor"))
    assert "nfs4 is a network file system" in shown and str(state) in shown
    shutil.rmtree(base)
    assert '"fresh"' in ended(start(network, "status", "--json"))[0]


@pytest.mark.parametrize("theirs", ["open", "a link", "a file"])
def test_a_local_folder_that_others_could_write_in_is_not_used(network, tmp_path, theirs):
    base = Path(network["TMPDIR"], f"pivot-state-{os.getuid()}")
    if theirs == "a link":
        (tmp_path / "elsewhere").mkdir()
        base.symlink_to(tmp_path / "elsewhere")
    elif theirs == "a file":
        base.touch()
    else:
        base.mkdir()
        base.chmod(0o777)
    ended(start(network, "run", "--json"))
    assert '"fresh"' in ended(start(network, "status", "--json"))[0]
    assert base.is_file() or not list(base.iterdir())
    assert (Path(network["TORTURE_ROOT"]) / ".pivot/state.lmdb/data.mdb").exists()


@pytest.mark.parametrize("seconds", [-86_400, 86_400])
def test_a_clock_that_is_set_back_or_ahead_hides_no_edit_and_makes_nothing_stale(tmp_path, seconds):
    now = shimmed(tmp_path, tmp_path / "project", "error:0")
    then = {**now, "TORTURE_LATER": str(seconds)}
    source = tmp_path / "project/in.txt"
    ended(start(now, "run", "--json"))
    for environment in (then, now, then):
        assert '"fresh"' in ended(start(environment, "status", "--json"))[0]
        assert '"skipped"' in ended(start(environment, "run", "--json"))[0]
        before = source.stat()
        source.write_text(source.read_text()[::-1])
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert '"stale"' in ended(start(environment, "status", "--json"))[0]
        ended(start(environment, "run", "--json"))
        assert (tmp_path / "project/out.txt").read_text() == source.read_text().upper()
    assert "ran" in ended(start(now, "history"))[0]
