"""A library that is told to take all processors inside a stage: ``n_jobs=-1`` and friends.

Pivot runs several stages at once, on as many processors as the process may use. When each of them starts a
pool on all of these, they wait for one another, and their memory adds up. Give a number, or let the stage
run alone::

    forest = RandomForestClassifier(n_jobs=-1)                   # PVT503
    forest = RandomForestClassifier(n_jobs=2)
    pipeline.register(train, mutex=("*",))                       # then n_jobs=-1 is fine

There is no fix: how many are right is yours to say.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Rule, Valid
from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.feeding import stages_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

_OPTIONS = frozenset({"n_jobs", "n_threads", "nthread", "num_threads", "thread_count", "workers"})
_PARALLEL = frozenset({"joblib.Parallel", "joblib.parallel.Parallel"})
_HINT = 'give a number, or register the stage with mutex=("*",) to let it run alone'


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each such argument, unless all stages that it counts for run alone."""
    for node, option in part.answer(_greedy):
        stages = stages_with(sources, part.top)
        if not stages or not all(_runs_alone(stage.registration) for stage in stages):
            message = f"{option} takes all processors, while other stages are running"
            yield Hit(part.spot(node), message, _HINT)


def _greedy(part: Part) -> Iterator[tuple[ast.expr | ast.keyword, str]]:
    for visit in part.top.visits:
        node = visit.node
        if isinstance(node, ast.keyword) and node.arg in _OPTIONS and _is_all(node.value, visit.scope):
            yield node, f"{node.arg}={ast.unparse(node.value)}"
    for call in part.answer(known_calls):
        first = argument(call.node, 0, "") if call.name in _PARALLEL else None
        if first is not None and _is_all(first, call.scope):
            yield first, f"Parallel({ast.unparse(first)})"


def _is_all(node: ast.expr, scope: Scope) -> bool:
    """Whether it is a negative number."""
    value, _ = scope.value(node)
    if not isinstance(value, ast.UnaryOp) or not isinstance(value.op, ast.USub):
        return False
    return isinstance(value.operand, ast.Constant) and isinstance(value.operand.value, int)


def _runs_alone(registration: Registration) -> bool:
    """Whether it does, or may."""
    call = registration.node
    keywords = call.keywords if isinstance(call, ast.Call) else []
    for keyword in keywords:
        if keyword.arg is None:
            return True
        if keyword.arg == "mutex":
            value, _ = registration.scope.value(keyword.value)
            names = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
            return not all(isinstance(name, ast.Constant) and name.value != "*" for name in names)
    return False


RULE = Rule(
    code="PVT503",
    name="all-processors",
    severity="warning",
    docs=__doc__,
    facts=_greedy,
    check_with=check,
    feeding=True,
    valid=(
        """
from typing import Annotated
from joblib import Parallel
from pivot_core import StageParams, loaders, outputs
from sklearn.ensemble import RandomForestClassifier

class Params(StageParams):
    n_jobs: int = 2

def train(params: Params) -> Annotated[object, outputs.Out("model.pkl", loaders.Pickle())]:
    Parallel(2)(rows(-1))
    return RandomForestClassifier(n_jobs=params.n_jobs, max_depth=-1)

def rows(n_jobs): ...
""",
        # It runs alone.
        """
from typing import Annotated
from pivot_core import Pipeline, outputs
from sklearn.ensemble import RandomForestClassifier

Made = Annotated[dict, outputs.Metric("made.json")]

def train() -> Made:
    RandomForestClassifier(n_jobs=-1)

pipeline = Pipeline("demo")
pipeline.register(train, mutex=["disk", "*"])
""",
        # So may the stage that uses this.
        Valid(
            """
from sklearn.ensemble import RandomForestClassifier

def forest():
    return RandomForestClassifier(n_jobs=-1)
""",
            path="models.py",
            files={
                "pipeline.py": """
from typing import Annotated
import models
from pivot_core import Pipeline, loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def train() -> Annotated[object, outputs.Out("model.pkl", loaders.Pickle())]:
    return models.forest()

pipeline = Pipeline("demo")
pipeline.register(clean)
pipeline.register(train, mutex=("*",))
"""
            },
        ),
        # Nothing of a stage.
        """
from typing import Annotated
from pivot_core import loaders, outputs
from sklearn.ensemble import RandomForestClassifier

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def explore() -> None:
    RandomForestClassifier(n_jobs=-1)
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from sklearn.ensemble import RandomForestClassifier

def train() -> Annotated[object, outputs.Out("model.pkl", loaders.Pickle())]:
    return RandomForestClassifier(max_depth=3, «n_jobs=-1»)
"""
        ),
        Invalid(
            """
from typing import Annotated
import pivot_core as pc
import joblib

Made = Annotated[dict, pc.outputs.Metric("made.json")]

JOBS = -2

def clean() -> Made:
    joblib.Parallel(«JOBS»)(joblib.delayed(abs)(n) for n in range(10))

def other() -> Annotated[dict, pc.outputs.Metric("other.json")]: ...

pipeline = pc.Pipeline("demo")
pipeline.register(clean, mutex=("disk",))
pipeline.register(other, mutex=("*",))
"""
        ),
        Invalid(
            """
import xgboost

def booster():
    model = xgboost.XGBClassifier()
    model.set_params(«nthread=-1»)
    return model
""",
            path="models.py",
            files={
                "pipeline.py": """
from typing import Annotated
import models
from pivot_core import Pipeline, loaders, outputs

def train() -> Annotated[object, outputs.Out("model.pkl", loaders.Pickle())]:
    return models.booster()

pipeline = Pipeline("demo")
pipeline.register(train)
"""
            },
        ),
    ),
)
