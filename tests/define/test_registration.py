"""Mistakes in the arguments of ``register`` and in params: told at the call, or in params.yaml."""

from __future__ import annotations

import pytest

from pivot_core.types import Place

PLAIN = "def s(text: In) -> Out: ...\n"
TRAIN = """
class Optimizer(StageParams):
    rate: float = 0.1
    steps: int = 10

class P(StageParams):
    depth: int = 3
    tags: frozenset[str] = frozenset({"b", "a", "c"})
    optimizer: Optimizer = Optimizer(steps=5)

class Needy(StageParams):
    size: int
    other: str

def s(text: In, p: P) -> Out: ...
def needy(text: In, p: Needy) -> Out: ...
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("name='a/b'", "'a/b'"),
        ("name='.hidden'", "'.hidden'"),
        ("name='-x'", "'-x'"),
        ("name=''", "''"),
        ("name='größe'", "'größe'"),
        ("name='x' * 151", "longer than 150"),
        ("name=3", "isn't a str"),
        ("mutex='gpu'", "mutex='gpu' is one str"),
        ("mutex=3", "mutex=3"),
        ("mutex=[1]", "mutex=[1]"),
        ("resources={'gpu': 0}", "resources="),
        ("resources={'gpu': 'x'}", "resources="),
        ("resources=['gpu']", "resources="),
        ("retries=-1", "retries=-1"),
        ("retries=1.5", "retries=1.5"),
        ("timeout=0", "timeout=0"),
        ("timeout='1h'", "timeout='1h'"),
        ("deps={'texts': 'a'}", "no dependency 'texts'"),
        ("deps={'text': 3}", "the path of 'text' is 3"),
        ("deps='a'", "deps='a' isn't a dict"),
        ("outs={'out': 'a'}", "no output 'out'"),
        ("outs='a'", "outs='a' isn't a dict"),
        ("params={'a': 1}", "takes no params"),
    ],
)
def test_a_wrong_argument_is_told_at_the_call(folder, arguments, message):
    problem = folder.problem(PLAIN, f"stages.s, {arguments}")
    assert message in problem.message
    assert (problem.path, problem.line) == ("pipeline.py", 4)


def test_a_misspelt_dependency_gets_the_near_name(folder):
    assert "'text'" in folder.problem(PLAIN, "stages.s, deps={'txt': 'a'}").hint


def test_all_good_arguments_arrive_in_the_record(folder):
    stage = folder.stage(
        PLAIN,
        "stages.s, name='s@1=a,b+c-d.e', deps={'text': './a//b.txt'}, outs={'return': 'c/../d.txt'},"
        " mutex=['gpu'], resources={'memory': 2}, retries=2, timeout=30",
    )
    assert stage.name == "s@1=a,b+c-d.e"
    assert stage.deps[0].path == "a/b.txt"
    assert stage.outs[0].path == "d.txt"
    assert (stage.mutex, stage.resources, stage.retries, stage.timeout) == (
        ("gpu",),
        {"memory": 2.0},
        2,
        30.0,
    )
    assert stage.registered == Place("pipeline.py", 4)


def test_a_placeholder_needs_a_path(folder):
    stages = "def s(x: Annotated[str, outputs.PlaceholderDep(loaders.Text())]) -> Out: ...\n"
    found = folder.define(
        stages, "pipeline.register(stages.s)\npipeline.register(stages.s, name='t', deps={'x': 'a'})\n"
    )
    (problem,) = found.problems
    assert "needs a path for its dependency 'x'" in problem.message
    assert (problem.path, problem.line) == ("pipeline.py", 4)
    assert [stage.deps[0].path for stage in found.stages] == ["a"]


def test_one_path_for_two_parameters_is_fine(folder):
    stage = folder.stage("def s(text: In, again: In) -> Out: ...\n")
    assert [dep.path for dep in stage.deps] == ["in.txt", "in.txt"]


@pytest.mark.parametrize(
    ("second", "message"), [("s", "two stages are called 's'"), ("S", "only case distinguishes")]
)
def test_two_stages_of_one_name_are_told_with_both_places(folder, second, message):
    found = folder.define(
        PLAIN,
        "pipeline.register(stages.s)\n"
        f"pipeline.register(stages.s, name={second!r}, outs={{'return': 'b'}})\n",
    )
    (problem,) = found.problems
    assert message in problem.message
    assert problem.line == 5
    assert problem.related == (Place("pipeline.py", 4),)


# --- params


def test_params_are_the_given_ones_with_the_overrides_of_params_yaml(folder):
    folder.write("params.yaml", "s:\n  tags: [z, y]\n  optimizer: {rate: 1e-3}\n")
    stage = folder.stage(TRAIN, "stages.s, params=stages.P(depth=7)")
    assert stage.params_arg == "p"
    assert stage.params_class == ("stages", "P")
    assert stage.params == {"depth": 7, "tags": ["y", "z"], "optimizer": {"rate": 0.001, "steps": 5}}


def test_without_given_params_the_default_of_the_signature_holds_then_that_of_the_class(folder):
    found = folder.define(
        "class P(StageParams):\n    k: int = 1\n"
        "def one(text: In, p: P) -> Out: ...\ndef two(text: In, p: P = P(k=2)) -> Out: ...\n",
        "pipeline.register(stages.one)\npipeline.register(stages.two)\n",
    )
    assert [stage.params for stage in found.stages] == [{"k": 1}, {"k": 2}]


def test_params_of_a_derived_class_keep_their_class(folder):
    stage = folder.stage(
        "class P(StageParams):\n    k: int = 1\nclass Q(P):\n    m: int = 2\n"
        "def s(text: In, p: P) -> Out: ...\n",
        "stages.s, params=stages.Q()",
    )
    assert (stage.params_class, stage.params) == (("stages", "Q"), {"k": 1, "m": 2})


@pytest.mark.parametrize(
    ("register", "message"),
    [
        ("stages.s, params=stages.P", "params is the class P"),
        ("stages.s, params={'depth': 1}", "params is a dict, but 'p' is a P"),
        ("stages.s, params=stages.Optimizer()", "params is a Optimizer, but 'p' is a P"),
    ],
)
def test_wrong_params_are_told_at_the_call(folder, register, message):
    problem = folder.problem(TRAIN, register)
    assert message in problem.message
    assert (problem.path, problem.line) == ("pipeline.py", 4)


def test_each_parameter_without_a_value_is_told(folder):
    problems = folder.problems(TRAIN, "stages.needy")
    assert ["'size'" in problems[0].message, "'other'" in problems[1].message] == [True, True]
    assert {(one.path, one.line) for one in problems} == {("pipeline.py", 4)}


def test_params_yaml_can_give_what_is_required(folder):
    folder.write("params.yaml", "needy: {size: 3, other: x}\n")
    assert folder.stage(TRAIN, "stages.needy").params == {"size": 3, "other": "x"}


def test_a_stage_that_takes_two_params_is_a_problem(folder):
    problem = folder.problem(
        "class P(StageParams):\n    k: int = 1\ndef s(text: In, p: P, q: P) -> Out: ...\n"
    )
    assert "takes params twice: 'p' and 'q'" in problem.message


def test_a_model_that_is_no_stage_params_gets_a_hint(folder):
    problem = folder.problem(
        "from pydantic import BaseModel\nclass P(BaseModel):\n    k: int = 1\n"
        "def s(text: In, p: P) -> Out: ...\n"
    )
    assert "derive P from StageParams" in problem.hint


def test_a_params_class_in_a_function_is_a_problem(folder):
    problem = folder.problem(
        "def make():\n    class P(StageParams):\n        k: int = 1\n    return P\nP = make()\n"
        "def s(text: In, p: P) -> Out: ...\n"
    )
    assert "isn't defined at module level" in problem.message


def test_params_that_do_not_survive_json_are_a_problem(folder):
    problem = folder.problem(
        "class P(StageParams):\n    k: Any = Path('x')\ndef s(text: In, p: P) -> Out: ...\n"
    )
    assert "change when written as JSON" in problem.message


def test_infinity_and_nan_survive(folder):
    stage = folder.stage(
        "class P(StageParams):\n    a: float = float('inf')\n    b: float = float('nan')\n"
        "def s(text: In, p: P) -> Out: ...\n"
    )
    assert stage.params == {"a": "Infinity", "b": "NaN"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\nt:\n  depth: 1\n", 2, "no stage 't'"),
        ("s:\n  depth: 1\n  dpth: 2\n", 3, "P has no parameter 'dpth'"),
        ("s:\n\n  depth: deep\n", 3, "wrong value 'deep' for 'depth'"),
        ("s:\n  optimizer:\n    rate: x\n", 3, "wrong value 'x' for 'optimizer.rate'"),
        ("s:\n  optimizer:\n    steps: 1\n    rte: 1\n", 4, "Optimizer has no parameter 'rte'"),
        ("s:\n  optimizer:\n    rate: 1\n    rate: 2\n", 4, "'optimizer' has 'rate' twice"),
        ("s: 3\n", 1, "the entry of stage 's' isn't a mapping"),
        ("- s\n", 1, "params.yaml isn't a mapping"),
        ("s:\n  depth: [1\n", 3, "not valid YAML"),
        ("s:\n  depth: 1\n  depth: 2\n", 3, "'depth' twice"),
        ("s: {depth: 1}\ns: {depth: 2}\n", 2, "'s' twice"),
        ("s: !!python/name:os.system\n", 1, "the entry of stage 's' isn't a mapping"),
        ("s:\n  depth: !!python/name:os.system\n", 2, "not valid YAML"),
    ],
)
def test_a_mistake_in_params_yaml_is_told_at_its_line(folder, text, line, message):
    folder.write("params.yaml", text)
    problem = folder.problem(TRAIN)
    assert message in problem.message
    assert (problem.path, problem.line) == ("params.yaml", line)


def test_overrides_for_a_stage_without_params_are_a_problem(folder):
    folder.write("params.yaml", "s:\n  depth: 1\n")
    problem = folder.problem(PLAIN)
    assert "takes no params" in problem.message
    assert (problem.path, problem.line) == ("params.yaml", 1)


def test_mistakes_in_params_yaml_come_as_they_stand_there_after_those_in_code(folder):
    folder.write("params.yaml", "b: {depth: x}\nnone: {}\na: {depth: y}\n")
    found = folder.define(
        TRAIN,
        "pipeline.register(stages.s, name='a')\npipeline.register(stages.s, name='b')\n"
        "pipeline.register(stages.s, name='c', retries=-1)\n",
    )
    told = [(problem.path, problem.line) for problem in found.problems]
    assert told[0][0] == "pipeline.py"
    assert told[-3:] == [("params.yaml", 1), ("params.yaml", 2), ("params.yaml", 3)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "s:\n", "base: &b {depth: 4}\ns: {<<: *b}\n"])
def test_params_yaml_may_be_empty_and_use_merge_keys(folder, text):
    folder.write("params.yaml", text.replace("base: &b {depth: 4}\n", "s@2: &b {depth: 4}\n"))
    found = folder.define(
        TRAIN, "pipeline.register(stages.s)\npipeline.register(stages.s, name='s@2', outs={'return': 'o'})\n"
    )
    assert not found.problems
    assert found.stages[0].params["depth"] == (4 if "<<" in text else 3)


NESTED = """
from dataclasses import dataclass
from pydantic import BaseModel, ConfigDict, Field, model_validator

