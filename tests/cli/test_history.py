"""``history`` and ``show``: what is known of past runs."""

from __future__ import annotations

import json
import subprocess

from pivot_core.execute import history
from pivot_core.execute.events import StageEnd
from pivot_core.store.state import State


def runs(words, *args: str) -> list[dict]:
    return json.loads(words.ok("history", "--json", *args))["runs"]


def test_each_run_in_which_something_happened_is_kept_the_newest_first(words):
    assert "no run is known" in words.ok("history")
    words.ok("run", "read")
    words.ok("run", "read")
    words.edit("helpers.py", 'text.upper() + "!"', "1 / 0")
    assert words.call("run", "-k", "count").returncode == 1
    newest, oldest = runs(words)
    assert oldest["counts"] == {"ran": 1}
    assert (oldest["ok"], oldest["asked"]) == (True, ["read"])
    assert newest["counts"] == {"skipped": 1, "failed": 1, "blocked": 1}
    assert (newest["ok"], newest["asked"]) == (False, ["count", "--keep-going"])
    assert [run["run_id"] for run in runs(words, "--stage", "read")] == [oldest["run_id"]]
    assert len(runs(words, "-n", "1")) == 1
    assert words.ok("history", "--stage", "raed") == "no run of raed is known here\n"
    said = words.ok("history").splitlines()
    assert "failed 1, blocked 1  (count --keep-going)" in said[0]
    assert "ran 1  (read)" in said[1]


def test_a_run_is_shown_with_every_stage_its_reasons_and_its_error(words):
    words.ok("run")
    words.edit("helpers.py", 'text.upper() + "!"', "1 / 0")
    words.call("run")
    _, oldest = runs(words)
    said = words.ok("show")
    assert "helpers.shout changed since the last run" in said
    assert "ZeroDivisionError: division by zero" in said
    assert 'File "helpers.py", line 2' in said
    shown = json.loads(words.ok("show", oldest["run_id"], "--json"))
    assert [(end["stage"], end["outcome"]) for end in shown["stages"]] == [
        ("read", "ran"),
        ("loud", "ran"),
        ("count", "ran"),
    ]
    for wrong, hint in (("x", "pivot-core history"), ("2", "write more of it")):
        done = words.call("show", wrong)
        assert done.returncode == 2
        assert hint in done.stderr


def test_the_commit_that_was_checked_out_is_known(words):
    def git(*args: str) -> str:
        own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.check_output(["git", *own, *args], cwd=words.root, text=True).strip()

    git("init", "-q")
    words.ok("run", "read")
    git("add", "-A")
    git("commit", "-qm", "first")
    words.ok("run")
    newest, oldest = runs(words)
    assert oldest["commit"] is None
    assert newest["commit"] == git("rev-parse", "HEAD")


def test_only_the_newest_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "KEPT", 3)
    with State(tmp_path / "state.lmdb") as state:
        past = history.History(state)
        for n in range(5):
            run = history.PastRun(f"r{n}", f"2026-01-01T00:00:0{n}.000Z", 1.0, True, {"ran": 1})
            past.add(run, [StageEnd(stage="s", outcome="ran")])
        state.flush()
        assert [run.run_id for run in past.runs()] == ["r4", "r3", "r2"]
        assert past.stages(past.find("r4"))[0].stage == "s"
        assert past.stages(history.PastRun("r0", "", 1.0, True, {})) == ()
