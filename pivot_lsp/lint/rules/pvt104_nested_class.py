"""An outputs TypedDict, a params class or a loader that isn't defined at module level.

Like the stage itself, these travel to the worker as a module and a name. A class inside a function or inside
another class isn't found by that::

    def train(rows: ..., params: Config.Train) -> ...:      # PVT104
        ...

    class TrainParams(StageParams):
        rate: float = 0.1

    def train(rows: ..., params: TrainParams) -> ...:
        ...

The fix moves a class above the function that it is in, with the functions, classes and imports of that
function that it needs. It is offered where the name is free and the class uses no variable of the function.
For a class in a class there is none: all that calls it ``Config.Train`` would have to change.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.moving import to_module_level
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.classes import kind_of
from pivot_lsp.source.nesting import outer_function, qualified
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.classes import Kind
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Class, Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel

_TITLES: dict[Kind, str] = {"outputs": "TypedDict", "params": "params class", "loader": "loader"}


class _Found(NamedTuple):
    """A class that isn't at module level. ``scope``: where its name is bound, if it isn't in a class."""

    node: ast.ClassDef
    top: TopLevel
    scope: Scope | None
    kind: Kind


def check(part: Part) -> Iterator[Hit]:
    """One hit for each class in a function, and for each use of a class in a class."""
    told: set[int] = set()
    for item in part.classes:
        if item.artifacts and item.scope.kind == "function":
            told.add(id(item.node))
            yield _in_function(part, _Found(item.node, item.top, item.scope, "outputs"))
    for use, scope in _uses(part):
        found = _nested(use, scope)
        if found is not None and found.scope is None:
            yield _in_class(part, use, found)
        elif found is not None and id(found.node) not in told:
            told.add(id(found.node))
            yield _in_function(part, found)


def _in_function(part: Part, found: _Found) -> Hit:
    node, scope = found.node, found.scope
    assert scope is not None
    message = f"the {_TITLES[found.kind]} {node.name} is defined inside {outer_function(found.top, node)}"
    hint, fix = "move it to module level", to_module_level(part, [node], scope)
    return Hit(part.top.name_spot(node), f"{message}: a worker can't find it", hint, fix=fix)


def _in_class(part: Part, use: ast.expr, found: _Found) -> Hit:
    name = qualified(found.top, found.node)
    return Hit(
        part.spot(use),
        f"the {_TITLES[found.kind]} {name} isn't defined at module level",
        "move it to module level",
        (Related(found.top.name_spot(found.node), f"{name} is defined here"),),
    )


# --- what stages use


def _uses(part: Part) -> Iterator[tuple[ast.expr, Scope]]:
    """Where stages and registrations name the classes that they use."""
    for function in part.functions:
        yield from ((annotation, function.scope) for annotation in _types(function))
        yield from _loaders(function)
    for item in part.classes:
        yield from _loaders(item)
    for registration in part.registrations:
        if isinstance(registration.node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in registration.node.keywords}.get("params")
            if isinstance(given, ast.Call):
                yield given.func, registration.scope


def _types(function: StageFunction) -> Iterator[ast.expr]:
    for annotation in (*(read for _, read in function.parameters), function.returns):
        if annotation is not None and annotation.type is not None and annotation.top is function.top:
            yield annotation.type


def _loaders(owner: StageFunction | Class) -> Iterator[tuple[ast.expr, Scope]]:
    for artifact in owner.artifacts:
        loader = artifact.loader
        if isinstance(loader, ast.Call) and artifact.top is owner.top:
            yield loader.func, artifact.scope


def _nested(use: ast.expr, scope: Scope) -> _Found | None:
    """The class that a name stands for if it isn't at module level, and is one that stages are made with."""
    dotted = dotted_name(use)
    where = scope.lookup(dotted[0]) if dotted is not None else None
    if dotted is None or where is None or len(where[1]) != 1 or not isinstance(where[1][0], DefinedClass):
        return None
    home, (node, top) = where[0], where[1][0]
    inner = node
    for name in dotted[1:]:
        same = [item for item in inner.body if isinstance(item, ast.ClassDef) and item.name == name]
        if len(same) != 1:
            return None
        inner = same[0]
    kind = kind_of(inner, scope)
    if kind is None or (inner is node and home.kind == "module"):
        return None
    return _Found(inner, top, home if inner is node and home.kind == "function" else None, kind)


_HEAD = """from dataclasses import dataclass
from typing import Annotated, TypedDict
from pivot_core import Pipeline, StageParams, loaders, outputs

"""

RULE = Rule(
    code="PVT104",
    name="nested-class",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        _HEAD
        + """
class TrainParams(StageParams):
    class Inner(StageParams):
        rate: float = 0.1
    inner: Inner = Inner()

class TrainOutputs(TypedDict):
    score: Annotated[float, outputs.Metric("score.json")]

def train(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: TrainParams) -> TrainOutputs:
    class Row(TypedDict):
        text: str
    return {"score": params.inner.rate * len(Row(text=rows))}
""",
        # A test may make what it likes.
        """
from pivot_core import StageParams, loaders

def test_params():
    class Params(StageParams):
        rate: float = 0.1
    class Table(loaders.Text): ...
    assert Params().rate == 0.1
    assert Table().encoding == "utf-8"
""",
    ),
    invalid=(
        Invalid(
            _HEAD
            + """
def make():
    class «Outputs»(TypedDict):
        \"\"\"What comes out.\"\"\"

        score: Annotated[float, outputs.Metric("score.json")]  # räume 🏠
    return Outputs
""",
            _HEAD
            + """
class Outputs(TypedDict):
    \"\"\"What comes out.\"\"\"

    score: Annotated[float, outputs.Metric("score.json")]  # räume 🏠


def make():
    return Outputs
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline, StageParams
import stages

def add_stages(pipeline: Pipeline):
    class Base(StageParams):
        seed: int = 0

    class «TrainParams»(Base):
        rate: float = 0.1

    pipeline.register(stages.train, params=TrainParams(rate=0.2))
    print(Base)
""",
            """
from pivot_core import Pipeline, StageParams
import stages

class Base(StageParams):
    seed: int = 0


class TrainParams(Base):
    rate: float = 0.1


def add_stages(pipeline: Pipeline):
    pipeline.register(stages.train, params=TrainParams(rate=0.2))
    print(Base)
""",
        ),
        Invalid(
            _HEAD
            + """
class Config:
    class Train(StageParams):
        rate: float = 0.1

def train(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: «Config.Train»
) -> None: ...
"""
        ),
        Invalid(
            _HEAD
            + """
def train(rows: Annotated[str, outputs.Dep("rows.txt", «Formats.Table»())]) -> None: ...

class Formats:
    @dataclass(frozen=True)
    class Table(loaders.Reader[str]): ...
"""
        ),
        Invalid(
            _HEAD
            + """
class Model:
    class Outputs(TypedDict):
        score: Annotated[float, outputs.Metric("score.json")]

def train(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> «Model.Outputs»: ...
"""
        ),
        # The name is taken; the path is the function's.
        Invalid(
            _HEAD
            + """
Outputs = dict

def make():
    class «Outputs»(TypedDict):
        score: Annotated[float, outputs.Metric("score.json")]
"""
        ),
        Invalid(
            _HEAD
            + """
def make(path):
    class «Outputs»(TypedDict):
        score: Annotated[float, outputs.Metric(path)]
"""
        ),
    ),
)
