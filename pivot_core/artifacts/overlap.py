"""Outputs by place: no two may be in one place, and a dependency finds who makes it.

Places compare by path component (``data/`` contains ``data/x.csv`` but not ``data-backup``). Two that differ
in case only are one to macOS.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from pivot_core.artifacts import paths
from pivot_core.artifacts.places import Places
from pivot_core.types import OutSpec, Place, Problem, StageSpec

T = TypeVar("T")


class Output(NamedTuple):
    """An output and the stage that makes it."""

    spec: StageSpec
    out: OutSpec


def problem_at(
    place: Place, spec: StageSpec, message: str, hint: str, related: tuple[Place, ...] = ()
) -> Problem:
    """A problem of a stage at a place in the source."""
    return Problem(place.path, place.line, message, hint, spec.name, related)


class ByPlace(Generic[T]):
    """Things by the paths that they are at: a trie of path components, without regard to case."""

    def __init__(self) -> None:
        import pygtrie  # type: ignore[import-untyped]  # here: a stored graph needs none

        self._trie = pygtrie.Trie()

    def put(self, path: str, thing: T) -> None:
        """Several things may be at one path."""
        self._trie.setdefault(_folded(path), []).append(thing)

    def touching(self, path: str) -> Iterator[T]:
        """What is at ``path``, at a directory that it is in, or in it."""
        key = _folded(path)
        for step in self._trie.prefixes(key):
            yield from step.value
        if self._trie.has_subtrie(key):
            for inner, things in self._trie.iteritems(prefix=key):
                if len(inner) > len(key):
                    yield from things


class Outputs:
    """All outputs, each with who makes it."""

    def __init__(self, places: Places) -> None:
        self.producer: dict[str, Output] = {}
        self.problems: list[Problem] = []
        self._places = places
        self._by_place: ByPlace[Output] = ByPlace()

    def add(self, spec: StageSpec, out: OutSpec) -> None:
        """Take up an output, or note the first one that it overlaps."""
        other = next(self._by_place.touching(out.path), None)
        if other is None:
            output = self.producer[out.path] = Output(spec, out)
            self._by_place.put(out.path, output)
        else:
            self.problems.append(_overlap_problem(Output(spec, out), other, self._places))

    def makers(self, path: str) -> Iterator[Output]:
        """Who makes ``path``, something in it, or a directory that it is in."""
        exact = self.producer.get(path)
        if exact is not None:
            yield exact  # outputs don't overlap, so nobody else can
            return
        for output in self._by_place.touching(path):
            if connects(output.out.path, path):
                yield output


def connects(output: str, dependency: str) -> bool:
    """Whether who reads the one reads the other: they are the same place, or one is in the other."""
    return _contains(output, dependency) or _contains(dependency, output)


def told(stage: str, path: str, other: str, other_path: str) -> str:
    """What is wrong with two outputs whose places touch."""
    if path == other_path:
        return f"{stage} writes {path}, and so does {other}"
    if connects(path, other_path):
        return f"{stage} writes {path}, which overlaps {other_path} of {other}"
    return f"{stage} writes {path}, which some systems take for {other_path} of {other}"


def _folded(path: str) -> tuple[str, ...]:
    return paths.parts(unicodedata.normalize("NFC", path).casefold())


def _contains(outer: str, inner: str) -> bool:
    """Whether the paths are the same place, or ``inner`` is in the directory ``outer``."""
    return (inner.rstrip("/") + "/").startswith(outer.rstrip("/") + "/")


def _overlap_problem(output: Output, other: Output, places: Places) -> Problem:
    message = told(output.spec.name, output.out.path, other.spec.name, other.out.path)
    place = places.out(output.spec, output.out)
    hint = "give each output a path of its own"
    return problem_at(place, output.spec, message, hint, (places.out(other.spec, other.out),))
