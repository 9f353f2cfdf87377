"""``Any`` where a stage says what it reads, writes or takes, with no comment that gives the reason.

Nothing checks an ``Any``: not the type checker, and not Pivot, which compares types with loaders. Where the
type can't be told, a comment says why, on its line or right above it::

    def train(rows: Annotated[Any, Dep("rows.csv", CSV())]) -> ...: ...         # PVT201

    def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())]) -> ...: ...

    class TrainParams(StageParams):
        extra: dict[str, Any]  # handed on to the library as it is

A value without any annotation in a params class is as much a mistake: pydantic refuses the class. A parameter
of a stage that isn't annotated is ``PVT202``.

The fix writes the type that the loader has. It isn't safe: the stage may do something else with the value.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core import loaders
from pivot_lsp.lint.edits import after_node, replaced, source
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.positions import span_of
from pivot_lsp.source.comments import explained
from pivot_lsp.source.loading import builtin_class, loader_of
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.typenames import full_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.annotations import Annotation, Artifact
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Class, Part
    from pivot_lsp.source.toplevel import TopLevel

_TYPING = ("typing", "typing_extensions")
_ANY = frozenset(f"{module}.Any" for module in _TYPING)
_ONLY_FIRST = frozenset(f"{module}.Annotated" for module in _TYPING)
_NO_TYPES = frozenset(f"{module}.{name}" for module in _TYPING for name in ("ClassVar", "Literal"))
_PARAMS = frozenset({"pivot_core.StageParams", "pivot_core.params.StageParams"})
# What the loaders read, and what they write as nothing else; the others are of more than one type.
_READ: dict[type, str] = {
    loaders.Text: "builtins.str",
    loaders.JSONL: "builtins.list",
    loaders.CSV: "pandas.DataFrame",
    loaders.Parquet: "pandas.DataFrame",
    loaders.PathOnly: "pathlib.Path",
}
_WRITTEN: dict[type, str] = {
    loaders.Text: "builtins.str",
    loaders.CSV: "pandas.DataFrame",
    loaders.Parquet: "pandas.DataFrame",
    loaders.MatplotlibFigure: "matplotlib.figure.Figure",
}


class _Found(NamedTuple):
    """An ``Any``, and the statement it is in; ``alias``: the annotated variable that stands for it."""

    node: ast.expr
    top: TopLevel
    alias: ast.expr | None = None


def check(part: Part) -> Iterator[Hit]:
    """One hit for each annotation, and for each value without one in a params class."""
    for function in part.functions:
        name = function.node.name
        for arg, annotation in function.parameters:
            if annotation is not None and annotation.artifacts and arg.annotation is not None:
                what = f"parameter {arg.arg!r} of {name}"
                yield from _annotated(annotation, arg.annotation, arg, what, function.scope, part)
        returns, node = function.returns, function.node.returns
        if returns is not None and returns.artifacts and node is not None:
            yield from _annotated(returns, node, node, f"what {name} returns", function.scope, part)
    for cls in part.classes:
        for field, annotation in cls.fields:
            if annotation.artifacts or (cls.kind == "params" and _is_param(field)):
                name = source(part.top, field.target)
                what = (
                    f"{'the output' if annotation.artifacts else 'the parameter'} {name!r} in {cls.node.name}"
                )
                yield from _annotated(annotation, field.annotation, field, what, cls.scope, part)
        if cls.kind == "params":
            yield from _not_annotated(cls, part)


def _is_param(field: ast.AnnAssign) -> bool:
    return isinstance(field.target, ast.Name) and not field.target.id.startswith("_")


def _annotated(
    annotation: Annotation,
    node: ast.expr,
    whole: ast.arg | ast.expr | ast.stmt,
    what: str,
    scope: Scope,
    part: Part,
) -> Iterator[Hit]:
    found = next(_anys(node, scope, part.top), None)
    if found is None or explained(part.top, span_of(whole)):
        return
    if found.alias is not None and explained(found.top, span_of(found.top.body[0])):
        return
    at = found.alias if found.alias is not None else found.node
    related = (Related(found.top.spot(found.node), "the Any"),) if found.alias is not None else ()
    is_all = annotation.type is not None and scope.value(annotation.type)[0] is found.node
    message = f"{what} is Any" if is_all else f"{what} has Any in its type"
    has_fix = is_all and len(annotation.artifacts) == 1 and found.alias is None
    fix = _fix(annotation.artifacts[0], found, part) if has_fix else None
    yield Hit(part.spot(at), message, "say what it is, or in a comment why that can't be told", related, fix)


def _anys(node: ast.expr, scope: Scope, top: TopLevel) -> Iterator[_Found]:
    """Each ``Any`` in an annotation, through aliases of this module."""
    waiting: list[_Found] = [_Found(node, top)]
    seen: set[int] = set()
    for one in waiting:  # grows
        node = one.node
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ast.Name | ast.Attribute):
            if scope.chain(node) in _ANY:
                yield one
            value, found_in = scope.value(node)
            if value is not node:
                waiting.append(_Found(value, found_in, one.alias or node))
        elif (
            isinstance(node, ast.Subscript) and (chain := scope.chain(node.value)) in _ONLY_FIRST | _NO_TYPES
        ):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            waiting += [one._replace(node=inner) for inner in parts[:1] if chain in _ONLY_FIRST]
        elif isinstance(node, ast.Subscript | ast.BinOp | ast.Tuple | ast.List):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
            waiting += [one._replace(node=child) for child in inner]


# --- the loader's type


def _fix(artifact: Artifact, found: _Found, part: Part) -> Fix | None:
    loader = loader_of(artifact)
    if loader is None or loader.is_class:
        return None
    kinds = _READ if artifact.is_input else _WRITTEN
    chain = kinds.get(loader.builtin) if loader.builtin is not None else None
    text = _declared(artifact, part) if loader.builtin is None else None
    if chain is None and text is None:
        return None
    title = text if text is not None else (chain or "").rpartition(".")[2]

    def edits() -> list[Edit]:
        if chain is None or chain.startswith("builtins."):
            return [replaced(part.top, found.node, title)]
        name = named(part.module, chain)
        return [replaced(part.top, found.node, name.text), *name.edits] if name is not None else []

    return Fix(f"Write {title}", edits, safe=False)


def _declared(artifact: Artifact, part: Part) -> str | None:
    """What a loader of this module says that it reads or writes: ``Loader[R, W]``."""
    node = artifact.scope.value(artifact.loader)[0] if artifact.loader is not None else None
    func = node.func if isinstance(node, ast.Call) else None
    binding = artifact.scope.only(func.id) if isinstance(func, ast.Name) else None
    if not isinstance(binding, DefinedClass):
        return None
    for base in binding.node.bases:
        if isinstance(base, ast.Subscript) and builtin_class(base.value, artifact.scope) is not None:
            parts = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
            kind = parts[0] if artifact.is_input else parts[-1]
            if _is_type(kind, artifact.scope):
                return source(binding.top, kind)
    return None


def _is_type(node: ast.expr, scope: Scope) -> bool:
    """Whether it says more than Any, and isn't a type variable."""
    plain = node.value if isinstance(node, ast.Subscript) else node
    if isinstance(plain, ast.Name) and isinstance(scope.only(plain.id), DefinedClass):
        return True
    name = full_name(plain, scope)
    return name not in (None, "builtins.object", "builtins.NoneType") and not list(
        _anys(node, scope, scope.top)
    )


