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
from pivot_lsp.source.stages import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Assigned
    from pivot_lsp.source.stages import Part, StageFunction

_HINT = "write a def at module level, and use its name here"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each lambda."""
    told: dict[ast.AST, Hit] = {}
    for registration in part.registrations:
        what = value(registration)
        if what is not None and isinstance(what.value, ast.Lambda):
            told.setdefault(what.value, _registered(what, registration, part))
    for function in part.functions:
        for node, text in _around(function):
            told.setdefault(node, Hit(part.spot(node), text, _HINT))
    for call, _ in part.artifacts_and_loaders:
        for node in _lambdas(call):
            told.setdefault(node, Hit(part.spot(node), "a lambda is part of a loader", _HINT))
    yield from told.values()


def _registered(what: Assigned, registration: Registration, part: Part) -> Hit:
    related: tuple[Related, ...] = ()
    if registration.func is not what.value and isinstance(registration.func, ast.expr):
        related = (Related(part.spot(registration.func), "registered here"),)
    return Hit(what.top.spot(what.value), "a lambda is registered as a stage", _HINT, related)


def _around(function: StageFunction) -> Iterator[tuple[ast.Lambda, str]]:
    node = function.node
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Lambda):
            yield decorator, f"a lambda decorates the stage {node.name!r}"
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if isinstance(default, ast.Lambda):
            yield default, f"a lambda is a default of the stage {node.name!r}"


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

def clean(
    rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]:
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
    order: Annotated[object, outputs.Dep("order.pkl", loaders.Pickle())] = «lambda row: row»,
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
