"""A stage that uses a variable of the function around it.

What a variable holds when the pipeline is defined isn't there in the worker that runs the stage, which only
imports its module. Nor would Pivot know that the variable is something the result depends on. Make it a
parameter, and the stage a function at module level::

    def add_stages(pipeline: Pipeline, rate: float):
        def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())]) -> ...:     # PVT103
            return fit(rows, rate)
        pipeline.register(train)

    class TrainParams(StageParams):
        rate: float

    def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())], params: TrainParams) -> ...:
        return fit(rows, params.rate)

    def add_stages(pipeline: Pipeline, rate: float):
        pipeline.register(train, params=TrainParams(rate=rate))

The fix does that. It is offered where the text tells the types of the variables (an annotation of built-in
types, a constant, a loop over constants), the stage takes no params yet, and is registered once, beside its
definition. It isn't among the safe ones: params have values that can be overridden, and names to agree on.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_core.define.mistakes import listed
from pivot_lsp.lint.needs import captured
from pivot_lsp.lint.parameters import as_params
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.nesting import outer_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.stages import Part, StageFunction


def check(part: Part) -> Iterator[Hit]:
    """One hit for each stage; its variables are the related places."""
    for function in part.functions:
        names = [] if function.at_module_level else captured(part, function.node, function.scope)
        if names:
            name, used = function.node.name, f"uses {listed(names)} from there"
            yield Hit(
                part.top.name_spot(function.node),
                f"{name} is defined inside {outer_function(part.top, function.node)} and {used}:"
                " a worker can't find it",
                f"move it to module level; give it {listed(names)} as parameters of its params class",
                tuple(_uses(part, function, names)),
                as_params(part, function, names),
            )


def _uses(part: Part, function: StageFunction, names: list[str]) -> Iterator[Related]:
    """The first use of each variable in the stage's body."""
    first: dict[str, ast.Name] = {}
    for statement in function.node.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in names:
                before = first.setdefault(node.id, node)
                if (node.lineno, node.col_offset) < (before.lineno, before.col_offset):
                    first[node.id] = node
    for name, node in sorted(first.items()):
        yield Related(part.spot(node), f"{name!r} is a variable of a function around it")


_HEAD = """from typing import Annotated
from pivot_core import Pipeline, StageParams, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]
"""

RULE = Rule(
    code="PVT103",
    name="closure",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        _HEAD
        + """
RATE = 0.1

class TrainParams(StageParams):
    rate: float

def train(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: TrainParams) -> Made:
    rate = params.rate * RATE
    def fit(row): return row * rate
    print([fit(row) for row in rows])

def add_stages(pipeline: Pipeline, rate: float):
    pipeline.register(train, params=TrainParams(rate=rate))
""",
        # Not a stage.
        """
from pivot_core import Pipeline

def logged(name):
    def wrapper(function):
        print(name)
        return function
    return wrapper
""",
    ),
    invalid=(
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline, rate: float):
    def «train»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made:
        print([row * rate for row in rows])
    pipeline.register(train)
""",
            _HEAD
            + """
class TrainParams(StageParams):
    rate: float


def train(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: TrainParams) -> Made:
    rate = params.rate
    print([row * rate for row in rows])


def add_stages(pipeline: Pipeline, rate: float):
    pipeline.register(train, params=TrainParams(rate=rate))
""",
        ),
        Invalid(
            """
from typing import Annotated
import pivot_core as pc
from pivot_core.outputs import Dep

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def add_stages(pipeline: pc.Pipeline, names: list[str]):
    räume = 3  # how many
    for name in names:
        def «fit_model»(
            rows: Annotated[str, Dep("räume 🏠.txt", pc.loaders.Text())],  # what comes in
        ) -> Made:
            \"\"\"Fit a model.\"\"\"

            # Inside, it is the same.
            def inner(row): print(f"{name}: {row * räume}")
            inner(rows)

        pipeline.register(fit_model, name=f"fit@{name}")
""",
            """
from typing import Annotated
import pivot_core as pc
from pivot_core.outputs import Dep
from pivot_core import StageParams

Made = Annotated[dict, pc.outputs.Metric("made.json")]

class FitModelParams(StageParams):
    name: str
    räume: int


def fit_model(
    rows: Annotated[str, Dep("räume 🏠.txt", pc.loaders.Text())],  # what comes in
    params: FitModelParams,
) -> Made:
    \"\"\"Fit a model.\"\"\"

    # Inside, it is the same.
    name = params.name
    räume = params.räume
    def inner(row): print(f"{name}: {row * räume}")
    inner(rows)


def add_stages(pipeline: pc.Pipeline, names: list[str]):
    räume = 3  # how many
    for name in names:
        pipeline.register(fit_model, name=f"fit@{name}", params=FitModelParams(name=name, räume=räume))
""",
        ),
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline):
    for kind in ("a", "b"):
        @pipeline.register  # both
        def «train»() -> Made:
            print(kind)
""",
            _HEAD
            + """
class TrainParams(StageParams):
    kind: str


def train(params: TrainParams) -> Made:
    kind = params.kind
    print(kind)


def add_stages(pipeline: Pipeline):
    for kind in ("a", "b"):
        pipeline.register(train, params=TrainParams(kind=kind))  # both
""",
        ),
        # It is changed; nobody knows its type; a name that a field can't have; also needed for a path.
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline):
    count = 0
    @pipeline.register
    def «train»() -> Made:
        nonlocal count
        count += 1
"""
        ),
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline, rate):
    @pipeline.register
    def «train»() -> Made: print(rate)
"""
        ),
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline, json: str):
    @pipeline.register
    def «train»() -> Made:
        print(json)
"""
        ),
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline, path: str):
    @pipeline.register
    def «train»(rows: Annotated[str, outputs.Dep(path, loaders.Text())]) -> Made:
        print(path, rows)
"""
        ),
        # There are params already; it is registered elsewhere, or several times.
        Invalid(
            _HEAD
            + """
class Params(StageParams):
    seed: int = 0

def add_stages(pipeline: Pipeline, rate: float):
    def «train»(params: Params) -> Made:
        print(params.seed, rate)
    pipeline.register(train, params=Params(seed=1))
"""
        ),
        Invalid(
            _HEAD
            + """
def make(rate: float):
    def «train»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made:
        print(rows, rate)
    return train
"""
        ),
        Invalid(
            _HEAD
            + """
def add_stages(pipeline: Pipeline, rate: float):
    def «train»() -> Made:
        print(rate)
    pipeline.register(train)
    pipeline.register(train, name="again", outs={"return": "again.json"})
"""
        ),
    ),
)
