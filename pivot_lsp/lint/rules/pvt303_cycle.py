"""Stages that need each other's outputs, or one that needs its own.

None of them can be made first. The related places are the other dependencies of the cycle: one of them has to
go::

    def clean(score: Annotated[dict, Dep("score.json", JSON())]) -> Annotated[str, Out("a.txt", Text())]: ...
    def score(rows: Annotated[str, Dep("a.txt", Text())]) -> Annotated[dict, Metric("score.json")]: ...

A stage that goes on from its own last result has an ``IncrementalOut`` as parameter and as output. There is
no fix: which of them should read something else, only you know.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.cycles import HINT, told
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.connections import cycles, teams
from pivot_lsp.source.scopes import both_happen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.source.connections import Link
    from pivot_lsp.source.registered import Stage, Use
    from pivot_lsp.source.sources import Sources


class _Edge(NamedTuple):
    up: Stage
    output: Use
    down: Stage
    dependency: Use


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each cycle, where the stage that is registered first needs an output of the last one."""
    for team in sources.answer(teams):
        stages = tuple((_paths(stage.inputs), _paths(stage.outputs)) for stage in team)
        for cycle in cycles(stages):
            edges = [_edge(team, link) for link in cycle]
            together = combinations((team[link.up] for link in sorted(cycle)), 2)
            if all(both_happen(one.registration.arms, other.registration.arms) for one, other in together):
                yield _hit(edges)


def _paths(uses: Sequence[Use]) -> tuple[str, ...]:
    return tuple(use.path for use in uses)


def _edge(team: Sequence[Stage], link: Link) -> _Edge:
    up, down = team[link.up], team[link.down]
    return _Edge(up, up.outputs[link.output], down, down.inputs[link.dependency])


def _hit(edges: Sequence[_Edge]) -> Hit:
    message = told([edge.up.title for edge in edges], [edge.output.path for edge in edges])
    *others, last = edges
    related = [
        Related(other.dependency.given_at, f"{other.down.title} needs {other.dependency.path}")
        for other in others
    ]
    return Hit(last.dependency.given_at, message, HINT, tuple(related))


RULE = Rule(
    code="PVT303",
    name="cycle",
    severity="error",
    docs=__doc__,
    check_project=check,
    valid=(
        # A diamond, an incremental output, names that begin alike.
        """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs
from pivot_core.outputs import Dep, Out

Text = loaders.Text()
Known = Annotated[str, outputs.IncrementalOut("known.txt", Text)]

def collect(known: Known) -> Known: ...
def left(known: Annotated[str, Dep("known.txt", Text)]) -> Annotated[str, Out("data/left", Text)]: ...
def right(known: Annotated[str, Dep("known.txt", Text)]) -> Annotated[str, Out("data-2/right", Text)]: ...
def both(
    one: Annotated[str, Dep("data/left", Text)],
    other: Annotated[str, Dep("data-2/", Text)],
) -> Annotated[str, Out("data/left-2", Text)]: ...

pipeline = Pipeline("demo")
pipeline.register(both)
pipeline.register(right)
pipeline.register(left)
pipeline.register(collect)
""",
        # Registered with other paths, in two pipelines, or either or.
        """
from typing import Annotated
from pivot_core import Pipeline, loaders
from pivot_core.outputs import Dep, Out

Text = loaders.Text()

def there(a: Annotated[str, Dep("a", Text)]) -> Annotated[str, Out("b", Text)]: ...
def back(b: Annotated[str, Dep("b", Text)]) -> Annotated[str, Out("a", Text)]: ...

one = Pipeline("one")
one.register(there)
other = Pipeline("other")
other.register(back)
third = Pipeline("third")
third.register(there)
third.register(back, outs={"return": "A.txt"})
fourth = Pipeline("fourth")
fourth.register(there, deps={"a": "start"})
fourth.register(back)
fifth = Pipeline("fifth")
if Text:
    fifth.register(there)
else:
    fifth.register(back)
""",
        # Nobody registers them.
        """
from typing import Annotated
from pivot_core import loaders
from pivot_core.outputs import Dep, Out

def there(a: Annotated[str, Dep("a", loaders.Text())]) -> Annotated[str, Out("a", loaders.Text())]: ...
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, loaders
from pivot_core.outputs import Dep, Out

Text = loaders.Text()

def there(a: Annotated[str, Dep(«"räume/a 🏠"», Text)]) -> Annotated[str, Out("b", Text)]: ...
def back(b: Annotated[str, Dep("./b", Text)]) -> Annotated[str, Out("räume/a 🏠", Text)]: ...

pipeline = Pipeline("demo")
pipeline.register(there)
pipeline.register(back)
"""
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
import pivot_core as pc

PARTS = "parts/"
p = pc.Pipeline("demo")

@p.register
def split(
    one: Annotated[Path, pc.outputs.Dep(«"parts/one.csv"», pc.loaders.PathOnly())],
) -> Annotated[Path, pc.outputs.DirectoryOut(PARTS)]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

A = "a.txt"

def first(a: Annotated[str, outputs.Dep(«A», loaders.Text())]) -> Annotated[
    str, outputs.Out("b.txt", loaders.Text())
]: ...
""",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
import others, stages

pipeline = Pipeline("demo")
pipeline.register(stages.first)
pipeline.register(others.step, name="second", deps={"rows": "b.txt"}, outs={"return": "c.txt"})
pipeline.register(others.step, name="third", deps={"rows": "c.txt"}, outs={"return": "a.txt"})
""",
                "others.py": """
from typing import Annotated
from pivot_core import loaders, outputs

def step(rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())]) -> Annotated[
    str, outputs.Out("steps.txt", loaders.Text())
]: ...
""",
            },
        ),
        Invalid(
            """
from pivot_core import Pipeline
from stages import step

def register(pipeline: Pipeline):
    pipeline.register(step, deps={"rows": «"a"»}, outs={"return": "a"})
""",
            path="pipeline.py",
            files={
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs

def step(rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())]) -> Annotated[
    str, outputs.Out("steps.txt", loaders.Text())
]: ...
"""
            },
        ),
    ),
)
