"""What each name is bound to, scope by scope, as far as one text tells.

One top-level statement is walked at a time. Its outermost scope asks the module for names, since other
statements bind them, too. A walk without recursion: generated code can be nested deeper than Python's stack.
A name counts as known only where all of its bindings are; what is bound in a way not listed here is
``UNKNOWN``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from pivot_lsp.source.children import children

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pivot_lsp.source.toplevel import TopLevel

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_LEAVES = (ast.Constant, ast.Pass)
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Imported(NamedTuple):
    """``chain``: the dotted name it stands for (dots of a relative import in front)."""

    chain: str


class Assigned(NamedTuple):
    """``top``: the statement that it is in. Look its names up in the scope that the name was found in."""

    value: ast.expr
    top: TopLevel


class Defined(NamedTuple):
    node: Function
    top: TopLevel


class DefinedClass(NamedTuple):
    node: ast.ClassDef
    top: TopLevel


class Parameter(NamedTuple):
    annotation: ast.expr | None


class Entered(NamedTuple):
    """``with value as name``"""

    value: ast.expr


Binding: TypeAlias = Imported | Assigned | Defined | DefinedClass | Parameter | Entered | None
UNKNOWN: Binding = None
ANYTHING = "*"  # the name that a star import binds
BUILTINS = "builtins."


class Arm(NamedTuple):
    """One way through a statement that branches. ``leaves``: it ends by leaving (``return``, ``raise``)."""

    statement: int
    number: int
    leaves: bool


def both_happen(first: tuple[Arm, ...], second: tuple[Arm, ...]) -> bool:
    """Whether one run of the module can come by both places."""
    shared = 0
    for ours, theirs in zip(first, second, strict=False):
        if ours.statement != theirs.statement:
            break
        if ours.number != theirs.number:
            return False
        shared += 1
    return not any(arm.leaves for arm in first[shared:])


class Visit(NamedTuple):
    """A node, the scope that its names are looked up in, and the arms it is in, outermost first."""

    node: ast.AST
    scope: Scope
    arms: tuple[Arm, ...]


@dataclass(eq=False, slots=True)
class Scope:
    """One scope, in a top-level statement. Bindings are complete only after the walk."""

    kind: Literal["module", "function", "class", "comprehension"]
    top: TopLevel
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)  # by ``global`` and ``nonlocal``

    def bind(self, name: str, binding: Binding) -> None:
        self.elsewhere.get(name, self).bindings.setdefault(name, []).append(binding)

    def lookup(self, name: str) -> tuple[Scope, Sequence[Binding]] | None:
        """The scope that a name comes from, and all it is bound to there; None for a builtin."""
        scope = self._owner(name)
        found = scope.bindings[name] if scope.parent is not None else self.top.look_up(name)
        return (scope, found) if found else None

    def _owner(self, name: str) -> Scope:
        """The scope that a name comes from; that of the module, if no other binds it."""
        scope: Scope = self
        while scope.parent is not None:
            if name in scope.bindings and (scope is self or scope.kind != "class"):
                break
            scope = scope.parent
        return scope

    def only(self, name: str) -> Binding:
        """What a name is bound to, if it is bound once."""
        found = self.lookup(name)
        return found[1][0] if found is not None and len(found[1]) == 1 else UNKNOWN

    def value(self, node: ast.expr) -> tuple[ast.expr, TopLevel]:
        """What a variable was assigned (once), and where; another expression is its own value."""
        seen: set[str] = set()
        top = self.top
        while isinstance(node, ast.Name) and node.id not in seen:
            binding = self.only(node.id)
            if not isinstance(binding, Assigned):
                break
            seen.add(node.id)
            node, top = binding.value, binding.top
        return node, top

    def chain(self, node: ast.expr) -> str | None:
        """The dotted name that an expression stands for, if an import says so."""
        found = self.full_name(node)
        return None if found is None or found.startswith(BUILTINS) else found

    def full_name(self, node: ast.expr) -> str | None:
        """As :meth:`chain`, and ``builtins.open`` for what nothing binds."""
        attributes = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        scope = self._owner(node.id)
        is_local = scope.parent is not None
        found = imported(scope.bindings[node.id]) if is_local else self.top.stands_for(node.id)
        return None if found is None else ".".join([found, *reversed(attributes)])

    @property
    def module(self) -> Scope:
        return self if self.parent is None else self.parent.module

    @property
    def own(self) -> Scope:
        """Where a walrus binds: comprehensions have names of their own only for their targets."""
        return self.parent.own if self.kind == "comprehension" and self.parent is not None else self


def imported(bindings: Sequence[Binding]) -> str | None:
    """The dotted name that a name stands for, if it is only ever bound by importing that."""
    first = bindings[0]
    if isinstance(first, Imported) and all(binding == first for binding in bindings):
        return first.chain
    return None


def walk(body: Sequence[ast.stmt], scope: Scope) -> list[Visit]:
    """Every node with its scope, but for names that are read, constants and the like.

    All names are bound when this returns. Not in the order of the text.
    """
    visits = [Visit(node, scope, ()) for node in body]
    for visit in visits:  # grows
        visits += _inside(visit)
    return visits


def _inside(visit: Visit) -> Iterator[Visit]:
    node, scope, arms = visit
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            scope.bind(node.name, Defined(node, scope.top))
            yield from _function(visit, node.args, node.body)
            outside: list[ast.expr | None] = [*node.decorator_list, node.returns]
            yield from (Visit(part, scope, arms) for part in outside if part is not None)
        case ast.Lambda():
            yield from _function(visit, node.args, [node.body])
        case ast.ClassDef():
            scope.bind(node.name, DefinedClass(node, scope.top))
            inner = Scope("class", scope.top, scope)
            yield from (Visit(part, scope, arms) for part in (*node.decorator_list, *node.bases))
            yield from (Visit(part, scope, arms) for part in node.keywords)
            yield from (Visit(part, inner, arms) for part in node.body)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            inner = Scope("comprehension", scope.top, scope)
            yield from (Visit(part, inner, arms) for part in _parts(node))
        case ast.If() | ast.Try() | ast.TryStar() | ast.Match() | ast.IfExp():
            yield from _branches(visit)
        case _:
            skipped = _bind(node, scope)
            yield from (Visit(part, scope, arms) for part in _parts(node) if part is not skipped)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The children that can bind a name or have children: most nodes of a tree are neither."""
    for child in children(node):
        if not isinstance(child, _LEAVES) and not (
            isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load)
        ):
            yield child


