"""A queue, lock or event of ``multiprocessing`` handed to the workers of a pool.

What a pool's workers are given is pickled, and these can't be: such a call always fails, with "Queue objects
should only be shared between processes through inheritance" or "could not pickle the task". A manager's can::

    events = multiprocessing.Queue()                       # PVT501
    events = multiprocessing.Manager().Queue()
    with ProcessPoolExecutor() as pool:
        pool.submit(work, events)

``multiprocessing.Process(args=(events,))`` inherits, and may have either. The fix is safe: what failed works,
and a manager's object has the same methods. ``Value``, ``Array`` and ``SimpleQueue`` have no equal there:
choose another way.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import importing, replaced, source
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.scopes import Assigned, Entered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import TopLevel

_POOLS = frozenset(
    {
        "concurrent.futures.ProcessPoolExecutor",
        "concurrent.futures.process.ProcessPoolExecutor",
        "loky.ProcessPoolExecutor",
        "loky.get_reusable_executor",
        "multiprocessing.Pool",
        "multiprocessing.pool.Pool",
    }
)
_HANDING = frozenset(
    {
        "apply",
        "apply_async",
        "imap",
        "imap_unordered",
        "map",
        "map_async",
        "starmap",
        "starmap_async",
        "submit",
    }
)
_MANAGED = frozenset(
    {
        "Barrier",
        "BoundedSemaphore",
        "Condition",
        "Event",
        "JoinableQueue",
        "Lock",
        "Queue",
        "RLock",
        "Semaphore",
    }
)
_SHARED = _MANAGED | {"Array", "SimpleQueue", "Value"}
_CONTEXT = "multiprocessing.get_context"
# Calls that pass on what they are given.
_PASSING = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.tuple",
        "builtins.zip",
        "functools.partial",
        "itertools.repeat",
    }
)
_HINT = "make it with multiprocessing.Manager(): what that makes can be pickled"


class _Made(NamedTuple):
    """What can't be pickled. ``kind``: the name of what makes it."""

    call: ast.Call
    kind: str
    top: TopLevel


def check(part: Part) -> Iterator[Hit]:
    """One hit for each object in a statement, however often it is handed on."""
    seen: set[ast.AST] = set()
    for visit in part.top.visits:
        call = visit.node
        if isinstance(call, ast.Call) and _is_to_workers(call, visit.scope):
            for node in _handed(call, visit.scope):
                made = _made(node, visit.scope)
                if made is not None and made.call not in seen:
                    seen.add(made.call)
                    yield _hit(part, made, node, visit.scope)


def _is_to_workers(call: ast.Call, scope: Scope) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _HANDING:
        return False
    pool: ast.expr | None = call.func.value
    if isinstance(pool, ast.Name):
        binding = scope.only(pool.id)
        pool = binding.value if isinstance(binding, Assigned | Entered) else None
    return isinstance(pool, ast.Call) and scope.full_name(pool.func) in _POOLS


def _handed(call: ast.Call, scope: Scope) -> Iterator[ast.expr]:
    """What workers are given itself, not what is made of it on the way."""
    nodes: list[ast.AST] = [*call.args, *call.keywords]
    for node in nodes:  # grows
        passes_on = isinstance(node, ast.Call) and scope.full_name(node.func) in _PASSING
        if isinstance(node, ast.Name | ast.Call) and not passes_on:
            yield node
        elif not isinstance(node, ast.Attribute | ast.Compare | ast.Lambda):
            nodes += ast.iter_child_nodes(node)


def _made(node: ast.expr, scope: Scope) -> _Made | None:
    call, top = scope.value(node)
    if not isinstance(call, ast.Call):
        return None
    module, _, kind = (scope.full_name(call.func) or "").rpartition(".")
    if isinstance(call.func, ast.Attribute) and module != "multiprocessing":
        context, _ = scope.value(call.func.value)
        if isinstance(context, ast.Call) and scope.full_name(context.func) == _CONTEXT:
            module, kind = "multiprocessing", call.func.attr
    return _Made(call, kind, top) if module == "multiprocessing" and kind in _SHARED else None


def _hit(part: Part, made: _Made, node: ast.expr, scope: Scope) -> Hit:
    article = "an" if made.kind[0] in "AE" else "a"
    message = f"{article} {made.kind} of multiprocessing can't be handed to the workers of a pool"
    if made.top is not part.top:
        return Hit(part.spot(node), message, _HINT, (Related(made.top.spot(made.call), "made here"),))
    where = (Related(part.spot(node), "handed to workers here"),)
    return Hit(part.spot(made.call), message, _HINT, where, _fix(part, made, scope))


