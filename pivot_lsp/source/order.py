"""Listings of folders and sets, and whether code depends on the order that they happen to come in.

That of a listing is the file system's, another one on each machine; that of a set follows from its hashes. It
matters where a list, a text or a file is built in it, and nobody sorts it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.source.flow import Flow, reads
from pivot_lsp.source.scopes import Assigned, Parameter
from pivot_lsp.source.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope, Visit
    from pivot_lsp.source.stages import Part

_LISTINGS = frozenset({"glob.glob", "glob.iglob", "os.listdir", "os.scandir"})
_OF_PATHS = frozenset({"glob", "iterdir", "rglob"})
_KEEPING = frozenset(
    f"builtins.{name}" for name in ("enumerate", "filter", "iter", "list", "map", "reversed", "tuple", "zip")
)
_NUMBERING = frozenset({"builtins.enumerate", "builtins.zip"})
_IN_A_ROW = frozenset(
    {"numpy.array", "numpy.asarray", "numpy.concatenate", "numpy.hstack", "numpy.stack", "numpy.vstack"}
    | {"pandas.DataFrame", "pandas.Series", "pandas.concat"}
    | {"json.dump", "json.dumps", "pickle.dump", "pickle.dumps"}
    | {f"random.{name}" for name in ("choice", "choices", "sample", "shuffle")}
    | {f"numpy.random.{name}" for name in ("choice", "permutation", "shuffle")}
)
_ADDING = frozenset({"append", "appendleft", "extend", "insert"})
_WRITING = frozenset({"write", "writelines", "writerow", "writerows"})


class Listing(NamedTuple):
    """``name``: ``os.listdir``, ``Path.iterdir``."""

    node: ast.Call
    scope: Scope
    name: str


def listings(part: Part) -> Iterator[Listing]:
    """Those in a statement whose order matters there."""
    for visit in part.top.visits:
        if isinstance(visit.node, ast.Call):
            name = _name(visit.node, visit.scope)
            if name is not None and _Order(part, visit.scope).matters(visit.node):
                yield Listing(visit.node, visit.scope, name)


class Unsorted(NamedTuple):
    """A set, where somebody takes its elements one after the other. ``listed``: a list does as well there."""

    node: ast.expr
    scope: Scope
    listed: bool


def sets(part: Part) -> Iterator[Unsorted]:
    """Those in a statement whose order matters there."""
    for visit in part.top.visits:
        for node in _gone_through(visit):
            if is_set(node, visit.scope) and _Order(part, visit.scope).matters(node):
                yield Unsorted(node, visit.scope, not isinstance(visit.node, ast.Return))


def _gone_through(visit: Visit) -> Iterator[ast.expr]:
    """Expressions whose elements are taken one after the other, or handed on so."""
    match visit.node:
        case ast.For(iter=source) | ast.comprehension(iter=source) | ast.Starred(value=source):
            yield source
        case ast.Return(value=ast.expr() as value):
            yield value
        case ast.Call(args=arguments):
            yield from arguments


def _name(node: ast.Call, scope: Scope) -> str | None:
    match node.func:
        case ast.Attribute(value=path, attr=method) if method in _OF_PATHS and _is_path(path, scope):
            return f"Path.{method}"
    name = scope.full_name(node.func)
    return name if name in _LISTINGS else None


def _is_path(node: ast.expr, scope: Scope, deep: int = 20) -> bool:
    """Whether it certainly is a path."""
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    if isinstance(binding, Assigned):
        node = scope.value(node)[0]
    match node:
        case ast.Name():
            return isinstance(binding, Parameter) and _is_path_type(binding.annotation, scope.module)
        case (
            ast.Call(func=ast.Attribute(value=inner, attr="absolute" | "expanduser" | "joinpath" | "resolve"))
            | ast.BinOp(left=inner, op=ast.Div())
            | ast.Attribute(value=inner, attr="parent")
        ):
            return deep > 0 and _is_path(inner, scope, deep - 1)
        case ast.Call(func=func):
            return scope.full_name(func) in ("pathlib.Path", "pathlib.Path.cwd", "pathlib.Path.home")
    return False


def _is_path_type(annotation: ast.expr | None, scope: Scope) -> bool:
    match annotation:
        case ast.Subscript(slice=ast.Tuple(elts=[first, *_])):  # Annotated[Path, Dep(…)]
            return _is_path_type(first, scope)
    return annotation is not None and scope.full_name(annotation) == "pathlib.Path"


class _Order:
    """Follows an order through one statement."""

    def __init__(self, part: Part, scope: Scope) -> None:
        self._part = part
        self._scope = scope
        self._flow = Flow(part.top)
        self._seen: set[str] = set()

    def matters(self, node: ast.AST) -> bool:
        """Whether something is certainly built in the order of an expression's elements."""
        around = self._around(node)
        match around:
            case ast.Call() if node is not around.func:
                return self._goes_into(around)
            case ast.comprehension(iter=source) if source is node:
                made = self._around(around)
                if isinstance(made, ast.DictComp):
                    return self._numbers(node) and not self._flow.is_only_told(made, self._scope)
                return isinstance(made, ast.GeneratorExp | ast.ListComp) and self.matters(made)
            case ast.For(iter=source) if source is node:
                return any(self._builds(inner) for statement in around.body for inner in ast.walk(statement))
            case ast.Subscript(slice=columns) if columns is node:
                return isinstance(node, ast.ListComp) or self._is_list(node)  # the columns of a table
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return self._variable(name, around)
            case ast.Dict() | ast.List() | ast.Starred() | ast.Tuple():
                return self.matters(around)
            case ast.Return():
                return self._flow.function_around(around) in [f.node for f in self._part.functions]
        return False

    def _numbers(self, node: ast.AST) -> bool:
        """Whether it gives each element a number."""
        return isinstance(node, ast.Call) and self._scope.full_name(node.func) in _NUMBERING

    def _is_list(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and self._scope.full_name(node.func) == "builtins.list"

    def _goes_into(self, call: ast.Call) -> bool:
        name = self._scope.full_name(call.func)
        if name in _KEEPING:
            return self.matters(call)
        match call.func:
            case ast.Attribute(value=ast.Constant(), attr="join"):
                return not self._flow.is_only_told(call, self._scope)
        return (
            name in _IN_A_ROW and not self._is_sorted(call) and not self._flow.is_only_told(call, self._scope)
        )

    def _is_sorted(self, table: ast.Call) -> bool:
        """Whether somebody may sort what is made in a row: ``pandas.concat(…).sort_index()``."""
        around = self._around(table)
        match around:
            case ast.Attribute(attr=method):
                return method.startswith("sort")
            case ast.Assign(targets=[ast.Name(id=name)]):
                function = self._flow.function_around(around)
                return function is None or any(map(self._may_sort, reads(function, name)))
        return False

    def _builds(self, node: ast.AST) -> bool:
        """Whether a part of a loop's body adds to something that keeps the order."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _ADDING:
                return self._variable(name, node)
            case ast.Call(func=ast.Attribute(value=file, attr=method)) if method in _WRITING:
                return self._scope.full_name(file) not in ("sys.stderr", "sys.stdout")
        return False

    def _variable(self, name: str, node: ast.AST) -> bool:
        """Whether the order of what a local variable holds matters somewhere, and nobody changes it."""
        found, function = self._scope.lookup(name), self._flow.function_around(node)
        if found is None or found[0].kind != "function" or function is None or name in self._seen:
            return False
        self._seen.add(name)
        uses = list(reads(function, name))
        return not any(map(self._may_sort, uses)) and any(map(self.matters, uses))

    def _may_sort(self, use: ast.Name) -> bool:
        """Whether it is sorted in place, or handed to what may do so."""
        around = self._around(use)
        match around:
            case ast.Attribute(attr=method):
                return method.startswith("sort")
            case ast.Call() if use in around.args and isinstance(self._around(around), ast.Expr):
                return self._scope.full_name(around.func) != "builtins.print"
        return False

    def _around(self, node: ast.AST) -> ast.AST | None:
        return self._part.top.parents.get(id(node))