def _function(visit: Visit, args: ast.arguments, body: Iterable[ast.AST]) -> Iterator[Visit]:
    inner = Scope("function", visit.scope.top, visit.scope)
    all_args = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    for arg in all_args:
        inner.bind(arg.arg, Parameter(arg.annotation))
    for rest in (args.vararg, args.kwarg):
        if rest is not None:
            inner.bind(rest.arg, UNKNOWN)
            all_args.append(rest)
    outside = [*args.defaults, *args.kw_defaults, *(arg.annotation for arg in all_args)]
    yield from (Visit(part, visit.scope, visit.arms) for part in outside if part is not None)
    yield from (Visit(part, inner, ()) for part in body)


def _branches(visit: Visit) -> Iterator[Visit]:
    node, scope, arms = visit
    always: list[ast.AST] = []
    ways: list[Sequence[ast.AST]] = []
    match node:
        case ast.If():
            always, ways = [node.test], [node.body, node.orelse]
        case ast.IfExp():
            always, ways = [node.test], [[node.body], [node.orelse]]
        case ast.Try() | ast.TryStar():
            always, ways = list(node.finalbody), [[*node.body, *node.orelse], *([h] for h in node.handlers)]
        case ast.Match():
            always = [node.subject, *(case.pattern for case in node.cases)]
            always += [case.guard for case in node.cases if case.guard is not None]
            ways = [case.body for case in node.cases]
    yield from (Visit(part, scope, arms) for part in always)
    for number, way in enumerate(ways):
        last = (
            way[-1].body[-1] if way and isinstance(way[-1], ast.ExceptHandler) else way[-1] if way else None
        )
        arm = Arm(id(node), number, isinstance(last, _LEAVING))
        yield from (Visit(part, scope, (*arms, arm)) for part in way)


def _bind(node: ast.AST, scope: Scope) -> ast.AST | None:
    """Bind what the node itself binds; a part of it that is dealt with thereby."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
            scope.bind(name, Assigned(value, scope.top))
            return target
        case ast.AnnAssign(target=ast.Name(id=name) as target, value=value):
            scope.bind(name, UNKNOWN if value is None else Assigned(value, scope.top))
            return target
        case ast.NamedExpr(target=target, value=value):
            scope.own.bind(target.id, Assigned(value, scope.top))
            return target
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name) as target):
            scope.bind(name, Entered(value))
            return target
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            scope.bind(name, UNKNOWN)
        case ast.Import() | ast.ImportFrom():
            for name, chain in _imports(node):
                scope.bind(name, Imported(chain))
        case ast.Global(names=names):
            scope.elsewhere.update(dict.fromkeys(names, scope.module))
        case ast.Nonlocal(names=names):
            _share(names, scope)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            scope.bind(name, UNKNOWN)
        case ast.MatchMapping(rest=str(name)):
            scope.bind(name, UNKNOWN)
    return None


def _share(names: list[str], scope: Scope) -> None:
    """``nonlocal``: an inner function changes the variable of an outer one at times that nobody knows."""
    outer = scope.parent
    while outer is not None and outer.kind == "function":
        for name in names:
            outer.bind(name, UNKNOWN)
        outer = outer.parent
    scope.elsewhere.update(dict.fromkeys(names, scope.parent or scope))


def imports(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The dotted names that an import names, be they modules or what is in them."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield from (chain for _, chain in _imports(node) if chain.strip("."))


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with the dotted name that it stands for."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
        else:
            source = "." * node.level + (node.module or "")
            chain = f"{source}.{alias.name}" if node.module else source + alias.name
            yield (ANYTHING, source) if alias.name == "*" else (alias.asname or alias.name, chain)
