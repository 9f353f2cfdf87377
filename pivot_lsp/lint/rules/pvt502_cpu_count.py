"""The machine's number of processors, where it is a number of workers.

In a container, a batch job or under ``taskset``, a process may use a few processors of a machine that has a
hundred. ``os.cpu_count()`` and ``multiprocessing.cpu_count()`` tell of the hundred: that many workers get in
each other's way, and out of memory. ``loky.cpu_count()`` (loky comes with Pivot) knows the limits::

    with ProcessPoolExecutor(os.cpu_count()) as pool: ...        # PVT502
    with ProcessPoolExecutor(loky.cpu_count()) as pool: ...

A number that is only printed, logged, or part of a report isn't a number of workers. The fix is safe: the
number is the same one unless there are limits.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import importing, replaced
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.stages import Part

_COUNTS = frozenset({"os.cpu_count", "multiprocessing.cpu_count"})
_HINT = "loky.cpu_count() is how many of them this process may use"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each call."""
    for call in part.answer(known_calls):
        if call.name in _COUNTS and not _is_reported(part, call):
            message = f"{call.name}() counts processors that this process may not use"
            yield Hit(part.spot(call.node), message, _HINT, fix=_fix(part, call))


def _is_reported(part: Part, call: KnownCall) -> bool:
    if isinstance(part.top.parents.get(id(call.node)), ast.Dict):
        return True
    return Flow(part.top).is_only_told(call.node, call.scope)


def _fix(part: Part, call: KnownCall) -> Fix | None:
    if call.scope.full_name(ast.Name("loky")) not in ("loky", "builtins.loky"):
        return None  # the name is taken

    def edits() -> list[Edit]:
        return [
            replaced(part.top, call.node.func, "loky.cpu_count"),
            *importing(part.module, "import loky"),
        ]

    return Fix("count with loky.cpu_count()", edits)


RULE = Rule(
    code="PVT502",
    name="cpu-count",
    severity="warning",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

import loky
from loky import cpu_count
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    with ProcessPoolExecutor(loky.cpu_count()) as pool, ProcessPoolExecutor(max_workers=cpu_count()):
        pool.map(len, rows)
""",
        # It is only told.
        """
import logging
import os
import sys
from typing import Annotated
from pivot_core import outputs
from pivot_core.outputs import Metric

log = logging.getLogger(__name__)

def measure() -> Annotated[dict[str, object], Metric("machine.json")]:
    found = os.cpu_count()
    print(f"on {found} processors", file=sys.stderr)
    log.info("%s processors, %d more", str(os.cpu_count()), (os.cpu_count() or 1) - 1)
    return {"processors": os.cpu_count()}
""",
        # Nothing of a stage.
        """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def main(workers: int | None = os.cpu_count()) -> None: ...
""",
        # Somebody else's.
        """
from typing import Annotated
from pivot_core import loaders, outputs
from machine import cpu_count
import machine as os

def clean() -> Annotated[int, outputs.Out("rows.json", loaders.JSON())]:
    return cpu_count() + os.cpu_count()
""",
    ),
    invalid=(
        Invalid(
            '''
"""Cleans."""
import os  # for the paths
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("räume.txt", loaders.Text())]) -> None:
    with ProcessPoolExecutor(max_workers=«os.cpu_count()» or 1) as pool:  # all of them
        pool.map(len, rows)
''',
            fixed='''
"""Cleans."""
import os  # for the paths
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

from pivot_core import loaders, outputs
import loky

def clean(rows: Annotated[str, outputs.Dep("räume.txt", loaders.Text())]) -> None:
    with ProcessPoolExecutor(max_workers=loky.cpu_count() or 1) as pool:  # all of them
        pool.map(len, rows)
''',
        ),
        Invalid(
            """
import loky
import pivot_core as pc
from multiprocessing import cpu_count as processors
from typing import Annotated

WORKERS = max(1, «processors()» - 1)

def clean() -> Annotated[str, pc.outputs.Out("rows.txt", pc.loaders.Text())]:
    with loky.get_reusable_executor(WORKERS) as pool:
        return "".join(pool.map(str, range(10)))
""",
            fixed="""
import loky
import pivot_core as pc
from multiprocessing import cpu_count as processors
from typing import Annotated

WORKERS = max(1, loky.cpu_count() - 1)

def clean() -> Annotated[str, pc.outputs.Out("rows.txt", pc.loaders.Text())]:
    with loky.get_reusable_executor(WORKERS) as pool:
        return "".join(pool.map(str, range(10)))
""",
        ),
        # It is printed, and used.
        Invalid(
            """
from typing import Annotated
import multiprocessing
from pivot_core import Pipeline, outputs
from mapping import in_parallel

Made = Annotated[dict, outputs.Metric("made.json")]

loky = None

def clean() -> Made:
    workers = «multiprocessing.cpu_count()»
    print(f"{workers} workers")
    in_parallel(workers)

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
        ),
        # In a helper that never mentions Pivot.
        Invalid(
            """
from os import cpu_count

def in_parallel(rows: str) -> str:
    return rows * («cpu_count()» or 1)
""",
            path="parallel.py",
            files={
                "pipeline.py": """
from typing import Annotated

import parallel
from pivot_core import Pipeline, loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    return parallel.in_parallel("rows")

pipeline = Pipeline("demo")
pipeline.register(clean)
"""
            },
            fixed="""
from os import cpu_count
import loky

def in_parallel(rows: str) -> str:
    return rows * (loky.cpu_count() or 1)
""",
        ),
    ),
)
