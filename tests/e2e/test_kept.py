"""Nothing that a user had is lost: whatever comes to stand in an output's place, and whenever it comes there.

The user is a child process of a stage: to Pivot that is somebody else who writes.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

USER = """
import subprocess

def user_writes(path, text="my own"):
    subprocess.run(["sh", "-c", f"printf '{text}' > {path}"], check=True)
"""


def _kept(project, name):
    return [path.read_text() for path in (project.root / ".pivot/replaced").rglob(name) if path.is_file()]


def test_a_file_written_to_an_outputs_place_while_its_stage_runs_is_kept(project):
    project.pipeline(
        USER
        + """
Parts = outputs.DirectoryOut("parts/", loaders.Text())

def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
    user_writes("out.txt", Path("say.txt").read_text())
    return "new"

def gather(
    before: Annotated[str | None, outputs.IncrementalOut("log.txt", Text)],
) -> Annotated[str, outputs.IncrementalOut("log.txt", Text)]:
    user_writes("log.txt", Path("say.txt").read_text())
    return f"{before or ''}+"

pipeline = Pipeline("p")
pipeline.register(make)
pipeline.register(gather)
"""
    )
    for text in ("years of work", "more"):
        project.write("say.txt", text)
        ended = project.run()
        assert ended.outcomes == {"make": "ran", "gather": "ran"}
        for stage, name in (("make", "out.txt"), ("gather", "log.txt")):
            assert text in _kept(project, name)
            kept = [event["message"] for event in ended.of("warning", stage) if event["path"] == name]
            assert len(kept) == 1 and "kept as .pivot/replaced/" in kept[0]
    assert (project.read("out.txt"), project.read("log.txt")) == ("new", "++")


def test_a_stage_that_writes_and_returns_its_output_is_no_user(project):
    project.pipeline(
        """
        def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
            Path("out.txt").write_text("with a header")
            return "without"

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    assert project.run().of("warning") == []
    assert _kept(project, "out.txt") == []


def test_a_file_that_comes_to_an_outputs_place_before_its_stage_begins_is_kept(project):
    """The second stage waits in the pool, planned already, while the first one runs."""
    project.pipeline(
        USER
        + """
def first() -> Annotated[str, outputs.Out("first.txt", Text)]:
    user_writes("own.bin")
    user_writes("new.bin")
    return Path("say.txt").read_text()

class Both(TypedDict):
    own: Annotated[Path, outputs.Out("own.bin", loaders.PathOnly())]
    new: Annotated[Path, outputs.Out("new.bin", loaders.PathOnly())]

def second() -> Both:
    for name in ("own.bin", "new.bin"):
        Path(name).write_text(Path("say.txt").read_text())
    return {"own": Path("own.bin"), "new": Path("new.bin")}

pipeline = Pipeline("p")
pipeline.register(first)
pipeline.register(second)
"""
    )
    for text in "ab":
        project.write("say.txt", text)
        # Stages start in the order in which they are registered as long as nobody knows how long they take.
        shutil.rmtree(project.root / ".pivot/state.lmdb", ignore_errors=True)
        ended = project.run("-j1")
        assert list(ended.outcomes.items()) == [("first", "ran"), ("second", "ran")]
        for name in ("own.bin", "new.bin"):
            assert project.read(name) == text
            assert any(name in event["message"] for event in ended.of("warning", "second"))
    for name in ("own.bin", "new.bin"):
        assert _kept(project, name) == ["my own"] * 2


def test_a_file_that_comes_before_an_output_is_restored_is_kept(project):
    project.pipeline(
        USER
        + """
def first() -> Annotated[str, outputs.Out("first.txt", Text)]:
    if Path("out.txt").exists() is False:
        user_writes("out.txt")
    return "same"

def second(
    text: Annotated[str, outputs.Dep("first.txt", Text)],
) -> Annotated[str, outputs.Out("out.txt", Text)]:
    return text

pipeline = Pipeline("p")
pipeline.register(first)
pipeline.register(second)
"""
    )
    project.run()
    (project.root / "out.txt").unlink()
    ended = project.run("--force", "first", "--only")
    ended = project.run()
    assert _kept(project, "out.txt") == ["my own"] * 2
    assert ended.outcomes["second"] == "restored"
    assert len(ended.of("warning", "second")) == 1
    assert project.read("out.txt") == "same"


