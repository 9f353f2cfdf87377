"""Mistakes in annotations, loaders and TypedDicts: each has one message at its own line."""

from __future__ import annotations

import pytest


def line_of(folder, problem):
    """The text of the line that a problem points to."""
    return (folder.root / problem.path).read_text().splitlines()[problem.line - 1].strip()


DEP = 'outputs.Dep("in.txt", {loader})'


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("x", "no annotation"),
        ("x: int", "neither a Dep nor params"),
        ("x: int = 3", "neither a Dep nor params"),
        ('x: Annotated[str, "a note"]', "neither a Dep nor params"),
        ('x: Annotated[str, outputs.Dep("a", loaders.Text())] | None', "neither a Dep nor params"),
        ('x: Annotated[str, outputs.Out("a", loaders.Text())]', "marked as Out"),
        (
            'x: Annotated[str, outputs.Dep("a", loaders.Text()), outputs.Dep("b", loaders.Text())]',
            "several markers",
        ),
        ("x: Annotated[str, outputs.Dep]", "marked with the class Dep"),
        ("x: Annotated[str, outputs.Dep(3, loaders.Text())]", "the path 3"),
        ('x: Annotated[str, outputs.Dep("a", loaders.CSV)]', "the class CSV as its loader"),
        ('x: Annotated[str, outputs.Dep("a", "csv")]', "'csv' as its loader, which is none"),
        ('x: Annotated[Any, outputs.Dep("a", loaders.MatplotlibFigure())]', "can only write"),
        ('x: "Annotated[Missing, outputs.Dep(1, 2)]"', "NameError: name 'Missing'"),
        ('x: "Missing"', "NameError: name 'Missing'"),
        ('x: "1 +"', "SyntaxError"),
        ('x: Annotated[dict, outputs.Dep("a", loaders.Text())]', "a dict, but its loader is Text"),
        ('x: Annotated[bytes, outputs.Dep("a", loaders.JSON())]', "a bytes, but its loader is JSON"),
        ('x: Annotated[list[int], outputs.Dep("a", loaders.CSV())]', "a list, but its loader is CSV"),
        ('x: Annotated[dict, outputs.Dep("a/", loaders.PathOnly())]', "a dict, but its loader is PathOnly"),
    ],
)
def test_a_wrong_parameter_is_told_at_its_line(folder, parameter, message):
    problem = folder.problem(f"def s(\n    text: In,\n    {parameter},\n) -> Out: ...\n")
    assert message in problem.message
    assert (problem.path, problem.stage) == ("stages.py", "s")
    assert line_of(folder, problem) == f"{parameter},"


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        ("", "no return annotation"),
        ("-> None", "has no Out"),
        ("-> dict", "has no Out"),
        ('-> Annotated[str, outputs.Dep("a", loaders.Text())]', "marked as Dep"),
        ('-> Annotated[str, outputs.Out("a", loaders.Text)]', "the class Text"),
        ('-> Annotated[str, outputs.Out("a", ReadsOnly())]', "can only read"),
        ('-> Annotated[dict, outputs.IncrementalOut("a", WritesOnly())]', "can only write"),
        ('-> Annotated[dict, outputs.Out("a", loaders.Text())]', "a dict, but its loader is Text"),
        ("-> Empty", "Empty has no outputs"),
        ("-> Holder.Inside", "isn't defined at module level"),
        ('-> "Missing"', "NameError"),
    ],
)
def test_a_wrong_return_annotation_is_told(folder, returns, message):
    problem = folder.problem(
        f"""
        @dataclass(frozen=True)
        class ReadsOnly(loaders.Reader[str]):
            def load(self, path): ...

        @dataclass(frozen=True)
        class WritesOnly(loaders.Writer[str]):
            def save(self, value, path): ...

        class Empty(TypedDict): ...

        class Holder:
            class Inside(TypedDict):
                a: Out

        def s(
            text: In,
        ) {returns}: ...
        """
    )
    assert message in problem.message
    assert line_of(folder, problem) == (f") {returns}: ..." if returns else "def s(")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("x: str", "has no Out"),
        ('x: NotRequired[Annotated[str, outputs.Out("b", loaders.Text())]]', "may be missing"),
        ('x: "Missing"', "NameError"),
        ('x: Annotated[str, outputs.Dep("b", loaders.Text())]', "marked as Dep"),
        ('x: Annotated[str, outputs.Out("b", loaders.JSON), "note"]', "the class JSON"),
        ('x: Annotated[list, outputs.Metric("b", loaders.Text())]', "a list, but its loader is Text"),
    ],
)
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_a_wrong_field_is_told_at_its_line(folder, field, message, future):
    folder.write(
        "results.py",
        f"{future}from typing import Annotated, NotRequired, TypedDict\n"
        "from pivot_core import loaders, outputs\n"
        f"class Result(TypedDict):\n    a: Annotated[str, outputs.Out('a', loaders.Text())]\n    {field}\n",
    )
    problem = folder.problem("from results import Result\ndef s(text: In) -> Result: ...\n")
    assert message in problem.message
    assert (problem.path, line_of(folder, problem)) == ("results.py", field)


