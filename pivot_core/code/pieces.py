"""The summary of a module as pieces, a statement each: what an edit leaves alone is read once."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec

from pivot_core.code.records import ModuleSummary, Star, Statement


class Setting(NamedTuple):
    """What of a whole text the reading of each of its statements depends on.

    ``walrus``: it has a ``:=`` somewhere. ``originals``: names of the module that stand for something
    imported under another name. ``quoted_hints``: ``from __future__ import annotations``.
    """

    walrus: bool
    originals: tuple[tuple[str, str], ...]
    quoted_hints: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """What is read of some statements that follow each other.

    Lines count from the beginning of their text, places of ``stars`` from the first statement. ``rebound``
    are module names that functions bind.
    """

    statements: tuple[Statement, ...] = ()
    stars: tuple[Star, ...] = ()
    exports: tuple[str, ...] | None = None
    exports_all: bool = False
    rebound: frozenset[str] = frozenset()

    def moved(self, lines: int) -> Piece:
        """The same, further down. The parts of its statements stay the same objects."""
        return replace(
            self,
            statements=tuple(
                msgspec.structs.replace(
                    each, line=each.line + lines, span=(each.span[0] + lines, each.span[1] + lines)
                )
                for each in self.statements
            ),
        )


def setting_of(text: str, body: Iterable[ast.stmt]) -> Setting:
    """The setting of a text; ``body`` are its top-level statements."""
    originals: dict[str, str] = {}
    quoted_hints = False
    for node in body:
        if isinstance(node, ast.ImportFrom):
            originals.update((alias.asname, alias.name) for alias in node.names if alias.asname)
            quoted_hints = quoted_hints or _quotes_hints(node)
    return Setting(":=" in text, tuple(originals.items()), quoted_hints)


def is_documented(body: Sequence[ast.stmt]) -> bool:
    """Whether a module that begins like this begins with a docstring."""
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def joined(pieces: Sequence[Piece]) -> ModuleSummary:
    """The module that consists of these."""
    stars: list[Star] = []
    count = 0
    for piece in pieces:
        stars += [Star(star.chain, star.place + count, star.guarded) for star in piece.stars]
        count += len(piece.statements)
    literal = [piece.exports for piece in pieces if piece.exports is not None]
    return ModuleSummary(
        tuple(itertools.chain.from_iterable(piece.statements for piece in pieces)),
        tuple(stars),
        tuple(itertools.chain.from_iterable(literal)) if literal else None,
        any(piece.exports_all for piece in pieces),
        tuple(sorted(frozenset().union(*(piece.rebound for piece in pieces)))),
    )


def _quotes_hints(node: ast.ImportFrom) -> bool:
    """``from __future__ import annotations``"""
    return node.module == "__future__" and any(alias.name == "annotations" for alias in node.names)
