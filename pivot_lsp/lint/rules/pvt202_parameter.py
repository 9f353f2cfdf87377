"""A parameter of a stage that nothing says the origin of.

Pivot calls a stage, so each parameter has to say what it is given: an artifact (``Dep``, ``PlaceholderDep``,
or an ``IncrementalOut`` that the stage returns, too), or the stage's params. A plain value belongs into the
params class, and a change of it makes the stage stale::

    def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())], rate: float = 0.1) -> ...: ...   # PVT202

    class TrainParams(StageParams):
        rate: float = 0.1

    def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())], params: TrainParams) -> ...: ...

The fix marks a parameter that is called as a file of the project or as an output of another stage, or whose
path all registrations give; or writes the params class that they give. Look at it before you take it: which
file it should be, only you know.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.define.signature import EXAMPLE
from pivot_lsp.lint.annotating import annotating
from pivot_lsp.lint.marks import kind_of as marker
from pivot_lsp.lint.marks import mismarked
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.classes import kind_of
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.stages import outputs_class
from pivot_lsp.source.typenames import full_name, is_others

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.annotations import Annotation, Artifact
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction

_ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})


class _Fault(NamedTuple):
    """``function``: whose parameter it is, where an annotation is all that is missing."""

    hit: Hit
    arg: ast.arg
    function: StageFunction | None = None


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each parameter."""
    for fault in part.answer(_faults):
        if fault.function is None:
            yield fault.hit
        else:
            yield fault.hit._replace(fix=annotating(sources, part, fault.function, fault.arg))


def _faults(part: Part) -> Iterator[_Fault]:
    for function in part.functions:
        if function.scope.kind == "class":  # a method: its self isn't the point
            continue
        positional = {id(arg) for arg in function.node.args.posonlyargs}
        params: list[ast.arg] = []
        for arg, annotation in function.parameters:
            if id(arg) in positional:
                continue
            fault = _fault(arg, annotation, function)
            if fault is not None:
                can_be_marked = function.at_module_level and _is_unmarked(annotation, function)
                yield _Fault(Hit(part.spot(arg), *fault), arg, function if can_be_marked else None)
            elif annotation is not None and _is_params(annotation, function):
                params.append(arg)
        for extra in params[1:]:
            yield _Fault(_twice(extra, params[0], function, part), extra)


def _is_unmarked(annotation: Annotation | None, function: StageFunction) -> bool:
    """Whether there is nothing but a type, if that, and the type has nothing of Pivot."""
    if annotation is None:
        return True
    if annotation.marks or annotation.type is None or annotation.artifacts:
        return False
    known = full_name(annotation.type, function.scope) is not None
    return known and not any(
        function.scope.chain(one.value) in _ANNOTATED
        for one in ast.walk(annotation.type)
        if isinstance(one, ast.Subscript)
    )


def _fault(arg: ast.arg, annotation: Annotation | None, function: StageFunction) -> tuple[str, str] | None:
    """What is wrong with a parameter, and what to do."""
    name = arg.arg
    what = f"parameter {name!r} of {function.node.name}"
    if annotation is None:
        return f"{what} has no annotation", f"say where it comes from: {name}: {EXAMPLE}"
    if (fault := mismarked(annotation, what, function.scope)) is not None:
        return fault
    for artifact in annotation.artifacts:
        if artifact.role == "incremental":
            return _not_returned(artifact, function, what)
        if not artifact.is_input:
            return (
                f"{what} is marked as {marker(artifact)}",
                f"outputs are what a stage returns; here: {EXAMPLE}",
            )
    if annotation.artifacts or not all(isinstance(mark, ast.Constant) for mark in annotation.marks):
        return None
    if annotation.type is None or not is_others(annotation.type, function.scope):
        return None
    return f"{what} is neither a Dep nor params", _hint(annotation.type, function)


def _not_returned(artifact: Artifact, function: StageFunction, what: str) -> tuple[str, str] | None:
    returned = _returned(function)
    paths = [other.path.value if other.path is not None else None for other in returned or ()]
    if returned is None or artifact.path is None or None in paths or artifact.path.value in paths:
        return None
    path = artifact.path.value
    return (
        f"{what} is the incremental output {path!r}, which isn't returned",
        f"return it too: Annotated[<type>, outputs.IncrementalOut({path!r}, …)]",
    )


