"""One top-level statement of a module: what an edit makes new, while the others stay what they are."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from symtable import SymbolTable, symtable
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.positions import Lines, Span, span_of
from pivot_lsp.source.children import children
from pivot_lsp.source.scopes import ANYTHING, BUILTINS, Imported, Scope, walk
from pivot_lsp.source.scripts import is_guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from pivot_lsp.source.scopes import Binding, Function, Visit

    Names = Mapping[str, Sequence[Binding]]
    Meanings = Mapping[str, str | None]  # of each name, the dotted name that imports say it stands for

_NAME = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)")


class Spot(NamedTuple):
    """A stretch of a top-level statement: it stays right when the statement moves."""

    top: TopLevel
    span: Span

    @property
    def absolute(self) -> Span:
        """The stretch in the module's text as it is now."""
        down = self.top.first_line - 1
        line, column, end_line, end_column = (
            self.span.line,
            self.span.column,
            self.span.end_line,
            self.span.end_column,
        )
        return Span(line + down, column, end_line + down, end_column)

    @property
    def path(self) -> str:
        return self.top.path


class TopLevel:
    """A top-level statement (or several that share a line) of the module at ``path``.

    ``text`` is that of its lines, and the places of its nodes count from there. ``first_line`` is where it
    begins in the module now. ``names`` and ``meanings`` are those of the module, which keeps them up with its
    text. ``looked_up``: the names it asked for; ``stood_for``: those of which it only asked what they mean.
    """

    def __init__(
        self, path: str, text: str, body: tuple[ast.stmt, ...], names: Names, meanings: Meanings
    ) -> None:
        self.path = path
        self.text = text
        self.body = body
        self.first_line = 1
        self.names = names
        self.meanings = meanings
        self.looked_up: set[str] = set()
        self.stood_for: set[str] = set()
        self.scope = Scope("module", self)

    @cached_property
    def visits(self) -> list[Visit]:
        """Its nodes; see :func:`walk`."""
        return walk(self.body, self.scope)

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """The node around each of its nodes, by the node's id."""
        nodes: list[ast.AST] = list(self.body)
        found: dict[int, ast.AST] = {}
        for node in nodes:  # grows
            inner = children(node)
            found.update((id(child), node) for child in inner)
            nodes += inner
        return found

    @cached_property
    def guards(self) -> frozenset[int]:
        """Ids of each ``if __name__ == "__main__"`` in it."""
        return frozenset(id(visit.node) for visit in self.visits if is_guard(visit.node))

    @cached_property
    def tables(self) -> list[SymbolTable]:
        """What Python says of the names in each definition in it; nothing for what it can't compile."""
        try:
            found = [symtable(self.text, self.path, "exec")]
        except (SyntaxError, RecursionError, ValueError):
            return []
        for table in found:  # grows
            found += table.get_children()
        return found

    @property
    def bound(self) -> Names:
        """What it binds in the module."""
        assert self.visits is not None  # walking binds
        return self.scope.bindings

    @cached_property
    def lines(self) -> Lines:
        """Its text, by lines."""
        return Lines(self.text)

    def line(self, number: int) -> str:
        """A line of its text, by its number from 1; "" if there is none."""
        return self.lines.line(number)

    @property
    def line_count(self) -> int:
        """How many lines it has; that after a newline at its end counts, too."""
        return self.lines.count

    def look_up(self, name: str) -> Sequence[Binding]:
        """All that the module binds a name to; nothing for a builtin."""
        self.looked_up.add(name)
        return self.names.get(name, ())

    def stands_for(self, name: str) -> str | None:
        """The dotted name that a name of the module stands for: imported, or built in; None for others."""
        self.stood_for.add(name)
        if name in self.meanings:
            return self.meanings[name]
        return None if ANYTHING in self.meanings else BUILTINS + name

    def holds_without(self, names: Set[str], meanings: Set[str]) -> bool:
        """Whether it never asked for any of these names, nor what any of those stands for."""
        if ANYTHING in meanings and self.stood_for:
            return False
        return self.looked_up.isdisjoint(names) and self.stood_for.isdisjoint(meanings)

    def forget(self) -> None:
        """Nothing has been asked for."""
        self.looked_up.clear()
        self.stood_for.clear()

    def spot(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias) -> Spot:
        """The place of a node of this statement."""
        return Spot(self, span_of(node))

    def name_spot(self, node: Function | ast.ClassDef) -> Spot:
        """The place of the name that a ``def`` or ``class`` of this statement gives."""
        line = self.line(node.lineno).encode("utf-8", "surrogatepass")
        found = _NAME.match(line[node.col_offset :].decode("utf-8", "surrogatepass"))
        if found is None:  # a backslash between def and the name
            return Spot(self, Span(node.lineno, node.col_offset, node.lineno, len(line)))
        start = node.col_offset + found.start(1)  # what is before it is ASCII
        return Spot(self, Span(node.lineno, start, node.lineno, start + len(found[1].encode())))


def is_same(ours: Sequence[Binding], theirs: Sequence[Binding]) -> bool:
    """Whether a name that is bound to this is bound to that."""
    # Imports are equal by what they say; everything else is the very node that was looked at.
    return len(ours) == len(theirs) and all(
        one is other or (isinstance(one, Imported) and one == other)
        for one, other in zip(ours, theirs, strict=True)
    )
