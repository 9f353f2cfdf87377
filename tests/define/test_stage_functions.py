"""What can't be a stage, each with one message at its place."""

from __future__ import annotations

import pytest

from pivot_core.types import Place


@pytest.mark.parametrize(
    ("stages", "register", "message"),
    [
        ("", "lambda: None", "lambda"),
        ("class S:\n    pass\n", "stages.S", "the class S"),
        ("class S:\n    def run(self): ...\n", "stages.S().run", "the method S.run"),
        ("class S:\n    def __call__(self): ...\n", "stages.S()", "an object of the class S"),
        (
            "import functools\ndef f(k): ...\ns = functools.partial(f, 1)\n",
            "stages.s",
            "functools.partial of f",
        ),
        ("", "len", "the built-in len"),
        ("", "'train'", "'train' can't be a stage"),
    ],
)
def test_what_is_no_function_is_told_at_the_call(folder, stages, register, message):
    problem = folder.problem(stages or "X = 1\n", register)
    assert message in problem.message
    assert (problem.path, problem.line) == ("pipeline.py", 4)


def test_a_closure_names_what_it_captures(folder):
    problem = folder.problem(
        """
        def make(rate, seed):
            def s(text: In) -> Out:
                return text * rate * seed
            return s
        """,
        "stages.make(1, 2)",
    )
    assert "inside make" in problem.message
    assert "'rate', 'seed'" in problem.message
    assert (problem.path, problem.line) == ("stages.py", folder.line("def s("))


def test_a_function_in_a_function_is_told_at_its_def(folder):
    problem = folder.problem("def make():\n    def s(text: In) -> Out: ...\n    return s\n", "stages.make()")
    assert "inside make" in problem.message
    assert problem.line == folder.line("def s(")


def test_a_function_in_a_class_is_a_problem(folder):
    problem = folder.problem("class C:\n    @staticmethod\n    def s(text: In) -> Out: ...\n", "stages.C.s")
    assert "inside a class" in problem.message
    assert problem.line == folder.line("def s(")


def test_a_function_of_the_main_script_is_a_problem(folder):
    problem = folder.problem("def s(text: In) -> Out: ...\ns.__module__ = '__main__'\n")
    assert "script that runs" in problem.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("async def s(text: In) -> Out: ...", "async"),
        ("async def s(text: In) -> Out:\n    yield text", "async"),
        ("def s(text: In) -> Out:\n    yield text", "generator"),
        ("def s(text: In, *rest) -> Out: ...", "*rest"),
        ("def s(text: In, **rest) -> Out: ...", "**rest"),
        ("def s(text: In, /) -> Out: ...", "positional-only"),
    ],
)
def test_functions_that_a_worker_cannot_call_are_problems(folder, body, message):
    problem = folder.problem(body + "\n")
    assert message in problem.message
    assert (problem.path, problem.line) == ("stages.py", folder.line("def s("))


def test_a_decorated_function_keeps_its_signature_and_the_line_of_its_def(folder):
    stage = folder.stage(
        """
        import functools
        def twice(times):
            def decorate(func):
                @functools.wraps(func)
                def inner(*args, **kwargs):
                    return func(*args, **kwargs) * times
                return inner
            return decorate

        @twice(
            times=2,
        )
        def s(text: In) -> Out:
            return text
        """
    )
    assert (stage.module, stage.qualname, stage.deps[0].path) == ("stages", "s", "in.txt")
    assert (stage.path, stage.line) == ("stages.py", folder.line("def s("))


def test_a_decorator_without_wraps_is_a_problem(folder):
    problem = folder.problem(
        """
        def deco(func):
            def inner(text):
                return func(text)
            return inner

        @deco
        def s(text: In) -> Out: ...
        """
    )
    assert "functools.wraps" in problem.hint


def test_a_function_that_its_name_does_not_lead_to_is_a_problem(folder):
    problem = folder.problem("def s(text: In) -> Out: ...\nt = s\ns = None\n", "stages.t")
    assert "something else" in problem.message
    assert problem.line == folder.line("def s(")


def test_a_function_of_a_foreign_package_is_a_problem(folder):
    problems = folder.problems("from textwrap import dedent as s\n")
    assert [one.path for one in problems] == ["pipeline.py"]
    assert "outside the project" in problems[0].message


def test_register_works_as_a_decorator(folder):
    folder.write(
        "pipeline.py",
        """
        from typing import Annotated
        from pivot_core import Pipeline, loaders, outputs
        pipeline = Pipeline("demo")

        @pipeline.register
        def s(
            text: Annotated[str, outputs.Dep("a", loaders.Text())],
        ) -> Annotated[str, outputs.Out("b", loaders.Text())]:
            return text
        """,
    )
    (stage,) = folder.define().stages
    assert (stage.module, stage.line) == ("pipeline", 7)
    assert stage.registered == Place("pipeline.py", 6)
