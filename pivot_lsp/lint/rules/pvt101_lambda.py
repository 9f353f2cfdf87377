"""A lambda registered as a stage, or used as a stage's decorator or default, or in a loader.

Only references travel to workers: the module and the name of a stage. A lambda has no name that a worker
could import it by. Give it one: a ``def`` at module level::

    pipeline.register(lambda rows: rows.dropna())      # PVT101

    def clean(rows): ...
    pipeline.register(clean)

The fix writes the ``def``, where the name that the lambda is registered by, or the variable that holds it,
can be that of the function. It is offered for a lambda without parameters: these need annotations, which a
lambda can't have. For a lambda in a loader there is none: the options of a loader are JSON values.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import before, replaced, source
from pivot_lsp.lint.moving import imports_everything
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.stages import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Assigned
    from pivot_lsp.source.stages import Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel

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
    fix = _in_place(what) if related else _above(registration, part)
    return Hit(what.top.spot(what.value), "a lambda is registered as a stage", _HINT, related, fix)


def _in_place(what: Assigned) -> Fix | None:
    """A def instead of ``clean = lambda: …`` at module level."""
    statement = what.top.body[0]
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as node) if node is what.value:
            body = _body(node, what.top)
            if body is not None and len(what.top.body) == 1:
                edit = replaced(what.top, statement, f"def {name}():\n    return {body}")
                return Fix(f"Make {name} a def", lambda: [edit])
    return None


def _above(registration: Registration, part: Part) -> Fix | None:
    """A def above the statement that registers a lambda, called as the stage is."""
    node, scope, name = registration.func, registration.scope, registration.name or ""
    if not isinstance(node, ast.Lambda) or not name.isidentifier() or keyword.iskeyword(name):
        return None
    where = [scope.lookup(used.id) for used in ast.walk(node.body) if isinstance(used, ast.Name)]
    local = any(found is not None and found[0].parent is not None for found in where)
    body = _body(node, part.top)
    if body is None or local or scope.lookup(name) is not None or hasattr(builtins, name):
        return None
    text = f"def {name}():\n    return {body}\n\n\n"
    edits = [before(part.top, text), replaced(part.top, node, name)]
    return Fix(f"Write a def {name}", lambda: [] if imports_everything(part) else edits)


def _body(node: ast.Lambda, top: TopLevel) -> str | None:
    """What a lambda without parameters returns, as it is written."""
    if ast.unparse(node.args) or any(isinstance(one, ast.Yield | ast.YieldFrom) for one in ast.walk(node)):
        return None
    text = source(top, node.body)
    return f"({text})" if "\n" in text or isinstance(node.body, ast.NamedExpr) else text


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
clean = «lambda: None»  # nothing yet
p.register(func=clean)
""",
            """
import pivot_core as pc

p = pc.Pipeline("demo")
def clean():
    return None  # nothing yet
p.register(func=clean)
""",
        ),
        Invalid(
            """
from pivot_core import Pipeline
import räume

pipeline = Pipeline("🏠")
pipeline.register(
    «lambda: räume.clean(
        "🏠",  # all
    )», name="clean"
)
""",
            """
from pivot_core import Pipeline
import räume

pipeline = Pipeline("🏠")
def clean():
    return (räume.clean(
        "🏠",  # all
    ))


pipeline.register(
    clean, name="clean"
)
""",
        ),
        # It uses a variable; its name is taken; its name can't be a function's.
        Invalid(
            """
from pivot_core import Pipeline

def add(pipeline: Pipeline, path):
    pipeline.register(«lambda: print(path)», name="clean")
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline

clean = 1
pipeline = Pipeline("demo")
pipeline.register(«lambda: None», name="clean")
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline

pipeline = Pipeline("demo")
pipeline.register(«lambda: None», name="clean@iris")
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
