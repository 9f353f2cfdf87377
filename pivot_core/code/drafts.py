"""Summaries of texts that are being edited: a keystroke costs the statement that it is in."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pivot_core.code.pieces import Piece, Setting, is_documented, joined, setting_of
from pivot_core.code.records import ModuleSummary
from pivot_core.code.statements import Statement, Statements
from pivot_core.code.summary import nested_too_deeply, read, room, unreadable

_Key: TypeAlias = tuple[int, bool]  # of a body, which is the same object until it is edited; documented


class Draft:
    """One text and its summary; ``summary`` is a pure function of the text, as ``summarise`` is."""

    def __init__(self, text: str) -> None:
        """Raises SyntaxError for all that Python wouldn't take."""
        self._setting: Setting | None = None
        self._take(Statements.of(text), {}, {})

    def edit(self, text: str) -> None:
        """There is another text. Raises SyntaxError, and stays as it was."""
        self._take(self._statements.follow(text), self._read, self._placed)

    def _take(
        self,
        statements: Statements,
        read_before: dict[_Key, Piece],
        placed_before: dict[tuple[_Key, int], Piece],
    ) -> None:
        items = [item for item in statements.items if item.body]  # the last may be comments only
        setting = setting_of(statements.text, itertools.chain.from_iterable(item.body for item in items))
        if setting != self._setting:
            read_before, placed_before = {}, {}
        pieces: dict[_Key, Piece] = {}
        placed: dict[tuple[_Key, int], Piece] = {}
        order: list[Piece] = []
        with room():
            for number, item in enumerate(items):
                key = (id(item.body), number == 0 and is_documented(item.body))
                piece = pieces[key] = read_before.get(key) or _read(item, setting, key[1])
                place = (key, item.first_line)
                placed[place] = placed_before.get(place) or piece.moved(item.first_line - 1)
                order.append(placed[place])
        self.summary = joined(order)
        # The bodies that the keys are ids of live as long as these statements.
        self._statements, self._setting, self._read, self._placed = statements, setting, pieces, placed


def _read(item: Statement, setting: Setting, documented: bool) -> Piece:
    try:
        return read(item.body, setting, documented=documented)
    except (RecursionError, MemoryError) as error:
        raise nested_too_deeply() from error


@dataclass
class _Open:
    """A draft with the digest and the summary of its newest text, which may be no Python."""

    digest: str
    summary: ModuleSummary
    draft: Draft | None = None


class Drafts:
    """The texts that are being edited, by logical path.

    ``opened``: the files that somebody may edit. ``readable``: of each buffer that isn't as its file is, the
    last summary without a syntax error.
    """

    def __init__(self) -> None:
        self.opened: frozenset[str] = frozenset()
        self.readable: dict[str, ModuleSummary] = {}
        self._open: dict[str, _Open] = {}

    def known(self, path: str, digest: str) -> ModuleSummary | None:
        """The summary of the newest text, if that has this digest."""
        found = self._open.get(path)
        return found.summary if found is not None and found.digest == digest else None

    def read(self, path: str, digest: str, text: str) -> ModuleSummary:
        """The summary of a text, which is the newest one from now on."""
        known = self.known(path, digest)
        if known is not None:
            return known
        before = self._open.get(path)
        draft = before.draft if before is not None else None
        try:
            if draft is None:
                draft = Draft(text)
            else:
                draft.edit(text)
            summary = draft.summary
        except SyntaxError as error:
            summary = unreadable(error)
        self._open[path] = _Open(digest, summary, draft)
        return summary

    def begun(self, path: str) -> bool:
        """Whether a text of it was read: another one costs what differs."""
        return path in self._open

    def keep(self, opened: Iterable[str]) -> None:
        """Nobody edits any other."""
        self.opened = frozenset(opened)
        for path in self._open.keys() - self.opened:
            del self._open[path]
