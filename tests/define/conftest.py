"""A project on disk, defined in this process with its own modules, which are forgotten afterwards."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pivot_core.define.load import define

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_core.types import Definition, Problem, StageSpec

HEAD = """
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict
from pivot_core import Pipeline, StageParams, loaders, outputs
In = Annotated[str, outputs.Dep("in.txt", loaders.Text())]
Out = Annotated[str, outputs.Out("out.txt", loaders.Text())]
"""


@dataclass(frozen=True)
class Folder:
    """The project's folder; ``define`` may be called once."""

    root: Path

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))

    def define(self, stages: str = "", pipeline: str = "") -> Definition:
        """Define with ``stages`` (after the usual imports) in stages.py, and ``pipeline`` in pipeline.py."""
        if stages:
            self.write("stages.py", HEAD + dedent(stages))
        if pipeline:
            start = "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('demo')\n"
            self.write("pipeline.py", start + dedent(pipeline))
        return define(self.root)

    def problems(self, stages: str = "", register: str = "stages.s") -> list[Problem]:
        """The problems of a pipeline with one registration."""
        found = self.define(stages, f"pipeline.register({register})\n")
        return list(found.problems)

    def problem(self, stages: str = "", register: str = "stages.s") -> Problem:
        """The one problem there has to be."""
        (found,) = self.problems(stages, register)
        assert found.message and found.hint
        return found

    def stage(self, stages: str = "", register: str = "stages.s") -> StageSpec:
        """The one stage there has to be, without problems."""
        found = self.define(stages, f"pipeline.register({register})\n")
        assert not found.problems
        (stage,) = found.stages
        return stage

    def line(self, text: str, name: str = "stages.py") -> int:
        """The 1-based line of a file that contains ``text``."""
        lines = (self.root / name).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    root = tmp_path.resolve() / "project"
    (root / "src").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(root / "src")
    monkeypatch.syspath_prepend(root)
    before = set(sys.modules)
    yield Folder(root)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(root)):
            del sys.modules[name]
