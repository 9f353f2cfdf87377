"""``gc``: what is referred to stays, whoever refers to it."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from pivot_core.store import garbage


def git(words, *args: str) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *own, *args], cwd=words.root, check=True, capture_output=True)


def objects(words) -> set[bytes]:
    files = (words.root / ".pivot/cache/files").rglob("*")
    return {path.read_bytes() for path in files if path.is_file()}


@pytest.fixture
def aged(words, monkeypatch):
    """Three states: one in a branch, one in nothing but the state, one in the work tree. None is young."""
    git(words, "init", "-q", "-b", "main")
    words.write({".gitignore": "build/\n.pivot/cache\n.pivot/state.lmdb\n.pivot/tmp\n"})
    for mark in ("!", "?", "."):
        words.edit("helpers.py", words.root.joinpath("helpers.py").read_text().split('"')[1], mark)
        words.ok("run")
        if mark == "!":
            git(words, "add", "-A")
            git(words, "commit", "-qm", "first")
            git(words, "checkout", "-qb", "other")
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    return words


def collect(words, *args: str) -> dict:
    """In this process, whose clock is ahead."""
    from click.testing import CliRunner

    from pivot_core.cli.main import cli

    done = CliRunner().invoke(cli, ["gc", "--json", "-C", str(words.root), *args], standalone_mode=False)
    assert done.return_value == 0, done.output
    return json.loads(done.output)


def test_what_no_lock_file_names_is_dropped_and_the_rest_stays(aged):
    assert collect(aged, "--dry-run")["dropped_bytes"] == len(b"HELLO\n?")
    assert b"HELLO\n?" in objects(aged)
    dropped = collect(aged)
    assert len(dropped["dropped"]) == 1
    assert {b"HELLO\n!", b"HELLO\n."} <= objects(aged), "a branch's, and the work tree's"
    assert b"HELLO\n?" not in objects(aged)
    assert collect(aged)["dropped"] == []
    states = json.loads(aged.ok("status", "--json"))["stages"]
    assert {stage["state"] for stage in states} == {"fresh"}
    git(aged, "checkout", "-qf", "main")
    assert "restored" in aged.ok("run")


def test_young_content_stays_since_its_lock_file_may_be_on_its_way(words):
    words.ok("run")
    words.edit("helpers.py", '"!"', '"?"')
    words.ok("run")
    assert "nothing to drop" in words.ok("gc")


def test_a_lock_file_that_cannot_be_read_stops_it(aged):
    (aged.root / ".pivot/stages/loud.lock").write_text("<<<<<<< ours\n")
    done = aged.call("gc")
    assert done.returncode == 2
    assert "the lock file of loud can't be read" in done.stderr


@pytest.mark.parametrize("why", ["no git", "a damaged ref", "a missing commit"])
def test_nothing_is_dropped_where_git_can_not_say_what_branches_refer_to(aged, monkeypatch, why):
    if why == "no git":
        monkeypatch.setenv("PATH", "")
    elif why == "a damaged ref":
        (aged.root / ".git/HEAD").write_text("noise\n")
    else:
        objects_of_git = aged.root / ".git/objects"
        tree = subprocess.check_output(["git", "rev-parse", "main:.pivot/stages"], cwd=aged.root, text=True)
        (objects_of_git / tree[:2] / tree[2:].strip()).unlink()
    before = objects(aged)
    with pytest.raises(AssertionError, match="git"):
        collect(aged)
    assert objects(aged) == before


def test_what_outputs_lead_to_that_are_links_stays_whatever_the_lock_files_say(aged):
    aged.ok("checkout", "--mode", "symlink")
    out = aged.root / "build/loud.txt"
    assert out.is_symlink()
    for lock in (aged.root / ".pivot/stages").iterdir():
        lock.unlink()
    collect(aged)
    assert out.read_text() == "HELLO\n."


def test_nothing_is_dropped_while_a_run_is_under_way(words):
    words.write({"helpers.py": "import time\ndef shout(text):\n    time.sleep(600)\n"})
    process = words.popen("run", "--json")
    assert process.stdout is not None
    while "loud" not in (line := process.stdout.readline()) or "stage_start" not in line:
        pass
    done = words.call("gc")
    process.terminate()
    process.communicate()
    assert done.returncode == 2
    assert "a run is under way" in done.stderr
    assert words.call("gc").returncode == 0


def test_the_files_of_a_directory_are_referred_to_by_it(folder, monkeypatch):
    folder.write(
        {
            "pipeline.py": """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, outputs

def make() -> Annotated[Path, outputs.DirectoryOut("parts/")]:
    Path("parts/a.txt").write_text("part a")
    return Path("parts/")

pipeline = Pipeline("p")
pipeline.register(make)
"""
        }
    )
    folder.ok("run")
    monkeypatch.setattr(garbage, "_YOUNG_S", -3600.0)
    assert collect(folder)["dropped"] == []
    assert b"part a" in objects(folder)
    assert (folder.root / "parts/a.txt").exists()


def test_the_listing_of_a_folder_that_is_read_stays_to_tell_what_changed_in_it(folder, monkeypatch):
    (folder.root / "data").mkdir()
    folder.write(
        {
            "data/a.txt": "a",
            "pipeline.py": """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def read(
    data: Annotated[Path, outputs.Dep("data/", loaders.PathOnly())],
) -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    return "done"

pipeline = Pipeline("p")
pipeline.register(read)
""",
        }
    )
    folder.ok("run")
    folder.write({"data/a.txt": "b"})
    monkeypatch.setattr(garbage, "_YOUNG_S", -3600.0)
    assert collect(folder)["dropped"] == []
    assert "data/ changed since the last run (a.txt changed)" in folder.ok("status")


def test_damaged_objects_stay_and_are_told_until_somebody_removes_them(words):
    """With links for outputs, one may be what a person has written into an output."""
    words.ok("config", "set", "cache.mode", "hardlink")
    words.ok("run")
    loud = words.root / "build/loud.txt"
    loud.chmod(0o644)
    loud.write_text("my own words")
    words.ok("run")
    damaged = words.root / ".pivot/cache/damaged"
    (found,) = damaged.iterdir()
    assert found.read_text() == "my own words"
    assert (collect(words)["damaged"], collect(words)["damaged_bytes"]) == (1, 12)
    assert "kept 1 damaged object (12 bytes) in .pivot/cache/damaged" in words.ok("gc")
    assert "damaged has 1 damaged object, 0.00 GB" in words.ok("doctor")
    assert found.read_text() == "my own words"
    found.unlink()
    damaged.rmdir()
    assert "damaged" not in words.ok("gc") + words.ok("doctor")
