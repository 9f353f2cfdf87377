"""An output without an ``Out``: nothing says where it would be written.

A stage that returns a TypedDict returns an output for each of its fields, and each needs a path and a loader.
So does what a stage returns by itself::

    class TrainOutputs(TypedDict):
        model: Annotated[dict, Out("model.json", JSON())]
        score: float                                          # PVT203

    class TrainOutputs(TypedDict):
        model: Annotated[dict, Out("model.json", JSON())]
        score: Annotated[float, Metric("score.json")]

A function that is registered, and returns nothing by its annotation, or has none, is refused for the same
reason: a stage without outputs has nothing to be fresh.

Where the type has a loader of its own, there is a fix, which makes up a path: look at it before you take it.
"""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from pivot_core.define.agreement import suggestions
from pivot_core.define.signature import OUT_EXAMPLE
from pivot_lsp.lint.edits import replaced, source
from pivot_lsp.lint.marking import ENDS, marked, quoted
from pivot_lsp.lint.marks import kind_of as marker
from pivot_lsp.lint.marks import mismarked
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.stages import returned_class, typed_dicts
from pivot_lsp.source.typenames import class_name, is_others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.annotations import Annotation
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Class, Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel


def check(part: Part) -> Iterator[Hit]:
    """One hit for each output."""
    for one in part.classes:
        if one.kind == "outputs":
            classes = typed_dicts(one.node, one.scope, part.top)
            if any(artifact for cls in classes for artifact in cls.artifacts):  # else it can be any TypedDict
                yield from _fields(classes, part)
    for function in part.functions:
        returned = returned_class(function)
        if returned is not None:
            yield from _fields(typed_dicts(returned.node, function.scope, returned.top), part)
        elif function.returns is not None and function.node.returns is not None:
            yield from _result(function, function.returns, function.node.returns, part)
        elif part.registers(function):
            message = f"{function.node.name} has no return annotation: it would write nothing"
            yield Hit(part.top.name_spot(function.node), message, f"-> {OUT_EXAMPLE}")


def _fields(classes: list[Class], part: Part) -> Iterator[Hit]:
    folder = next((posixpath.dirname(path) for cls in classes for path in _paths(cls)), "")
    seen: set[str] = set()
    name = classes[0].node.name
    for cls in classes:
        for field, annotation in cls.fields:
            assert isinstance(field.target, ast.Name)
            key = field.target.id
            what = f"the output {key!r} in {name}"
            fault = _fault(annotation, what, cls.scope, "") if key not in seen else None
            if fault is not None:
                path = posixpath.join(folder, key)
                fix = None if annotation.marks else _fix(field.annotation, cls.top, cls.scope, path, part)
                yield Hit(cls.top.spot(field), *fault, fix=fix)
            seen.add(key)


def _paths(cls: Class) -> list[str]:
    return [artifact.path.value for artifact in cls.artifacts if artifact.path is not None]


def _result(function: StageFunction, annotation: Annotation, node: ast.expr, part: Part) -> Iterator[Hit]:
    name = function.node.name
    is_none = class_name(node, function.scope) == "builtins.NoneType"
    if is_none and not part.registers(function):
        return  # it may be a helper, or a stage in the making
    several = "; for several outputs, a TypedDict at module level"
    fault = _fault(annotation, f"what {name} returns", function.scope, several)
    if fault is not None:
        fix = None if annotation.marks or is_none else _fix(node, part.top, function.scope, name, part)
        yield Hit(part.spot(node), *fault, fix=fix)


def _fault(annotation: Annotation, what: str, scope: Scope, several: str) -> tuple[str, str] | None:
    """What is wrong with an output, and what to do."""
    if (fault := mismarked(annotation, what, scope)) is not None:
        return fault
    for artifact in annotation.artifacts:
        if artifact.is_input:
            return f"{what} is marked as {marker(artifact)}", f"an output is: {OUT_EXAMPLE}"
    if annotation.artifacts or not all(isinstance(mark, ast.Constant) for mark in annotation.marks):
        return None
    if annotation.type is None or not _is_plain(annotation.type, scope):
        return None
    return f"{what} has no Out: it would not be written", f"mark it: {OUT_EXAMPLE}{several}"


def _is_plain(node: ast.expr, scope: Scope) -> bool:
    """Whether a type certainly isn't an alias of an ``Annotated``."""
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    return isinstance(binding, DefinedClass) or is_others(node, scope)