# --- params


def _not_annotated(cls: Class, part: Part) -> Iterator[Hit]:
    """Values that pydantic refuses: other bases could declare them."""
    if [cls.scope.chain(base) in _PARAMS for base in cls.node.bases] != [True]:
        return
    for node in cls.node.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name) as target], value=ast.Constant(value=value)):
                if not name.startswith("_") and name != "model_config":
                    kind = type(value).__name__
                    hint = f"annotate it: {name}: {kind if value is not None else '<type>'} = …"
                    message = f"the parameter {name!r} in {cls.node.name} has no annotation"
                    yield Hit(part.spot(target), message, hint, fix=_annotate(target, kind, cls, part))


def _annotate(target: ast.Name, kind: str, cls: Class, part: Part) -> Fix | None:
    if kind not in ("bool", "int", "float", "str") or cls.scope.lookup(kind) is not None:
        return None
    return Fix(f"Annotate it: {kind}", lambda: [after_node(part.top, target, f": {kind}")])


RULE = Rule(
    code="PVT201",
    name="any-without-reason",
    severity="warning",
    docs=__doc__,
    check=check,
    valid=(
        """
from typing import Annotated, Any, ClassVar, Literal, TypedDict
import pivot_core as pc
from pivot_core.loaders import JSON, Pickle
from pivot_core.outputs import Dep, Out

Row = dict[str, Any]  # as the service sends it

class Params(pc.StageParams):
    cache: ClassVar[dict[str, Any]] = {}
    _seen: Any = None
    name: Literal["Any"] = "Any"
    # Handed on to the library as it is.
    extra: dict[str, Any] = {}
    more: Any = None  # type: ignore  # as extra

class Outputs(TypedDict):
    model: Annotated[Any, Out("model.pkl", Pickle())]  # whatever the library makes

def train(
    rows: Annotated[list[Row], Dep("rows.json", JSON())],
    # Anything that JSON can be.
    other: Annotated[Any, Dep("other.json", JSON())],
    params: Params,
) -> Outputs: ...
""",
        # Other people's Any, and code that isn't a stage.
        """
from typing import Annotated, Any
from pivot_core import loaders, outputs
import schema

def helper(row: Any, *more: Any) -> Any: ...

def train(
    rows: Annotated[schema.Any, outputs.Dep("rows.json", loaders.JSON(), *[Any])],
    names: Annotated[list, Any, outputs.Dep("names.json", loaders.JSON())],
) -> Annotated[dict, outputs.Out("model.json", loaders.JSON())]:
    model: dict[str, Any] = {}
    return model
""",
        # Attributes that are no fields, as far as one knows.
        """
from pivot_core import StageParams
from common import Base

class Params(StageParams):
    rate: float = 0.1
    model_config = {}
    _scale = 2

    def scaled(self):
        scale = 2
        return self.rate * scale

class More(Base, StageParams):
    rate = 0.2
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated, Any
import pandas as pd
from pivot_core import loaders, outputs

def clean(
    räume: Annotated[«Any», outputs.Dep("räume#1.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("clean.csv", loaders.CSV())]: ...
""",
            fixed="""
from typing import Annotated, Any
import pandas as pd
from pivot_core import loaders, outputs

def clean(
    räume: Annotated[pd.DataFrame, outputs.Dep("räume#1.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("clean.csv", loaders.CSV())]: ...
""",
        ),
        Invalid(
            """
import typing as t
from pivot_core import loaders, outputs

class Outputs(t.TypedDict):
    text: t.Annotated[«t.Any», outputs.Out("text.txt", loaders.Text())]  # noqa: ANN401

def write() -> Outputs: ...
""",
            fixed="""
import typing as t
from pivot_core import loaders, outputs

class Outputs(t.TypedDict):
    text: t.Annotated[str, outputs.Out("text.txt", loaders.Text())]  # noqa: ANN401

def write() -> Outputs: ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass
from typing import Annotated, Any
import numpy as np
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Array(loaders.Loader[np.ndarray, "np.ndarray | list"]):
    def load(self, path): ...
    def save(self, value, path): ...

def page(
    image: Annotated[«Any», outputs.Dep("image.npy", Array())],
) -> Annotated[str, outputs.Out("page.html", loaders.Text())]: ...
""",
            fixed="""
from dataclasses import dataclass
from typing import Annotated, Any
import numpy as np
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Array(loaders.Loader[np.ndarray, "np.ndarray | list"]):
    def load(self, path): ...
    def save(self, value, path): ...

def page(
    image: Annotated[np.ndarray, outputs.Dep("image.npy", Array())],
) -> Annotated[str, outputs.Out("page.html", loaders.Text())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated, Any
from pivot_core import loaders, outputs

def train() -> Annotated[dict[str, list[«Any»]] | None, outputs.Out("model.json", loaders.JSON())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, Any
from pivot_core import loaders, outputs

Row = dict[str, Any]
Rows = Annotated[list[Row], outputs.Dep("rows.json", loaders.JSON())]

def train(rows: «Rows») -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, Any as Whatever
from pivot_core import loaders, outputs

Value = Whatever

def train() -> Annotated[«Value», outputs.Out("model.txt", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from typing import Any
from pivot_core import StageParams

class Params(StageParams):
    names: list[str] = []
    extra: dict[str, «Any»] = {}
"""
        ),
        Invalid(
            """
from pivot_core import StageParams

class Params(StageParams):
    name: str = "a"
    «rate» = 0.1  # a step
""",
            fixed="""
from pivot_core import StageParams

class Params(StageParams):
    name: str = "a"
    rate: float = 0.1  # a step
""",
        ),
        Invalid(
            """
from pivot_core import StageParams

class Params(StageParams):
    «rate» = None
"""
        ),
    ),
)
