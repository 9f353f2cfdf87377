"""How the paths of stages meet, by the same reading as Pivot's own graph. Asked after every edit, and most
edits change no path: the last answers are kept."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts import cycles as graph
from pivot_core.artifacts.overlap import ByPlace, connects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources

Paths = tuple[str, ...]

_KEPT = 32  # pipelines, in several files, at several times


class Link(NamedTuple):
    """A dependency (of the stage ``down``) on an output (of the stage ``up``), all as indexes."""

    up: int
    output: int
    down: int
    dependency: int


def teams(sources: Sources) -> Iterator[tuple[Stage, ...]]:
    """The stages whose functions are found, those together that certainly are of one pipeline."""
    found: dict[object, list[Stage]] = {}
    for stage in sources.stages:
        team = stage.registration.team
        if team is not None and stage.function is not None:
            found.setdefault(team, []).append(stage)
    yield from map(tuple, found.values())


@lru_cache(_KEPT)
def overlaps(paths: Paths) -> tuple[tuple[int, int], ...]:
    """Pairs of outputs that can't both be there, as indexes: each with the earlier ones that it overlaps."""
    earlier: ByPlace[int] = ByPlace()
    found = []
    for index, path in enumerate(paths):
        found += [(index, other) for other in sorted(earlier.touching(path))]
        earlier.put(path, index)
    return tuple(found)


@lru_cache(_KEPT)
def makers(outputs: Paths, dependencies: Paths) -> tuple[tuple[int, ...], ...]:
    """For each dependency the indexes of the outputs that make it, what is in it, or a folder it is in."""
    by_place: ByPlace[int] = ByPlace()
    for index, path in enumerate(outputs):
        by_place.put(path, index)
    return tuple(
        tuple(index for index in sorted(by_place.touching(path)) if connects(outputs[index], path))
        for path in dependencies
    )


@lru_cache(_KEPT)
def cycles(stages: tuple[tuple[Paths, Paths], ...]) -> tuple[tuple[Link, ...], ...]:
    """Cycles among stages, given by what they read and write; in each, a link starts where another ends."""
    reads = [(down, at, path) for down, (inputs, _) in enumerate(stages) for at, path in enumerate(inputs)]
    writes = [(up, at, path) for up, (_, outs) in enumerate(stages) for at, path in enumerate(outs)]
    made = makers(tuple(path for *_, path in writes), tuple(path for *_, path in reads))
    links: list[dict[int, Link]] = [{} for _ in stages]
    for (down, dependency, _), indexes in zip(reads, made, strict=True):
        for up, output, _ in (writes[index] for index in indexes):
            links[down].setdefault(up, Link(up, output, down, dependency))
    upstream = dict(enumerate(links))
    found = graph.cycles(upstream, graph.ordered(upstream)[1])
    return tuple(
        tuple(links[down][up] for up, down in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
        for cycle in found
    )