def _returned(function: StageFunction) -> list[Artifact] | None:
    """The incremental outputs; None if the text doesn't tell all outputs."""
    returns = function.returns
    if returns is None:
        return None
    found = list(returns.artifacts)
    if not found and isinstance(returns.type, ast.Name):
        outputs = outputs_class(returns.type, function.scope)
        if (
            outputs is None
            or len(outputs.node.bases) > 1
            or any(not read.artifacts for _, read in outputs.fields)
        ):
            return None
        if not (full_name(outputs.node.bases[0], function.scope) or "").endswith(".TypedDict"):
            return None
        found = outputs.artifacts
    return [artifact for artifact in found if artifact.role == "incremental"] if found else None


def _is_params(annotation: Annotation, function: StageFunction) -> bool:
    node = annotation.type
    binding = function.scope.only(node.id) if isinstance(node, ast.Name) else None
    return isinstance(binding, DefinedClass) and kind_of(binding.node, function.scope) == "params"


def _twice(extra: ast.arg, first: ast.arg, function: StageFunction, part: Part) -> Hit:
    return Hit(
        part.spot(extra),
        f"{function.node.name} takes params twice: {first.arg!r} and {extra.arg!r}",
        "put all parameters into one class",
        (Related(part.spot(first), "the first params"),),
    )


def _hint(node: ast.expr, function: StageFunction) -> str:
    inside = [one for one in ast.walk(node) if isinstance(one, ast.Subscript)]
    if any(function.scope.chain(one.value) in _ANNOTATED for one in inside):
        return "put Annotated outermost: Annotated[A | None, …]"
    binding = function.scope.only(node.id) if isinstance(node, ast.Name) else None
    bases = binding.node.bases if isinstance(binding, DefinedClass) else []
    if any(full_name(base, function.scope) == "pydantic.BaseModel" for base in bases):
        assert isinstance(node, ast.Name)
        return f"derive {node.id} from StageParams"
    return f"annotate it: {EXAMPLE}; a plain value belongs in a class derived from StageParams"


