"""Source text -> :class:`ModuleSummary`: a pure function of the text.

The top-level statements of a module are taken one by one. ``if`` and ``try`` are opened: what they contain
counts as top-level, with the condition (for ``try``: all that can raise in it) in front of each.

What is read of a statement follows from it and a few facts about the whole text, its :class:`Setting`; so
while those stay, an edit costs the statements that it touches (see drafts.py).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import xxhash

from pivot_core.code import scopes
from pivot_core.code.canonical import Canonical, imports_in
from pivot_core.code.opening import shared_attributes
from pivot_core.code.pieces import Piece, Setting, is_documented, joined, setting_of
from pivot_core.code.records import EMPTY, MAIN, ModuleSummary, Part, SourceError, Star, Statement, ValueKind
from pivot_core.code.statements import parse
from pivot_core.code.stream import Stream

_DEPTH = 12_000  # calls
_MADE_ON_THE_SPOT = (
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.BinOp, ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.Lambda),
)


def summarise(text: str) -> ModuleSummary:
    """Never raises on any text: what can't be read is a summary with ``error`` set."""
    try:
        body = parse(text).body
        with room():
            return joined([read(body, setting_of(text, body), documented=is_documented(body))])
    except SyntaxError as error:
        return unreadable(error)
    except (RecursionError, MemoryError):
        return unreadable(nested_too_deeply())


def unreadable(error: SyntaxError) -> ModuleSummary:
    """The summary of a text that isn't Python."""
    return ModuleSummary(error=SourceError(error.lineno or 0, error.msg))


def nested_too_deeply() -> SyntaxError:
    """Why a text can't be read that the parser takes."""
    return SyntaxError("nested too deeply to be read")


def read(body: Sequence[ast.stmt], setting: Setting, *, documented: bool) -> Piece:
    """What statements say; ``documented``: the first is the module's docstring. Needs :func:`room`.

    Raises RecursionError or MemoryError for what is nested too deeply.
    """
    return _Reader(setting).piece(body, documented)


