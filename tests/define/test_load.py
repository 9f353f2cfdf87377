"""Importing the pipeline: finding it, and blaming the user's own line for what goes wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT = "from pivot_core import Pipeline\n"


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (IMPORT, "no pipeline"),
        ("pipeline = 3\n", "no pipeline"),
        (IMPORT + "a = Pipeline('a')\nb = Pipeline('b')\n", "several pipelines: a, b"),
        (IMPORT + "pipeline = Pipeline('a')\nb = Pipeline('b')\nb.register(len)\n", "pipelines: pipeline, b"),
    ],
)
def test_none_or_several_pipelines_are_a_problem(folder, pipeline, message):
    folder.write("pipeline.py", pipeline)
    (problem,) = folder.define().problems
    assert message in problem.message
    assert problem.path == "pipeline.py"


@pytest.mark.parametrize(
    "pipeline",
    [
        IMPORT + "mine = Pipeline('a')\n",
        IMPORT + "mine = alias = Pipeline('a')\n",
        IMPORT + "pipeline = Pipeline('a')\nother = Pipeline('b')\n",
    ],
)
def test_the_pipeline_is_the_one_of_that_name_else_the_only_one(folder, pipeline):
    folder.write("pipeline.py", pipeline)
    found = folder.define()
    assert (found.pipeline, found.problems, found.stages) == ("a", (), ())


def test_no_pipeline_file_is_a_problem(folder):
    (problem,) = folder.define().problems
    assert problem.message == "there is no pipeline.py"


@pytest.mark.parametrize(
    ("helpers", "line", "message"),
    [
        ("\nimport nowhere\n", 2, "ModuleNotFoundError: No module named 'nowhere'"),
        ("from textwrap import nothing\n", 1, "ImportError: cannot import name 'nothing'"),
        ("def f():\n    return 1 +\n", 2, "SyntaxError: invalid syntax"),
        ("def f():\n  x = 1\n    y = 2\n", 3, "IndentationError"),
        ("import json\n\njson.loads('{')\n", 3, "JSONDecodeError"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", 2, "sys.exit(3)"),
        ("\nraise KeyboardInterrupt\n", 2, "KeyboardInterrupt"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", 2, "KeyboardInterrupt"),
        ("class E(BaseException): ...\nraise E('odd')\n", 2, "E: odd"),
        ("from pivot_core import Pipelin\n", 1, "Pipelin"),
        (
            "from dataclasses import dataclass\nfrom pivot_core import loaders\n"
            "@dataclass\nclass L(loaders.Reader[str]): ...\n",
            3,
            "non-frozen",
        ),
    ],
)
def test_an_error_while_importing_is_told_at_the_deepest_own_line(folder, helpers, line, message):
    folder.write("src/helpers.py", helpers)
    folder.write("pipeline.py", "import helpers\n")
    (problem,) = folder.define().problems
    assert message in problem.message
    assert (problem.path, problem.line) == ("src/helpers.py", line)
    assert "Traceback" not in problem.message


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"\nX = '\xe4'\n", 2, "not UTF-8 (byte 0xe4)"),
        (b"# coding: utf-9\nX = 1\n", 1, "Python has no encoding utf-9"),
        (b"\xef\xbb\xbf# coding: latin-1\nX = 1\n", 1, "it begins with the mark of UTF-8"),
        (b"X = 1\n# \0\n", 2, "it has a null character"),
    ],
)
def test_a_file_that_is_no_text_is_told_in_its_line_with_what_to_do(data, line, message, tmp_path):
    (tmp_path / "helpers.py").write_bytes(data)
    (tmp_path / "pipeline.py").write_text("from pivot_core import Pipeline\nimport helpers\n")
    command = [sys.executable, "-m", "pivot_core", "status"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    first, hint = (done.stdout + done.stderr).splitlines()
    assert first.startswith(f"helpers.py:{line}: error: {message}")
    assert "save it as UTF-8" in hint or "take it out" in hint


def test_stages_in_src_are_found_there(folder):
    folder.write(
        "src/steps/clean.py",
        """
        from typing import Annotated
        from pivot_core import loaders, outputs

        def s(
            x: Annotated[str, outputs.Dep("a", loaders.Text())],
        ) -> Annotated[str, outputs.Out("b", loaders.Text())]: ...
        """,
    )
    folder.write(
        "pipeline.py",
        IMPORT + "from steps import clean\npipeline = Pipeline('a')\npipeline.register(clean.s)\n",
    )
    (stage,) = folder.define().stages
    assert (stage.module, stage.path, stage.line) == ("steps.clean", "src/steps/clean.py", 5)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("loaders.Txt()", "no attribute 'Txt'", "did you mean 'Text'?"),
        ("P(rate='much')", "P: rate='much': Input should be a valid number", "the values that it takes"),
        ("P(rat=1, rate=None)", "P: rate=None: Input should be a valid number", "the values that it takes"),
        ("P(rat=1, rate=None)", "; rat=1: Extra inputs are not permitted", "the values that it takes"),
        ("1\n<<<<<<< HEAD\n2\n=======\n3\n>>>>>>> other\n", "SyntaxError", "resolve the merge conflict"),
    ],
)
def test_what_to_do_about_an_error_while_importing_is_told(folder, text, message, hint):
    head = "from pivot_core import StageParams, loaders\nclass P(StageParams):\n    rate: float = 1\n"
    folder.write("pipeline.py", f"{head}X = {text}\n")
    (problem,) = folder.define().problems
    assert message in problem.message
    assert hint in problem.hint
    assert "\n" not in problem.message
    assert "pydantic" not in problem.message


def test_an_error_in_a_validator_of_params_is_blamed_on_it(folder):
    problem = folder.problem(
        """
        from pydantic import field_validator
        class P(StageParams):
            k: int = 1
            @field_validator("k")
            def check(cls, value):
                raise RuntimeError("own")
        def s(text: In, p: P) -> Out: ...
        """,
        "stages.s, params=stages.P.model_construct(k=2)",
    )
    assert "RuntimeError: own" in problem.message
    assert problem.line == folder.line("raise RuntimeError")


def test_a_pipeline_without_params_is_defined_without_pydantic_or_pandas(folder):
    folder.write("stages.py", "")
    folder.write("pipeline.py", IMPORT + "pipeline = Pipeline('a')\n")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, '.')\n"
        "from pivot_core.define.load import define\n"
        "assert define(Path.cwd()).pipeline == 'a'\n"
        "print(sorted({'pydantic', 'pandas', 'numpy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder.root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
