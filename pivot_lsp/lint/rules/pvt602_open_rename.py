"""A temporary file that is renamed while its descriptor is still open.

``mkstemp`` gives an open descriptor along with the name. When the file is renamed before that is closed,
what is still in the buffer isn't in the file that others now see, and a descriptor that nobody closes is
one less for the next thousand calls::

    descriptor, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.replace(name, path)                   # PVT602

    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.replace(name, path)

The fix closes it right before, and is safe: nothing uses it afterwards.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import importing, inserted
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.flow import Flow, reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part

_MOVES = frozenset({"os.rename", "os.renames", "os.replace", "shutil.move"})
_OPENS = frozenset({"builtins.open", "io.open", "os.fdopen"})
# What leaves a descriptor, or a file, open that it is given.
_LEAVE_OPEN = frozenset(
    {"builtins.print", "csv.DictWriter", "csv.writer", "json.dump", "pickle.dump", "shutil.copyfileobj"}
) | {
    f"os.{name}"
    for name in ("fchmod", "fdatasync", "fstat", "fsync", "ftruncate", "lseek", "pwrite", "read", "write")
}
_HINT = "close it first: what it has buffered isn't in the file yet"


def check(part: Part) -> Iterator[Hit]:
    """One hit for the first rename of each temporary file."""
    for made in part.answer(known_calls):
        if made.name != "tempfile.mkstemp":
            continue
        names = _names(part, made)
        function = Flow(part.top).function_around(made.node)
        if names is None or function is None or len(made.scope.bindings.get(names[1], ())) != 1:
            continue
        move = _first_move(part, made, names[1])
        opened = _Opened(part, function, made.scope)
        if move is not None and (names[0] is None or opened.is_open(names[0], move)):
            message = "the descriptor from mkstemp is still open when the file is renamed"
            where = Related(part.spot(made.node), "opened here")
            yield Hit(part.spot(move), message, _HINT, (where,), _fix(part, opened, names[0], move))


def _names(part: Part, made: KnownCall) -> tuple[str | None, str] | None:
    """The variables for descriptor and name. None for the first: ``mkstemp()[1]`` throws it away."""
    around = part.top.parents.get(id(made.node))
    match around:
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id=descriptor), ast.Name(id=name)])]):
            return descriptor, name
        case ast.Subscript(slice=ast.Constant(value=1)):
            match part.top.parents.get(id(around)):
                case ast.Assign(targets=[ast.Name(id=name)]):
                    return None, name
    return None


def _first_move(part: Part, made: KnownCall, name: str) -> ast.Call | None:
    moves = [
        visit.node
        for visit in part.top.visits
        if isinstance(visit.node, ast.Call)
        and visit.scope is made.scope
        and _place(visit.node) > _place(made.node)
        and _moved(visit.node, visit.scope) == name
    ]
    return min(moves, key=_place, default=None)


def _moved(call: ast.Call, scope: Scope) -> str | None:
    """The variable whose file a call gives another name."""
    node: ast.expr | None = None
    if scope.full_name(call.func) in _MOVES and call.args:
        node = call.args[0]
    elif isinstance(call.func, ast.Attribute) and call.func.attr in ("rename", "replace"):
        path, _ = scope.value(call.func.value)
        if isinstance(path, ast.Call) and scope.full_name(path.func) == "pathlib.Path" and path.args:
            node = path.args[0]
    return node.id if isinstance(node, ast.Name) else None


class _Opened(NamedTuple):
    """What is open in a function, by its variables."""

    part: Part
    function: ast.AST
    scope: Scope

    def is_open(self, name: str, move: ast.Call) -> bool:
        """Whether nothing before the move can have closed what a variable holds."""
        before = [use for use in reads(self.function, name) if _place(use) < _place(move)]
        once = len(self.scope.bindings.get(name, ())) == 1
        return (once or not before) and all(self._stays_open(use, move) for use in before)

    def _stays_open(self, use: ast.Name, move: ast.Call) -> bool:
        around = self._around(use)
        match around:
            case ast.Attribute(attr=attribute):
                return attribute not in ("__exit__", "close", "detach")
            case ast.withitem():
                return self._is_inside(around, move)
            case ast.Call():
                is_file = self.scope.full_name(around.func) in _OPENS
                return self._file_stays_open(around, move) if is_file else self._leaves_open(around)
            case ast.keyword():
                call = self._around(around)
                return isinstance(call, ast.Call) and self._leaves_open(call)
        return False

    def _file_stays_open(self, opening: ast.Call, move: ast.Call) -> bool:
        """Whether the file that is made of a descriptor is open when it is moved."""
        around, name = self._around(opening), self.file(opening)
        if isinstance(around, ast.withitem) and not self._is_inside(around, move):
            return False
        return name is not None and self.is_open(name, move)

    def file(self, opening: ast.Call) -> str | None:
        """The variable for a file."""
        match self._around(opening):
            case ast.withitem(optional_vars=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                return name
        return None

    def file_of(self, descriptor: str) -> str | None:
        """The variable for the file that is made of a descriptor."""
        calls = (self._around(use) for use in reads(self.function, descriptor))
        names = (self.file(call) for call in calls if isinstance(call, ast.Call))
        return next(filter(None, names), None)

    def _leaves_open(self, call: ast.Call) -> bool:
        return self.scope.full_name(call.func) in _LEAVE_OPEN

    def _is_inside(self, item: ast.withitem, move: ast.Call) -> bool:
        block = self._around(item)
        return isinstance(block, ast.stmt) and (block.end_lineno or 0) >= move.lineno

    def _around(self, node: ast.AST) -> ast.AST | None:
        return self.part.top.parents.get(id(node))


def _fix(part: Part, opened: _Opened, descriptor: str | None, move: ast.Call) -> Fix | None:
    statement = part.top.parents.get(id(move))
    if descriptor is None or not isinstance(statement, ast.Expr) or not _is_free(opened, descriptor, move):
        return None
    file = opened.file_of(descriptor)
    line, column = statement.lineno, statement.col_offset
    indent = part.top.line(line)[:column]
    if indent.strip() or opened.scope.full_name(ast.Name("os")) not in ("os", "builtins.os"):
        return None

    def edits() -> list[Edit]:
        if file is not None:
            return [inserted(part.top, line, column, f"{file}.close()\n{indent}")]
        close = inserted(part.top, line, column, f"os.close({descriptor})\n{indent}")
        return [close, *importing(part.module, "import os")]

    return Fix("close it before the rename", edits)


def _is_free(opened: _Opened, descriptor: str, move: ast.Call) -> bool:
    """Whether the function is done with it when it moves the file."""
    names = [descriptor, file] if (file := opened.file_of(descriptor)) else [descriptor]
    later = (use for name in names for use in reads(opened.function, name) if _place(use) > _place(move))
    return len(opened.scope.bindings.get(descriptor, ())) == 1 and not any(later)


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


RULE = Rule(
    code="PVT602",
    name="open-rename",
    severity="warning",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    descriptor, name = tempfile.mkstemp()
    with os.fdopen(descriptor, "w") as file:
        file.write(rows)
    os.replace(name, "rows.bak")
    second, other = tempfile.mkstemp(dir=".")
    try:
        os.write(second, rows.encode())
    finally:
        os.close(second)
    Path(other).replace("rows.old")
    third, last = tempfile.mkstemp()
    file = open(third, "w")
    file.write(rows)
    file.close()
    shutil.move(last, "rows.new")
    fourth, left = tempfile.mkstemp()
""",
        # Somebody else may close it.
        """
import os
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs
from writing import write

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    descriptor, name = tempfile.mkstemp()
    write(descriptor, rows)
    os.replace(name, "rows.bak")
    if rows:
        descriptor, other = tempfile.mkstemp()
        try:
            os.write(descriptor, b"")
        except OSError:
            os.close(descriptor)
            raise
        os.rename(other, "rows.old")
""",
        # Nothing of a stage.
        """
import os
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def main() -> None:
    descriptor, name = tempfile.mkstemp()
    os.replace(name, "rows.bak")
""",
    ),
    invalid=(
        Invalid(
            """
import os
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    descriptor, name = tempfile.mkstemp(dir=".")
    with os.fdopen(descriptor, "w") as file:
        print(rows, file=file)
        # now others see it
        «os.replace(name, "rows.bak")»
""",
            fixed="""
import os
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    descriptor, name = tempfile.mkstemp(dir=".")
    with os.fdopen(descriptor, "w") as file:
        print(rows, file=file)
        # now others see it
        file.close()
        os.replace(name, "rows.bak")
""",
        ),
        Invalid(
            """
from typing import Annotated
from pathlib import Path
from tempfile import mkstemp
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def write(text: str) -> None:
    if text:
    \tfd, name = mkstemp()
    \tpath = Path(name)
    \tpath.write_text(text)
    \t«path.replace("rows.bak")»  # in one go

def clean() -> Made:
    write("rows")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            fixed="""
from typing import Annotated
from pathlib import Path
from tempfile import mkstemp
import pivot_core as pc
import os

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def write(text: str) -> None:
    if text:
    \tfd, name = mkstemp()
    \tpath = Path(name)
    \tpath.write_text(text)
    \tos.close(fd)
    \tpath.replace("rows.bak")  # in one go

def clean() -> Made:
    write("rows")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
        ),
        # What is closed afterwards, or thrown away, a program can't mend.
        Invalid(
            """
import os
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    descriptor, name = tempfile.mkstemp()
    try:
        os.write(descriptor, rows.encode())
        «os.rename(name, "rows.bak")»
    finally:
        os.close(descriptor)
"""
        ),
        Invalid(
            """
import shutil
import tempfile
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    name = tempfile.mkstemp()[1]
    with open(name, "w") as file:
        file.write(rows)
    «shutil.move(name, "rows.bak")»
"""
        ),
    ),
)
