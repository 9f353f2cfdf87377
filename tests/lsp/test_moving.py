"""After the fix, Pivot takes the pipeline, and the stages do what they did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.lint import Linter
from pivot_lsp.lint.fixes import applied, changes
from pivot_lsp.source.sources import Sources

HEAD = """\
from typing import Annotated, TypedDict
from pivot_core import Pipeline, StageParams, loaders, outputs

pipeline = Pipeline("demo")

"""
IN_A_FUNCTION = """
def add_stages(pipeline: Pipeline) -> None:
    def shouted(text: str) -> str:
        return text.upper()

    @pipeline.register  # the only one
    def shout() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
        return shouted('''hello
            world''')


add_stages(pipeline)
"""
IN_A_METHOD = """
class Stages:
    def add(self, *names: str) -> None:
        for name in names:
            if name:
                continue
        with open(__file__):
            def shout() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
                return "HELLO\\n            WORLD"
            pipeline.register(shout)


Stages().add()
"""
WITH_CLASSES = """
def add_stages() -> None:
    from dataclasses import dataclass

    class Params(StageParams):
        text: str = "hello"

    @dataclass(frozen=True)
    class Padded(loaders.Text):
        width: int = 12

        def save(self, value, path):
            super().save(value.replace("_", " " * self.width), path)

    class Outputs(TypedDict):
        out: Annotated[str, outputs.Out("out.txt", Padded(width=12))]

    def shout(params: Params) -> Outputs:
        return {"out": f"{params.text}\\n_world".upper()}

    pipeline.register(shout, params=Params())


add_stages()
"""
IN_A_SCRIPT = """
if __name__ == "__main__":
    def shouted(text: str) -> str:
        return text.upper()

    def shout() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
        return shouted('''hello
            world''')


if True:
    pipeline.register(shout)
"""


def pivot(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("text", [IN_A_FUNCTION, IN_A_METHOD, WITH_CLASSES, IN_A_SCRIPT])
def test_what_is_moved_runs_and_could_not_before(text: str, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(HEAD + text, encoding="utf-8")
    assert pivot(tmp_path, "pivot_core", "run").returncode == 2
    mended = pivot(tmp_path, "pivot_lsp", "lint", "--fix")
    assert mended.returncode == 0, mended.stdout
    done = pivot(tmp_path, "pivot_core", "run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "HELLO\n            WORLD"


CAPTURING = """
def add_stages(pipeline: Pipeline, texts: list[str]) -> None:
    times = 2
    for text in texts:
        @pipeline.register
        def shout() -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
            return text.upper() * times


add_stages(pipeline, ["hello"])
"""


def test_variables_that_became_params_have_their_values(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(HEAD + CAPTURING, encoding="utf-8")
    assert pivot(tmp_path, "pivot_core", "run").returncode == 2
    (finding,) = Linter(Sources(Project(tmp_path.resolve()))).findings("pipeline.py")
    assert finding.fix is not None
    (tmp_path / "pipeline.py").write_text(applied(HEAD + CAPTURING, changes(finding.fix)), encoding="utf-8")
    done = pivot(tmp_path, "pivot_core", "run")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "HELLOHELLO"
    assert '"times":2' in pivot(tmp_path, "pivot_core", "params", "--json").stdout
