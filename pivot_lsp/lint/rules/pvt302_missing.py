"""A dependency that isn't there and that no stage makes.

The pipeline can't run: there is nothing to read. Often the path is misspelt, or the stage that makes it isn't
registered::

    def clean(rows: Annotated[DataFrame, Dep("data/rows.csw", CSV())]): ...      # PVT302
    def clean(rows: Annotated[DataFrame, Dep("data/rows.csv", CSV())]): ...

It is told only if the text shows all stages of the pipeline and all that they write: not if functions of
other libraries are given the pipeline, or modules are imported by names that are put together. The fix writes
the path of a file or output that is called alike; it is never safe, since it is a guess.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from pivot_core.artifacts import missing, paths
from pivot_lsp.lint.edits import respelled
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule, Valid
from pivot_lsp.source.connections import makers
from pivot_lsp.source.unseen import all_seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registered import Stage, Use
    from pivot_lsp.source.sources import Sources

_GUESSES_AT_MOST = 25  # each compares a path with all others


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each place that gives such a path."""
    if sources.project is None or not all(sources.answer(all_seen)):
        return
    root, needed = sources.project.root, _needed(sources)
    outputs = tuple(use.path for stage in sources.stages for use in stage.outputs)
    unmade = [path for path, by in zip(needed, makers(outputs, tuple(needed)), strict=True) if not by]
    absent = [path for path in unmade if paths.fault(path) is None and not missing.is_there(root, path)]
    candidates: dict[str, frozenset[str]] = {}  # by folder
    for number, path in enumerate(absent):
        folder = posixpath.dirname(path.rstrip("/"))
        if folder not in candidates:
            candidates[folder] = frozenset(outputs).union(missing.beside(root, path))
        for stage, use in {one.given_at: (stage, one) for stage, one in reversed(needed[path])}.values():
            own = tuple(one.path for one in stage.outputs)
            yield _hit(
                stage, use, _near(path, own, candidates[folder]) if number < _GUESSES_AT_MOST else None
            )


def _needed(sources: Sources) -> dict[str, list[tuple[Stage, Use]]]:
    """What stages of the pipeline that are registered in any case read, by path."""
    found: dict[str, list[tuple[Stage, Use]]] = {}
    for stage in sources.stages:
        if stage.registration.is_certain:
            for use in stage.inputs:
                found.setdefault(use.path, []).append((stage, use))
    return found


@lru_cache(64)
def _near(path: str, own: tuple[str, ...], candidates: frozenset[str]) -> str | None:
    """What is called alike, and isn't made by the stage itself."""
    return missing.nearest(path, sorted(candidates.difference(own)))


def _hit(stage: Stage, use: Use, near: str | None) -> Hit:
    fix = Fix(f'read "{near}"', lambda: [respelled(use.text, near)], safe=False) if near is not None else None
    return Hit(use.given_at, missing.told(stage.title, use.path), missing.hint(use.path, near), fix=fix)


_STAGES = """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(
    rows: Annotated[str, outputs.Dep(«"data/räume.csw"», loaders.Text())],
) -> Annotated[str, outputs.Out("data/clean.csv", loaders.Text())]: ...
"""
_COUNT = """
def count(
    rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())],
) -> Annotated[str, outputs.Out("count.txt", loaders.Text())]: ...
"""
_RIGHT = _STAGES.replace("«", "").replace("»", "").replace(".csw", ".csv")
_WRONG = _STAGES.replace("«", "").replace("»", "")
_PIPELINE = """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
"""

RULE = Rule(
    code="PVT302",
    name="missing-dependency",
    severity="warning",
    docs=__doc__,
    check_project=check,
    valid=(
        # There, made, in a folder that is made, a folder of which something is made.
        Valid(
            """
from pivot_core import Pipeline
from stages import clean, count, split

pipeline = Pipeline("demo")
pipeline.register(clean, deps={"rows": "./data/räume.csv"})
pipeline.register(clean, name="clean@2", deps={"rows": "parts/2.csv"}, outs={"return": "clean/2.csv"})
pipeline.register(count, deps={"rows": "clean"})
pipeline.register(split)
""",
            path="pipeline.py",
            files={
                "data/räume.csv": "",
                "raw/rows.csv": "",
                "stages.py": _WRONG
                + _COUNT
                + """
def split(
    rows: Annotated[str, outputs.Dep("raw/", loaders.PathOnly())],
) -> Annotated[str, outputs.DirectoryOut("parts/")]: ...
""",
            },
        ),
        # Who knows what else there is.
        Valid(_WRONG, files={"pipeline.py": _PIPELINE + "import plugins\nplugins.add(pipeline)\n"}),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE + "add = pipeline.register\n"}),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE + "import importlib\nimportlib.import_module('x')\n"}),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE + "import half\n", "half.py": "def half(:"}),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE + "pipeline.register(unknown)\n"}),
        Valid(
            _WRONG,
            files={
                "pipeline.py": _PIPELINE + "import more.stages\n",
                "more/__init__.py": "",
                "more/stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs
from pipeline import pipeline
from names import NAME

@pipeline.register
def fetch() -> Annotated[str, outputs.Out(NAME, loaders.Text())]: ...
""",
                "names.py": "NAME = 'data/räume.csw'",
            },
        ),
        Valid(
            _WRONG,
            files={
                "pipeline.py": _PIPELINE
                + """
pipeline.register(stages.clean, name="clean@2", deps={"rows": "a"}, outs={"return": "data/räume" + ".csw"})
"""
            },
        ),
        Valid(
            _WRONG,
            files={
                "pipeline.py": _PIPELINE + "def more():\n    from more import add\n    add(pipeline)\n",
                "more.py": "def add(pipeline):\n    pipeline.register(print)\n",
            },
        ),
        # Registered with another path, or only at times, or not at all.
        Valid(
            _WRONG,
            files={"pipeline.py": _PIPELINE.replace(".clean)", '.clean, deps={"rows": "pipeline.py"})')},
        ),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE.replace("pipeline.reg", "if 1: pipeline.reg")}),
        Valid(_WRONG, files={"pipeline.py": _PIPELINE.replace("pipeline.register", "print")}),
        # Without a project nobody knows what is there.
        _WRONG + "from pivot_core import Pipeline\nPipeline('demo').register(clean)\n",
    ),
    invalid=(
        Invalid(
            _STAGES,
            fixed=_RIGHT,
            files={"pipeline.py": _PIPELINE, "data/räume.csv": ""},
        ),
        # Nothing is called alike.
        Invalid(_STAGES, files={"pipeline.py": _PIPELINE}),
        # All that is done with the pipeline can be seen.
        Invalid(
            _STAGES + _COUNT,
            files={
                "pipeline.py": _PIPELINE
                + "import atexit, more\natexit.register(print)\nmore.add(pipeline)\n",
                "more.py": """
from pivot_core import Pipeline
from stages import count

def add(pipeline: Pipeline):
    pipeline.register(count, deps={"rows": "rows.txt"})
""",
            },
        ),
        Invalid(
            _PIPELINE + 'pipeline.register(stages.count, deps={"rows": «"data/cleam.csv"»})\n',
            fixed=_PIPELINE + 'pipeline.register(stages.count, deps={"rows": "data/clean.csv"})\n',
            path="pipeline.py",
            files={"stages.py": _RIGHT + _COUNT, "data/räume.csv": ""},
        ),
    ),
)
