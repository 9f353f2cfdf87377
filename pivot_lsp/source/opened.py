"""Which files code reads, by paths that are written in it."""

from __future__ import annotations

import ast
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import logical
from pivot_lsp.source.annotations import ROLES
from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.children import children
from pivot_lsp.source.scripts import is_script_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

# By full name, what the parameter with the path is called: the first one.
_WITH_MODE = {
    "builtins.open": "file",
    "io.open": "file",
    "codecs.open": "filename",
    "gzip.open": "filename",
    "bz2.open": "filename",
    "lzma.open": "filename",
}
_TABLES = {
    "filepath_or_buffer": ("csv", "fwf", "pickle", "sas", "stata", "table"),
    "path": ("feather", "orc", "parquet", "spss"),
    "path_or_buf": ("hdf",),
    "io": ("excel",),
}
_READING = {
    **{f"pandas.read_{kind}": name for name, kinds in _TABLES.items() for kind in kinds},
    **{f"polars.{how}_{kind}": "source" for how in ("read", "scan") for kind in ("csv", "ipc", "parquet")},
    "geopandas.read_file": "filename",
    "joblib.load": "filename",
    "numpy.fromfile": "file",
    "numpy.genfromtxt": "fname",
    "numpy.load": "file",
    "numpy.loadtxt": "fname",
    "PIL.Image.open": "fp",
    "pyarrow.parquet.read_table": "source",
    "scipy.io.loadmat": "file_name",
    "torch.load": "f",
}
_READING_METHODS = frozenset({"read_bytes", "read_text"})
# What only asks about a file.
_ASKING = dict.fromkeys(("os.path.exists", "os.path.getsize", "os.path.isfile", "os.stat"), "path")
_ASKING_METHODS = frozenset({"exists", "is_file", "stat"})
_DEEP = 10  # paths of paths
_PATH = frozenset({"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath"})


class Read(NamedTuple):
    """``at``: the path, a text or a ``Path``. ``path``: what it comes to; None if another module has it."""

    at: ast.expr
    scope: Scope
    path: str | None


class Said(NamedTuple):
    """What else a statement says: ``texts``, as logical paths, and the ``names`` that it uses. ``variables``:
    the names that it gives to paths, ``shared`` ones also for other statements.
    """

    texts: frozenset[str]
    names: frozenset[str]
    variables: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]


def reads(part: Part) -> Iterator[Read]:
    """The files that a statement reads, as far as their paths are written down somewhere."""
    for at, scope in part.answer(_read_at):
        path = written(at, scope)
        if path is not None or isinstance(at, ast.Name | ast.Attribute):
            yield Read(at, scope, path)


def said(part: Part) -> Iterator[Said]:
    """Once: what a statement says but for what it reads, only asks about, or marks as an artifact."""
    left_out = {id(at) for at, _ in (*part.answer(_read_at), *part.answer(_asked_at))}
    variables: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for visit in part.top.visits:
        match visit.node:
            case ast.Call(func=func) if visit.scope.chain(func) in ROLES:
                left_out.add(id(visit.node))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if (path := written(value, visit.scope)) is not None:
                    left_out.add(id(value))
                    (variables if visit.scope.kind == "function" else shared).append((name, path))
    texts, names = set(), set()
    nodes: list[ast.AST] = list(part.top.body)
    for node in nodes:  # grows
        match node:
            case ast.Constant(value=str(text)):
                texts.add(logical(text))
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                names.add(name)
        nodes += [child for child in children(node) if id(child) not in left_out]
    yield Said(frozenset(texts), frozenset(names), tuple(variables), tuple(shared))


def otherwise(sources: Sources) -> Iterator[frozenset[str]]:
    """Once: the paths that code of stages may do something else with than read: write them, say."""
    statements = [one for fed in sources.feeding.values() for one in fed.part.answer(said)]
    names = frozenset[str]().union(*(one.names for one in statements))
    yield frozenset(
        path
        for one in statements
        for path in (
            *one.texts,
            *(path for name, path in one.variables if name in one.names),
            *(path for name, path in one.shared if name in names),
        )
    )


def written(node: ast.expr, scope: Scope) -> str | None:
    """The logical path that a text or a ``Path`` comes to, if all of it is written down."""
    parts = _parts(node, scope, deep=0)
    if parts is None or not parts or any(part.startswith("/") for part in parts[1:]):
        return None
    return logical("/".join(parts))


def _parts(node: ast.expr, scope: Scope, deep: int) -> list[str] | None:
    value, _ = scope.value(node)
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Call(func=func, args=[*pieces], keywords=[]) if scope.full_name(func) in _PATH:
            pass
        case ast.BinOp(left=left, op=ast.Div(), right=right) if _is_path(left, scope):
            pieces = [left, right]
        case _:
            return None
    found = [_parts(piece, scope, deep + 1) for piece in pieces] if deep < _DEEP else [None]
    known = [part for part in found if part is not None]
    return list(chain.from_iterable(known)) if len(known) == len(found) else None


def _is_path(node: ast.expr, scope: Scope) -> bool:
    """Whether it is a ``Path`` that is made here."""
    value, _ = scope.value(node)
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        value, _ = scope.value(value.left)
    return isinstance(value, ast.Call) and scope.full_name(value.func) in _PATH


def _read_at(part: Part) -> Iterator[tuple[ast.expr, Scope]]:
    for call in part.answer(known_calls):
        if is_script_only(part.top, call.arms):
            continue
        name = _READING.get(call.name)
        if name is None and call.name in _WITH_MODE and _reads(call.node, 1, call.scope):
            name = _WITH_MODE[call.name]
        at = argument(call.node, 0, name) if name is not None else None
        if at is not None:
            yield at, call.scope
    for node, scope, _ in part.top.visits:
        match node:
            case ast.Call(func=ast.Attribute(value=at, attr=method)) if _is_path(at, scope):
                if method in _READING_METHODS or (method == "open" and _reads(node, 0, scope)):
                    yield at, scope


def _asked_at(part: Part) -> Iterator[tuple[ast.expr, Scope]]:
    for call in part.answer(known_calls):
        at = argument(call.node, 0, _ASKING[call.name]) if call.name in _ASKING else None
        if at is not None:
            yield at, call.scope
    for node, scope, _ in part.top.visits:
        match node:
            case ast.Call(func=ast.Attribute(value=at, attr=method)) if method in _ASKING_METHODS:
                yield at, scope


def _reads(call: ast.Call, position: int, scope: Scope) -> bool:
    """Whether a file is opened to be read, and nothing else."""
    mode = argument(call, position, "mode")
    if mode is None:
        return len(call.args) <= position and all(keyword.arg is not None for keyword in call.keywords)
    value, _ = scope.value(mode)
    return isinstance(value, ast.Constant) and value.value in ("r", "rb", "rt")
