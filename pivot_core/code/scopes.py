"""Which names a function, class or comprehension binds. Standard library only.

A scope is filled by looking at statements, not by running anything, with Python's own rules: what is
bound anywhere in a function is local to all of it, ``global`` and ``nonlocal`` undo that, a walrus in a
comprehension binds outside of it, a class's names are seen by its own statements only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pivot_core.code.vocabulary import COPYING

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
Comprehension: TypeAlias = "ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp"
ScopeKind = Literal["function", "class", "comprehension", "parameters"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAKES_ITS_OWN = frozenset({"list", "dict", "set", "tuple", "sorted", "frozenset", "deepcopy", "copy"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Variable:
    """One local variable; its name is chosen when the whole unit has been seen."""

    __slots__ = ("frozen", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.frozen = False


@dataclass(slots=True)
class Scope:
    """What one scope binds.

    ``fixed`` are names that others can see (parameters, nested functions and classes); the rest of
    ``names`` may be renamed. ``imports`` maps a name bound by one import only to its import chain.
    ``done`` are the names that the statements of a class body bound so far. ``parts`` maps a variable to
    chains whose value its own may be, or be a part of: ``for row in table.values()``.
    """

    kind: ScopeKind
    names: set[str] = field(default_factory=set)
    fixed: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    imports: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    defaults: set[str] = field(default_factory=set)  # parameters whose default is kept from call to call
    variables: dict[str, Variable] = field(default_factory=dict)
    frozen: bool = False
    globals: set[str] = field(default_factory=set)
    parts: dict[str, set[str]] = field(default_factory=dict)

    def behind(self, name: str) -> set[str]:
        """What changing the object behind a name may change: parameters, and chains of other scopes."""
        seen: set[str] = set()
        stack = [name]
        while stack:
            chain = stack.pop()
            if chain not in seen:
                seen.add(chain)
                stack.extend(self.parts.get(chain.partition(".")[0], ()))
        return {chain for chain in seen if chain in self.fixed or chain.partition(".")[0] not in self.names}

    def variable(self, name: str) -> Variable:
        found = self.variables.get(name)
        if found is None:
            found = self.variables[name] = Variable(name)
        return found


def import_chains(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, str]]:
    """(bound name, chain it stands for, chain that is executed) of each alias of an import statement.

    A chain is ``@module:attribute.attribute``; a relative module keeps its leading dots.
    The bound name is ``*`` for a star import.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            whole = f"@{alias.name}:"
            if alias.asname:
                yield alias.asname, whole, whole
            else:
                top = alias.name.partition(".")[0]
                yield top, f"@{top}:", whole
    elif node.module != "__future__":
        source = "@" + "." * node.level + (node.module or "") + ":"
        for alias in node.names:
            if alias.name == "*":
                yield "*", source, source
            else:
                yield alias.asname or alias.name, source + alias.name, source + alias.name


def parameters(args: ast.arguments) -> Iterator[ast.arg]:
    yield from args.posonlyargs
    yield from args.args
    if args.vararg:
        yield args.vararg
    yield from args.kwonlyargs
    if args.kwarg:
        yield args.kwarg


def kept_defaults(args: ast.arguments) -> set[str]:
    """Parameters with a default that can be changed in place, so that the next call sees it."""
    plain = [*args.posonlyargs, *args.args]
    pairs = [*zip(plain[len(plain) - len(args.defaults) :], args.defaults, strict=True)]
    pairs += [
        (arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True) if default
    ]
    return {arg.arg for arg, default in pairs if not isinstance(default, ast.Constant | ast.UnaryOp)}


def function_scope(node: Function, walrus: bool) -> Scope:
    """The scope of a function's body. ``walrus``: the source has a ``:=`` somewhere."""
    scope = Scope("function")
    for arg in parameters(node.args):
        scope.names.add(arg.arg)
        scope.fixed.add(arg.arg)
    _Binder(scope, walrus).statements(node.body)
    return scope


def class_scope(node: ast.ClassDef, walrus: bool) -> Scope:
    scope = Scope("class")
    _Binder(scope, walrus).statements(node.body)
    return scope


def lambda_scope(node: ast.Lambda, walrus: bool) -> Scope:
    scope = Scope("function")
    for arg in parameters(node.args):
        scope.names.add(arg.arg)
        scope.fixed.add(arg.arg)
    if walrus:
        _Binder(scope, walrus).walruses(node.body)
    return scope


def comprehension_scope(node: Comprehension) -> Scope:
    scope = Scope("comprehension")
    binder = _Binder(scope, walrus=False)
    for generator in node.generators:
        binder.target(generator.target)
        binder.parts(generator.target, generator.iter, each=True)
    return scope


def bound_names(node: ast.stmt, walrus: bool) -> tuple[set[str], set[str]]:
    """Names that a statement binds in the scope it stands in, and those of them bound by a def or class."""
    scope = Scope("class")
    _Binder(scope, walrus).statements([node])
    return scope.names | scope.globals, scope.fixed


