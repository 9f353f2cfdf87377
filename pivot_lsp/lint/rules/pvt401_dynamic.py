"""Code that decides at run time what it uses, so that more than that counts as code of the stage.

Pivot finds a stage's code by following names. Where the text has no name to follow, all that could be meant
counts, and an edit of any of it makes the stage stale. The message says what that is, in the words of
``pivot-core status --explain``::

    getattr(helpers, kind)(rows)                  # PVT401: all of helpers, and what it imports
    import_module(f"readers.{kind}")              # PVT401: all modules of readers
    {"csv": helpers.read_csv, "json": helpers.read_json}[kind](rows)

A table of the functions, as in the last line, is followed like any names, and so is ``getattr`` with a
literal name; ``import_module`` with one stands for that module. The fix writes the name where a variable
holds it, and an attribute in the place of ``vars(helpers)["read_csv"]``. It is safe: it can't be another
name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.code.composed import prefix_of
from pivot_core.code.vocabulary import BY_FILE, IMPORTERS, REACHES_ALL, WIDENING, under
from pivot_lsp.lint.edits import replaced, source
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule, Valid
from pivot_lsp.source.annotations import text_of
from pivot_lsp.source.calls import argument
from pivot_lsp.source.references import references
from pivot_lsp.source.scopes import BUILTINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.references import Reference
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

_LOADED = ("sys.modules",)
_BY_NAME = frozenset({"builtins.getattr", "builtins.hasattr"})
_NAMESPACES = frozenset({"__dict__", "__getattribute__"})  # of a module: any name of it
_ANY = ""
_HINT = "name what is meant: a table of functions, or a literal name"


class _Dynamic(NamedTuple):
    """Something that can't be followed. ``why``: in words, or None if it is one only where ``target`` is a
    module of the project, which is used as a value.

    ``target``: the module, by its full name, or how the names of the modules begin that may be meant; None:
    the module that it stands in.
    """

    node: ast.expr
    why: str | None
    target: str | None
    fix: Fix | None = None


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each place."""
    for found in part.answer(_dynamic):
        widened = _widened(part, found, sources)
        if widened is not None:
            why, to = widened
            yield Hit(part.spot(found.node), f"{why}: the stage depends on {to}", _HINT, (), found.fix)


def _widened(part: Part, found: _Dynamic, sources: Sources) -> tuple[str, str] | None:
    """Why, and to what, as ``pivot_core.types.Widening`` has it; None if it isn't."""
    if found.target is None:
        name = sources.import_name(part.module)
        return found.why or f"the module {name} is used as a value", f"{name} and what it imports"
    if found.why is not None:
        return _modules(part, found.why, found.target, sources)
    chain, _, last = found.target.rpartition(".")
    module = sources.imported_module(chain if last in _NAMESPACES else found.target, part.module)
    if module is None:
        return None
    name = sources.import_name(module)
    return f"the module {name} is used as a value", f"{name} and what it imports"


def _modules(part: Part, why: str, beginning: str, sources: Sources) -> tuple[str, str] | None:
    prefix = sources.absolute(beginning, part.module)
    if not prefix:
        return why, "all modules of the project"
    folder = prefix.rpartition(".")[0]
    if folder and not sources.has_package(folder):
        return None  # of others
    return why, f"{prefix}*"


# --- where it stands


def _dynamic(part: Part) -> Iterator[_Dynamic]:
    for use in part.answer(references):
        node, name = use.call or use.node, use.name
        if under(name, BY_FILE):
            yield _Dynamic(node, "code is executed by the path of its file", _ANY)
        elif under(name, REACHES_ALL):
            yield _Dynamic(node, f"{name} can reach any module", _ANY)
        elif under(name, _LOADED):
            yield from _loaded(part, use)
        elif name in IMPORTERS:
            yield from _importing(part, use)
        elif under(name, WIDENING):
            if not _is_literal(use):
                why = f"{name.removeprefix(BUILTINS)} can reach any name"
                yield _Dynamic(node, why, None)
        elif use.call is None and not name.startswith(BUILTINS):
            yield from _value(part, use)


