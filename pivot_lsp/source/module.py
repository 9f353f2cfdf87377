"""One source file, kept up with its text: an edit reads the statements again that it can change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pivot_core.code.statements import Statements
from pivot_lsp.positions import Lines
from pivot_lsp.source.scopes import imported
from pivot_lsp.source.stages import Part
from pivot_lsp.source.toplevel import TopLevel, is_same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set
    from pathlib import Path

    from pivot_lsp.source.annotations import Artifact
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Binding
    from pivot_lsp.source.stages import Class, StageFunction


# Characters of a file that the lint reads. It is done in the editor's way, and this much takes seconds.
LONGEST = 1_000_000


def too_long(text: str) -> str:
    """What to say of a text that is longer than that."""
    return f"it has {len(text):,} characters; only files of up to {LONGEST:,} are looked at"


def mentions_pivot(text: str) -> bool:
    """False for a text that certainly says nothing about stages; saves parsing it."""
    return "pivot_core" in text or "pipeline" in text


class Module:
    """A source file at a logical path, with the facts about stages in it. Raises SyntaxError for what Python
    wouldn't take, and for what is too long.

    Not thread-safe. ``root`` is its project's folder, if it is in a project. ``parts`` are its top-level
    statements. ``names``: what each name in it is bound to.
    """

    def __init__(self, path: str, text: str, root: Path | None = None) -> None:
        self.path = path
        self.root = root
        self.registered: frozenset[str] = frozenset()
        self.names: dict[str, Sequence[Binding]] = {}
        self.parts: list[Part] = []
        if len(text) > LONGEST:
            raise SyntaxError(too_long(text))
        self._statements = Statements.of(text)
        self._meanings: dict[str, str | None] = {}
        self._tops: list[TopLevel] = []
        self._part_by_top: dict[int, Part] = {}
        self._read()

    @property
    def text(self) -> str:
        return self._statements.text

    @cached_property
    def lines(self) -> Lines:
        """Its text, by lines."""
        return Lines(self.text)

    def edit(self, text: str) -> None:
        """There is another text. Raises SyntaxError, and stays as it was."""
        if len(text) > LONGEST:
            raise SyntaxError(too_long(text))
        self._statements = self._statements.follow(text)
        vars(self).pop("lines", None)
        self._read()

    def register(self, names: frozenset[str]) -> None:
        """These functions of the module are registered somewhere."""
        if names != self.registered:
            self.registered = names
            self._update(set(), set())

    def _read(self) -> None:
        # The body is the same object for as long as the statement is; statements of one text may share it.
        known: dict[int, list[TopLevel]] = {}
        for top in self._tops:
            known.setdefault(id(top.body), []).append(top)
        tops: list[TopLevel] = []
        kept: list[TopLevel] = []
        new: list[TopLevel] = []
        for text, first_line, body in self._statements.items:
            if body:  # else comments at the end
                left = known.get(id(body))
                if left:
                    top = left.pop(0)
                    kept.append(top)
                else:
                    top = TopLevel(self.path, text, body, self.names, self._meanings)
                    new.append(top)
                top.first_line = first_line
                tops.append(top)
        gone = {id(top): top for left in known.values() for top in left}
        is_in_order = kept == [top for top in self._tops if id(top) not in gone]
        touched = [*(new if is_in_order else tops), *gone.values()]
        self._tops = tops
        names, meanings = self._bind({name for top in touched for name in top.bound})
        self._update(names, meanings)

    def _bind(self, names: set[str]) -> tuple[set[str], set[str]]:
        """Find out anew what these names are bound to. Returns those of them that are bound otherwise than
        before, and those that stand for something else."""
        found: dict[str, list[Binding]] = {name: [] for name in names}
        for top in self._tops:
            for name in names.intersection(top.bound):
                found[name] += top.bound[name]
        others, other_meanings = set(), set()
        for name, bindings in found.items():
            if not is_same(self.names.pop(name, ()), bindings):
                others.add(name)
            before = name in self._meanings, self._meanings.pop(name, None)
            if bindings:
                self.names[name], self._meanings[name] = bindings, imported(bindings)
            if before != (bool(bindings), self._meanings.get(name)):
                other_meanings.add(name)
        return others, other_meanings

    def _update(self, names: Set[str], meanings: Set[str]) -> None:
        """Make a part of each statement; another one where something that it asked for is another now."""
        known, parts = self._part_by_top, []
        for top in self._tops:
            part = known.get(id(top))
            registered = self.registered.intersection(top.bound)
            if part is None or part.registered != registered or not top.holds_without(names, meanings):
                top.forget()
                part = Part(self, top, registered)
            parts.append(part)
        self.parts = parts
        self._part_by_top = {id(part.top): part for part in parts}

    # --- facts, in the order of the text

    @property
    def registrations(self) -> Iterator[Registration]:
        for part in self.parts:
            yield from part.registrations

    @property
    def functions(self) -> Iterator[StageFunction]:
        for part in self.parts:
            yield from part.functions

    @property
    def classes(self) -> Iterator[Class]:
        for part in self.parts:
            yield from part.classes

    @property
    def artifacts(self) -> Iterator[Artifact]:
        for part in self.parts:
            yield from part.artifacts

    def part(self, top: TopLevel) -> Part:
        """The part that one of its statements is."""
        return self._part_by_top[id(top)]

    def only(self, name: str) -> Binding:
        """What a name is bound to in the module, if it is bound once."""
        found: Sequence[Binding] = self.names.get(name, ())
        return found[0] if len(found) == 1 else None