class Layer(BaseModel):
    width: int = 1

@dataclass
class Seed:
    number: int = 1

class Net(BaseModel):
    layers: list[Layer] = []
    named: dict[str, Layer] = {}
    head: Layer | None = None
    seed: Seed = Seed()
    short: int = Field(1, alias="very_long")

class Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int = 1

class Renamed(BaseModel):
    a: int = 1

    @model_validator(mode="before")
    @classmethod
    def was(cls, given):
        return {"a": given["b"]} if "b" in given else given

class P(StageParams):
    net: Net = Net()
    loose: Loose = Loose()
    renamed: Renamed = Renamed()

def s(text: In, p: P) -> Out: ...
"""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("net: {\nlayer: []}", "Net has no parameter 'layer'"),
        ("net: {layers: [{width: 1}, {\nwidht: 2}]}", "Layer has no parameter 'widht'"),
        ("net: {named: {a: {\nwidht: 2}}}", "Layer has no parameter 'widht'"),
        ("net: {head: {\nwidht: 2}}", "Layer has no parameter 'widht'"),
        ("net: {seed: {\nnumbre: 2}}", "Seed has no parameter 'numbre'"),
        ("net: {\nshort: 2}", "Net has no parameter 'short'"),
    ],
)
def test_a_misspelt_key_inside_of_a_parameter_is_told_at_its_line(folder, given, message):
    folder.write("params.yaml", f"s: {{{given}}}\n")
    problem = folder.problem(NESTED)
    assert problem.message == message
    assert (problem.path, problem.line) == ("params.yaml", 2)


def test_a_key_that_its_model_ignores_on_purpose_or_takes_itself_is_no_mistake(folder):
    folder.write("params.yaml", "s: {loose: {b: 2}, renamed: {b: 2}}\n")
    stage = folder.stage(NESTED)
    assert (stage.params["loose"], stage.params["renamed"]) == ({"a": 1}, {"a": 2})


def test_an_override_keeps_what_was_registered_beside_it_also_under_an_alias(folder):
    folder.write("params.yaml", "s: {settings: {rate: 2}}\n")
    stage = folder.stage(
        """
        from pydantic import Field
        class Inner(StageParams):
            rate: int = 1
            steps: int = 1
        class P(StageParams):
            inner: Inner = Field(Inner(), alias="settings")
        def s(text: In, p: P) -> Out: ...
        """,
        "stages.s, params=stages.P(inner=stages.Inner(steps=7))",
    )
    assert stage.params == {"inner": {"rate": 2, "steps": 7}}


def test_a_value_that_was_registered_under_an_alias_is_never_lost(folder):
    """A model that can't be given its fields by name is refused; the default must not take their place."""
    folder.write("params.yaml", "s: {net: {head: {width: 2}}}\n")
    problem = folder.problem(NESTED, "stages.s, params=stages.P(net=stages.Net(very_long=5))")
    assert "populate_by_name" in problem.hint