@contextmanager
def room() -> Iterator[None]:
    """Let the reader recurse deeper than usual: a long sum or chain of ``elif`` is a deep tree. Its
    recursion is Python's own, which needs no machine stack; the parser's is bounded by the parser."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


@dataclass(frozen=True)
class _Guard:
    """A condition that a statement stands under; ``nodes`` are written in front of it."""

    label: str
    nodes: tuple[ast.AST, ...]


@dataclass(frozen=True)
class _Where:
    guards: tuple[_Guard, ...] = ()
    typing_only: bool = False

    def under(self, label: str, *nodes: ast.AST) -> _Where:
        return _Where((*self.guards, _Guard(label, nodes)), self.typing_only)


class _Reader:
    def __init__(self, setting: Setting) -> None:
        self.writer = Canonical(walrus=setting.walrus, originals=dict(setting.originals))
        self.writer.quoted_hints = setting.quoted_hints
        self.found: list[Statement] = []
        self.stars: list[Star] = []
        self.exports: list[str] | None = None
        self.exports_all = False

    def piece(self, body: Sequence[ast.stmt], documented: bool) -> Piece:
        if documented:
            self._module_docs(body[0])
        self.block(body, _Where())
        rebound = frozenset(
            name
            for statement in self.found
            for part in (statement.head, statement.body)
            for kind, name, _ in part.effects
            if kind == "bind"
        )
        exports = tuple(self.exports) if self.exports is not None else None
        return Piece(tuple(self.found), tuple(self.stars), exports, self.exports_all, rebound)

    def _module_docs(self, node: ast.stmt) -> None:
        self.writer.begin()
        self.writer.visit(node)
        digest = xxhash.xxh3_128_hexdigest(self.writer.docs.form())
        self.found.append(
            Statement(node.lineno, ("__doc__",), Part(form="doc"), docs=digest, span=_span(node))
        )

    # --- opening if and try ----------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], where: _Where) -> None:
        for node in body:
            if isinstance(node, ast.If):
                self._if(node, where)
            elif isinstance(node, ast.Try | ast.TryStar):
                self._try(node, where)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node, where)
            elif not isinstance(node, ast.Pass):
                self._statement(node, where)

    def _if(self, node: ast.If, where: _Where) -> None:
        if _is_main(node.test):
            self._write(node, _Where(typing_only=True), [MAIN])
            self.block(node.orelse, where)
        elif _is_type_checking(node.test):
            self.block(node.body, _Where(where.guards, typing_only=True))
            self.block(node.orelse, where)
        else:
            self._test(node.test, where)
            self.block(node.body, where.under("if", node.test))
            self.block(node.orelse, where.under("else", node.test))

    def _test(self, test: ast.expr, where: _Where) -> None:
        """The condition itself is evaluated, whatever stands under it."""
        if any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(test)):
            self._statement(ast.copy_location(ast.Expr(test), test), where)

    def _try(self, node: ast.Try | ast.TryStar, where: _Where) -> None:
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        tried = tuple(part for part in node.body if not isinstance(part, definitions))
        if node.handlers:
            self.writer.caught |= imports_in(node.body)
        caught = tuple(handler.type for handler in node.handlers if handler.type)
        self.block(node.body, where.under("try", *tried, *caught))
        self.block(node.orelse, where.under("else", *tried, *caught))
        for handler in node.handlers:
            own = (handler.type,) if handler.type else ()
            if handler.name:  # bound while it is handled, then deleted
                error = ast.Assign([ast.Name(handler.name, ast.Store())], ast.Constant(None))
                place = ast.copy_location(error, handler)
                self._statement(ast.fix_missing_locations(place), where.under("except", *tried, *own))
            self.block(handler.body, where.under("except", *tried, *own))
        self.block(node.finalbody, where)

    # --- one statement ---------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom, where: _Where) -> None:
        for alias in node.names:
            one = ast.copy_location(
                ast.Import([alias])
                if isinstance(node, ast.Import)
                else ast.ImportFrom(node.module, [alias], node.level),
                node,
            )
            for name, chain, _ in scopes.import_chains(one):
                if name == "*":
                    self.stars.append(Star(chain, len(self.found), bool(where.guards)))
                    self._write(one, where, [f"*{chain}"])
                else:
                    self._write(one, where, [name], "import", chain)

    def _statement(self, node: ast.stmt, where: _Where) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            others = scopes.bound_names(node, self.writer.walrus)[0] - {node.name}  # a walrus in a default
            self._write(node, where, [node.name, *sorted(others)])
            return
        names, _ = scopes.bound_names(node, self.writer.walrus)
        kind, value = self._value(node)
        if "__all__" in names or _changes_exports(node):
            self._exports(node, where)
        for chain in _stars_inside(node):
            self.stars.append(Star(chain, len(self.found), guarded=True))
            names.add(f"*{chain}")
        self._write(node, where, sorted(names), kind, value)

    def _value(self, node: ast.stmt) -> tuple[ValueKind, str]:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            return "", ""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not all(isinstance(target, ast.Name) for target in targets):
            return "", ""
        value = node.value
        if isinstance(value, ast.Call) and (chain := self.writer.chain(value.func)):
            return "call", chain
        if isinstance(value, ast.Constant):
            return ("text", value.value) if isinstance(value.value, str) else ("constant", "")
        if isinstance(value, _MADE_ON_THE_SPOT):
            return "new", ""
        chain = self.writer.chain(value)
        if chain:
            return "chain", chain
        chain = self.writer.bottom(value)
        return ("inside", chain) if chain else ("", "")

    def _write(
        self, node: ast.stmt, where: _Where, names: list[str], value_kind: ValueKind = "", value: str = ""
    ) -> None:
        writer = self.writer
        writer.begin()
        for guard in where.guards:
            writer.head.tokens.append(guard.label)
            for part in guard.nodes:
                writer.visit(part)
        if where.guards:
            writer.head.effects.clear()  # what a guard changes is counted once, where it stands
        writer.visit(node)
        writer.finish()
        if writer.quoted_hints:
            writer.notes.is_text()
        if not names and not writer.head.slots and not writer.head.tokens:
            return  # a bare string
        kind = {ast.FunctionDef: "function", ast.AsyncFunctionDef: "function", ast.ClassDef: "class"}
        self.found.append(
            Statement(
                line=node.lineno,
                names=tuple(names),
                head=_part(writer.head, node.lineno),
                body=_part(writer.body, node.lineno),
                notes=_part(writer.notes, node.lineno),
                docs=xxhash.xxh3_128_hexdigest(writer.docs.form()) if writer.docs.tokens else "",
                kind=kind.get(type(node), "other"),  # type: ignore[arg-type]
                value_kind=value_kind,
                value=value,
                typing_only=where.typing_only,
                guarded=bool(where.guards),
                flags=tuple(sorted(writer.flags)),
                span=_span(node),
                shared=tuple(sorted(shared_attributes(node))) if isinstance(node, ast.ClassDef) else (),
                methods=_methods(node) if isinstance(node, ast.ClassDef) else (),
            )
        )

    # --- __all__ ---------------------------------------------------------------------------------

    def _exports(self, node: ast.stmt, where: _Where) -> None:
        value: ast.AST | None = None
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            value = node.value
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
            method, added = getattr(node.value.func, "attr", ""), node.value.args[0]
            value = {"append": ast.List([added]), "extend": added}.get(method)
        literal = (
            not where.guards
            and isinstance(value, ast.List | ast.Tuple)
            and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in value.elts)
        )
        if not literal:
            self.exports_all = True
            return
        assert isinstance(value, ast.List | ast.Tuple)
        names = [part.value for part in value.elts if isinstance(part, ast.Constant)]
        self.exports = [*(self.exports or []), *(name for name in names if isinstance(name, str))]


def _methods(node: ast.ClassDef) -> tuple[str, ...]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return tuple(dict.fromkeys(part.name for part in node.body if isinstance(part, functions)))


def _span(node: ast.stmt) -> tuple[int, int]:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)]), node.end_lineno or node.lineno


def _part(stream: Stream, line: int) -> Part:
    """``line``: that of the statement, which the part's count from."""
    if not stream.tokens and not stream.slots:
        return EMPTY
    return Part(
        xxhash.xxh3_128_hexdigest(stream.form()),
        tuple(stream.slots),
        tuple(stream.flags),
        tuple(each - line if each else 0 for each in stream.lines),
        tuple(dict.fromkeys(stream.effects)),
        tuple(stream.environment),
        tuple((function, prefix, each - line) for function, prefix, each in stream.imports),
        tuple(dict.fromkeys(stream.candidates)),
        tuple((text, each - line if each else 0) for text, each in dict.fromkeys(stream.named)),
    )


def _changes_exports(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and isinstance(node.value.func.value, ast.Name)
        and node.value.func.value.id == "__all__"
    )


def _stars_inside(node: ast.stmt) -> list[str]:
    """Chains of star imports in the body of a ``with``, a loop or a ``match``."""
    if not isinstance(node, ast.With | ast.For | ast.While | ast.Match):
        return []
    inside = [part for part in ast.walk(node) if isinstance(part, ast.ImportFrom)]
    return [chain for part in inside for name, chain, _ in scopes.import_chains(part) if name == "*"]


def _is_main(test: ast.expr) -> bool:
    """``__name__ == "__main__"``, either way round."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _is_type_checking(test: ast.expr) -> bool:
    if isinstance(test, ast.Attribute):
        return test.attr == "TYPE_CHECKING"
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