RULE = Rule(
    code="PVT202",
    name="parameter-from-nowhere",
    severity="error",
    docs=__doc__,
    facts=_faults,
    check_with=check,
    valid=(
        """
from typing import Annotated
import pivot_core as pc
from pivot_core.loaders import JSON, PathOnly
from pivot_core.outputs import Dep, IncrementalOut, PlaceholderDep

Rows = Annotated[list, Dep("rows.json", JSON())]
Documented = Annotated[Rows, "all rows"]

class Base(pc.StageParams):
    seed: int = 0

class Params(Base):
    rate: float = 0.1

def train(
    rows: Rows,
    more: Documented,
    other: Annotated[Annotated[list, "by hand"], Dep("other.json", JSON())],
    table: Annotated[list, PlaceholderDep(JSON())],
    seen: Annotated[dict, IncrementalOut("seen.json", JSON())],
    params: Params = Params(),
) -> Annotated[dict, IncrementalOut("seen.json", JSON())]:
    return seen
""",
        # What comes from elsewhere may be anything; so may a quoted annotation.
        """
from __future__ import annotations
from typing import Annotated
from pivot_core import loaders, outputs
from common import Params, Rows, RAW, PATH
import common

def train(
    rows: Rows,
    raw: Annotated[str, RAW],
    made: Annotated[str, common.made("raw")],
    quoted: "Annotated[str, RAW]",
    seen: Annotated[dict, outputs.IncrementalOut(PATH, loaders.JSON())],
    params: Params,
) -> Annotated[dict, outputs.IncrementalOut("seen.json", loaders.JSON())]: ...
""",
        """
from typing import Annotated, TypeVar
from pivot_core import loaders, outputs
import common

class Params(common.Base[int]): ...

@common.params
class More: ...

T = TypeVar("T", bound=Params)

def train(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: Params
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    def inner(rows, rate: float = 0.1, *more): ...
    return rows

def other(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())], params: More
) -> Annotated[str, outputs.Out("other.txt", loaders.Text())]: ...
""",
        # Not stages.
        """
import pivot_core

def helper(rows, rate: float = 0.1): ...

class Params(pivot_core.StageParams):
    rate: float = 0.1

    def scaled(self, by: float) -> float:
        return self.rate * by
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    räume: Annotated[str, outputs.Dep("räume.txt", loaders.Text())],
    *,
    «rate: float» = 0.1,
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

pipeline = Pipeline("demo")

@pipeline.register
def clean(«rows») -> Annotated[dict, outputs.Metric("clean.json")]: ...
"""
        ),
        Invalid(
            "from made import Made\n\ndef clean(«rows») -> Made: ...\n",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
"""
            },
        ),
        # A file is called as it is; an output; each registration gives a path, or params.
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(
    «rows»,  # as they come
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs
from pandas import DataFrame

def clean(
    rows: Annotated[DataFrame, outputs.Dep("rows.csv", loaders.CSV())],  # as they come
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
""",
            files={"rows.csv": "a\n1\n", "rows.py": ""},
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

Count = Annotated[int, outputs.Metric("count.json")]

def clean() -> Annotated[list[int], outputs.Out("data/räume.json", loaders.JSON())]: ...

def count(«räume: list[int]») -> Count: ...

pipeline = Pipeline("demo")
pipeline.register(clean)
pipeline.register(count)
""",
            fixed="""
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

Count = Annotated[int, outputs.Metric("count.json")]

def clean() -> Annotated[list[int], outputs.Out("data/räume.json", loaders.JSON())]: ...

def count(räume: Annotated[list[int], outputs.Dep("data/räume.json", loaders.JSON())]) -> Count: ...

pipeline = Pipeline("demo")
pipeline.register(clean)
pipeline.register(count)
""",
        ),
        Invalid(
            """
import pivot_core as pc
import typing as t

Count = t.Annotated[int, pc.outputs.Metric("count.json")]

def count(«rows: str») -> Count: ...

pipeline = pc.Pipeline("demo")
pipeline.register(count, deps={"rows": "a.txt"})
pipeline.register(count, name="count@b", deps={"rows": "b.txt"}, outs={"return": "b.json"})
""",
            fixed="""
import pivot_core as pc
import typing as t

Count = t.Annotated[int, pc.outputs.Metric("count.json")]

def count(rows: t.Annotated[str, pc.outputs.PlaceholderDep(pc.loaders.Text())]) -> Count: ...

pipeline = pc.Pipeline("demo")
pipeline.register(count, deps={"rows": "a.txt"})
pipeline.register(count, name="count@b", deps={"rows": "b.txt"}, outs={"return": "b.json"})
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, StageParams, outputs

class Params(StageParams):
    rate: float

def fit(«params») -> Annotated[float, outputs.Metric("fit.json")]: ...

pipeline = Pipeline("demo")
pipeline.register(fit, params=Params(rate=0.1))
""",
            fixed="""
from typing import Annotated
from pivot_core import Pipeline, StageParams, outputs

class Params(StageParams):
    rate: float

def fit(params: Params) -> Annotated[float, outputs.Metric("fit.json")]: ...

pipeline = Pipeline("demo")
pipeline.register(fit, params=Params(rate=0.1))
""",
        ),
        Invalid(
            """
import typing as t
import pandas as pd
from pivot_core.outputs import Out
from pivot_core.loaders import CSV

Table = pd.DataFrame

def clean(
    «rows: t.Annotated[Table, "as they come"]»,
) -> t.Annotated[Table, Out("clean.csv", CSV())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from pydantic import BaseModel

class Params(BaseModel):
    rate: float = 0.1

def train(«params: Params») -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from dataclasses import dataclass
from typing import Annotated
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Params:
    rate: float = 0.1

def train(«params: Params») -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from common import Rows

def train(
    «rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())] | None»,
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    «rows: Annotated[str, outputs.Dep]»
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    «rows: Annotated[str, outputs.Metric("rows.txt", loaders.Text())]»,
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders
from pivot_core.outputs import Dep, Out

Rows = Annotated[str, Dep("rows.txt", loaders.Text())]

def train(
    «rows: Annotated[Rows, Dep("other.txt", loaders.Text())]»,
) -> Annotated[str, Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[str, outputs.Out("model.txt", loaders.Text())]
    log: Annotated[list, outputs.IncrementalOut("log.json", loaders.JSON())]

def train(«seen: Annotated[dict, outputs.IncrementalOut("seen.json", loaders.JSON())]») -> Outputs: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import StageParams, loaders, outputs

class Params(StageParams):
    rate: float = 0.1

def train(a: Params, «b: Params») -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
    ),
)
