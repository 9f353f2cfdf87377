"""The fix that makes a file a parameter of the stage that reads it."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import inserted, replaced, source
from pivot_lsp.lint.marking import marked, quoted
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix
from pivot_lsp.source.annotations import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.opened import Read
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel


def declaring(function: StageFunction, part: Part, path: str, reads: Sequence[Read]) -> Fix | None:
    """The fix for all that a stage function reads of a file; None where that isn't named in the function.

    The parameter is the path, so that whatever opens the file goes on doing it. Without ``reads`` it is only
    declared: nobody knows where it is opened.
    """
    args = function.node.args
    name = _name(path, function, part)
    if args.vararg or args.kwarg or args.posonlyargs or not function.at_module_level or name is None:
        return None
    if not all(_is_inside(read, function) and _is_in_place(read) for read in reads):
        return None
    title = f"take it as the parameter {name}"
    return Fix(title, lambda: _edits(function, part, name, path, reads), safe=False)


def _name(path: str, function: StageFunction, part: Part) -> str | None:
    """What to call the parameter; None if that is something else in the function."""
    stem = re.sub(r"\W+", "_", PurePosixPath(path).stem).strip("_")
    name = f"{stem}_path" if stem and not stem[0].isdigit() else f"file_{stem}_path"
    nodes = list(ast.walk(function.node))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return name if name.isidentifier() and name not in used and name not in part.module.names else None


def _is_inside(read: Read, function: StageFunction) -> bool:
    """In its body, not in a default or a decorator."""
    first, last = function.node.body[0].lineno, function.node.end_lineno or 0
    return first <= read.at.lineno <= last and any(scope.kind == "function" for scope in _scopes(read.scope))


def _scopes(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _is_in_place(read: Read) -> bool:
    """Whether the path is written where it is used, or is a name that the whole module has."""
    node = read.at
    while isinstance(node, ast.Attribute):
        node = node.value
    found = read.scope.lookup(node.id) if isinstance(node, ast.Name) else None
    return not isinstance(node, ast.Name) or (found is not None and found[0].parent is None)


def _edits(function: StageFunction, part: Part, name: str, path: str, reads: Sequence[Read]) -> list[Edit]:
    kind = named(part.module, "pathlib.Path")
    spelled = _spelled(path, reads, part)
    found = marked(part.module, kind.text, "Dep", spelled, "PathOnly") if kind is not None else None
    place = _place(function, part.top)
    if kind is None or found is None or place is None:
        return []
    line, column, after = place
    text = f"{name}: {found.text}{after}"
    taken = [replaced(part.top, read.at, name) for read in reads]
    return [*kind.edits, *found.edits, inserted(part.top, line, column, text), *taken]


def _spelled(path: str, reads: Sequence[Read], part: Part) -> str:
    """By the name that the module has for it; else as a text."""
    if not reads:
        return quoted(path)
    names = {source(part.top, read.at) for read in reads}
    at, scope, _ = reads[0]
    is_text = text_of(at, scope) is not None
    return names.pop() if len(names) == 1 and is_text and isinstance(at, ast.Name) else quoted(path)


def _place(function: StageFunction, top: TopLevel) -> tuple[int, int, str] | None:
    """Before the first parameter, where no default is in the way; and what comes after it there."""
    args = [*function.node.args.args, *function.node.args.kwonlyargs]
    if not args:
        name = top.name_spot(function.node).span
        found = re.match(rb"\s*\(", _bytes(top, name.end_line)[name.end_column :])
        return (name.end_line, name.end_column + found.end(), "") if found is not None else None
    line, column = args[0].lineno, args[0].col_offset
    indent = _bytes(top, line)[:column].decode("utf-8", "surrogatepass")
    return line, column, ", " if indent.strip() else f",\n{indent}"


def _bytes(top: TopLevel, line: int) -> bytes:
    return top.line(line).encode("utf-8", "surrogatepass")
