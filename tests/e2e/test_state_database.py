"""The state is only a cache: whatever becomes of its database, verdicts are the same, and nothing fails."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = 4096
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
)


def _noise_in_the_middle(data: Path) -> None:
    content = bytearray(data.read_bytes())
    for page in range(3, len(content) // PAGE, 2):
        content[page * PAGE + 20 : page * PAGE + 300] = random.Random(page).randbytes(280)
    data.write_bytes(content)


def _all_noise(data: Path) -> None:
    data.write_bytes(random.Random(1).randbytes(50_000))


def _truncated(data: Path) -> None:
    os.truncate(data, data.stat().st_size // 2)


def _deleted(data: Path) -> None:
    shutil.rmtree(data.parent)


def _another_database(data: Path) -> None:
    """One of another program: its values aren't what a value of ours is."""
    import lmdb

    _deleted(data)
    with lmdb.open(str(data.parent)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"code:", b"noise")
        transaction.put(b"definition:", b"")


def _not_files(name: str, make):
    def harm(data: Path) -> None:
        (data.parent / name).unlink()
        make(data.parent / name)

    return harm


_PIPES_AND_FOLDERS = [
    _not_files(name, make) for name in ("data.mdb", "lock.mdb", "as-left") for make in (os.mkfifo, Path.mkdir)
]


def _noise_in_the_locks(data: Path) -> None:
    data.with_name("lock.mdb").write_bytes(random.Random(2).randbytes(8192))


@pytest.mark.parametrize(
    "harm",
    [
        *_PIPES_AND_FOLDERS,
        _noise_in_the_locks,
        _noise_in_the_middle,
        _all_noise,
        _truncated,
        _deleted,
        _another_database,
    ],
)
def test_a_damaged_database_changes_no_verdict_and_the_next_run_mends_it(chain, harm):
    chain.run()
    chain.edit("helpers.py", "strip()", "rstrip()")
    before = chain.status()
    assert {name: stage["state"] for name, stage in before.items()} == {
        "first": "fresh",
        "second": "stale",
        "other": "fresh",
    }
    harm(chain.root / ".pivot/state.lmdb/data.mdb")
    ended = chain.call("status", "--json")
    assert ended.stderr.count("state database") <= 1, "it is told once"
    after = {stage["name"]: stage for stage in json.loads(ended.stdout)["stages"]}
    for name, stage in before.items():
        assert (stage["state"], stage["reasons"]) == (after[name]["state"], after[name]["reasons"])
    assert chain.run().outcomes == {"first": "skipped", "second": "ran", "other": "skipped"}
    told = chain.call("status").stderr.splitlines()
    assert not told, "what was damaged is made anew"
    quiet = chain.run()
    assert set(quiet.outcomes.values()) == {"skipped"}
    assert quiet.stderr == "", "what was damaged is made anew"


@pytest.mark.skipif(not CAN_MOUNT, reason="needs a file system of its own")
@pytest.mark.parametrize("pages", [0, 3])
def test_a_full_disk_of_the_database_fails_nothing_and_says_what_to_do(chain, pages):
    """The disk that is full is that of the database alone: the rest of the project has room."""
    script = f"""
mkdir -p .pivot/state.lmdb && mount -t tmpfs -o size=2m none .pivot/state.lmdb || exit 77
head -c $((2097152 - {pages} * 4096)) /dev/zero > .pivot/state.lmdb/fill
{sys.executable} -m pivot_core run --json && {sys.executable} -m pivot_core run --json
"""
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=chain.root, capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("mounting isn't allowed here")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split('{"event":"run_start"')[1:]
    assert first.count('"ran"') >= 3
    assert second.count('"outcome":"skipped"') == 3
    assert "can't be written" in done.stderr
    assert "see whether its disk is full" in done.stderr
    assert set(chain.states().values()) == {"fresh"}


def test_a_database_in_a_folder_that_may_only_be_read_changes_no_verdict(chain):
    chain.run()
    chain.edit("helpers.py", "strip()", "rstrip()")
    folder = chain.root / ".pivot/state.lmdb"
    shutil.rmtree(folder)
    folder.write_text("no folder at all")
    (chain.root / ".pivot").chmod(0o555)
    try:
        states = chain.states()
    finally:
        (chain.root / ".pivot").chmod(0o755)
    assert states == {"first": "fresh", "second": "stale", "other": "fresh"}
