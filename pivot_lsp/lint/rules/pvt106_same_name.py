"""Two stages of one pipeline have one name.

A stage's name is its identity: its lock file has that name. The pipeline can't be used until one of the two
gets another name; by default a stage is called as its function is::

    pipeline.register(train, params=TrainParams(rate=0.1))
    pipeline.register(train, params=TrainParams(rate=0.2))                      # PVT106
    pipeline.register(train, name="train@0.2", params=TrainParams(rate=0.2))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.scopes import both_happen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.sources import Sources


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each registration whose name an earlier one has."""
    earlier: dict[tuple[object, ...], list[Registration]] = {}
    for stage in sources.stages:
        registration = stage.registration
        if registration.team is None or registration.name is None:
            continue
        same = earlier.setdefault((registration.team, registration.name), [])
        first = next((other for other in same if both_happen(other.arms, registration.arms)), None)
        if first is not None:
            yield _hit(registration, first)
        same.append(registration)


def _hit(registration: Registration, first: Registration) -> Hit:
    name, other = registration.name, first.scope.top.spot(first.name_at)
    return Hit(
        registration.scope.top.spot(registration.name_at),
        f"two stages are named {name!r}",
        f'give this one another name, such as name="{name}@2"',
        (Related(other, f"the first stage named {name!r}"),),
    )


RULE = Rule(
    code="PVT106",
    name="same-name",
    severity="error",
    docs=__doc__,
    check_project=check,
    valid=(
        """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train)
pipeline.register(stages.train, name="train@2")
for kind in ("a", "b"):
    pipeline.register(stages.train, name=f"train@{kind}")
""",
        # Either or.
        """
import os
from pivot_core import Pipeline
import fast, slow

pipeline = Pipeline("demo")
if os.environ.get("FAST"):
    pipeline.register(fast.train)
else:
    pipeline.register(slow.train)
""",
        # Either or, once more.
        """
from pivot_core import Pipeline
import stages

def stages_of(pipeline: Pipeline, small):
    if small:
        pipeline.register(stages.tiny, name="train")
        return
    pipeline.register(stages.train)
""",
        # Two pipelines.
        """
from pivot_core import Pipeline
import stages

first = Pipeline("first")
first.register(stages.train)
second = Pipeline("second")
second.register(stages.train)
""",
        # A decorator can change a function's name.
        """
from pivot_core import Pipeline
from decorators import named

def train(): ...
@named("other")
def fit(): ...

pipeline = Pipeline("demo")
pipeline.register(fit)
pipeline.register(train, name="fit")
""",
    ),
    invalid=(
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train)
pipeline.register(«stages.train», params=stages.Params(rate=0.2))
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline
from linear import train
from forest import train as train_forest

pipeline = Pipeline("demo")
pipeline.register(train)
pipeline.register(«train_forest»)
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline

pipeline = Pipeline("demo")

@pipeline.register
def train(): ...

def fit(): ...
if True:
    pipeline.register(fit, mutex=("🔒",), name=«"train"»)
"""
        ),
    ),
)
