"""How the paths of stages meet, by the same reading as Pivot's own graph. Asked after every edit, and most
edits change no path: the last answers are kept."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pivot_core.artifacts.overlap import ByPlace, connects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources

_KEPT = 32  # pipelines, in several files, at several times


def teams(sources: Sources) -> Iterator[tuple[Stage, ...]]:
    """The stages whose functions are found, those together that certainly are of one pipeline."""
    found: dict[object, list[Stage]] = {}
    for stage in sources.stages:
        team = stage.registration.team
        if team is not None and stage.function is not None:
            found.setdefault(team, []).append(stage)
    yield from map(tuple, found.values())


@lru_cache(_KEPT)
def overlaps(paths: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Pairs of outputs that can't both be there, as indexes: each with the earlier ones that it overlaps."""
    earlier: ByPlace[int] = ByPlace()
    found = []
    for index, path in enumerate(paths):
        found += [(index, other) for other in sorted(earlier.touching(path))]
        earlier.put(path, index)
    return tuple(found)


@lru_cache(_KEPT)
def makers(outputs: tuple[str, ...], dependencies: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """For each dependency the indexes of the outputs that make it, what is in it, or a folder it is in."""
    by_place: ByPlace[int] = ByPlace()
    for index, path in enumerate(outputs):
        by_place.put(path, index)
    return tuple(
        tuple(index for index in sorted(by_place.touching(path)) if connects(outputs[index], path))
        for path in dependencies
    )
