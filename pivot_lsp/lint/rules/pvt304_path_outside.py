"""A path that can't be an artifact's: absolute, out of the project, inside ``.pivot/``, an address.

Paths are relative to the project's folder, so that a record says the same on every machine. What is outside
of it, or in the folder where Pivot keeps its own files, can't be followed. Write ``/`` on every system::

    Dep("/home/ada/project/rows.csv", CSV())      # PVT304
    Dep("../shared/rows.csv", CSV())              # PVT304
    Dep("data\\\\rows.csv", CSV())                  # PVT304
    Dep("data/rows.csv", CSV())

The fix writes the path of the same file relative to the project, if it is in there. It is safe where the
path is written in the marker itself; a variable may be used for something else, too.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from pivot_core.artifacts import paths
from pivot_lsp.lint.edits import respelled
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule, Valid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pivot_lsp.source.annotations import Text
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import Spot

_HINT = "write a path in the project, like data/rows.csv (a directory: data/)"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each path, in markers and in ``deps`` and ``outs`` of registrations."""
    for artifact in part.artifacts:
        text = artifact.path
        # An output that each registration gives a path of its own has to have some path here, too.
        if text is not None and (text.value or artifact.is_input):
            yield from _hits(text, artifact.path_spot, is_input=artifact.is_input, root=part.module.root)
    for registration in part.registrations:
        for others, is_input in ((registration.deps, True), (registration.outs, False)):
            for other in others or ():
                if other.path is not None:
                    yield from _hits(other.path, other.spot, is_input=is_input, root=part.module.root)


def check_project(sources: Sources) -> Iterator[Hit]:
    """One hit for each path that another module has."""
    for stage in sources.stages:
        for use in (*stage.inputs, *stage.outputs):
            given = use.other.path if use.other is not None else use.artifact.path
            if given is None:
                root = sources.project.root if sources.project is not None else None
                yield from _hits(use.text, use.given_at, is_input=use.artifact.is_input, root=root)


def _hits(text: Text, at: Spot, *, is_input: bool, root: Path | None) -> Iterator[Hit]:
    wrong = paths.fault(text.value)
    if wrong is None:
        return
    what = "dependency" if is_input else "output"
    message = f'{what} "{paths.shown(paths.logical(text.value))}" {wrong}'
    is_here = text.spot == at
    related = () if is_here else (Related(text.spot, "it is written here"),)
    better = _better(text.value, root)
    fix = None
    if better is not None:
        fix = Fix(f'write "{better}"', lambda: [respelled(text, better)], safe=is_here)
    yield Hit(at, message, _HINT, related, fix)


def _better(path: str, root: Path | None) -> str | None:
    """The path of the same file that is relative to the project's folder."""
    better = path.replace("\\", "/")
    leaves = better.startswith("/") or paths.parts(paths.logical(better))[0] == ".."
    if leaves and root is not None and "\0" not in better:
        better = _relative(better, root)
    return better if paths.fault(better) is None else None


def _relative(path: str, root: Path) -> str:
    full = paths.logical(posixpath.join(root, path))
    folder, name = posixpath.split(full.rstrip("/"))
    inside = os.path.relpath(full, root)
    if paths.fault(inside) is not None:  # the project is there by a link, perhaps
        inside = os.path.relpath(posixpath.join(os.path.realpath(folder), name), root)
    return inside + "/" * full.endswith("/")


RULE = Rule(
    code="PVT304",
    name="path-outside",
    severity="error",
    docs=__doc__,
    check=check,
    check_project=check_project,
    valid=(
        """
from typing import Annotated, TypedDict
from pivot_core import Pipeline, loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("./models/../models/model.json", loaders.JSON())]
    notes: Annotated[str, outputs.Out("..notes/.pivot-notes", loaders.Text())]
    # Each registration says where.
    table: Annotated[str, outputs.Out("", loaders.Text())]

def train(
    rows: Annotated[str, outputs.Dep("data/räume 🏠.csv", loaders.Text())],
    more: Annotated[str, outputs.PlaceholderDep(loaders.Text())],
) -> Outputs:
    print(open("/etc/hostname").read())
    return {"model": {}, "notes": "", "table": ""}

pipeline = Pipeline("demo")
pipeline.register(train, deps={"more": "more.csv"}, outs={"table": "a/table.csv"})
""",
        # Another library's Dep, another library's register.
        """
from typing import Annotated
from injection import Dep
import pivot_core, atexit

def handler(rows: Annotated[str, Dep("/rows")]): ...

atexit.register(handler, deps={"rows": "/rows"})
""",
        # Not known, so not told.
        """
from typing import Annotated
from places import ROOT
from pivot_core.outputs import Dep
from pivot_core.loaders import Text

def clean(rows: Annotated[str, Dep(ROOT, Text())]) -> None: ...
""",
        Valid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean, outs={"return": ".pivotal/rows.csv"})
""",
            path="pipeline.py",
            files={
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.csv", loaders.Text())]: ...
"""
            },
        ),
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep(«"/data/räume 🏠.csv"», loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
import pivot_core as pc

class Outputs(TypedDict):
    rows: Annotated[str, pc.outputs.Out(loader=pc.loaders.Text(), path=«"data/../../rows.csv"»)]
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Metric as Score

def clean() -> Annotated[dict, Score(«'.Pivot/score.json'»)]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Dep
from pivot_core.loaders import Text

def clean(rows: Annotated[str, Dep(«"https://example.org/rows.csv"», Text())]) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Dep
from pivot_core.loaders import Text

def clean(rows: Annotated[str, Dep(«""», Text())]) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Dep
from pivot_core.loaders import Text

def clean(
    rows: Annotated[str, Dep(«r'data\\it"s räume.csv'», Text())],  # the rows
) -> None: ...
""",
            fixed="""
from typing import Annotated
from pivot_core.outputs import Dep
from pivot_core.loaders import Text

def clean(
    rows: Annotated[str, Dep('data/it"s räume.csv', Text())],  # the rows
) -> None: ...
""",
        ),
        # One annotation of two stages; its path is a variable's.
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

ROWS = "data\\\\rows.csv"
Rows = Annotated[str, outputs.Dep(«ROWS», loaders.Text())]

def clean(rows: Rows) -> None: ...
def count(rows: Rows) -> None: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs

ROWS = "data/rows.csv"
Rows = Annotated[str, outputs.Dep(ROWS, loaders.Text())]

def clean(rows: Rows) -> None: ...
def count(rows: Rows) -> None: ...
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
for kind in ("a", "b"):
    pipeline.register(stages.clean, name=f"clean@{kind}", deps={"rows": f"{kind}.csv", "more": «".."»})
"""
        ),
        # In another module.
        Invalid(
            """
from pivot_core import Pipeline
import places, stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean, outs={"return": «places.ROWS»})
""",
            path="pipeline.py",
            files={
                "places.py": "FOLDER = '/data/'\nROWS = FOLDER\n",
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.csv", loaders.Text())]: ...
""",
            },
        ),
        Invalid(
            """
from pivot_core import Pipeline
import stages

OUTS = {
    "rows": «"C:/rows.csv"»,
}
pipeline = Pipeline("demo")
pipeline.register(stages.clean, outs=OUTS)
"""
        ),
    ),
)
