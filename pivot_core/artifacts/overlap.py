"""Outputs by place: no two may be in one place, and a dependency finds who makes it.

Places compare by path component (``data/`` contains ``data/x.csv`` but not ``data-backup``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from pivot_core.artifacts import paths
from pivot_core.artifacts.places import Places
from pivot_core.types import OutSpec, Place, Problem, StageSpec


class Output(NamedTuple):
    """An output and the stage that makes it."""

    spec: StageSpec
    out: OutSpec


def problem_at(
    place: Place, spec: StageSpec, message: str, hint: str, related: tuple[Place, ...] = ()
) -> Problem:
    """A problem of a stage at a place in the source."""
    return Problem(place.path, place.line, message, hint, spec.name, related)


class Outputs:
    """All outputs in a trie of path components, without regard to case (as on macOS)."""

    def __init__(self, places: Places) -> None:
        import pygtrie  # type: ignore[import-untyped]  # here: a stored graph needs none

        self.producer: dict[str, Output] = {}
        self.problems: list[Problem] = []
        self._places = places
        self._trie = pygtrie.Trie()

    def add(self, spec: StageSpec, out: OutSpec) -> None:
        """Take up an output, or note the first one that it overlaps."""
        key = _folded(out.path)
        other = next(self._at_or_above(key), None) or next(self._below(key), None)
        if other is None:
            self._trie[key] = Output(spec, out)
            self.producer[out.path] = Output(spec, out)
        else:
            self.problems.append(_overlap_problem(Output(spec, out), other, self._places))

    def makers(self, path: str) -> Iterator[Output]:
        """Who makes ``path``, something in it, or a directory that it is in."""
        exact = self.producer.get(path)
        if exact is not None:
            yield exact  # outputs don't overlap, so nobody else can
            return
        key = _folded(path)
        for output in (*self._at_or_above(key), *self._below(key)):
            if _contains(output.out.path, path) or _contains(path, output.out.path):
                yield output

    def _at_or_above(self, key: tuple[str, ...]) -> Iterator[Output]:
        return (step.value for step in self._trie.prefixes(key))

    def _below(self, key: tuple[str, ...]) -> Iterator[Output]:
        if not self._trie.has_subtrie(key):
            return iter(())
        return (output for path, output in self._trie.iteritems(prefix=key) if len(path) > len(key))


def _folded(path: str) -> tuple[str, ...]:
    return paths.parts(unicodedata.normalize("NFC", path).casefold())


def _contains(outer: str, inner: str) -> bool:
    """Whether the paths are the same place, or ``inner`` is in the directory ``outer``."""
    return (inner.rstrip("/") + "/").startswith(outer.rstrip("/") + "/")


def _overlap_problem(output: Output, other: Output, places: Places) -> Problem:
    mine, theirs = output.out.path, other.out.path
    if mine == theirs:
        message = f"{output.spec.name} writes {mine}, and so does {other.spec.name}"
    elif _contains(theirs, mine) or _contains(mine, theirs):
        message = f"{output.spec.name} writes {mine}, which overlaps {theirs} of {other.spec.name}"
    else:
        message = (
            f"{output.spec.name} writes {mine}, which some systems take for {theirs} of {other.spec.name}"
        )
    place = places.out(output.spec, output.out)
    hint = "give each output a path of its own"
    return problem_at(place, output.spec, message, hint, (places.out(other.spec, other.out),))