def test_an_edited_incremental_output_is_where_it_was_after_a_failure(project):
    project.write("in.txt", "a")
    project.pipeline(
        """
        Log = outputs.IncrementalOut("log.txt", loaders.PathOnly())

        def note(
            text: Annotated[str, outputs.Dep("in.txt", Text)], log: Annotated[Path, Log],
        ) -> Annotated[Path, Log]:
            with log.open("a") as handle:
                handle.write(text)
            if text == "bad":
                raise ValueError
            return log

        pipeline = Pipeline("p")
        pipeline.register(note)
        """
    )
    project.run()
    project.write("log.txt", "my own")
    project.write("in.txt", "bad")
    assert project.run(ok=False).outcomes == {"note": "failed"}
    assert project.read("log.txt") == "my own"


def test_stopping_a_run_removes_nothing_that_came_to_the_place_of_a_stage_that_waits(project):
    project.pipeline(
        USER
        + """
import time

def first() -> Annotated[str, outputs.Out("first.txt", Text)]:
    user_writes("own.bin")
    print("now", flush=True)
    time.sleep(60)

def second() -> Annotated[Path, outputs.Out("own.bin", loaders.PathOnly())]:
    return Path("own.bin")

pipeline = Pipeline("p")
pipeline.register(first)
pipeline.register(second)
"""
    )
    process = project.popen("run", "--json", "-j1")
    for line in process.stdout:
        if "now" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert project.read("own.bin") == "my own"


def test_a_relative_link_of_the_user_leads_where_it_led_wherever_it_is(project, tmp_path):
    (tmp_path / "data.txt").write_text("far away")
    project.write("near.txt", "near")
    project.write("in.txt", "good")
    project.pipeline(
        """
        class Both(TypedDict):
            near: Annotated[str, outputs.Out("sub/near.txt", Text)]
            far: Annotated[Path, outputs.Out("far", loaders.PathOnly())]

        def make(text: Annotated[str, outputs.Dep("in.txt", Text)]) -> Both:
            if text == "bad":
                raise ValueError
            Path("far").write_text("new")
            return {"near": "new", "far": Path("far")}

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    (project.root / "sub").mkdir()
    (project.root / "sub/near.txt").symlink_to("../near.txt")
    (project.root / "far").mkdir()
    (project.root / "far/link").symlink_to("../../data.txt")
    (project.root / "far/own").symlink_to("link")
    project.write("in.txt", "bad")
    assert project.run(ok=False).outcomes == {"make": "failed"}
    assert (project.root / "sub/near.txt").readlink() == Path("../near.txt")
    assert (project.root / "far/link").readlink() == Path("../../data.txt")
    project.write("in.txt", "good")
    project.run()
    (kept,) = (project.root / ".pivot/replaced").iterdir()
    assert (kept / "sub/near.txt").is_symlink() and (kept / "sub/near.txt").read_text() == "near"
    assert (kept / "far/link").read_text() == (kept / "far/own").read_text() == "far away"
    assert (kept / "far/own").readlink() == Path("link")
    assert project.read("near.txt") == "near"


def test_an_output_that_is_only_no_longer_in_the_cache_is_kept_and_not_called_somebody_elses(chain):
    chain.run()
    shutil.rmtree(chain.root / ".pivot/cache")
    chain.write("in.txt", "three four\n")
    (warning, *_) = chain.run().of("warning")
    assert warning["message"].startswith("mid.txt as it stood there isn't in the cache (")
    assert "or the cache was emptied" in warning["message"]
