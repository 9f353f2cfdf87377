"""Small projects, and ``pivot-core`` as a real process in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

STAGES = """
from typing import Annotated

from pivot_core import loaders, outputs
from helpers import shout


def read(text: Annotated[str, outputs.Dep("in.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("build/read.txt", loaders.Text())
]:
    return text


def loud(text: Annotated[str, outputs.Dep("build/read.txt", loaders.Text())]) -> Annotated[
    str, outputs.Out("build/loud.txt", loaders.Text())
]:
    print("so loud")
    return shout(text)


def count(text: Annotated[str, outputs.Dep("build/loud.txt", loaders.Text())]) -> Annotated[
    int, outputs.Metric("build/count.json")
]:
    return len(text)
"""
PIPELINE = """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("words")
for stage in (stages.read, stages.loud, stages.count):
    pipeline.register(stage)
"""
HELPERS = """
def shout(text):
    return text.upper() + "!"
"""
FILES = {"stages.py": STAGES, "pipeline.py": PIPELINE, "helpers.py": HELPERS, "in.txt": "hello\n"}


@dataclass(frozen=True)
class Words:
    """A project of three stages in a row, read -> loud -> count, and the command line in it."""

    root: Path

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).write_text(text.lstrip("\n"))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def popen(self, *args: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pivot_core", *args],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**_environ(), **env},
        )

    def call(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        with self.popen(*args, **env) as process:
            out, err = process.communicate()
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def ok(self, *args: str, **env: str) -> str:
        """What a command that succeeds prints."""
        done = self.call(*args, **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _environ() -> dict[str, str]:
    told = {"NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"}
    return {name: value for name, value in os.environ.items() if name not in told}


@pytest.fixture
def folder(tmp_path: Path) -> Words:
    """The command line in an empty folder."""
    root = tmp_path / "project"
    root.mkdir()
    return Words(root)


@pytest.fixture
def words(folder: Words) -> Words:
    """The project, never run."""
    folder.write(FILES)
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = Words(tmp_path_factory.mktemp("made"))
    words.write(FILES)
    words.ok("run")
    return words.root


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Words:
    """The project after a run: a copy, to do with what a test likes."""
    return Words(Path(shutil.copytree(made_once, tmp_path / "made")))
