"""One source file, kept up with its text: an edit reads the statements again that it can change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pivot_core.code.statements import Statements
from pivot_lsp.positions import Lines
from pivot_lsp.source.scopes import imported
from pivot_lsp.source.stages import Part
from pivot_lsp.source.toplevel import TopLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pivot_lsp.source.annotations import Artifact
    from pivot_lsp.source.registrations import Registration
    from pivot_lsp.source.scopes import Binding
    from pivot_lsp.source.stages import Class, StageFunction


def mentions_pivot(text: str) -> bool:
    """False for a text that certainly says nothing about stages; saves parsing it."""
    return "pivot_core" in text or "pipeline" in text


class Module:
    """A source file at a logical path, with the facts about stages in it. Raises SyntaxError for what Python
    wouldn't take.

    Not thread-safe. ``root`` is its project's folder, if it is in a project. ``parts`` are its top-level
    statements. ``names``: what each name in it is bound to.
    """

    def __init__(self, path: str, text: str, root: Path | None = None) -> None:
        self.path = path
        self.root = root
        self.registered: frozenset[str] = frozenset()
        self.names: dict[str, list[Binding]] = {}
        self.parts: list[Part] = []
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
        self._statements = self._statements.follow(text)
        vars(self).pop("lines", None)
        self._read()

    def register(self, names: frozenset[str]) -> None:
        """These functions of the module are registered somewhere."""
        if names != self.registered:
            self.registered = names
            self._update()

    def _read(self) -> None:
        # The body is the same object for as long as the statement is; statements of one text may share it.
        known: dict[int, list[TopLevel]] = {}
        for top in self._tops:
            known.setdefault(id(top.body), []).append(top)
        self._tops = []
        for text, first_line, body in self._statements.items:
            if body:  # else comments at the end
                kept = known.get(id(body))
                top = kept.pop(0) if kept else TopLevel(self.path, text, body)
                top.first_line = first_line
                self._tops.append(top)
        self.names = {}
        for top in self._tops:
            for name, bindings in top.bound.items():
                self.names.setdefault(name, []).extend(bindings)
        meanings = {name: imported(bindings) for name, bindings in self.names.items()}
        if meanings != self._meanings:  # else the same object says that they are the same
            self._meanings = meanings
        self._update()

    def _update(self) -> None:
        kept = self._part_by_top
        self.parts = [self._part(top, kept.get(id(top))) for top in self._tops]
        self._part_by_top = {id(part.top): part for part in self.parts}

    def _part(self, top: TopLevel, before: Part | None) -> Part:
        registered = self.registered.intersection(top.bound)
        holds = (
            before is not None
            and before.registered == registered
            and top.holds_with(self.names, self._meanings)
        )
        top.names, top.meanings = self.names, self._meanings
        if holds:
            assert before is not None
            return before
        top.forget()
        return Part(self, top, registered)

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
