"""Outputs that come back from the cache, and states that are recorded on the user's word."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest


def _checkout(project, *args, code=0):
    ended = project.call("checkout", "--json", *args)
    assert ended.code == code, ended.stdout + ended.stderr
    return {item["path"]: item for item in json.loads(ended.stdout)["outputs"]}


def _commit(project, *args, code=0):
    ended = project.call("commit", "--json", *args)
    assert ended.code == code, ended.stdout + ended.stderr
    return {item["stage"]: item for item in json.loads(ended.stdout)["stages"]}


@pytest.mark.parametrize("mode", ["reflink", "copy", "hardlink", "symlink"])
def test_checkout_restores_what_is_gone_and_the_stages_are_fresh(chain, mode):
    chain.run()
    (chain.root / "mid.txt").unlink()
    (chain.root / "other.txt").unlink()
    found = _checkout(chain, "--mode", mode)
    assert {item["result"] for item in found.values()} == {"restored"}
    assert (chain.read("mid.txt"), chain.read("other.txt")) == ("ONE TWO\n", "2")
    assert (chain.root / "out.txt").is_symlink() == (mode == "symlink")
    assert set(chain.states().values()) == {"fresh"}
    assert chain.run().outcomes == {"first": "skipped", "second": "skipped", "other": "skipped"}


def test_checkout_of_targets_leaves_the_rest(chain):
    chain.run()
    for name in ("mid.txt", "out.txt", "other.txt"):
        (chain.root / name).unlink()
    assert list(_checkout(chain, "o*.txt")) == ["out.txt", "other.txt"]
    assert not (chain.root / "mid.txt").exists()
    assert list(_checkout(chain, "first")) == ["mid.txt"]


def test_checkout_never_loses_a_file_of_the_user_unless_forced(chain):
    chain.run()
    chain.write("out.txt", "my own")
    kept = _checkout(chain, "out.txt")["out.txt"]["kept"]
    assert (chain.read("out.txt"), chain.read(kept)) == ("ONE TWO!", "my own")
    chain.write("out.txt", "more")
    assert _checkout(chain, "--force")["out.txt"]["kept"] is None
    assert chain.read("out.txt") == "ONE TWO!"


def test_checkout_names_what_the_cache_lacks_and_restores_the_rest(chain):
    chain.run()
    lock = json.loads(chain.read(".pivot/stages/second.lock"))["outs"]["out.txt"]
    (chain.root / ".pivot/cache/files" / lock[:2] / lock[2:]).unlink()
    other = json.loads(chain.read(".pivot/stages/other.lock"))["outs"]["other.txt"]
    damaged = chain.root / ".pivot/cache/files" / other[:2] / other[2:]
    damaged.chmod(0o644)
    damaged.write_text("3")
    for name in ("mid.txt", "other.txt"):
        (chain.root / name).unlink()
    chain.write("out.txt", "my own")
    found = _checkout(chain, code=1)
    assert {path: item["result"] for path, item in found.items()} == {
        "mid.txt": "restored",
        "out.txt": "failed",
        "other.txt": "failed",
    }
    assert "set aside" in found["other.txt"]["error"]
    assert chain.read("out.txt") == "my own"


def test_checkout_of_what_was_never_recorded_is_an_error_only_if_it_is_named(chain):
    assert {item["result"] for item in _checkout(chain).values()} == {"unrecorded"}
    assert "pivot-core run first" in chain.call("checkout", "mid.txt").stderr
    _checkout(chain, "mid.txt", code=1)


def test_checkout_writes_nothing_that_only_a_lock_file_names(chain):
    chain.run()
    path = chain.root / ".pivot/stages/other.lock"
    lock = json.loads(path.read_text())
    lock["outs"]["../evil.txt"] = lock["outs"]["other.txt"]
    path.write_text(json.dumps(lock))
    _checkout(chain)
    assert not (chain.root.parent / "evil.txt").exists()


def test_commit_records_an_edit_without_running(chain):
    chain.run()
    chain.edit("helpers.py", "return text.strip()", "return text.rstrip().lstrip()")
    assert chain.states()["second"] == "stale"
    dry = _commit(chain, "--dry-run")
    assert (dry["second"]["result"], dry["first"]["result"]) == ("recorded", "fresh")
    assert chain.states()["second"] == "stale"
    found = _commit(chain)
    assert [reason["subject"] for reason in found["second"]["reasons"]] == ["helpers.exclaim"]
    assert set(chain.states().values()) == {"fresh"}
    assert set(chain.run().outcomes.values()) == {"skipped"}


def test_commit_publishes_what_stands_there(chain):
    for name in ("mid.txt", "out.txt", "other.txt"):
        chain.write(name, f"made elsewhere: {name}")
    _commit(chain)
    assert set(chain.states().values()) == {"fresh"}
    (chain.root / "out.txt").unlink()
    assert chain.run().outcomes["second"] == "restored"
    assert chain.read("out.txt") == "made elsewhere: out.txt"


def test_commit_records_nothing_where_something_is_missing_and_the_rest(chain):
    chain.write("mid.txt", "there")
    found = _commit(chain, "first", "second", code=1)
    assert found["first"]["result"] == "recorded"
    assert found["second"]["problems"] == ["output out.txt isn't there"]
    assert not (chain.root / ".pivot/stages/second.lock").exists()
    (chain.root / "in.txt").unlink()
    assert _commit(chain, "first", code=1)["first"]["problems"] == ["input in.txt isn't there"]


def test_commit_refuses_a_stage_whose_lock_file_can_not_be_read(chain):
    chain.run()
    text = "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n"
    chain.write(".pivot/stages/other.lock", text)
    found = _commit(chain, code=1)
    assert "merge conflict" in found["other"]["problems"][0]
    assert chain.read(".pivot/stages/other.lock") == text


def test_what_a_stage_reads_undeclared_still_counts_after_a_commit(chain):
    chain.write("hidden.txt", "1")
    chain.edit("helpers.py", "return str(", "return open('hidden.txt').read() + str(")
    chain.run()
    chain.write("hidden.txt", "2")
    assert chain.reasons("other") == [("discovered_input", "hidden.txt")]
    assert _commit(chain, "other")["other"]["discovered"] == ["hidden.txt"]
    assert chain.states()["other"] == "fresh"
    chain.write("hidden.txt", "3")
    assert chain.reasons("other") == [("discovered_input", "hidden.txt")]


KINDS = """
def plain() -> Annotated[str, outputs.Out("plain.txt", Text)]:
    return "plain"

