"""A loader that can't do what is asked of it: of another type, or one that can't read, or can't write.

What a stage gets is what the loader of the dependency reads, and what it returns goes to the loader of the
output. Neither is converted. An incremental output is both read and written::

    def clean(rows: Annotated[DataFrame, Dep("rows.csv", JSON())]) -> ...: ...   # PVT204
    def clean(rows: Annotated[DataFrame, Dep("rows.csv", CSV())]) -> ...: ...

A fix calls a class that is given for a loader. Another fix takes the loader that fits the type; the file may
have to be another, too, and the type may be what is wrong: look at it before you take it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_core import loaders
from pivot_core.define.agreement import disagree, suggestions
from pivot_lsp.lint.edits import after_node, replaced
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule
from pivot_lsp.source.loading import loader_of
from pivot_lsp.source.typenames import class_name, full_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.annotations import Annotation, Artifact
    from pivot_lsp.source.loading import Loader
    from pivot_lsp.source.stages import Part


def check(part: Part) -> Iterator[Hit]:
    """One hit for each artifact."""
    for artifact, what in _artifacts(part):
        node, _ = artifact.scope.value(artifact.loader) if artifact.loader is not None else (None, None)
        loader = loader_of(artifact)
        if isinstance(node, ast.Constant):
            message = f"{what} has {node.value!r:.60} as its loader, which is none"
            hint = "use one of pivot_core.loaders, such as loaders.JSON()"
            yield _hit(artifact, message, hint, _fitting(artifact, part))
        elif loader is not None and (hit := _wrong(artifact, loader, what, part)) is not None:
            yield hit


def _artifacts(part: Part) -> Iterator[tuple[Artifact, str]]:
    """The artifacts that are marked as they should be, and what to call them."""
    for function in part.functions:
        name = function.node.name
        for arg, annotation in function.parameters:
            for artifact in _only(annotation):
                if artifact.is_input or artifact.role == "incremental":
                    yield artifact, f"parameter {arg.arg!r} of {name}"
        for artifact in _only(function.returns):
            if not artifact.is_input:
                yield artifact, f"what {name} returns"
    for cls in part.classes:
        for _, annotation in cls.fields if cls.kind == "outputs" else ():
            for artifact in _only(annotation):
                if not artifact.is_input:
                    yield artifact, f"the output {artifact.name!r} in {cls.node.name}"


def _only(annotation: Annotation | None) -> tuple[Artifact, ...]:
    return annotation.artifacts if annotation is not None and len(annotation.artifacts) == 1 else ()


def _wrong(artifact: Artifact, loader: Loader, what: str, part: Part) -> Hit | None:
    name = loader.name
    if loader.is_class:
        call = f"loaders.{name}()" if loader.builtin is not None else f"{name}()"
        return _hit(
            artifact,
            f"{what} has the class {name} as its loader",
            f"make it an instance: {call}",
            _called(artifact, loader),
        )
    lacks_read, lacks_write = _reads(artifact) and not loader.reads, _writes(artifact) and not loader.writes
    if lacks_read or lacks_write:
        does = "can only write" if lacks_read else "can only read"
        needed = "Loader" if artifact.role == "incremental" else "Reader" if lacks_read else "Writer"
        message = f"{what} has the loader {name}, which {does}"
        return _hit(artifact, message, f"use a loaders.{needed}", _fitting(artifact, part))
    kind = class_name(artifact.type, artifact.scope)
    if loader.builtin is not None and disagree(loader.builtin, kind):
        fitting = " or ".join(f"loaders.{one}" for one in suggestions(kind))
        message = f"{what} is a {_shown(artifact)}, but its loader is {name}"
        hint = f"use {fitting}, or annotate what {name} handles"
        return _hit(artifact, message, hint, _fitting(artifact, part))
    return None


def _reads(artifact: Artifact) -> bool:
    return artifact.is_input or artifact.role == "incremental"


def _writes(artifact: Artifact) -> bool:
    return not artifact.is_input


def _shown(artifact: Artifact) -> str:
    return (full_name(artifact.type, artifact.scope) or "").rpartition(".")[2]


def _hit(artifact: Artifact, message: str, hint: str, fix: Fix | None) -> Hit:
    node = artifact.loader if artifact.loader is not None else artifact.call
    return Hit(artifact.top.spot(node), message, hint, fix=fix)


def _called(artifact: Artifact, loader: Loader) -> Fix | None:
    """Of a class of the module, only its author knows whether it can be called without options."""
    node = artifact.loader
    if node is None or loader.builtin is None:
        return None
    return Fix(f"Call {loader.name}", lambda: [after_node(artifact.top, node, "()")])


def _fitting(artifact: Artifact, part: Part) -> Fix | None:
    """The loader that fits the type, and does what is needed."""
    names = suggestions(class_name(artifact.type, artifact.scope))
    able = [
        name for name in names if not _reads(artifact) or issubclass(getattr(loaders, name), loaders.Reader)
    ]
    if not able:
        return None
    path = artifact.path.value if artifact.path is not None else ""
    name = next((one for one in able if path.endswith(f".{one.lower()}")), able[0])

    def edits() -> list[Edit]:
        text = named(part.module, f"pivot_core.loaders.{name}")
        if text is None:
            return []
        if artifact.loader is not None:
            return [replaced(artifact.top, artifact.loader, f"{text.text}()"), *text.edits]
        given = [*artifact.call.args, *(keyword.value for keyword in artifact.call.keywords)]
        keyword = "loader=" if artifact.call.keywords else ""
        return (
            [after_node(artifact.top, given[-1], f", {keyword}{text.text}()"), *text.edits] if given else []
        )

    return Fix(f"Use loaders.{name}", edits, safe=False)


RULE = Rule(
    code="PVT204",
    name="unfit-loader",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Dict, TypedDict
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pivot_core.loaders import CSV, JSON, JSONL, Loader, Parquet, PathOnly, Pickle, Reader, Text, Writer
from pivot_core.outputs import Dep, DirectoryOut, IncrementalOut, Metric, Out, PlaceholderDep, Plot

@dataclass(frozen=True)
class Frames(CSV):
    pass

@dataclass(frozen=True)
class Lines(Reader[list], Writer[list]):
    def load(self, path): ...
    def save(self, value, path): ...

@dataclass(frozen=True)
class Array(Loader[np.ndarray, np.ndarray]):
    def load(self, path): ...
    def save(self, value, path): ...
    def empty(self): ...

Rows = list[dict[str, int]]

class Outputs(TypedDict):
    table: Annotated[pd.DataFrame, Out("table.csv", Parquet())]
    text: Annotated[str, Out("text.txt", Text())]
    score: Annotated[Dict[str, float], Metric("score.json")]
    nothing: Annotated[None, Out("nothing.json", JSON())]
    number: Annotated[int | None, Out("number.txt", JSON())]
    curve: Annotated[Figure, Plot("curve.png")]
    page: Annotated[str, Plot("curve.html", Text())]
    parts: Annotated[Path, DirectoryOut("parts/")]
    seen: Annotated[np.ndarray, IncrementalOut("seen.npy", Array())]
    lines: Annotated[list, IncrementalOut("lines.txt", Lines())]
    anything: Annotated[set, Out("anything.pkl", Pickle())]

def train(
    rows: Annotated[Rows, Dep("rows.jsonl", JSONL())],
    frames: Annotated[set, PlaceholderDep(Frames())],
    folder: Annotated[str, Dep("folder/", PathOnly())],
    other: Annotated[Any, Dep("other.json", JSON())],  # all that JSON can be
    seen: Annotated[np.ndarray, IncrementalOut("seen.npy", Array())],
    lines: Annotated[list, IncrementalOut("lines.txt", Lines())],
) -> Outputs: ...
""",
        # What comes from elsewhere may be anything.
        """
from dataclasses import dataclass
from typing import Annotated
from pivot_core import loaders, outputs
from common import Base, DataFrame, Mixin, TABLE, Table

@dataclass(frozen=True)
class Mine(Base, loaders.Writer[str]): ...

def clean(
    rows: Annotated[dict, outputs.Dep("rows.csv", TABLE)],
    other: Annotated[dict, outputs.Dep("other.csv", Table())],
    more: Annotated[DataFrame, outputs.Dep("more.json", loaders.JSON())],
    mine: Annotated[str, outputs.Dep("mine.json", Mine())],
) -> Annotated[DataFrame, outputs.Metric("clean.json", *TABLE)]: ...
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
import pandas as pd
from pivot_core import loaders, outputs

def clean(
    räume: Annotated[pd.DataFrame, outputs.Dep("räume.csv", «loaders.JSON(indent=4)»)],
) -> Annotated[pd.DataFrame, outputs.Out("clean.csv", loaders.CSV())]: ...
""",
            fixed="""
from typing import Annotated
import pandas as pd
from pivot_core import loaders, outputs

def clean(
    räume: Annotated[pd.DataFrame, outputs.Dep("räume.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("clean.csv", loaders.CSV())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from pandas.core.frame import DataFrame
from pivot_core.loaders import JSON
from pivot_core.outputs import Out

def clean() -> Annotated[DataFrame, Out("clean.parquet", loader=«JSON()»)]: ...
""",
            fixed="""
from typing import Annotated
from pandas.core.frame import DataFrame
from pivot_core.loaders import JSON
from pivot_core.outputs import Out
from pivot_core import loaders

def clean() -> Annotated[DataFrame, Out("clean.parquet", loader=loaders.Parquet())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated, List, TypedDict
from pivot_core import outputs

class Outputs(TypedDict):
    curve: Annotated[List[float], «outputs.Plot("curve.json")»]

def train() -> Outputs: ...
""",
            fixed="""
from typing import Annotated, List, TypedDict
from pivot_core import outputs
from pivot_core import loaders

class Outputs(TypedDict):
    curve: Annotated[List[float], outputs.Plot("curve.json", loaders.JSON())]

def train() -> Outputs: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
import numpy as np
from pivot_core.outputs import DirectoryOut

def train() -> Annotated[np.ndarray, «DirectoryOut(path="parts/")»]: ...
""",
            fixed="""
from typing import Annotated
import numpy as np
from pivot_core.outputs import DirectoryOut
from pivot_core import loaders

def train() -> Annotated[np.ndarray, DirectoryOut(path="parts/", loader=loaders.Pickle())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

Rows = Annotated[list, outputs.Dep("rows.json", «loaders.JSON»)]

def train(rows: Rows) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs

Rows = Annotated[list, outputs.Dep("rows.json", loaders.JSON())]

def train(rows: Rows) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    rows: Annotated[list, outputs.Dep("rows.json", «"json"»)],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    rows: Annotated[list, outputs.Dep("rows.json", loaders.JSON())],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from matplotlib.figure import Figure
from pivot_core import loaders, outputs

def page(
    curve: Annotated[Figure, outputs.Dep("curve.png", «loaders.MatplotlibFigure()»)],
) -> Annotated[str, outputs.Out("page.html", loaders.Text())]: ...
"""
        ),
        Invalid(
            """
from dataclasses import dataclass
from typing import Annotated
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Image(loaders.Reader[bytes]):
    def load(self, path): ...

def page() -> Annotated[str, outputs.IncrementalOut("page.png", «Image()»)]: ...
""",
            fixed="""
from dataclasses import dataclass
from typing import Annotated
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Image(loaders.Reader[bytes]):
    def load(self, path): ...

def page() -> Annotated[str, outputs.IncrementalOut("page.png", loaders.Text())]: ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass
from typing import Annotated
from pivot_core import loaders, outputs

@dataclass(frozen=True)
class Image(loaders.Loader[object, object]):
    def load(self, path): ...
    def save(self, value, path): ...

def page() -> Annotated[object, outputs.Out("page.png", «Image»)]: ...
"""
        ),
    ),
)