class _Binder:
    def __init__(self, scope: Scope, walrus: bool) -> None:
        self.scope = scope
        self.walrus = walrus

    def statements(self, body: Iterable[ast.stmt]) -> None:
        scope = self.scope
        imported: dict[str, set[str]] = {}
        stack: list[ast.AST] = list(body)
        while stack:
            self._statement(stack.pop(), stack, imported)
        for name, chains in imported.items():
            if len(chains) == 1 and name not in scope.names:
                scope.imports[name] = next(iter(chains))
            else:
                scope.parts.setdefault(name, set()).update(chains)
            scope.names.add(name)
        scope.names -= scope.globals | scope.outer
        for name in scope.globals | scope.outer:
            scope.imports.pop(name, None)

    def _statement(self, node: ast.AST, stack: list[ast.AST], imported: dict[str, set[str]]) -> None:
        scope = self.scope
        if self.walrus:
            self._own_walruses(node)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.names.add(node.name)
                scope.fixed.add(node.name)
            case ast.Assign(targets=targets):
                for target in targets:
                    self.target(target)
                    self.parts(target, node.value)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.target(target)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.target(target)
                self.parts(target, value)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                self.target(target)
            case ast.Import() | ast.ImportFrom():
                for name, chain, _ in import_chains(node):
                    imported.setdefault(name, set()).add(chain)
            case ast.Global(names=names):
                scope.globals.update(names)
            case ast.Nonlocal(names=names):
                scope.outer.update(names)
            case ast.For() | ast.AsyncFor():
                self.target(node.target)
                self.parts(node.target, node.iter, each=True)
                stack += node.body + node.orelse
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    if item.optional_vars:
                        self.target(item.optional_vars)
                        self.parts(item.optional_vars, item.context_expr)
                stack += node.body
            case ast.If() | ast.While():
                stack += node.body + node.orelse
            case ast.Try() | ast.TryStar():
                stack += [*node.body, *node.orelse, *node.finalbody, *node.handlers]
            case ast.ExceptHandler():
                if node.name:
                    scope.names.add(node.name)
                stack += node.body
            case ast.Match():
                for case in node.cases:
                    self._pattern(case.pattern)
                    stack += case.body
            case _ if type(node).__name__ == "TypeAlias":
                self.target(node.name)  # type: ignore[attr-defined]  # Python 3.12

    def target(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            self.scope.names.add(node.id)
        elif isinstance(node, ast.Tuple | ast.List):
            for element in node.elts:
                self.target(element)
        elif isinstance(node, ast.Starred):
            self.target(node.value)

    def parts(self, target: ast.AST, value: ast.expr, each: bool = False) -> None:
        """Remember whose value, or a part of it, a variable gets. ``each``: it gets one after another."""
        if self.scope.kind == "class":
            return
        owners = set(_owners(value, each))
        targets = [target] if owners else []
        while targets:
            part = targets.pop()
            if isinstance(part, ast.Name):
                self.scope.parts.setdefault(part.id, set()).update(owners)
            elif isinstance(part, ast.Tuple | ast.List):
                targets += part.elts
            elif isinstance(part, ast.Starred):
                targets.append(part.value)

    def _pattern(self, pattern: ast.AST) -> None:
        for node in ast.walk(pattern):
            name = None
            if isinstance(node, ast.MatchAs | ast.MatchStar):
                name = node.name
            elif isinstance(node, ast.MatchMapping):
                name = node.rest
            if name:
                self.scope.names.add(name)

    def _own_walruses(self, node: ast.AST) -> None:
        """Walruses of the expressions that belong to the statement itself, not to those inside it."""
        if isinstance(node, _FUNCTIONS):
            parts: list[ast.AST] = [*node.decorator_list, *node.args.defaults]
            parts += [default for default in node.args.kw_defaults if default]
            parts += [arg.annotation for arg in parameters(node.args) if arg.annotation]
            parts += [node.returns] if node.returns else []
        elif isinstance(node, ast.ClassDef):
            parts = [*node.decorator_list, *node.bases, *node.keywords]
        else:
            parts = [
                child
                for child in ast.iter_child_nodes(node)
                if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
            ]
            if isinstance(node, ast.Match):
                parts += [case.guard for case in node.cases if case.guard]
        for part in parts:
            self.walruses(part)

    def walruses(self, node: ast.AST) -> None:
        if isinstance(node, ast.Lambda):
            for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                self.walruses(default)
            return
        if isinstance(node, ast.NamedExpr):
            self.target(node.target)
            self.parts(node.target, node.value)
        for child in ast.iter_child_nodes(node):
            self.walruses(child)


def _owners(node: ast.expr, each: bool = False) -> Iterator[str]:
    """Chains of the objects that a value is, or is taken out of: ``a.t`` of ``a.t["k"].get(1)``, none of
    ``a.t.copy()`` or ``list(t)`` (but of ``each`` in that)."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            parts = [body, orelse]
        case ast.BoolOp(values=values):
            parts = values
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            parts = elts
        case ast.NamedExpr(value=value) | ast.Await(value=value):
            parts = [value]
        case ast.Call(func=ast.Name(id=name) as func, args=args):
            parts = [func, *args] if each or name not in _MAKES_ITS_OWN else []
        case _:
            chain = _owner(node)
            if chain:
                yield chain
            return
    for part in parts:
        yield from _owners(part, each)


def _owner(node: ast.expr) -> str:
    attributes: list[str] = []
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=value, attr=attr):
                attributes.append(attr)
                node = value
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                if attr in COPYING:
                    return ""
                attributes.clear()
                node = value
            case ast.Subscript(value=value) | ast.Starred(value=value):
                attributes.clear()
                node = value
            case ast.Call(func=ast.Name() as node):
                attributes.clear()
            case _:
                return ""
    return ".".join([node.id, *reversed(attributes)])