def grow(
    before: Annotated[str, outputs.IncrementalOut("log.txt", Text)],
) -> Annotated[str, outputs.IncrementalOut("log.txt", Text)]:
    return before + "x"

def folder() -> Annotated[Path, outputs.DirectoryOut("folder/", loaders.PathOnly())]:
    Path("folder/b").mkdir()
    Path("folder/a").write_text("a")
    Path("folder/b/c").write_text("c")
    return Path("folder/")

def nothing() -> Annotated[Path, outputs.DirectoryOut("nothing/", loaders.PathOnly())]:
    return Path("nothing/")

pipeline = Pipeline("p")
for stage in (plain, grow, folder, nothing):
    pipeline.register(stage)
"""


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_checkout_places_every_kind_in_the_mode_asked_for_but_what_a_stage_changes_in_place(project, mode):
    project.pipeline(KINDS)
    project.run()
    found = _checkout(project, "--mode", mode)
    methods = {path: item["method"] for path, item in found.items()}
    assert methods == {"plain.txt": mode, "folder/": mode, "log.txt": "copy", "nothing/": None}
    why = {path: item["instead"] for path, item in found.items() if item["instead"]}
    expected = {} if mode == "copy" else {"log.txt": "a copy, since its stage changes it in place"}
    assert why == expected
    for name in ("plain.txt", "folder/a", "folder/b/c"):
        path = project.root / name
        assert (path.is_symlink(), path.stat().st_nlink > 1) == (mode == "symlink", mode == "hardlink")
    log = project.root / "log.txt"
    log.write_text("an edit in place")
    assert project.states() == {"plain": "fresh", "grow": "stale", "folder": "fresh", "nothing": "fresh"}
    _checkout(project, "log.txt")
    assert log.read_text() == "x", "the cache has what it had"
    assert project.run("--force", "grow", "folder").outcomes == {"grow": "ran", "folder": "ran"}
    assert set(project.states().values()) == {"fresh"}


def test_checkout_says_so_where_it_has_to_copy_instead(project):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == project.root.stat().st_dev:
        pytest.skip("needs another file system")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        project.pipeline(KINDS)
        (project.root / ".pivot").mkdir()
        (project.root / ".pivot/cache").symlink_to(elsewhere)
        project.run()
        shown = project.call("checkout", "--mode", "hardlink").stdout
        said = "a copy: there can be no hardlink from the cache to there"
        assert f"plain.txt  {said}" in shown
        assert f"folder/  {said}" in shown
        assert shown.count("a copy") == 3
        assert set(project.states().values()) == {"fresh"}
        assert not list(Path(elsewhere).glob("tmp/*"))
        assert "a copy" not in project.call("checkout", "--mode", "copy").stdout


def _started(project, name: str) -> None:
    end = time.monotonic() + 30
    while not (project.root / name).exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_commit_and_checkout_refuse_what_a_run_is_at_work_on_and_do_the_rest(project):
    project.pipeline(
        """
        import time

        def slow() -> Annotated[str, outputs.Out("slow.txt", Text)]:
            if not Path("go").exists():
                Path("began").touch()
                while not Path("go").exists():
                    time.sleep(0.02)
            return "new" if Path("go").read_text() else "old"

        def quick() -> Annotated[str, outputs.Out("quick.txt", Text)]:
            return "quick"

        pipeline = Pipeline("p")
        pipeline.register(slow)
        pipeline.register(quick)
        """
    )
    project.write("go", "")
    project.run()
    (project.root / "go").unlink()
    running = project.popen("run", "--json", "--force", "slow")
    _started(project, "began")
    found = _commit(project, code=1)
    assert {stage: item["result"] for stage, item in found.items()} == {"slow": "refused", "quick": "fresh"}
    assert "a run is at work on it" in found["slow"]["problems"][0]
    (project.root / "quick.txt").unlink()
    (project.root / "slow.txt").unlink()
    out = _checkout(project, code=1)
    assert {path: item["result"] for path, item in out.items()} == {
        "slow.txt": "failed",
        "quick.txt": "restored",
    }
    assert "a run is at work on it" in out["slow.txt"]["error"]
    part = project.root / "go.part"
    part.write_text("new")
    part.replace(project.root / "go")
    assert running.wait(60) == 0
    running.communicate()
    assert project.read("slow.txt") == "new"
    assert project.states()["quick"] == "fresh"
    assert _commit(project, "quick")["quick"]["result"] == "fresh"
