"""A lambda registered as a stage, or used as a stage's decorator or default, or in a loader.

Only references travel to workers: the module and the name of a stage. A lambda has no name that a worker
could import it by. Give it one: a ``def`` at module level::

    pipeline.register(lambda rows: rows.dropna())      # PVT101

    def clean(rows): ...
    pipeline.register(clean)
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.positions import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.scopes import Function
    from pivot_lsp.lint.stages import Registration, Stages

_HINT = "write a def at module level, and use its name here"


def check(stages: Stages) -> Iterator[Hit]:
    """One hit for each lambda."""
    told: dict[ast.Lambda, Hit] = {}
    for registration in stages.registrations:
        value = stages.value(registration)
        if isinstance(value, ast.Lambda):
            told.setdefault(value, _registered(value, registration))
    for function in stages.functions:
        for node, what in _around(function):
            told.setdefault(node, Hit(span_of(node), what, _HINT))
    for call in stages.artifacts_and_loaders:
        for node in _lambdas(call):
            told.setdefault(node, Hit(span_of(node), "a lambda is part of a loader", _HINT))
    yield from told.values()


def _registered(value: ast.Lambda, registration: Registration) -> Hit:
    related: tuple[Related, ...] = ()
    if registration.func is not value and isinstance(registration.func, ast.expr):
        related = (Related(span_of(registration.func), "registered here"),)
    return Hit(span_of(value), "a lambda is registered as a stage", _HINT, related)


def _around(function: Function) -> Iterator[tuple[ast.Lambda, str]]:
    for node in function.decorator_list:
        if isinstance(node, ast.Lambda):
            yield node, f"a lambda decorates the stage {function.name!r}"
    for default in (*function.args.defaults, *function.args.kw_defaults):
        if isinstance(default, ast.Lambda):
            yield default, f"a lambda is a default of the stage {function.name!r}"


def _lambdas(call: ast.Call) -> Iterator[ast.Lambda]:
    """The outermost lambdas among the arguments."""
    nodes: list[ast.AST] = [*call.args, *call.keywords]
    for node in nodes:  # grows
        if isinstance(node, ast.Lambda):
            yield node
        else:
            nodes += ast.iter_child_nodes(node)


RULE = Rule(
    code="PVT101",
    name="lambda-as-stage",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
pipeline.register(stages.train, name="train@iris")
""",
        """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> str:
    return "".join(sorted(rows, key=lambda letter: letter.lower()))
""",
        # Other people's register, and other people's pipelines.
        """
import atexit
from sklearn.pipeline import Pipeline

atexit.register(lambda: print("bye"))
pipeline = Pipeline([])
pipeline.register(lambda rows: rows)
""",
        """
from pivot_core import Pipeline

def plugins(pipeline):
    pipeline.register(lambda event: event)
""",
    ),
    invalid=(
        Invalid(
            """
from pivot_core import Pipeline

pipeline = Pipeline("demo")
pipeline.register(«lambda rows: rows», name="clean")
"""
        ),
        Invalid(
            """
import pivot_core as pc

p = pc.Pipeline("demo")
clean = «lambda: None»
p.register(func=clean)
"""
        ),
        Invalid(
            """
from pipeline import pipeline

pipeline.register(
    «lambda rows: (
        rows
    )»
)
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline

def variants(pipeline: Pipeline, names):
    for name in names:
        pipeline.register(«lambda: None», name=name)
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(
    rows: Annotated[str, outputs.Dep("räume 🏠.txt", loaders.Text())],
    *,
    order: object = «lambda row: row»,
) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Out
import parsing

@«lambda function: function»
def clean() -> Annotated[str, Out("rows.txt", parsing.Table())]: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import outputs
import parsing

class Outputs(TypedDict):
    rows: Annotated[str, outputs.Out("räume 🏠.txt", parsing.Table(«lambda cell: cell»))]
"""
        ),
    ),
)
