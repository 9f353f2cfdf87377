"""Markers that say, inside ``Annotated``, what a stage reads and writes.

    def clean(
        raw: Annotated[DataFrame, Dep("raw.csv", CSV())],
    ) -> Annotated[DataFrame, Out("clean.csv", CSV())]: ...

Paths are relative to the project's root; a path of a directory ends with ``/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pivot_core.loaders import JSON, Loader, MatplotlibFigure, PathOnly, Reader, Writer

if TYPE_CHECKING:
    from pivot_core.types import OutKind

_JSON, _FIGURE, _PATH = JSON(), MatplotlibFigure(), PathOnly()

# The loaders below are of Any: no type checker compares what is inside Annotated with the type before
# it. Pivot does, when the pipeline is defined (define/agreement.py).


@dataclass(frozen=True)
class Dep:
    """The parameter is the content of ``path``, read by ``loader``."""

    path: str
    loader: Reader[Any]


@dataclass(frozen=True)
class PlaceholderDep:
    """A dependency whose path is given by each registration: ``register(f, deps={"rows": "a.csv"})``."""

    loader: Reader[Any]


@dataclass(frozen=True)
class Out:
    """What is returned is written to ``path`` by ``loader``."""

    kind: ClassVar[OutKind] = "out"

    path: str
    loader: Writer[Any]


class Metric(Out):
    """An output of numbers to compare: shown by ``pivot-core metrics``."""

    kind = "metric"

    def __init__(self, path: str, loader: Writer[Any] = _JSON) -> None:
        super().__init__(path, loader)


class Plot(Out):
    """An output to look at: shown by ``pivot-core plots``."""

    kind = "plot"

    def __init__(self, path: str, loader: Writer[Any] = _FIGURE) -> None:
        super().__init__(path, loader)


class IncrementalOut(Out):
    """An output that the stage updates instead of making it anew.

    Marks both the output and a parameter: the parameter receives what the last run returned, the first
    time the loader's empty value (``""``, ``{}``, ``[]``, an empty table; None for ``Pickle``). With
    ``PathOnly`` it receives the path, where there may be nothing yet.
    """

    kind = "incremental"

    def __init__(self, path: str, loader: Loader[Any, Any]) -> None:
        super().__init__(path, loader)


class DirectoryOut(Out):
    """A folder of files as one output; ``path`` ends with ``/``."""

    kind = "directory"

    def __init__(self, path: str, loader: Writer[Any] = _PATH) -> None:
        super().__init__(path, loader)
