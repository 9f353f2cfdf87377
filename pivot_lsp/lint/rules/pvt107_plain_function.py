"""A stage that is async, a generator, or takes ``*args``, ``**kwargs`` or positional-only parameters.

A stage is called once, with each parameter by its name, and what it returns is written. So it is a plain
function, and each of its parameters is named and says where it comes from::

    async def fetch(urls: Annotated[list, Dep("urls.json", JSON())]) -> Annotated[...]: ...   # PVT107

    def fetch(urls: Annotated[list, Dep("urls.json", JSON())]) -> Annotated[...]:
        return asyncio.run(fetch_all(urls))

There is no fix: how the results of a generator are put together, and what ``**kwargs`` may be, only you know.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.children import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.stages import Part, StageFunction


def check(part: Part) -> Iterator[Hit]:
    """One hit for each mistake of a function."""
    for function in part.functions:
        node, args = function.node, function.node.args
        spot = part.top.name_spot(node)
        if isinstance(node, ast.AsyncFunctionDef):
            yield Hit(spot, f"{node.name} is async", "make it a plain def (it may call asyncio.run inside)")
        elif (first := _first_yield(function)) is not None:
            related = (Related(part.spot(first), "the first yield"),)
            message = f"{node.name} is a generator: it has a yield"
            yield Hit(spot, message, "return the whole result", related)
        for arg, stars in ((args.vararg, "*"), (args.kwarg, "**")):
            if arg is not None:
                message = f"{node.name} takes {stars}{arg.arg}"
                yield Hit(part.spot(arg), message, "name and annotate each parameter")
        for arg in args.posonlyargs:
            message = f"parameter {arg.arg!r} of {node.name} is positional-only"
            yield Hit(part.spot(arg), message, "remove the / from the signature")


def _first_yield(function: StageFunction) -> ast.Yield | ast.YieldFrom | None:
    """Of the function itself, not of those inside it."""
    nodes: list[ast.AST] = list(function.node.body)
    found = []
    for node in nodes:  # grows
        match node:
            case ast.Yield() | ast.YieldFrom():
                found.append(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                continue
        nodes += children(node)
    return min(found, key=lambda node: (node.lineno, node.col_offset), default=None)


RULE = Rule(
    code="PVT107",
    name="plain-function",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
import asyncio
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def fetch(
    urls: Annotated[list, outputs.Dep("urls.json", loaders.JSON())],
    *,
    more: Annotated[list, outputs.Dep("more.json", loaders.JSON())],
) -> Annotated[list, outputs.Out("pages.json", loaders.JSON())]:
    async def one(url, *args, **kwargs):
        yield url
    def all_of_them():
        yield from urls
    later = lambda: (yield)
    return asyncio.run(one(urls))
""",
        # Functions that aren't stages.
        """
from typing import Annotated
from contextlib import contextmanager
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

pipeline = pc.Pipeline("demo")

@contextmanager
def opened(path, /, *args, **kwargs):
    yield path

async def serve(): ...

@pipeline.register
def clean() -> Made: ...
""",
        # Another library's Dep.
        """
from typing import Annotated
from injection import Dep
import pivot_core

async def handler(rows: Annotated[str, Dep("rows.txt")], **kwargs): ...
""",
        # A class that has the name of a function elsewhere.
        """
from pivot_core import Pipeline
from stages import train

def generate(*train):
    yield train

Pipeline("demo").register(generate)
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

async def «räume»(urls: Annotated[list, outputs.Dep("urls.json", loaders.JSON())]) -> None: ...
"""
        ),
        Invalid(
            """
from typing import Annotated
import pivot_core.outputs as o
from pivot_core.loaders import JSON

def «fetch»() -> Annotated[list, o.Out("pages.json", JSON())]:
    for page in range(3):
        if page:
            yield page
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

pipeline = Pipeline("demo")

def clean(*«rows») -> Made: ...

pipeline.register(clean)
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

pipeline = Pipeline("demo")

@pipeline.register
def clean(**«options: object») -> Made: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core.outputs import Dep, Metric
from pivot_core.loaders import Text

class Outputs(TypedDict):
    score: Annotated[float, Metric("score.json")]

def evaluate(«rows: Annotated[str, Dep("rows.txt", Text())]», /) -> Outputs: ...
"""
        ),
        Invalid(
            "from made import Made\n\nasync def «fetch»() -> Made: ...\n",
            files={
                "pipeline.py": """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.fetch)
"""
            },
        ),
    ),
)
