"""Two stages of one pipeline have one name.

A stage's name is its identity: its lock file has that name. The pipeline can't be used until one of the two
gets another name; by default a stage is called as its function is::

    pipeline.register(train, params=TrainParams(rate=0.1))
    pipeline.register(train, params=TrainParams(rate=0.2))                      # PVT106
    pipeline.register(train, name="train@0.2", params=TrainParams(rate=0.2))

On a Mac, names that differ in case only are one.

The fix gives the second one a name that no other stage has. It isn't among the safe ones: a name should say
what the stage is. There is none for ``@pipeline.register``, which leaves no place for a name.
"""

from __future__ import annotations

import ast
import re
from itertools import count
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import argument, replaced
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.scopes import both_happen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.sources import Sources


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each registration whose name an earlier one has."""
    earlier: dict[tuple[object, ...], list[Registration]] = {}
    taken = {stage.name.lower() for stage in sources.stages if stage.name is not None}
    for stage in sources.stages:
        registration = stage.registration
        if registration.team is None or registration.name is None:
            continue
        same = earlier.setdefault((registration.team, registration.name.lower()), [])
        first = next((other for other in same if both_happen(other.arms, registration.arms)), None)
        if first is not None:
            yield _hit(registration, registration.name, first, taken)
        same.append(registration)


def _hit(registration: Registration, name: str, first: Registration, taken: set[str]) -> Hit:
    message = f"two stages are named {name!r}"
    if name != first.name:
        message = f"{first.name!r} is a stage; only case distinguishes it from {name!r}"
    other = next(other for other in _others(name) if other.lower() not in taken)
    taken.add(other.lower())
    return Hit(
        registration.scope.top.spot(registration.name_at),
        message,
        f'give this one another name, such as name="{other}"',
        (Related(first.scope.top.spot(first.name_at), f"the first stage named {first.name!r}"),),
        _renaming(registration, other),
    )


def _others(name: str) -> Iterator[str]:
    """``train@2``, ``train@3`` and so on."""
    base = re.sub(r"@\d+$", "", name)
    return (f"{base}@{number}" for number in count(2))


def _renaming(registration: Registration, name: str) -> Fix | None:
    call, top = registration.node, registration.scope.top
    if not isinstance(call, ast.Call):
        return None
    text = f'"{name}"' if '"' not in name and "\\" not in name else repr(name)
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "name"), None)
    edit = replaced(top, given, text) if given is not None else argument(top, call, f"name={text}")
    return Fix(f"Name it {name}", lambda: [edit], safe=False) if edit is not None else None


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
from typing import Annotated
from pivot_core import Pipeline, outputs
from decorators import named

def train() -> Annotated[dict, outputs.Metric("train.json")]: ...
@named("other")
def fit() -> Annotated[dict, outputs.Metric("fit.json")]: ...

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
""",
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train)
pipeline.register(stages.train, params=stages.Params(rate=0.2), name="train@2")
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline
from linear import train
from forest import train as train_forest

pipeline = Pipeline("demo")
pipeline.register(train)
pipeline.register(train, name="Train@2")
pipeline.register(  # the other one
    «train_forest»
)
""",
            """
from pivot_core import Pipeline
from linear import train
from forest import train as train_forest

pipeline = Pipeline("demo")
pipeline.register(train)
pipeline.register(train, name="Train@2")
pipeline.register(  # the other one
    train_forest, name="train@3"
)
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

pipeline = Pipeline("demo")

@pipeline.register
def train() -> Annotated[dict, outputs.Metric("train.json")]: ...

def fit() -> Annotated[dict, outputs.Metric("fit.json")]: ...
if True:
    pipeline.register(fit, mutex=("🔒",), name=«"train"», retries=1)
""",
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

pipeline = Pipeline("demo")

@pipeline.register
def train() -> Annotated[dict, outputs.Metric("train.json")]: ...

def fit() -> Annotated[dict, outputs.Metric("fit.json")]: ...
if True:
    pipeline.register(fit, mutex=("🔒",), name="train@2", retries=1)
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train, name="train@2")
pipeline.register(stages.train, name=«"TRAIN@2"»)
""",
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train, name="train@2")
pipeline.register(stages.train, name="TRAIN@3")
""",
        ),
        # In parentheses of its own, and with no place for a name.
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train)
pipeline.register((«stages.train»))
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

pipeline = Pipeline("demo")

def fit() -> Annotated[dict, outputs.Metric("fit.json")]: ...
pipeline.register(fit, name="train")

@«pipeline.register»
def train() -> Annotated[dict, outputs.Metric("train.json")]: ...
"""
        ),
    ),
)
