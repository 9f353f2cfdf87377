"""The stages as nodes of a graph, each by itself: also those of a loop, which only the last reading of
``pipeline.py`` tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.read import unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pivot_core.types import StageSpec
    from pivot_lsp.answers import Answer
    from pivot_lsp.source.registered import Stage, Use
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import StageFunction
    from pivot_lsp.source.toplevel import Spot


class Path(NamedTuple):
    """One that a stage reads or writes, and where that is written: perhaps nowhere."""

    path: str
    spots: tuple[Spot, ...]


class Node(NamedTuple):
    """A stage. ``file`` and ``function``: what it is made of. ``spec``: None if the text tells all of it."""

    name: str
    file: str
    function: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    spec: StageSpec | None = None

    def read_from(self, other: Node) -> list[Path]:
        """What it reads of what another writes."""
        return [path for path in self.inputs if any(_meet(path.path, out.path) for out in other.outputs)]


def nodes(sources: Sources, answer: Answer) -> Iterator[Node]:
    """All stages."""
    specs = unwritten(sources, answer)
    named = {spec.name for spec in specs}
    functions = {(spec.path, spec.qualname) for spec in specs}
    by_function: dict[tuple[str, str], list[Stage]] = {}
    for stage in sources.stages:
        if stage.function is None:
            continue
        where = function_of(stage.function)
        by_function.setdefault(where, []).append(stage)
        is_told_below = stage.name in named or (stage.name is None and where in functions)
        if stage.complete or not is_told_below:
            yield Node(stage.title, *where, _written(stage.inputs), _written(stage.outputs))
    for spec in specs:
        stages = by_function.get((spec.path, spec.qualname), ())
        read = [use for stage in stages for use in stage.inputs]
        written = [use for stage in stages for use in stage.outputs]
        inputs = tuple(_found(dep.path, read) for dep in spec.deps)
        outputs = tuple(_found(out.path, written) for out in spec.outs)
        yield Node(spec.name, spec.path, spec.qualname, inputs, outputs, spec)


def function_of(function: StageFunction) -> tuple[str, str]:
    """File and name of a stage's function."""
    return function.top.path, function.node.name


def _written(uses: Iterable[Use]) -> tuple[Path, ...]:
    return tuple(Path(use.path, (use.spot,)) for use in uses)


def _found(path: str, uses: Iterable[Use]) -> Path:
    return Path(path, tuple(dict.fromkeys(use.spot for use in uses if use.path == path)))


def _meet(read: str, written: str) -> bool:
    """Whether what is read is what is written, in it, or around it."""
    return (
        read == written
        or (written.endswith("/") and read.startswith(written))
        or (read.endswith("/") and written.startswith(read))
    )