def test_fields_that_may_all_be_missing_are_told_one_by_one(folder):
    problems = folder.problems(
        "class R(TypedDict, total=False):\n    a: Out\n    b: Out\ndef s(text: In) -> R: ...\n"
    )
    assert [line_of(folder, one) for one in problems] == ["a: Out", "b: Out"]
    assert all("total=False" in one.hint for one in problems)


def test_an_inherited_field_is_told_in_the_class_that_has_it(folder):
    if not hasattr(__import__("types"), "get_original_bases"):
        pytest.skip("a TypedDict knows its bases since Python 3.12")
    problem = folder.problem(
        "class A(TypedDict):\n    a: str\nclass B(A):\n    b: Out\ndef s(text: In) -> B: ...\n"
    )
    assert line_of(folder, problem) == "a: str"


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        ("class L(loaders.Reader[str]):\n    def load(self, path): ...\n", "isn't a frozen dataclass"),
        ("class L(loaders.CSV):\n    pass\n", "isn't a frozen dataclass"),
        (
            "@dataclass(frozen=True)\nclass L(loaders.Reader[str]):\n"
            "    at: Path = Path('x')\n    def load(self, path): ...\n",
            "option 'at' isn't a JSON value",
        ),
        (
            "def make():\n    @dataclass(frozen=True)\n    class L(loaders.Reader[str]):\n"
            "        def load(self, path): ...\n    return L\nL = make()\n",
            "isn't defined at module level",
        ),
    ],
)
def test_a_loader_that_is_no_plain_record_is_a_problem(folder, loader, message):
    problem = folder.problem(
        f'{loader}\ndef s(\n    x: Annotated[str, outputs.Dep("a", L())],\n) -> Out: ...\n'
    )
    assert message in problem.message
    assert line_of(folder, problem).startswith("x: ")


def test_an_own_loader_is_taken_with_its_options(folder):
    stage = folder.stage(
        """
        @dataclass(frozen=True)
        class Lines(loaders.Reader[list[str]]):
            strip: bool = True
            ends: tuple[str, ...] = ("a", "b")
            def load(self, path: Path) -> list[str]:
                return path.read_text().splitlines()

        def s(x: Annotated[list[str], outputs.Dep("a", Lines(strip=False))]) -> Out: ...
        """
    )
    loader = stage.deps[0].loader
    assert (loader.module, loader.qualname) == ("stages", "Lines")
    assert loader.options == '{"ends": ["a", "b"], "strip": false}'


@pytest.mark.parametrize(
    "annotated",
    [
        "Any, outputs.Dep('a', loaders.Text())",
        "object, outputs.Dep('a', loaders.CSV())",
        "dict | None, outputs.Dep('a', loaders.JSON())",
        "Shape, outputs.Dep('a', loaders.JSON())",
        "list[Shape], outputs.Dep('a', loaders.JSONL())",
        "Path, outputs.Dep('a', loaders.PathOnly())",
        "set, outputs.Dep('a', loaders.Pickle())",
        "int, outputs.Dep('a', loaders.YAML())",
        "'pd.DataFrame', outputs.Dep('a', loaders.CSV())",
    ],
)
def test_types_that_may_agree_pass(folder, annotated):
    folder.write("pd.py", "class DataFrame: ...\nDataFrame.__module__ = 'pandas.core.frame'\n")
    assert folder.stage(
        f"import pd\nclass Shape(TypedDict):\n    x: int\ndef s(x: Annotated[{annotated}]) -> Out: ...\n"
    )


