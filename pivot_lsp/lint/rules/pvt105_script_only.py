"""A stage that is there only when its file is run as a script.

Pivot imports ``pipeline.py`` and the modules of the stages; nothing under ``if __name__ == "__main__"``
happens then. A function from there is found by no worker, and what is registered there is no stage::

    if __name__ == "__main__":
        pipeline.register(clean)      # PVT105

    pipeline.register(clean)

The fix moves the stage, or its registration, above the ``if``, with the functions, classes and imports there
that it needs. It is offered where it uses no variable from there. *Fix all* moves a function alone, too; with
a registration it doesn't, since the pipeline then has a stage more.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.moving import to_module_level
from pivot_lsp.lint.rule import Hit, Invalid, Rule
from pivot_lsp.source.scripts import is_script_only
from pivot_lsp.source.stages import registered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Visit
    from pivot_lsp.source.stages import Part


def check(part: Part) -> Iterator[Hit]:
    """One hit for each function, and each registration of another function."""
    stages = {id(function.node) for function in part.functions}
    guarded = {id(visit.node): visit for visit in part.top.visits if _is_guarded(visit)}
    for function in part.functions:
        if id(function.node) in guarded:
            yield _defined(part, guarded[id(function.node)])
    for registration in part.registrations:
        func = registered(registration)
        known = func is not None and id(func.node) in stages and id(func.node) in guarded
        if not known and id(registration.node) in guarded and _is_outer(part, registration):
            yield _registered(part, registration)
        elif isinstance(registration.func, ast.expr) and _is_from_script(registration):
            message = f"{ast.unparse(registration.func)} is defined in the script that runs"
            yield Hit(part.spot(registration.func), message, "move it to a module and import it")


def _is_guarded(visit: Visit) -> bool:
    return visit.scope.parent is None and is_script_only(visit.scope.top, visit.arms)


def _defined(part: Part, visit: Visit) -> Hit:
    node = visit.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    calls = [_statement(part, item) for item in part.registrations if _registers(item, node)]
    moving = [node, *(call for call in calls if call is not None)]
    return Hit(
        part.top.name_spot(node),
        f"{node.name} is defined only when this file is run as a script: a worker can't find it",
        'move it out of the if __name__ == "__main__"',
        fix=to_module_level(part, moving, visit.scope),
    )


def _registered(part: Part, registration: Registration) -> Hit:
    statement = _statement(part, registration)
    fix = to_module_level(part, [statement], registration.scope) if statement is not None else None
    return Hit(
        part.spot(registration.node),
        "this stage is registered only when the file is run as a script",
        'move the registration out of the if __name__ == "__main__"',
        fix=fix,
    )


def _registers(registration: Registration, node: ast.AST) -> bool:
    func = registered(registration)
    return func is not None and func.node is node


def _statement(part: Part, registration: Registration) -> ast.Expr | None:
    """The statement that a registration is, if it is nothing else."""
    nodes = (visit.node for visit in part.top.visits)
    return next((n for n in nodes if isinstance(n, ast.Expr) and n.value is registration.node), None)


def _is_outer(part: Part, registration: Registration) -> bool:
    """Whether the pipeline itself is there whenever the module is imported."""
    pipeline = registration.node
    while isinstance(pipeline, ast.Call | ast.Attribute):
        pipeline = pipeline.func if isinstance(pipeline, ast.Call) else pipeline.value
    return isinstance(pipeline, ast.Name) and pipeline.id not in part.top.bound


def _is_from_script(registration: Registration) -> bool:
    assert isinstance(registration.func, ast.expr)
    return (registration.scope.chain(registration.func) or "").startswith("__main__.")


_HEAD = """from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

pipeline = Pipeline("demo")

Made = Annotated[dict, outputs.Metric("made.json")]
"""

RULE = Rule(
    code="PVT105",
    name="script-only",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        _HEAD
        + """
def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made: ...

pipeline.register(clean)

if __name__ == "__main__":
    def show(text): print(text)
    show(clean("a"))
else:
    def other(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...

if __name__ == "stages":
    pipeline.register(clean, name="again", outs={"return": "again.json"})
""",
        # A pipeline of the script's own.
        """
from pivot_core import Pipeline
import stages

if __name__ == "__main__":
    pipeline = Pipeline("trial")
    pipeline.register(stages.clean)
    print(pipeline.registrations)
""",
    ),
    invalid=(
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
if __name__ == "__main__":
    «pipeline.register(stages.clean)»  # the first

    print("ready")
""",
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)  # the first


if __name__ == "__main__":
    print("ready")
""",
        ),
        Invalid(
            _HEAD
            + """
if __name__ == "__main__":
    import sys
    # Takes the rows, and
    # cleans them.
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made:
        print(checked(rows))

    def checked(rows):
        return rows or "none"

    pipeline.register(clean)
    print(clean(sys.argv[1]))
""",
            _HEAD
            + """
# Takes the rows, and
# cleans them.
def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made:
    print(checked(rows))


def checked(rows):
    return rows or "none"


pipeline.register(clean)


if __name__ == "__main__":
    import sys
    print(clean(sys.argv[1]))
""",
        ),
        Invalid(
            _HEAD
            + """
if "__main__" == __name__ and True:
    @pipeline.register
    def «clean»(räume: Annotated[str, outputs.Dep("räume 🏠.txt", loaders.Text())]) -> Made: ...
""",
            _HEAD
            + """
@pipeline.register
def clean(räume: Annotated[str, outputs.Dep("räume 🏠.txt", loaders.Text())]) -> Made: ...


if "__main__" == __name__ and True:
    pass
""",
        ),
        # What it needs is a variable; only one of two ways; registered in a loop.
        Invalid(
            _HEAD
            + """
if __name__ == "__main__":
    SEP = ","
    def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> Made:
        print(rows.split(SEP))
"""
        ),
        Invalid(
            _HEAD
            + """
if __name__ == "__main__":
    if pipeline:
        def «clean»(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")

if __name__ == "__main__":
    for name in ("a", "b"):
        «pipeline.register(stages.clean, name=name)»
"""
        ),
        Invalid(
            """
from pivot_core import Pipeline
from __main__ import clean

pipeline = Pipeline("demo")
pipeline.register(«clean»)
"""
        ),
    ),
)
