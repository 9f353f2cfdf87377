"""An environment variable that is read by a name that the text doesn't tell.

Variables that code reads by name are inputs of its stage. If the name is made up at run time, Pivot has to
guess from the texts that the code holds, and knows for sure only after the stage has run::

    def setting(name):
        return os.environ[name]              # PVT403

    os.environ["APP_RATE"]
    os.environ[f"APP_{key}"]                 # all that begin so count

Write the name out, give it a literal beginning, or take the value as a parameter of the stage. There is no
fix.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_core.code.composed import template
from pivot_core.code.environment import composed, is_told
from pivot_core.code.vocabulary import ENVIRONMENT
from pivot_lsp.lint.rule import Hit, Invalid, Rule
from pivot_lsp.source.annotations import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope, Visit
    from pivot_lsp.source.stages import Part

_READING = frozenset({"__getitem__", "get", "pop", "setdefault"})
_HINT = "write its name out, begin it with a literal as in f'APP_{key}', or make the value a parameter"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each read."""
    for visit in part.top.visits:
        name = _name(visit, part)
        if isinstance(visit.node, ast.expr) and name is not None and not _is_told(name, visit.scope):
            yield Hit(part.spot(visit.node), "the text doesn't tell which variable is read here", _HINT)


def _name(visit: Visit, part: Part) -> ast.expr | None:
    """What names the variable that an expression reads."""
    match visit.node:
        case ast.Subscript(value=mapping, slice=name, ctx=ast.Load()):
            return name if _is_environment(mapping, visit.scope) else None
        case ast.Compare(left=name, ops=[ast.In() | ast.NotIn()], comparators=[mapping]):
            return name if _is_environment(mapping, visit.scope) else None
        case ast.Call(func=ast.Attribute(value=mapping, attr=method), args=[name, *_]) if method in _READING:
            if not _is_environment(mapping, visit.scope):
                return None
            is_dropped = isinstance(part.top.parents.get(id(visit.node)), ast.Expr)  # it only takes it out
            return None if is_dropped else name
        case ast.Call(func=func, args=[name, *_]):
            return name if visit.scope.full_name(func) in ("os.getenv", "os.getenvb") else None
    return None


def _is_environment(node: ast.expr, scope: Scope) -> bool:
    return scope.full_name(node) in ENVIRONMENT


def _is_told(name: ast.expr, scope: Scope) -> bool:
    """As the code graph sees it; what is imported counts as a constant."""
    return is_told(composed(template(name, lambda node: _constant(node, scope)), lambda text: text))


def _constant(node: ast.expr, scope: Scope) -> str:
    text = text_of(node, scope)
    if text is not None:
        return text.value
    return "imported" if scope.chain(node) is not None else ""


RULE = Rule(
    code="PVT403",
    name="untold-variable",
    severity="info",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
import os
from os import environ as variables, getenv
from typing import Annotated
from pivot_core import loaders, outputs
from settings import NAME
import settings

RATE = "RATE"

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    print(os.environ["HOME"], os.environ.get(RATE), getenv(f"APP_{rows}"), variables["APP_" + rows])
    print(os.environ[NAME], os.getenv(settings.NAME), "HOME" in variables)
    name = "HOME"
    print(os.environ[name])
    os.environ[rows] = "1"
    os.environ.pop(rows, None)
    del os.environ[rows]
    variables = {"a": 1}
    print(variables[rows], {**os.environ})
""",
        # Nothing of a stage, and nothing of os.
        """
import os
from typing import Annotated
from pivot_core import loaders, outputs
from shell import environ

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    print(environ[rows])

def main(name: str) -> None:
    print(os.environ[name])
""",
    ),
    invalid=(
        Invalid(
            """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    print(setting("rate"))

def setting(name: str) -> str:
    return «os.environ[name.upper()]»
"""
        ),
        Invalid(
            """
from typing import Annotated
from os import environ
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def clean() -> Made:
    for name in ("RATE", "SIZE"):
        print(«environ.get(name, "")»)

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
"""
        ),
        Invalid(
            """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    value = «os.getenv(f"{rows}_RATE")»
"""
        ),
        Invalid(
            """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    if «rows not in os.environ»:
        print("no rows")
"""
        ),
    ),
)