def test_a_data_frame_is_not_json(folder):
    folder.write("pd.py", "class DataFrame: ...\nDataFrame.__module__ = 'pandas'\n")
    problem = folder.problem(
        "import pd\ndef s(x: Annotated[pd.DataFrame, outputs.Dep('a', loaders.JSON())]) -> Out: ...\n"
    )
    assert "loaders.CSV" in problem.hint


def test_all_mistakes_of_a_pipeline_are_told_at_once(folder):
    found = folder.define(
        """
        class R(TypedDict):
            a: str
            b: Annotated[str, outputs.Out("b", loaders.JSON)]

        def one(x, y: int, z: "Nope") -> R: ...

        def two(text: In): ...
        """,
        """
        pipeline.register(stages.one, retries=-1, deps={"q": "r"})
        pipeline.register(stages.two, mutex="gpu")
        pipeline.register(lambda: None)
        """,
    )
    assert len(found.problems) == 10
    assert len({(one.path, one.line, one.message) for one in found.problems}) == 10
    assert not found.stages


def test_a_function_registered_in_a_loop_has_its_mistakes_told_once(folder):
    found = folder.define(
        "def s(x, text: In) -> Out: ...\n",
        "for i in range(3):\n    pipeline.register(stages.s, name=f's{i}')\n",
    )
    assert [one.message for one in found.problems] == ["parameter 'x' of s has no annotation"]


def test_an_alias_of_the_type_statement_is_looked_through(folder):
    import sys

    if sys.version_info < (3, 12):
        pytest.skip("the type statement is of Python 3.12")
    stage = folder.stage(
        'type Rows = Annotated[str, outputs.Dep("rows", loaders.Text())]\ndef s(x: Rows) -> Out: ...\n'
    )
    assert stage.deps[0].path == "rows"


def test_annotations_as_text_are_read(folder):
    folder.write(
        "stages.py",
        """
        from __future__ import annotations
        from typing import Annotated, TypedDict
        from pivot_core import loaders, outputs

        class R(TypedDict):
            a: Annotated[str, outputs.Out("a.txt", loaders.Text())]

        def s(text: Annotated[str, outputs.Dep("in.txt", loaders.Text())]) -> R: ...
        """,
    )
    stage = folder.stage()
    assert (stage.deps[0].path, stage.outs[0].key, stage.outs[0].path) == ("in.txt", "a", "a.txt")


@pytest.mark.parametrize(
    ("parameter", "returned", "message"),
    [
        ("'x.json', loaders.JSON()", "'y.json', loaders.JSON()", "'x.json', which isn't returned"),
        ("'x.json', loaders.JSON()", "'x.json', loaders.YAML()", "another loader"),
    ],
)
def test_an_incremental_parameter_has_to_be_an_output_too(folder, parameter, returned, message):
    problem = folder.problem(
        f"def s(\n    old: Annotated[dict | None, outputs.IncrementalOut({parameter})],\n"
        f") -> Annotated[dict, outputs.IncrementalOut({returned})]: ...\n"
    )
    assert message in problem.message
    assert line_of(folder, problem).startswith("old:")


MINE = """
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Mine(loaders.Loader[str, str]):
        def load(self, path):
            return path.read_text()
        def save(self, value, path):
            path.write_text(value)
        EMPTY

    def s(
        old: Annotated[str, outputs.IncrementalOut("x.txt", Mine())],
    ) -> Annotated[str, outputs.IncrementalOut("x.txt", Mine())]: ...
    """


def test_the_loader_of_an_incremental_parameter_has_to_have_an_empty_value(folder):
    problem = folder.problem(MINE.replace("EMPTY", "pass"))
    assert "Mine has no empty value: 'old' of s" in problem.message
    assert "def empty(self)" in problem.hint


def test_a_loader_of_ones_own_may_have_an_empty_value(folder):
    stage = folder.stage(MINE.replace("EMPTY", "def empty(self): return ''"))
    assert stage.incremental == {"old": "x.txt"}


def test_an_incremental_parameter_follows_its_output_to_another_path(folder):
    stage = folder.stage(
        """
        def s(
            old: Annotated[dict | None, outputs.IncrementalOut("x.json", loaders.JSON())],
        ) -> Annotated[dict, outputs.IncrementalOut("x.json", loaders.JSON())]: ...
        """,
        'stages.s, outs={"return": "./b//x.json"}',
    )
    assert stage.incremental == {"old": "b/x.json"}
    assert [(one.path, one.kind) for one in stage.outs] == [("b/x.json", "incremental")]
    assert stage.deps == ()
