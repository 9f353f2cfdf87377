"""A path of a ``Dep`` or an output that isn't written down, so that the editor can't follow it.

Pivot itself doesn't mind: it asks the marker for its path when it loads the pipeline. But what reads the text
only (the lint, navigation from an artifact to its stage, renaming) needs the path in it: as one text, or as a
name that stands for one, in this module or another of the project::

    Dep(f"{FOLDER}/rows.csv", CSV())      # PVT307
    Dep("data/rows.csv", CSV())

    ROWS = "data/rows.csv"
    Dep(ROWS, CSV())

For paths that each registration gives, there is ``PlaceholderDep``. There is no fix: it would have to know
what the expression comes to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Rule, Valid
from pivot_lsp.source.registered import imported_text
from pivot_lsp.source.scopes import Imported
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.annotations import Artifact
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

_HINT = "write the path as one text, or give a name to such a text"


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each path."""
    for artifact in part.answer(_unwritten):
        if not _is_elsewhere(artifact, sources):
            what = "what is returned" if artifact.name == "return" else repr(artifact.name)
            message = f"the path of {what} isn't written down: the editor can't follow it"
            yield Hit(artifact.path_spot, message, _HINT)


def _unwritten(part: Part) -> Iterator[Artifact]:
    """What is wrong with a stage in a function is told by PVT102 to PVT104."""
    at_module_level = (one for one in part.artifacts if one.scope.parent is None)
    return (one for one in at_module_level if one.path is None and one.path_at is not None)


def _is_elsewhere(artifact: Artifact, sources: Sources) -> bool:
    """Whether it is a text of another module, or may be: of a lone text, nobody knows the others."""
    dotted = dotted_name(artifact.path_at) if artifact.path_at is not None else None
    if sources.project is None and dotted is not None:
        return isinstance(artifact.scope.only(dotted[0]), Imported)
    return imported_text(sources, artifact.path_at, artifact.scope) is not None


RULE = Rule(
    code="PVT307",
    name="path-not-written",
    severity="info",
    docs=__doc__,
    facts=_unwritten,
    check_with=check,
    valid=(
        """
from typing import Annotated
from pivot_core import Pipeline, loaders
from pivot_core.outputs import Dep, DirectoryOut, Out, PlaceholderDep
import places
from places import ROWS

COUNT = "count.txt"
RESULT = COUNT
Rows = Annotated[str, Dep(ROWS, loaders.Text())]
Marker = Out(RESULT, loaders.Text())

def count(
    rows: Rows,
    more: Annotated[str, Dep(places.MORE, loaders.Text())],
    text: Annotated[str, Dep("a " "text", loaders.Text())],
    other: Annotated[str, PlaceholderDep(loaders.Text())],
) -> Annotated[str, Marker]: ...

pipeline = Pipeline("demo")
for kind in ("a", "b"):
    pipeline.register(
        count, name=f"count@{kind}", deps={"other": f"{kind}.csv"}, outs={"return": f"{kind}.txt"}
    )
""",
        Valid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from places import ROWS
import places.raw as raw

def count(
    rows: Annotated[str, outputs.Dep(ROWS, loaders.Text())],
    more: Annotated[str, outputs.Dep(raw.MORE, loaders.Text())],
) -> Annotated[str, outputs.Out("count.txt", loaders.Text())]: ...
""",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
from stages import count

pipeline = Pipeline("demo")
pipeline.register(count)
""",
                "places/__init__.py": "from places.raw import MORE as ROWS\n",
                "places/raw.py": "FOLDER = 'places/raw.py'\nMORE = FOLDER\n",
            },
        ),
        # Another library's.
        """
from typing import Annotated
from injection import Dep
import pivot_core

def handler(rows: Annotated[str, Dep(f"{pivot_core}/rows")]): ...
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

FOLDER = "räume 🏠"

def count(rows: Annotated[str, outputs.Dep(«f"{FOLDER}/🏠.csv"», loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
import pivot_core as pc

FOLDER = "data"

class Outputs(TypedDict):
    rows: Annotated[str, pc.outputs.Out(loader=pc.loaders.Text(), path=«FOLDER + "/rows.csv"»)]
"""
        ),
        # A name that stands for one text at times.
        Invalid(
            """
import os
from typing import Annotated
from pivot_core.outputs import Metric

SCORE = "score.json"
if os.name == "nt":
    SCORE = "score-nt.json"

def score() -> Annotated[dict, Metric(«SCORE»)]: ...
"""
        ),
        # One annotation of two stages.
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from places import folder

Rows = Annotated[str, outputs.Dep(«folder("rows.csv")», loaders.Text())]

def clean(rows: Rows) -> None: ...
def count(rows: Rows) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from places import ROWS

def count(
    rows: Annotated[str, outputs.Dep(«ROWS», loaders.Text())],
) -> Annotated[str, outputs.Out("count.txt", loaders.Text())]: ...
""",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
from stages import count

pipeline = Pipeline("demo")
pipeline.register(count)
""",
                "places.py": "import os\n\nROWS = os.environ['ROWS']\n",
            },
        ),
    ),
)
