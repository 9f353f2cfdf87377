"""``run --watch`` as a process, with edits under its eyes."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


class Watching:
    """``run --watch --json``; rounds as they end."""

    def __init__(self, project, *args: str) -> None:
        self.process = project.popen("run", "--watch", "--json", "-j2", *args)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.workers: set[int] = set()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self, seconds: float = 30.0) -> dict:
        found = json.loads(self._lines.get(timeout=seconds))
        if found.get("event") == "stage_start":
            self.workers.add(found["pid"])
        return found

    def round(self) -> dict[str, str]:
        """The outcomes of the next round that ends."""
        outcomes = {}
        while True:
            found = self.line()
            if found.get("event") == "stage_end":
                outcomes[found["stage"]] = found["outcome"]
            if found.get("event") == "run_end":
                return outcomes

    def round_with(self, outcomes: dict[str, str]) -> None:
        """Rounds until one has these; an edit may be seen in two steps."""
        for _ in range(5):
            found = self.round()
            if outcomes.items() <= found.items():
                return
        raise AssertionError(found)

    def is_quiet(self, seconds: float) -> bool:
        try:
            self._lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def watch():
    started = []

    def start(project, *args: str) -> Watching:
        started.append(Watching(project, *args))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.mark.timeout(120)
def test_edits_are_made_as_they_are_saved_whatever_they_are(chain, watch):
    watching = watch(chain)
    assert watching.round() == {"first": "ran", "second": "ran", "other": "ran"}
    chain.edit("helpers.py", '"!"', '"?"')
    watching.round_with({"first": "skipped", "second": "ran", "other": "skipped"})
    assert chain.read("out.txt") == "ONE TWO?"

    chain.edit("helpers.py", "def upper(text):", "def upper(text:")
    while "errors" not in (said := watching.line()):
        pass
    assert said["errors"][0]["path"] == "helpers.py"
    chain.edit("helpers.py", "def upper(text:", "def upper(text):")
    watching.round_with({"first": "skipped"})

    chain.write("in.txt", "three\n")
    watching.round_with({"first": "ran", "second": "ran", "other": "ran"})
    assert chain.read("out.txt") == "THREE?"

    (chain.root / "out.txt").unlink()
    watching.round_with({"second": "restored"})

    watching.process.send_signal(signal.SIGINT)
    watching.process.wait(30)
    assert watching.process.returncode == 130
    assert not [pid for pid in watching.workers if Path(f"/proc/{pid}/cmdline").exists()]


@pytest.mark.timeout(120)
def test_a_stage_that_fails_and_writes_a_log_is_not_tried_for_ever(project, watch):
    project.pipeline(
        """
        import glob

        def fails() -> Annotated[str, outputs.Out("never.txt", Text)]:
            with open("notes.log", "a") as log:
                log.write("x")
            raise ValueError

        def files() -> Annotated[str, outputs.Out("list.txt", Text)]:
            return " ".join(sorted(glob.glob("data/*")))

        pipeline = Pipeline("p")
        pipeline.register(fails)
        pipeline.register(files)
        """
    )
    (project.root / "data").mkdir()
    watching = watch(project, "-k")
    assert watching.round() == {"fails": "failed", "files": "ran"}
    assert watching.is_quiet(2.5)
    assert project.read("notes.log") == "x"
    project.write("data/new.txt", "")
    watching.round_with({"fails": "failed", "files": "ran"})
    assert project.read("list.txt") == "data/new.txt"
    project.edit("pipeline.py", "raise ValueError", "return 'at last'")
    watching.round_with({"fails": "ran"})


@pytest.mark.timeout(120)
@pytest.mark.parametrize("into", ["> watch.log 2>&1", "2>&1 | tee watch.log"])
def test_its_own_lines_in_a_file_of_the_project_are_no_edit(project, into):
    project.pipeline(
        """
        def fails() -> Annotated[str, outputs.Out("never.txt", Text)]:
            raise ValueError("no good")

        pipeline = Pipeline("p")
        pipeline.register(fails)
        """
    )
    log, waits = project.root / "watch.log", "waiting for changes"
    command = f'"{sys.executable}" -m pivot_core run --watch {into}'
    process = subprocess.Popen(["sh", "-c", command], cwd=project.root, start_new_session=True)
    try:

        def settled(number: int, said: str) -> None:
            end = time.monotonic() + 60
            while not log.exists() or log.read_text().count(waits) < number:
                assert time.monotonic() < end
                time.sleep(0.1)
            time.sleep(2.5)
            text = log.read_text()
            assert (text.count(waits), text.count(said)) == (number, 1), text

        settled(1, "fails failed")
        project.edit("pipeline.py", "def fails()", "def fails(")
        settled(2, "SyntaxError")
        text = project.read("pipeline.py").replace("def fails(", "def fails()")
        (project.root / "pipeline.py").write_text(
            text.replace('raise ValueError("no good")', 'return "good"')
        )
        settled(3, "ran 1")
        project.write("notes.txt", "read by nobody")
        settled(4, "nothing to do")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.timeout(120)
def test_an_edit_during_a_round_is_made_right_after_it(project, watch):
    project.pipeline(
        """
        import time

        def slow() -> Annotated[str, outputs.Out("slow.txt", Text)]:
            Path("begun").write_text("")
            time.sleep(1.5)
            return "one"

        pipeline = Pipeline("p")
        pipeline.register(slow)
        """
    )
    watching = watch(project)
    while watching.line()["event"] != "stage_start":
        pass
    project.edit("pipeline.py", '"one"', '"two"')
    watching.round_with({"slow": "ran"})
    if project.read("slow.txt") != "two":
        watching.round_with({"slow": "ran"})
    assert project.read("slow.txt") == "two"


def test_watching_goes_with_no_option_that_wants_an_end(chain):
    for option in ("--frozen", "--dry-run", "--force", "--junit=x.xml"):
        ended = chain.call("run", "--watch", option)
        assert ended.code == 2
        assert "--watch" in ended.stderr


@pytest.mark.timeout(120)
def test_what_links_lead_to_outside_the_project_wakes_it_and_what_is_beside_that_does_not(
    project, watch, tmp_path
):
    outside = tmp_path / "outside"
    (outside / "tree/deep").mkdir(parents=True)
    (outside / "rows.csv").write_text("one")
    (outside / "tree/deep/a").write_text("a")
    (project.root / "data").mkdir()
    (project.root / "data/rows.csv").symlink_to(outside / "rows.csv")
    (project.root / "tree").symlink_to(outside / "tree")
    project.pipeline(
        """
        def rows(
            text: Annotated[str, outputs.Dep("data/rows.csv", Text)],
        ) -> Annotated[str, outputs.Out("rows.txt", Text)]:
            return text

        def names(
            tree: Annotated[Path, outputs.Dep("tree/", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("names.txt", Text)]:
            return " ".join(sorted(path.name for path in tree.rglob("*") if path.is_file()))

        pipeline = Pipeline("p")
        pipeline.register(rows)
        pipeline.register(names)
        """
    )
    watching = watch(project)
    assert watching.round() == {"rows": "ran", "names": "ran"}
    assert watching.is_quiet(1.0)
    (outside / "beside.csv").write_text("unrelated")
    assert watching.is_quiet(1.5)

    (outside / "rows.csv").write_text("two")
    watching.round_with({"rows": "ran", "names": "skipped"})
    part = outside / "part"
    part.write_text("three")
    part.replace(outside / "rows.csv")
    watching.round_with({"rows": "ran"})
    (outside / "tree/deep/b").write_text("b")
    watching.round_with({"rows": "skipped", "names": "ran"})
    (outside / "tree/new").mkdir()
    (outside / "tree/new/c").write_text("c")
    watching.round_with({"names": "ran"})
    assert project.read("names.txt") == "a b c"

    (outside / "other.csv").write_text("four")
    (project.root / "data/rows.csv").unlink()
    (project.root / "data/rows.csv").symlink_to(outside / "other.csv")
    watching.round_with({"rows": "ran"})
    assert project.read("rows.txt") == "four"
    (outside / "other.csv").write_text("five")
    watching.round_with({"rows": "ran"})
    assert project.read("rows.txt") == "five"


@pytest.mark.timeout(120)
def test_an_input_and_the_pipeline_edited_during_a_round_are_made_right_after_it(project, watch):
    project.write("in.txt", "one")
    project.pipeline(
        """
        import time

        def quick(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("quick.txt", Text)]:
            return text

        def slow(
            text: Annotated[str, outputs.Dep("quick.txt", Text)],
        ) -> Annotated[str, outputs.Out("slow.txt", Text)]:
            time.sleep(1.5)
            return text

        pipeline = Pipeline("p")
        pipeline.register(quick)
        pipeline.register(slow)
        """
    )
    watching = watch(project)
    while (event := watching.line())["event"] != "stage_start" or event["stage"] != "slow":
        pass
    project.write("in.txt", "two")
    project.edit(
        "pipeline.py", "pipeline.register(slow)", 'pipeline.register(slow, outs={"return": "new.txt"})'
    )
    watching.round_with({"quick": "ran", "slow": "ran"})
    if not (project.root / "new.txt").exists() or project.read("new.txt") != "two":
        watching.round_with({"slow": "ran"})
    assert project.read("new.txt") == "two"
    assert set(project.states().values()) == {"fresh"}
