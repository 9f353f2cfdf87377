"""After the fix, Pivot takes the pipeline, and the stages do what they did."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import inspect
import shutil
import subprocess
import sys
import textwrap
import tokenize
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.fixes import applied, changes, fix_all
from pivot_lsp.lint.moving import to_module_level
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


TWO_OF_A_NAME = """
def first(pipeline: Pipeline) -> None:
    def shout() -> Annotated[str, outputs.Out("1.txt", loaders.Text())]:
        return "1"
    pipeline.register(shout, name="first")


def second(pipeline: Pipeline) -> None:
    def shout() -> Annotated[str, outputs.Out("2.txt", loaders.Text())]:
        return "2"
    pipeline.register(shout, name="second")
"""


def test_of_two_functions_with_one_name_only_one_moves() -> None:
    sources = Sources(None)
    sources.add("pipeline.py", HEAD + TWO_OF_A_NAME)
    fixed = fix_all(Linter(sources), "pipeline.py")
    assert fixed is not None
    functions = [node.name for node in ast.parse(fixed).body if isinstance(node, ast.FunctionDef)]
    assert functions == ["shout", "first", "second"]
    assert [finding.code for finding in Linter(sources).findings("pipeline.py")] == ["PVT102"]


@pytest.mark.parametrize("default", ["[]", "compute()"])
def test_what_is_made_at_each_call_is_not_moved_by_fix_all(default: str) -> None:
    text = HEAD + IN_A_FUNCTION.replace("shouted(text: str)", f"shouted(text: str, seen={default})")
    sources = Sources(None)
    sources.add("pipeline.py", text)
    assert fix_all(Linter(sources), "pipeline.py") is None


@pytest.mark.parametrize("module", [argparse, ast, dataclasses, functools, shutil, textwrap, tokenize])
def test_code_that_is_moved_stays_the_same_code(module: ModuleType) -> None:
    """Functions and classes of the standard library, put into a function, as if they were stages."""
    text = inspect.getsource(module)
    moved = 0
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            source = ast.get_source_segment(text, node)
            decorators = [f"@{ast.unparse(one)}" for one in node.decorator_list]
            inner = textwrap.indent("\n".join([*decorators, source or ""]), "    ")
            moved += is_moved(f"def outer():\n{inner}\n    return {node.name}\n")
    assert moved > 5


def is_moved(before: str) -> bool:
    """Whether there is a fix for the first definition in the function; then checks what it makes."""
    sources = Sources(None)
    sources.add("stages.py", before)
    module = sources.module("stages.py")
    assert module is not None
    (part,) = module.parts
    (outer,) = part.top.body
    assert isinstance(outer, ast.FunctionDef)
    node = outer.body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    scope = next(visit.scope for visit in part.top.visits if visit.node is node)
    fix = to_module_level(part, [node], scope)
    if fix is None:
        return False
    check_moved(node, before, applied(before, changes(fix)))
    return True


def check_moved(node: ast.FunctionDef | ast.ClassDef, before: str, after: str) -> None:
    compile(after, "after", "exec")
    body = ast.parse(after).body
    (made,) = [
        one for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == node.name
    ]
    assert said(made) == said(node)
    assert statements(after) == statements(before)


def said(node: ast.FunctionDef | ast.ClassDef) -> str:
    """What a definition says, whatever its docstrings are indented by."""
    copy = ast.parse(ast.unparse(node))
    for one in ast.walk(copy):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            docstring = ast.get_docstring(one)
            if docstring is not None:
                one.body[0] = ast.Expr(ast.Constant(docstring.rstrip()))
    return ast.dump(copy)


def statements(text: str) -> Counter[type]:
    """How many there are of each kind, but for imports, which are copied, and what fills an empty block."""
    fillers = (ast.Pass, ast.Import, ast.ImportFrom, ast.alias)
    return Counter(type(node) for node in ast.walk(ast.parse(text)) if not isinstance(node, fillers))
