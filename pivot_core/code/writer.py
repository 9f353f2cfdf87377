"""Walking a syntax tree and writing names: the base of the canonical writer. Standard library only."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from pivot_core.code import scopes
from pivot_core.code.scopes import Scope, Variable
from pivot_core.code.stream import QUIET, TALK, Stream
from pivot_core.code.vocabulary import ATTRIBUTES

_SKIPPED: Final = frozenset({"ctx", "type_comment", "kind", "type_ignores"})
_BLOCKS: Final = frozenset({"body", "orelse", "finalbody"})
_SLOT: Final = "$"

Handler = Callable[[ast.AST], None]


class Writer:
    """Writes nodes to streams. ``begin`` a statement, then ``visit`` it, then ``finish``.

    ``originals`` are names of the module that stand for an imported function of another name.
    """

    def __init__(self, walrus: bool = True, originals: dict[str, str] | None = None) -> None:
        self.walrus = walrus
        self.originals = originals or {}
        self.scopes: list[Scope] = []
        self.depth = 0  # of functions around
        self.quoted_hints = False  # annotations are kept as text
        self.spelled = False  # names count as they are spelled
        self.talking = False  # inside of a call that only prints or logs
        self.caught: set[ast.AST] = set()  # imports that may fail without ending what executes them
        self._handlers: dict[type[ast.AST], Handler] = {}
        self.begin()

    def begin(self) -> None:
        self.head, self.body, self.notes, self.docs = Stream(), Stream(), Stream(), Stream()
        self.out = self.head
        self.option = ""  # the text before, which may be an option of Python
        self.words: set[str] = set()
        self.flags: set[str] = set()

    def finish(self) -> None:
        """Choose the names of local variables: a number, or the name where a string could refer to it."""
        numbers: dict[Variable, str] = {}
        for stream in (self.head, self.body, self.notes):
            tokens = stream.tokens
            for place, variable in stream.variables:
                token = numbers.get(variable)
                if token is None:
                    kept = variable.frozen or variable.name in self.words
                    token = f"={variable.name}" if kept else f"%{len(numbers)}"
                    numbers[variable] = token
                tokens[place] = token

    # --- walking ---------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        kind = type(node)
        handler = self._handlers.get(kind)
        if handler is None:
            handler = self._handlers[kind] = getattr(self, "on_" + kind.__name__, None) or self._generic(kind)
        handler(node)

    def _generic(self, kind: type[ast.AST]) -> Handler:
        """Writer of a kind of node that needs no special care."""
        name = kind.__name__
        fields = tuple((field, "." + field) for field in kind._fields if field not in _SKIPPED)
        if not fields:
            return lambda node: self.out.tokens.append(name)

        def write(node: ast.AST) -> None:
            self.out.tokens.append(name)
            for field, label in fields:
                value = getattr(node, field, None)
                if value is None or (value.__class__ is list and not value):
                    continue
                self.out.tokens.append(label)
                if isinstance(value, ast.AST):
                    self.visit(value)
                elif not isinstance(value, list):
                    self.out.tokens.append(str(value))
                elif field in _BLOCKS and kind is not ast.Lambda:
                    self.block(value)
                else:
                    self.items(value)
            self.out.tokens.append(")")

        return write

    def items(self, nodes: Sequence[object]) -> None:
        self.out.tokens.append("[")
        for node in nodes:
            if isinstance(node, ast.AST):
                self.visit(node)
            else:
                self.out.tokens.append(str(node))
        self.out.tokens.append("]")

    def block(self, body: Iterable[ast.stmt]) -> None:
        tokens = self.out.tokens
        tokens.append("[")
        scope = self.scopes[-1] if self.scopes else None
        for node in body:
            self.visit(node)
            if scope is not None and scope.kind == "class":
                names, _ = scopes.bound_names(node, self.walrus)
                if not isinstance(node, ast.If | ast.Try):
                    scope.done |= names
        tokens.append("]")

    # --- names -----------------------------------------------------------------------------------

    def find(self, name: str) -> Scope | None:
        """The scope that binds ``name`` as seen from here, None when it is a name of the module."""
        innermost = True
        for scope in reversed(self.scopes):
            if scope.kind != "class" or innermost:
                if name in scope.globals:
                    return None
                if name in scope.names:
                    return scope
            innermost = False
        return None

    def chain(self, node: ast.AST) -> str | None:
        """``name.attribute…`` when the expression is that and the name isn't local; a local import counts."""
        attributes: list[str] = []
        while type(node) is ast.Attribute:
            attributes.append(node.attr)
            node = node.value
        if type(node) is not ast.Name:
            return None
        base = node.id
        if self.scopes and (scope := self.find(base)) is not None:
            imported = scope.imports.get(base)
            if imported is None:
                return None
            base = imported
        if not attributes:
            return base
        attributes.reverse()
        rest = ".".join(attributes)
        return base + rest if base[-1] == ":" else f"{base}.{rest}"

    def slot(self, chain: str, flags: int, node: ast.AST) -> None:
        out = self.out
        if not flags & QUIET:
            out.tokens.append(_SLOT + chain if self.spelled else _SLOT)
        out.slots.append(chain)
        out.flags.append(flags | TALK if self.talking else flags)
        out.lines.append(getattr(node, "lineno", 0))

    def local(self, name: str, scope: Scope) -> None:
        out = self.out
        if name in scope.fixed or scope.kind in ("class", "parameters"):
            out.tokens.append("=" + name)
            return
        variable = scope.variable(name)
        variable.frozen = variable.frozen or scope.frozen
        out.variables.append((len(out.tokens), variable))
        out.tokens.append("")

    def name(self, name: str, node: ast.AST, stored: bool, flags: int = 0) -> None:
        scope = self.find(name) if self.scopes else None
        if scope is None:
            self._module_name(name, node, stored, flags)
        elif name in scope.imports:
            self.slot(scope.imports[name], flags, node)
        else:
            self.local(name, scope)
            if scope.kind == "class" and not stored and name not in scope.done:
                self._around_class(name, node, flags)

    def _module_name(self, name: str, node: ast.AST, stored: bool, flags: int) -> None:
        if not stored:
            self.slot(name, flags, node)
            self.notice_name(name)
        elif self.scopes:
            self.slot(name, flags, node)  # after ``global``
            self.out.effects.append(("bind", name, ""))
        else:
            self.out.tokens.append("=" + name)

    def _around_class(self, name: str, node: ast.AST, flags: int) -> None:
        """A class body may read an outer name before it binds its own of the same name."""
        inner = self.scopes.pop()
        try:
            self.name(name, node, False, flags)
        finally:
            self.scopes.append(inner)

    def notice_name(self, name: str) -> None:
        """A name of the module is read."""
        reads = ATTRIBUTES.get(name)
        if reads is not None:
            self.flags.add(f"reads_{reads}")