def _is_literal(use: Reference) -> bool:
    """``eval("a + b")`` is read like other code."""
    first = use.call.args[0] if use.call is not None and use.call.args else None
    return use.name == "builtins.eval" and isinstance(first, ast.Constant)


def _importing(part: Part, use: Reference) -> Iterator[_Dynamic]:
    call = use.call
    if call is None:
        yield _Dynamic(use.node, f"{use.name} is used as a value", _ANY)
        return
    is_plain = use.name.endswith("__import__")
    package = None if is_plain else argument(call, 1, "package")
    first = argument(call, 0, "mod_name" if use.name.startswith("runpy.") else "name")
    if first is None or (is_plain and argument(call, 4, "level") is not None):
        return  # by nothing that can be seen
    prefix, is_whole = prefix_of(first)
    if not is_whole:
        if prefix.startswith(".") and isinstance(package, ast.Constant) and isinstance(package.value, str):
            prefix = package.value + prefix
        why = "a module is imported by a name that isn't literal"
        yield _Dynamic(call, why, prefix.replace(":", "."), _literal(part, first, use))


def _loaded(part: Part, use: Reference) -> Iterator[_Dynamic]:
    """``sys.modules[name]``"""
    node: ast.AST = use.call or use.node
    around = part.top.parents.get(id(node))
    key = None
    if use.call is not None and use.name == "sys.modules.get":
        key = argument(use.call, 0, "key")
    elif isinstance(around, ast.Subscript) and around.value is node:
        node, key = around, around.slice
        if not isinstance(around.ctx, ast.Load):
            return
    elif isinstance(around, ast.Compare):
        return
    assert isinstance(node, ast.expr)
    match key:
        case ast.Constant(value=str(name)):
            yield _Dynamic(node, None, name)
        case ast.Name(id="__name__"):
            yield _Dynamic(node, None, None)
        case _:
            why = "sys.modules is used with a name that isn't literal"
            yield _Dynamic(node, why, _ANY)


def _value(part: Part, use: Reference) -> Iterator[_Dynamic]:
    """What may be a module, and isn't called."""
    around = part.top.parents.get(id(use.node))
    match around:
        case ast.Assign(targets=[ast.Name()]) if use.scope.parent is None:
            return  # only another name
        case ast.Call(func=func, args=[first, name, *_]) if (
            first is use.node and use.scope.full_name(func) in _BY_NAME
        ):
            if not isinstance(name, ast.Constant):
                yield _Dynamic(around, None, use.name, _literal(part, name, use))
        case ast.Subscript() if isinstance(use.node, ast.Attribute) and use.node.attr == "__dict__":
            yield _Dynamic(use.node, None, use.name, _attribute(part, use.node, use.node.value))
        case ast.Call(func=func):
            fix = _attribute(part, around, use.node) if use.scope.full_name(func) == "builtins.vars" else None
            yield _Dynamic(around, None, use.name, fix)
        case _:
            yield _Dynamic(use.node, None, use.name)


# --- what to write


def _literal(part: Part, name: ast.expr | None, use: Reference) -> Fix | None:
    """The literal in the place of a variable that holds one."""
    text = text_of(name, use.scope) if isinstance(name, ast.Name) else None
    if name is None or text is None or not all(map(str.isidentifier, text.value.split("."))):
        return None
    return Fix("write the name here", lambda: [replaced(part.top, name, f'"{text.value}"')])


def _attribute(part: Part, mapping: ast.expr, module: ast.expr) -> Fix | None:
    """``helpers.read_csv`` for ``vars(helpers)["read_csv"]``"""
    match part.top.parents.get(id(mapping)):
        case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()) as place if (
            name.isidentifier()
        ):
            if "#" not in source(part.top, place):
                attribute = f"{source(part.top, module)}.{name}"
                return Fix(f"write {attribute}", lambda: [replaced(part.top, place, attribute)])
    return None