def _fix(part: Part, made: _Made, scope: Scope) -> Fix | None:
    func, call = made.call.func, made.call
    if made.kind not in _MANAGED or (made.kind == "Condition" and call.args) or call.keywords:
        return None
    if isinstance(func, ast.Name) and scope.full_name(ast.Name("Manager")) not in (
        "multiprocessing.Manager",
        "builtins.Manager",
    ):
        return None  # the name is taken

    def edits() -> list[Edit]:
        if isinstance(func, ast.Attribute):
            owner = source(part.top, func.value)
            return [replaced(part.top, func, f"{owner}.Manager().{made.kind}")]
        imported = importing(part.module, "from multiprocessing import Manager")
        return [replaced(part.top, func, f"Manager().{made.kind}"), *imported]

    return Fix(f"make the {made.kind} with a manager", edits)


RULE = Rule(
    code="PVT501",
    name="shared-by-pickle",
    severity="error",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
import multiprocessing
from multiprocessing import Manager
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    inherited = multiprocessing.Queue()
    process = multiprocessing.Process(target=print, args=(inherited,))
    managed, lock = Manager().Queue(), multiprocessing.Lock()
    with ProcessPoolExecutor() as pool, ThreadPoolExecutor() as threads:
        pool.submit(print, managed, inherited.qsize())
        threads.submit(print, inherited, lock)
    with multiprocessing.Pool(initializer=print, initargs=(inherited, lock)) as pool:
        pool.map(print, range(3))
    return "done"
""",
        # The queue of asyncio, and one that may be any.
        """
import multiprocessing
from asyncio import Queue
from typing import Annotated
from pivot_core import loaders, outputs
from concurrent.futures import ProcessPoolExecutor

def clean(small: Annotated[bool, outputs.Dep("small.json", loaders.JSON())]) -> None:
    events = multiprocessing.Queue()
    if small:
        events = multiprocessing.Manager().Queue()
    with ProcessPoolExecutor() as pool:
        pool.submit(print, events)
        pool.submit(print, Queue())
""",
        # Nothing of a stage.
        """
import multiprocessing
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def main() -> None:
    multiprocessing.Pool().map(print, [multiprocessing.Lock()])
""",
    ),
    invalid=(
        Invalid(
            """
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    events = «mp.Queue(10)»  # what they have to say
    with ProcessPoolExecutor() as pool:
        for row in rows:
            pool.submit(print, row, events)
        pool.submit(print, events)
""",
            fixed="""
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    events = mp.Manager().Queue(10)  # what they have to say
    with ProcessPoolExecutor() as pool:
        for row in rows:
            pool.submit(print, row, events)
        pool.submit(print, events)
""",
        ),
        Invalid(
            """
from typing import Annotated
from functools import partial
from multiprocessing import Lock, Pool
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def locked(lock: object, row: int) -> None: ...

def in_parallel() -> None:
    pool = Pool()
    lock = «Lock()»
    pool.map(partial(locked, lock), range(10))

def clean() -> Made:
    in_parallel()

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            fixed="""
from typing import Annotated
from functools import partial
from multiprocessing import Lock, Pool
import pivot_core as pc
from multiprocessing import Manager

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def locked(lock: object, row: int) -> None: ...

def in_parallel() -> None:
    pool = Pool()
    lock = Manager().Lock()
    pool.map(partial(locked, lock), range(10))

def clean() -> Made:
    in_parallel()

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
import multiprocessing
import loky
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[list[int], outputs.Dep("rows.json", loaders.JSON())]) -> None:
    spawning = multiprocessing.get_context("spawn")
    stop = «spawning.Event()»
    tasks = loky.get_reusable_executor().map(print, zip(rows, [stop] * len(rows)))
""",
            fixed="""
import multiprocessing
import loky
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[list[int], outputs.Dep("rows.json", loaders.JSON())]) -> None:
    spawning = multiprocessing.get_context("spawn")
    stop = spawning.Manager().Event()
    tasks = loky.get_reusable_executor().map(print, zip(rows, [stop] * len(rows)))
""",
        ),
        # A manager's Value has no lock of its own.
        Invalid(
            """
import multiprocessing
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    with multiprocessing.Pool(2) as pool:
        return pool.apply(str, (), {"object": «multiprocessing.Value("i", 0)»})
""",
        ),
        # It is made elsewhere.
        Invalid(
            """
import multiprocessing
from typing import Annotated
from pivot_core import loaders, outputs

LOCK = multiprocessing.Lock()

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    with multiprocessing.Pool(2) as pool:
        return pool.apply(str, («LOCK»,))
""",
        ),
    ),
)
