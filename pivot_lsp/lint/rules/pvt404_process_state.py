"""State of the process that a stage changes: the working folder, ``sys.path``, a variable of a module.

A stage runs in a worker process that has run other stages before and runs others after, in an order that
nobody knows. So what one stage appends to a list of a module no other stage can rely on, and those that run
in another process never see it. Code that only ``sys.path`` finds is followed when it runs, not before.
After ``os.chdir`` each relative path means another file::

    FOUND = []

    def clean(rows: ...) -> None:
        os.chdir("data")                     # PVT404: join paths, or with contextlib.chdir("data"): ...
        FOUND.append(len(rows))              # PVT404: return it, as an output
        sys.path.append("lib")               # PVT404: have it in the project's folder, or install it

A cache, which the stage reads as well, is fine, and so is a working folder that is put back. There is no
fix.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.flow import Flow, reads
from pivot_lsp.source.scopes import Assigned
from pivot_lsp.source.scripts import is_script_only
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction

_MOVES = frozenset({"os.chdir", "os.fchdir"})
_MUTATORS = frozenset({"add", "append", "appendleft", "extend", "insert", "remove", "update"})
_PATH_MUTATORS = frozenset(f"sys.path.{name}" for name in _MUTATORS) | {"site.addsitedir"}
_CONTAINERS = frozenset({"builtins.dict", "builtins.list", "builtins.set"}) | {
    f"collections.{name}" for name in ("Counter", "OrderedDict", "defaultdict", "deque")
}
_LITERALS = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)
_PATH_MESSAGE = "what is imported from a folder on sys.path is followed only when it runs"
_MOVE_HINT = "join paths instead, or put it back: with contextlib.chdir(folder)"
_PATH_HINT = "have the code in the project's folder or in src/, or install it"
_STATE_HINT = "return it instead, as an output"


class _Change(NamedTuple):
    """Of what a variable of a module holds, or of the variable itself. ``target``: ``("shared", "ROWS")``."""

    node: ast.expr | ast.stmt
    target: tuple[str, ...]
    is_variable: bool = False


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each change."""
    for hit, scope in part.answer(_of_process):
        if sources.feeds(part.top) or (scope.kind == "module" and _makes_stages(part)):
            yield hit
    for change in part.answer(_of_modules):
        bound = sources.find(part.module, change.target)
        made = bound.binding if bound is not None else None
        if change.is_variable or (isinstance(made, Assigned) and _is_container(made)):
            related = (
                Related(made.top.spot(made.value), "it begins as this")
                if isinstance(made, Assigned)
                else None
            )
            message = f"other processes never see this change of {'.'.join(change.target)!r}"
            yield Hit(part.spot(change.node), message, _STATE_HINT, (related,) if related is not None else ())


def _changes(part: Part) -> Iterator[object]:
    """All that may be one."""
    yield from part.answer(_of_process)
    yield from part.answer(_of_modules)


def _makes_stages(part: Part) -> bool:
    return any(other.functions or other.registrations for other in part.module.parts)


def _is_container(made: Assigned) -> bool:
    value = made.value
    if isinstance(value, ast.Call):
        return made.top.scope.full_name(value.func) in _CONTAINERS
    return isinstance(value, _LITERALS)


# --- the process


def _of_process(part: Part) -> Iterator[tuple[Hit, Scope]]:
    for call in part.answer(known_calls):
        if is_script_only(part.top, call.arms):
            continue
        if call.name in _MOVES and not _is_put_back(part, call):
            message = "from here on, relative paths mean other files"
            yield Hit(part.spot(call.node), message, _MOVE_HINT), call.scope
        elif call.name in _PATH_MUTATORS:
            yield Hit(part.spot(call.node), _PATH_MESSAGE, _PATH_HINT), call.scope
    for visit in part.top.visits:
        node = visit.node
        if isinstance(node, ast.Assign | ast.AugAssign) and not is_script_only(part.top, visit.arms):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            plain = (target.value if isinstance(target, ast.Subscript) else target for target in targets)
            if any(visit.scope.full_name(target) == "sys.path" for target in plain):
                yield Hit(part.spot(node), _PATH_MESSAGE, _PATH_HINT), visit.scope


def _is_put_back(part: Part, call: KnownCall) -> bool:
    """Whether the function around may do so: it goes twice, or is one half of a context manager."""
    function = Flow(part.top).function_around(call.node)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    moves = [
        other for other in part.answer(known_calls) if other.name in _MOVES and other.scope is call.scope
    ]
    return len(moves) > 1 or function.name in ("__enter__", "__exit__", "__del__", "close")


# --- variables of modules


