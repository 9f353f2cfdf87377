"""Where the source names artifacts and stages: what navigation, renaming and hovering go by."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import logical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.positions import Span
    from pivot_lsp.source.annotations import Text
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import StageFunction
    from pivot_lsp.source.toplevel import Spot, TopLevel


class Mention(NamedTuple):
    """A path of an artifact, as it is written somewhere. ``stages``: those that have it from here."""

    path: str
    text: Text
    is_input: bool
    stages: tuple[Stage, ...]

    @property
    def file(self) -> str:
        return self.text.spot.path

    @property
    def span(self) -> Span:
        """The literal, with its quotes."""
        return self.text.spot.absolute


class Use(NamedTuple):
    """A name that stands for a path which is written elsewhere: ``Dep(DATA, …)``."""

    mention: Mention
    spot: Spot

    @property
    def span(self) -> Span:
        return self.spot.absolute


class StageAt(NamedTuple):
    """A name of a stage function: at its ``def``, or where it is registered."""

    function: StageFunction
    span: Span


def mentions(sources: Sources) -> tuple[Mention, ...]:
    """All paths of artifacts that are written in the project, each place once."""
    return sources.answer(_mentions)


def of_path(sources: Sources, path: str) -> list[Mention]:
    """The places that name an artifact, or the folder that a stage makes around it."""
    return [
        mention
        for mention in mentions(sources)
        if mention.path == path
        or (mention.path.endswith("/") and path.startswith(mention.path) and not mention.is_input)
    ]


def mention_at(sources: Sources, file: str, line: int, column: int) -> Mention | None:
    """The path that is written at a place of a file (line from 1, column in bytes)."""
    here = (mention for mention in mentions(sources) if mention.file == file)
    return next((mention for mention in here if _contains(mention.span, line, column)), None)


def use_at(sources: Sources, file: str, line: int, column: int) -> Use | None:
    """The name of a path that is at a place."""
    here = (use for use in sources.answer(_uses) if use.spot.path == file)
    return next((use for use in here if _contains(use.span, line, column)), None)


def is_put_together(sources: Sources, file: str, line: int, column: int) -> bool:
    """Whether an expression at a place comes to a path, but isn't one text, nor a name."""
    module = sources.module(file)
    artifacts = module.artifacts if module is not None else ()
    found: list[tuple[ast.expr, TopLevel]] = []
    found += [(one.path_at, one.top) for one in artifacts if one.path is None and one.path_at is not None]
    for registration in module.registrations if module is not None else ():
        others = (*(registration.deps or ()), *(registration.outs or ()))
        found += [(one.node, one.top) for one in others if one.path is None]
    return any(
        _contains(top.spot(node).absolute, line, column)
        and not any(
            _contains(top.spot(inner).absolute, line, column)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name | ast.Attribute)
        )
        for node, top in found
        if top.path == file
    )


def stage_at(sources: Sources, file: str, line: int, column: int) -> StageAt | None:
    """The stage function whose name is at a place."""
    module = sources.module(file)
    for function in module.functions if module is not None else ():
        span = name_span(function)
        if _contains(span, line, column):
            return StageAt(function, span)
    for stage in sources.stages:
        func = stage.registration.func
        if stage.module.path == file and stage.function is not None and isinstance(func, ast.expr):
            span = stage.registration.scope.top.spot(func).absolute
            if _contains(span, line, column):
                return StageAt(stage.function, span)
    return None


def name_span(function: StageFunction) -> Span:
    """The name in the ``def`` of a function."""
    node, top = function.node, function.top
    line = top.line(node.lineno)
    column = line.encode("utf-8", "surrogatepass").find(node.name.encode(), node.col_offset + len("def"))
    found = top.spot(node).absolute
    number = found.line
    return type(found)(number, column, number, column + len(node.name.encode()))


def stages_of(sources: Sources, function: StageFunction) -> list[Stage]:
    """The stages that a function is registered as."""
    return [stage for stage in sources.stages if stage.function and stage.function.node is function.node]


def _mentions(sources: Sources) -> Iterator[Mention]:
    by_node: dict[int, list[Stage]] = {}
    texts: dict[int, tuple[Text, bool]] = {}
    for stage in sources.stages:
        for use in (*stage.inputs, *stage.outputs):
            texts[id(use.text.node)] = (use.text, use.artifact.is_input)
            by_node.setdefault(id(use.text.node), []).append(stage)
    for module in sources.modules:
        for artifact in module.artifacts:  # of functions that nobody registers, or with other paths
            if artifact.path is not None:
                texts.setdefault(id(artifact.path.node), (artifact.path, artifact.is_input))
    for key, (text, is_input) in texts.items():
        yield Mention(logical(text.value), text, is_input, tuple(by_node.get(key, ())))


def _uses(sources: Sources) -> Iterator[Use]:
    by_node = {id(mention.text.node): mention for mention in mentions(sources)}
    given = [(use.text, use.given_at) for stage in sources.stages for use in (*stage.inputs, *stage.outputs)]
    for module in sources.modules:
        given += [(one.path, one.path_spot) for one in module.artifacts if one.path is not None]
    for text, spot in given:
        if spot != text.spot:
            yield Use(by_node[id(text.node)], spot)


def _contains(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)
