"""Real projects on disk, run by the real command in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

HEAD = """
from typing import Annotated, TypedDict
from pathlib import Path
from pivot_core import Pipeline, loaders, outputs
Text = loaders.Text()
"""

UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


class Ended(NamedTuple):
    """How a command ended. ``events`` are the lines of ``run --json``."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def outcomes(self) -> dict[str, str]:
        return {event["stage"]: event["outcome"] for event in self.events if event["event"] == "stage_end"}

    def of(self, kind: str, stage: str | None = None) -> list[dict]:
        return [e for e in self.events if e["event"] == kind and stage in (None, e.get("stage"))]


class Project:
    """One project in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def pipeline(self, text: str) -> None:
        """A pipeline.py that has the usual imports already."""
        self.write("pipeline.py", HEAD + textwrap.dedent(text))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1))

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def popen(
        self, *args: str, env: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", "pivot_core", *args],
            cwd=self.root,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def call(self, *args: str, env: dict[str, str] | None = None) -> Ended:
        process = self.popen(*args, env=env)
        stdout, stderr = process.communicate(timeout=90)
        return Ended(process.returncode, stdout, stderr)

    def unprivileged(self, *args: str) -> Ended:
        """``call`` as somebody to whom the modes of files mean something, also if root runs the tests."""
        root = os.geteuid() == 0
        process = self.popen(*args, prefix=UNPRIVILEGED if root else ())
        stdout, stderr = process.communicate(timeout=90)
        return Ended(process.returncode, stdout, stderr)

    def run(self, *args: str, ok: bool = True, env: dict[str, str] | None = None) -> Ended:
        ended = self.call("run", "--json", "-j2", *args, env=env)
        assert not ok or ended.code == 0, ended.stdout + ended.stderr
        return ended

    def status(self, env: dict[str, str] | None = None) -> dict[str, dict]:
        ended = self.call("status", "--json", env=env)
        assert ended.code == 0, ended.stdout + ended.stderr
        return {stage["name"]: stage for stage in json.loads(ended.stdout)["stages"]}

    def states(self) -> dict[str, str]:
        return {name: stage["state"] for name, stage in self.status().items()}

    def reasons(self, stage: str) -> list[tuple[str, str]]:
        return [(reason["kind"], reason["subject"]) for reason in self.status()[stage]["reasons"]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)


@pytest.fixture
def chain(project: Project) -> Project:
    """in.txt -> first -> mid.txt -> second -> out.txt, each with a helper; and an unrelated stage."""
    project.write("in.txt", "one two\n")
    project.write(
        "helpers.py",
        """
        def upper(text):
            return text.upper()

        def exclaim(text):
            return text.strip() + "!"

        def count(text):
            return str(len(text.split()))
        """,
    )
    project.pipeline(
        """
        import helpers

        def first(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("mid.txt", Text)]:
            return helpers.upper(text)

        def second(
            text: Annotated[str, outputs.Dep("mid.txt", Text)],
        ) -> Annotated[str, outputs.Out("out.txt", Text)]:
            return helpers.exclaim(text)

        def other(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("other.txt", Text)]:
            return helpers.count(text)

        pipeline = Pipeline("chain")
        for stage in (first, second, other):
            pipeline.register(stage)
        """
    )
    return project