def _of_modules(part: Part) -> Iterator[_Change]:
    for function in part.functions:
        inside = list(_statements(part, function))
        held = [(node, holder, scope) for node, scope in inside if (holder := _holder(node)) is not None]
        holders = {id(holder) for _, holder, _ in held}
        shared = [
            (node, target)
            for node, holder, scope in held
            if (target := dotted_name(holder)) is not None and _is_of_module(target[0], scope)
        ]
        nodes = ast.walk(function.node) if shared else ()
        read = {dotted_name(node) for node in nodes if id(node) not in holders}
        yield from (_Change(node, target) for node, target in shared if target not in read)
        for node, scope in inside:
            name = _stored(node)
            if name is not None and name in scope.elsewhere and _is_of_module(name, scope):
                kept = isinstance(node, ast.Assign) and any(reads(function.node, name))
                if not kept:
                    yield _Change(node, (name,), is_variable=True)


def _statements(part: Part, function: StageFunction) -> Iterator[tuple[ast.stmt, Scope]]:
    """Those inside a stage, each with the scope that its names are looked up in."""
    first, last = function.node.lineno, function.node.end_lineno or 0
    for visit in part.top.visits:
        node = visit.node
        if function.at_module_level and isinstance(node, ast.stmt) and first < node.lineno <= last:
            yield node, visit.scope


def _holder(node: ast.AST) -> ast.expr | None:
    """What a statement puts something into, or takes something from."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=holder, attr=method))) if method in _MUTATORS:
            return holder
        case (
            ast.Assign(targets=[ast.Subscript(value=holder)])
            | ast.AugAssign(target=ast.Subscript(value=holder))
        ):
            return holder
    return None


def _stored(node: ast.AST) -> str | None:
    """The variable that a statement sets."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
            return name
    return None


def _is_of_module(name: str, scope: Scope) -> bool:
    if name in scope.elsewhere:
        return scope.elsewhere[name].kind == "module"
    found = scope.lookup(name)
    return found is not None and found[0].kind == "module"


RULE = Rule(
    code="PVT404",
    name="process-state",
    severity="warning",
    docs=__doc__,
    facts=_changes,
    check_with=check,
    valid=(
        """
import contextlib
import os
import sys
from typing import Annotated
from pivot_core import loaders, outputs

CACHE: dict[str, int] = {}
SEEN = []
LOG = open(os.devnull)
MODEL = None

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    global MODEL
    if MODEL is None:
        MODEL = rows.split()
    if rows not in CACHE:
        CACHE[rows] = len(rows)
    SEEN.clear()
    SEEN.append(rows)
    print(SEEN, sys.path, file=LOG)
    LOG.update(rows)
    found: list[str] = []
    found.append(rows)
    with contextlib.chdir("data"):
        print(rows)
    with inside("data"):
        print(rows)

@contextlib.contextmanager
def inside(folder: str):
    before = os.getcwd()
    os.chdir(folder)
    yield
    os.chdir(before)

class Inside:
    def __enter__(self):
        os.chdir("data")
""",
        # When it is run as a script only, or not by a stage.
        """
import os
import sys
from typing import Annotated
from pivot_core import loaders, outputs

ROWS = []

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def explore() -> None:
    os.chdir("data")
    sys.path.append("lib")
    ROWS.append(1)

if __name__ == "__main__":
    sys.path.insert(0, "lib")
    explore()
""",
        """
import sys
import atexit

sys.path.insert(0, "lib")
ROWS = []

def clean() -> Made:
    ROWS.append(1)
""",
    ),
    invalid=(
        Invalid(
            """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    go("data")

def go(folder: str) -> None:
    «os.chdir(folder)»
"""
        ),
        Invalid(
            """
import sys
from pivot_core import Pipeline

«sys.path.insert(0, "lib")»
import cleaning

pipeline = Pipeline("demo")
pipeline.register(cleaning.clean)
"""
        ),
        Invalid(
            """
from sys import path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    «path[:0] = ["lib"]»
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

FOUND: list[int] = []

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    for row in rows:
        «FOUND.append(len(row))»
"""
        ),
        Invalid(
            """
from typing import Annotated
from collections import defaultdict
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

COUNTS = defaultdict(int)

def clean() -> Made:
    «COUNTS["rows"] += 1»

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

runs = 0

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    global runs
    «runs += 1»
"""
        ),
        # Of another module.
        Invalid(
            """
from typing import Annotated
import shared
from pivot_core import Pipeline, loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    «shared.ROWS.extend([1, 2])»
    shared.note("rows")
    return shared.NAME

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"shared.py": "ROWS = []\nNAME = 'rows'\ndef note(text): ...\n"},
        ),
    ),
)
