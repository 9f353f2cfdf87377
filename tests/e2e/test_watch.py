"""``run --watch`` as a process, with edits under its eyes."""

from __future__ import annotations

import json
import queue
import signal
import threading
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
