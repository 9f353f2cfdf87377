"""What a look at a project answers. Apart from the look, which needs the engine, and time to import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from pivot_core.artifacts.graph import ArtifactGraph
    from pivot_core.status import StageStatus


class Known(msgspec.Struct, frozen=True):
    """The verdicts on all stages, upstream first, and how these depend on each other.

    ``outdated``: on those that ``pipeline.py`` defined when it was last read; it isn't that any more.
    """

    name: str
    stages: tuple[StageStatus, ...]
    graph: ArtifactGraph
    outdated: bool = False


class Unread(msgspec.Struct, frozen=True):
    """Nobody has read ``pipeline.py`` yet."""

    why: str = "pipeline.py hasn't been read yet"


class Unknown(msgspec.Struct, frozen=True):
    """Nobody can tell, because of a mistake: ``why`` says that on one line."""

    why: str


Answer: TypeAlias = Known | Unread | Unknown
