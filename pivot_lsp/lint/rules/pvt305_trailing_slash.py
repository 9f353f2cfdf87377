"""A ``DirectoryOut`` whose path doesn't end in ``/``, or another output whose path does.

The path of a folder ends in ``/``, so that everybody who reads it knows what is there::

    DirectoryOut("plots")             # PVT305
    DirectoryOut("plots/")
    Out("rows.csv/", CSV())           # PVT305
    Out("rows.csv", CSV())

The fix adds or removes the ``/``. It is safe where only one of the two can be meant: not for a folder that is
called like a file (``model.json``), for a loader that may write folders, or for a path that is a variable's.
An ``Out`` whose stage writes it itself (``PathOnly``) becomes a ``DirectoryOut``.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from pivot_core.artifacts import paths
from pivot_lsp.lint.edits import renamed, respelled
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.annotations import LOADERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from pivot_core.types import OutKind
    from pivot_lsp.source.annotations import Artifact, Text
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

_HINT = "end the path of a folder with /, and no other: data/ is a folder, data a file"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each marker."""
    for artifact in part.artifacts:
        text = artifact.path
        wrong = _wrong(artifact, text) if text is not None else None
        if text is not None and wrong is not None:
            is_here = text.node is artifact.path_at
            related = () if is_here else (Related(text.spot, "it is written here"),)
            yield Hit(artifact.path_spot, wrong, _HINT, related, _fix(part, artifact, text))


def check_project(sources: Sources) -> Iterator[Hit]:
    """One hit for each path that a registration, or another module, gives an output."""
    for stage in sources.stages:
        for use in stage.outputs:
            wrong = _wrong(use.artifact, use.text) if use.artifact.path is not use.text else None
            if wrong is not None:
                call = use.artifact.top.spot(use.artifact.call)
                related = (Related(call, f"this is what {use.artifact.name!r} is"),)
                yield Hit(use.given_at, wrong, _HINT, related, _respelling(use.artifact, use.text))


def _wrong(artifact: Artifact, text: Text) -> str | None:
    if artifact.is_input or paths.fault(text.value) is not None:
        return None
    path = paths.logical(text.value)
    why = paths.wrong_end(path, _kind(artifact))
    return f'output "{path}" {why}' if why is not None else None


def _kind(artifact: Artifact) -> OutKind:
    role = artifact.role
    assert role != "dep" and role != "placeholder"
    return role


def _fix(part: Part, artifact: Artifact, text: Text) -> Fix:
    if artifact.role == "out" and _loader(artifact) == "itself":
        module, top, func = part.module, artifact.top, artifact.call.func
        return Fix("make it a DirectoryOut", lambda: renamed(module, top, func, "DirectoryOut"), safe=False)
    return _respelling(artifact, text)


def _respelling(artifact: Artifact, text: Text) -> Fix:
    is_folder = artifact.role == "directory"
    value = text.value.rstrip("/") + "/" * is_folder
    only_one = not posixpath.splitext(text.value)[1] if is_folder else _loader(artifact) != "unknown"
    safe = only_one and text.node is artifact.path_at
    return Fix(f'write "{value}"', lambda: [respelled(text, value)], safe)


def _loader(artifact: Artifact) -> Literal["file", "itself", "unknown"]:
    """What writes it: a loader of Pivot's, which writes files; the stage itself; somebody else's loader."""
    if artifact.loader is None:
        return "file"
    call, _ = artifact.scope.value(artifact.loader)
    chain = artifact.scope.chain(getattr(call, "func", call)) or ""
    if chain == f"{LOADERS}PathOnly":
        return "itself"
    return "file" if chain.startswith(LOADERS) else "unknown"


RULE = Rule(
    code="PVT305",
    name="trailing-slash",
    severity="error",
    docs=__doc__,
    check=check,
    check_project=check_project,
    valid=(
        """
from pathlib import Path
from typing import Annotated, TypedDict
from pivot_core import Pipeline, loaders, outputs

class Outputs(TypedDict):
    plots: Annotated[Path, outputs.DirectoryOut("plots/")]
    parts: Annotated[Path, outputs.DirectoryOut("parts//", loaders.PathOnly())]
    model: Annotated[dict, outputs.Out("./model", loaders.JSON())]
    known: Annotated[Path, outputs.IncrementalOut("known.lmdb", loaders.PathOnly())]

def train(
    rows: Annotated[Path, outputs.Dep("rows/", loaders.PathOnly())],
    more: Annotated[Path, outputs.Dep("more", loaders.PathOnly())],
) -> Outputs: ...

pipeline = Pipeline("demo")
pipeline.register(train, deps={"rows": "rows", "more": "more/"}, outs={"plots": "more plots/"})
pipeline.register(train, name="train@2", outs={
    "plots": "2/plots/", "parts": "2/parts/", "model": "2/model", "known": "2/known",
})
""",
        """
from typing import Annotated
from storage import Out, DirectoryOut
import pivot_core

def serve() -> Annotated[str, Out("rows/")]: ...
def show() -> Annotated[str, DirectoryOut("rows")]: ...
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import outputs

def draw() -> Annotated[str, outputs.DirectoryOut(«"plots 🏠"»)]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import outputs

def draw() -> Annotated[str, outputs.DirectoryOut("plots 🏠/")]: ...
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
import pivot_core as pc

MODEL = 'räume/model.json//'

class Outputs(TypedDict):
    model: Annotated[dict, pc.outputs.Out(loader=pc.loaders.JSON(), path=«MODEL»)]
""",
            fixed="""
from typing import Annotated, TypedDict
import pivot_core as pc

MODEL = 'räume/model.json'

class Outputs(TypedDict):
    model: Annotated[dict, pc.outputs.Out(loader=pc.loaders.JSON(), path=MODEL)]
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Metric

def score() -> Annotated[dict, Metric(«"score/"»)]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core.outputs import Metric

def score() -> Annotated[dict, Metric("score")]: ...
""",
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def split() -> Annotated[Path, outputs.Out(«"parts/"», loaders.PathOnly())]: ...
""",
            fixed="""
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def split() -> Annotated[Path, outputs.DirectoryOut("parts/", loaders.PathOnly())]: ...
""",
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core.loaders import PathOnly
from pivot_core.outputs import Out

def split() -> Annotated[Path, Out(«"parts/"», PathOnly())]: ...
""",
            fixed="""
from pathlib import Path
from typing import Annotated
from pivot_core.loaders import PathOnly
from pivot_core.outputs import Out
from pivot_core.outputs import DirectoryOut

def split() -> Annotated[Path, DirectoryOut("parts/", PathOnly())]: ...
""",
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core.loaders import PathOnly
from pivot_core.outputs import Out

class DirectoryOut: ...

def split() -> Annotated[Path, Out(«"parts/"», PathOnly())]: ...
""",
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def split() -> Annotated[Path, outputs.DirectoryOut("parts/")]: ...

pipeline = Pipeline("demo")
pipeline.register(split)
pipeline.register(split, name="split@test", outs={"return": «"test/parts"»})
""",
            fixed="""
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def split() -> Annotated[Path, outputs.DirectoryOut("parts/")]: ...

pipeline = Pipeline("demo")
pipeline.register(split)
pipeline.register(split, name="split@test", outs={"return": "test/parts/"})
""",
        ),
    ),
)