RULE = Rule(
    code="PVT401",
    name="dynamic-code",
    severity="info",
    docs=__doc__,
    facts=_dynamic,
    check_with=check,
    feeding=True,
    valid=(
        Valid(
            """
import importlib
import json
import math
import helpers
import readers.csv
import sklearn
from cleaning import clean_rows
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    getattr(helpers, "read_csv")(kind)
    importlib.import_module("readers.csv").read(kind)
    importlib.import_module(f"sklearn.{kind}")
    getattr(math, kind)
    getattr(clean_rows, kind)(readers.csv.read)
    text = helpers.__doc__
    getattr(helpers.KINDS, kind)
    vars(sklearn)
    eval("kind + kind")
    print(helpers.KINDS, json.dumps(kind))

def main(kind: str) -> None:
    exec(kind)
    getattr(helpers, kind)

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={
                "kind.txt": "csv",
                "cleaning/__init__.py": "from .clean_rows import clean_rows\n",
                "cleaning/clean_rows.py": "def clean_rows(kind): ...\n",
                "helpers.py": "KINDS = {}\ndef read_csv(kind): ...\n",
                "readers/csv.py": "def read(kind): ...\n",
            },
        ),
        """
import re
from typing import Annotated
from pivot_core import loaders, outputs
from sandbox import eval, exec

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    exec(kind)
    eval(kind)
    re.compile(kind)
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    «exec(kind)»
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    read(kind)

def read(kind: str) -> None:
    «globals()»[f"read_{kind}"]()
"""
        ),
        Invalid(
            """
import sys
from typing import Annotated
from pivot_core import loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    print(«sys.modules.get(kind)»)
"""
        ),
        Invalid(
            """
from importlib import import_module
from typing import Annotated
from pivot_core import loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    «import_module(kind)».read()
"""
        ),
        Invalid(
            """
from typing import Annotated
import importlib
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

READER = "readers.csv"

def clean() -> Made:
    «importlib.import_module(READER)».read("rows.csv")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"kind.txt": "csv", "readers/csv.py": "def read(kind): ...\n"},
            fixed="""
from typing import Annotated
import importlib
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

READER = "readers.csv"

def clean() -> Made:
    importlib.import_module("readers.csv").read("rows.csv")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
import importlib
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    «importlib.import_module(f"readers.{kind}")»

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"kind.txt": "csv", "readers/csv.py": "def read(kind): ...\n"},
        ),
        Invalid(
            """
import runpy
from typing import Annotated
from pivot_core import loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    «runpy.run_path(kind)»
"""
        ),
        Invalid(
            """
from typing import Annotated
from helping import helpers as more
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    name = "read_csv"
    read = «getattr(more, name)»  # the right one

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={
                "kind.txt": "csv",
                "helping/__init__.py": "",
                "helping/helpers.py": "def read_csv(kind): ...\n",
            },
            fixed="""
from typing import Annotated
from helping import helpers as more
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    name = "read_csv"
    read = getattr(more, "read_csv")  # the right one

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
from typing import Annotated
import helpers
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    «vars(helpers)»["read_csv"](kind)  # fast

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"kind.txt": "csv", "helpers.py": "def read_csv(kind): ...\n"},
            fixed="""
from typing import Annotated
import helpers
from pivot_core import Pipeline, loaders, outputs

Made = Annotated[dict, outputs.Metric("made.json")]

def clean(kind: Annotated[str, outputs.Dep("kind.txt", loaders.Text())]) -> Made:
    helpers.read_csv(kind)  # fast

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
from typing import Annotated
import readers
import readers.csv
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

FORMATS = {"csv": «readers.csv»}

def clean() -> Made:
    FORMATS["csv"].read("rows.csv")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"readers/csv.py": "def read(kind): ...\n"},
        ),
        Invalid(
            """
from typing import Annotated
from importlib import import_module
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def clean() -> Made:
    for name in ("csv", "json"):
        «import_module(f".{name}", package="readers")».read("rows.csv")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            path="pipeline.py",
            files={"readers/csv.py": "def read(kind): ...\n"},
        ),
        Invalid(
            """
from typing import Annotated
import gc
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def clean() -> Made:
    print(«gc.get_objects()»)

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
"""
        ),
        Invalid(
            """
from typing import Annotated
import importlib
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def clean() -> Made:
    for reader in map(«importlib.import_module», ["csv", "json"]):
        reader.read("rows.csv")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
"""
        ),
    ),
)