def _fix(node: ast.expr, top: TopLevel, scope: Scope, path: str, part: Part) -> Fix | None:
    loaders = suggestions(class_name(node, scope))
    if not loaders:
        return None
    path += ENDS[loaders[0]]

    def edits() -> list[Edit]:
        found = marked(part.module, source(top, node), "Out", quoted(path), loaders[0])
        return [replaced(top, node, found.text), *found.edits] if found is not None else []

    return Fix(f"Write it to {path!r}, by {loaders[0]}", edits, safe=False)


RULE = Rule(
    code="PVT203",
    name="no-out",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
from typing import Annotated, NotRequired, TypedDict
import pivot_core as pc
from pivot_core.loaders import JSON
from pivot_core.outputs import DirectoryOut, IncrementalOut, Metric, Out, Plot
from matplotlib.figure import Figure

Model = Annotated[dict, Out("model.json", JSON())]

class Base(TypedDict):
    score: float

class Outputs(Base):
    score: Annotated[float, Metric("score.json")]
    model: Model
    seen: Annotated[Annotated[dict, "all"], IncrementalOut("seen.json", JSON())]
    parts: Annotated[str, "a folder", DirectoryOut("parts/")]
    curve: "Annotated[Figure, Plot('curve.png')]"

def train() -> Outputs: ...

def tune() -> Model: ...
""",
        # What comes from elsewhere may be anything.
        """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs
from common import Model, OUT, Others

class Outputs(TypedDict):
    model: Model
    log: Annotated[str, OUT]
    text: Annotated[str, outputs.Out("text.txt", loaders.Text())]

def train(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Others: ...
def other(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Model: ...
""",
        # TypedDicts that no stage returns.
        """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Row(TypedDict):
    name: str
    price: float

def clean(
    rows: Annotated[list[Row], outputs.Dep("rows.json", loaders.JSON())],
) -> Annotated[list[Row], outputs.Out("clean.json", loaders.JSON())]:
    def one(row: Row) -> Row: ...
    return [one(row) for row in rows]

def helper(row: Row) -> Row: ...
""",
    ),
    invalid=(
        # What is registered is a stage for certain.
        Invalid(
            """
from pivot_core import Pipeline

def «clean»():
    return {}

pipeline = Pipeline("demo")
pipeline.register(clean)
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

pipeline = Pipeline("demo")

@pipeline.register
def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> «None»:
    print(rows)
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[str, outputs.Out("build/model.txt", loaders.Text())]
    «score: dict[str, float]»  # by fold

def train() -> Outputs: ...
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[str, outputs.Out("build/model.txt", loaders.Text())]
    score: Annotated[dict[str, float], outputs.Out("build/score.json", loaders.JSON())]  # by fold

def train() -> Outputs: ...
""",
        ),
        Invalid(
            """
import typing as t
import pandas as pd
import pivot_core as pc

class Outputs(t.TypedDict):
    «räume: pd.DataFrame»

pipeline = pc.Pipeline("demo")

@pipeline.register
def clean() -> Outputs: ...
""",
            fixed="""
import typing as t
import pandas as pd
import pivot_core as pc

class Outputs(t.TypedDict):
    räume: t.Annotated[pd.DataFrame, pc.outputs.Out("räume.csv", pc.loaders.CSV())]

pipeline = pc.Pipeline("demo")

@pipeline.register
def clean() -> Outputs: ...
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline

pipeline = Pipeline("demo")

@pipeline.register
def clean() -> «list[str]»: ...
""",
            fixed="""
from pivot_core import Pipeline
from typing import Annotated
from pivot_core import outputs
from pivot_core import loaders

pipeline = Pipeline("demo")

@pipeline.register
def clean() -> Annotated[list[str], outputs.Out("clean.json", loaders.JSON())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core.loaders import JSON
from pivot_core.outputs import Out

class Model:
    weights: list

class Base(TypedDict):
    «model: Model»

class Outputs(Base):
    score: Annotated[float, Out("score.json", JSON())]

def train() -> Outputs: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    «rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]»

def train() -> Outputs: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[str, outputs.Out("model.txt", loaders.Text())]
    «score: Annotated[float, outputs.Metric]»

def train() -> Outputs: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())],
) -> «Annotated[str, outputs.Dep("model.txt", loaders.Text())]»: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train() -> «Annotated[
    float, outputs.Out("score.txt", loaders.JSON()), outputs.Metric("score.json")
]»: ...
"""
        ),
    ),
)
