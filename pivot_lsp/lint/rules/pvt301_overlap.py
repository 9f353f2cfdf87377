"""Two outputs of a pipeline in one place: the same path, one in the other, or different in case only.

Each artifact has one stage that makes it. Two that write one path overwrite each other, and one that writes a
folder owns all that is in it; on some systems ``Rows.csv`` and ``rows.csv`` are one file::

    def split(...) -> Annotated[Path, DirectoryOut("data/")]: ...
    def clean(...) -> Annotated[DataFrame, Out("data/clean.csv", CSV())]: ...      # PVT301
    def clean(...) -> Annotated[DataFrame, Out("data-clean.csv", CSV())]: ...

A function that is registered several times gets other paths there: ``outs={"return": "clean-2.csv"}``. There
is no fix: where an output should go, only you know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts import paths
from pivot_core.artifacts.overlap import told
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule, Valid
from pivot_lsp.source.connections import overlaps, teams
from pivot_lsp.source.scopes import both_happen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registered import Stage, Use
    from pivot_lsp.source.sources import Sources


class _Output(NamedTuple):
    stage: Stage
    use: Use


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each output that overlaps an earlier one."""
    for team in sources.answer(teams):
        outputs = [_Output(stage, use) for stage in team for use in stage.outputs]
        told_of: set[int] = set()
        for index, earlier in overlaps(tuple(output.use.path for output in outputs)):
            if index not in told_of and _clash(outputs[earlier], outputs[index]):
                told_of.add(index)
                yield _hit(outputs[index], outputs[earlier])


def _clash(first: _Output, second: _Output) -> bool:
    """Whether this rule tells it: stages of one name are told by PVT106, paths that can't be by PVT304."""
    one, other = first.stage, second.stage
    if one is not other and one.name is not None and one.name == other.name:
        return False
    if not both_happen(one.registration.arms, other.registration.arms):
        return False
    return paths.fault(first.use.path) is None and paths.fault(second.use.path) is None


def _hit(output: _Output, earlier: _Output) -> Hit:
    stage, other = output.stage, earlier.stage
    message = told(stage.title, output.use.path, other.title, earlier.use.path)
    path_at, other_path_at = output.use.given_at, earlier.use.given_at
    if path_at != other_path_at:
        there = Related(other_path_at, f"{other.title} writes {earlier.use.path}")
        return Hit(path_at, message, "give each output a path of its own", (there,))
    registered = Related(other.registration.func_spot, f"{other.title} is registered here")
    written = Related(path_at, "this is the path that both have")
    hint = f'give it another path here: outs={{"{output.use.artifact.name}": …}}'
    return Hit(stage.registration.func_spot, message, hint, (registered, written))


RULE = Rule(
    code="PVT301",
    name="overlapping-outputs",
    severity="error",
    docs=__doc__,
    check_project=check,
    valid=(
        """
from pathlib import Path
from typing import Annotated, TypedDict
from pivot_core import Pipeline, loaders, outputs

class Outputs(TypedDict):
    data: Annotated[Path, outputs.DirectoryOut("data/")]
    backup: Annotated[Path, outputs.DirectoryOut("data-backup/")]
    table: Annotated[str, outputs.Out("data.csv", loaders.Text())]

def split(rows: Annotated[str, outputs.Dep("raw/rows.csv", loaders.Text())]) -> Outputs: ...

# The same path, of functions that aren't stages of the pipeline.
def split_2() -> Annotated[Path, outputs.DirectoryOut("data/")]: ...
def split_3() -> Annotated[Path, outputs.DirectoryOut("data/")]: ...

pipeline = Pipeline("demo")
pipeline.register(split)
""",
        # Variants with paths of their own, some of which aren't to be seen.
        """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs
from options import options

def train(
    rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...

pipeline = Pipeline("demo")
pipeline.register(train, name="train@a", deps={"rows": "a.csv"}, outs={"return": "model/a.txt"})
pipeline.register(train, name="train@b", deps={"rows": "b.csv"}, outs={"return": "model/b.txt"})
pipeline.register(train, deps={"rows": "c.csv"})
pipeline.register(train, name="train@d", **options)
for kind in ("e", "f"):
    pipeline.register(train, name=f"train@{kind}", deps={"rows": "e.csv"}, outs={"return": f"{kind}.txt"})
""",
        # Either or; another pipeline.
        """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def fast() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...
def slow() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

pipeline, other = Pipeline("demo"), None
first = Pipeline("first")
if other:
    first.register(fast)
else:
    first.register(slow)
second = Pipeline("second")
second.register(fast)
""",
        # An incremental output is taken, and given back.
        Valid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.collect)
""",
            path="pipeline.py",
            files={
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs

Known = Annotated[dict, outputs.IncrementalOut("known.json", loaders.JSON())]

def collect(known: Known) -> Known: ...
"""
            },
        ),
    ),
    invalid=(
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def clean() -> Annotated[str, outputs.Out("./räume/🏠.csv", loaders.Text())]: ...
def split() -> Annotated[Path, outputs.DirectoryOut(«"räume/"»)]: ...

pipeline = Pipeline("demo")
pipeline.register(clean)
pipeline.register(split)
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
import pivot_core as pc

class Outputs(TypedDict):
    rows: Annotated[str, pc.outputs.Out("rows.csv", pc.loaders.Text())]
    more: Annotated[str, pc.outputs.Out(«"data/../Rows.csv"», pc.loaders.Text())]

p = pc.Pipeline("demo")

@p.register
def clean() -> Outputs: ...
"""
        ),
        # One variable, two outputs.
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, loaders
from pivot_core.outputs import Out

ROWS = "rows.csv"

def clean() -> Annotated[str, Out(ROWS, loaders.Text())]: ...
def count() -> Annotated[str, Out(«ROWS», loaders.Text())]: ...

def register(pipeline: Pipeline):
    pipeline.register(clean)
    pipeline.register(count)
"""
        ),
        # One function, two stages.
        Invalid(
            """
from pivot_core import Pipeline
from stages import train, Params

pipeline = Pipeline("demo")
pipeline.register(train, params=Params(rate=0.1))
pipeline.register(«train», name="train@2", params=Params(rate=0.2))
""",
            path="pipeline.py",
            files={
                "stages.py": """
from typing import Annotated
from pivot_core import StageParams, outputs

class Params(StageParams):
    rate: float

def train(params: Params) -> Annotated[dict, outputs.Metric("score.json")]: ...
"""
            },
        ),
        # Told in the file of the later one.
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def count() -> Annotated[str, outputs.Out(«"rows.csv/part"», loaders.Text())]: ...
""",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
import cleaning, stages

pipeline = Pipeline("demo")
pipeline.register(cleaning.clean)
pipeline.register(stages.count)
""",
                "cleaning.py": """
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

pipeline = Pipeline("demo")
pipeline.register(stages.clean, outs={"return": "clean.csv"})
pipeline.register(stages.clean, name="clean@2", outs={"return": «"CLEAN.csv"»})
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
)
