"""A lambda registered as a stage, or used as a stage's decorator or default, or in a loader.

Only references travel to workers: the module and the name of a stage. A lambda has no name that a worker
could import it by. Give it one: a ``def`` at module level::

    pipeline.register(lambda rows: rows.dropna())      # PVT101

    def clean(rows): ...
    pipeline.register(clean)

The fix writes the ``def``, where the name that the lambda is registered by, or the variable that holds it,
can be that of the function. It is offered for a stage without parameters: these need annotations, which a
lambda can't have. What the stage returns is written to a path that the fix makes up: look at it before you
take it. A decorator or a default becomes a ``def`` above the stage, which is safe. For a lambda in a loader
there is no fix: the options of a loader are JSON values.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from typing import TYPE_CHECKING

from pivot_core.define.agreement import suggestions
from pivot_lsp.lint.edits import before, replaced
from pivot_lsp.lint.marking import ENDS, marked
from pivot_lsp.lint.moving import imports_everything
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.lint.unfolding import unfolded
from pivot_lsp.source.stages import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.naming import Named
    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Assigned, Scope
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
        for node, text, name in _around(function):
            fix = _beside(node, name, function, part)
            told.setdefault(node, Hit(part.spot(node), text, _HINT, fix=fix))
    for call, _ in part.artifacts_and_loaders:
        for node in _lambdas(call):
            told.setdefault(node, Hit(part.spot(node), "a lambda is part of a loader", _HINT))
    yield from told.values()


def _registered(what: Assigned, registration: Registration, part: Part) -> Hit:
    related: tuple[Related, ...] = ()
    if registration.func is not what.value and isinstance(registration.func, ast.expr):
        related = (Related(part.spot(registration.func), "registered here"),)
    fix = _in_place(what, part, registration) if related else _above(registration, part)
    return Hit(what.top.spot(what.value), "a lambda is registered as a stage", _HINT, related, fix)


def _in_place(what: Assigned, part: Part, registration: Registration) -> Fix | None:
    """A def instead of ``clean = lambda: …`` at module level."""
    statement = what.top.body[0]
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as node) if node is what.value:
            written = unfolded(node, what.top)
            if written is not None and not written.parameters and len(what.top.body) == 1:
                scope = registration.scope.module

                def edits() -> list[Edit]:
                    returns = _returns(node, name, part, scope)
                    if returns is None:
                        return []
                    text = f"def {name}() -> {returns.text}:\n    return {written.result}"
                    return [replaced(what.top, statement, text), *returns.edits]

                return Fix(f"Make {name} a def", edits, safe=False)
    return None


def _above(registration: Registration, part: Part) -> Fix | None:
    """A def above the statement that registers a lambda, called as the stage is."""
    node, scope, name = registration.func, registration.scope, registration.name or ""
    if not isinstance(node, ast.Lambda) or _uses_locals(node, scope) or not _is_free(name, scope):
        return None
    written = unfolded(node, part.top)
    if written is None or written.parameters:
        return None

    def edits() -> list[Edit]:
        returns = _returns(node, name, part, scope)
        if returns is None or imports_everything(part):
            return []
        text = f"def {name}() -> {returns.text}:\n    return {written.result}\n\n\n"
        return [*returns.edits, before(part.top, text), replaced(part.top, node, name)]

    return Fix(f"Write a def {name}", edits, safe=False)


def _returns(node: ast.Lambda, name: str, part: Part, scope: Scope) -> Named | None:
    """What the def says that it returns: an output of its own, in a file called as it is."""
    kind = _kind(node.body)
    if scope.lookup(kind) is not None:
        return None
    loader = next(iter(suggestions(f"builtins.{kind}")), "Pickle")
    return marked(part.module, kind, "Out", f'"{name}{ENDS[loader]}"', loader)


def _kind(node: ast.expr) -> str:
    """The type of what an expression makes, if its form tells."""
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return type(value).__name__
        case ast.JoinedStr():
            return "str"
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
    return "object"


def _beside(node: ast.Lambda, name: str, function: StageFunction, part: Part) -> Fix | None:
    """A def above the stage that a lambda is a decorator or a default of."""
    written = unfolded(node, part.top)
    if written is None or not function.at_module_level or not _is_free(name, function.scope):
        return None
    text = f"def {name}({written.parameters}):\n    return {written.result}\n\n\n"
    edits = [before(part.top, text), replaced(part.top, node, name)]
    return Fix(f"Write a def {name}", lambda: [] if imports_everything(part) else edits)


def _uses_locals(node: ast.Lambda, scope: Scope) -> bool:
    where = [scope.lookup(used.id) for used in ast.walk(node.body) if isinstance(used, ast.Name)]
    return any(found is not None and found[0].parent is not None for found in where)


def _is_free(name: str, scope: Scope) -> bool:
    is_name = name.isidentifier() and not keyword.iskeyword(name)
    return is_name and scope.lookup(name) is None and not hasattr(builtins, name)


def _around(function: StageFunction) -> Iterator[tuple[ast.Lambda, str, str]]:
    """Its lambdas, with what each is, and what to call it."""
    node, args = function.node, function.node.args
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Lambda):
            yield decorator, f"a lambda decorates the stage {node.name!r}", f"decorated_{node.name}"
    given = [*args.posonlyargs, *args.args]
    with_default = [*given[len(given) - len(args.defaults) :], *args.kwonlyargs]
    for arg, default in zip(with_default, [*args.defaults, *args.kw_defaults], strict=True):
        if isinstance(default, ast.Lambda):
            yield default, f"a lambda is a default of the stage {node.name!r}", f"default_{arg.arg}"


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
from typing import Annotated

p = pc.Pipeline("demo")
def clean() -> Annotated[object, pc.outputs.Out("clean.pkl", pc.loaders.Pickle())]:
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
from typing import Annotated
from pivot_core import outputs
from pivot_core import loaders

pipeline = Pipeline("🏠")
def clean() -> Annotated[object, outputs.Out("clean.pkl", loaders.Pickle())]:
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
""",
            """
from typing import Annotated
from pivot_core import loaders, outputs

def default_order(row):
    return row


def clean(
    rows: Annotated[str, outputs.Dep("räume 🏠.txt", loaders.Text())],
    *,
    order: Annotated[object, outputs.Dep("order.pkl", loaders.Pickle())] = default_order,
) -> None: ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core.outputs import Out
import parsing

# As it is.
@(«lambda function, why=":": (  # the function
    function  # itself
)»)
def clean() -> Annotated[str, Out("rows.txt", parsing.Table())]: ...
""",
            """
from typing import Annotated
from pivot_core.outputs import Out
import parsing

def decorated_clean(function, why=":"):
    return (  # the function
    function  # itself
)


# As it is.
@(decorated_clean)
def clean() -> Annotated[str, Out("rows.txt", parsing.Table())]: ...
""",
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
