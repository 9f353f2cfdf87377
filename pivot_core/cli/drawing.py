"""The artifact graph as something to draw: nodes with what they read and write, in four formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pivot_core.artifacts.graph import ArtifactGraph
    from pivot_core.types import StageSpec


class StageNode(msgspec.Struct, frozen=True):
    """``needs`` are the stages whose outputs it reads; ``path``/``line`` is its ``def``."""

    name: str
    path: str
    line: int
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    needs: tuple[str, ...]


class ArtifactNode(msgspec.Struct, frozen=True):
    """A file or directory: the stage that makes it (none: a source) and the stages that read it."""

    path: str
    producer: str | None
    consumers: tuple[str, ...]


class Drawing(msgspec.Struct, frozen=True):
    """Stages in topological order; artifacts: the sources first, then as the stages write them."""

    stages: tuple[StageNode, ...]
    artifacts: tuple[ArtifactNode, ...]


class DagDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``dag --json``."""

    schema: int = 1
    root: str
    stages: tuple[StageNode, ...]
    artifacts: tuple[ArtifactNode, ...]


def build(stages: Sequence[StageSpec], graph: ArtifactGraph) -> Drawing:
    specs = {spec.name: spec for spec in stages}
    nodes = tuple(_stage(specs[name], graph) for name in graph.order)
    made = {out: node.name for node in nodes for out in node.outs}
    readers: dict[str, list[str]] = {path: [] for path in (*graph.sources, *made)}
    for node in nodes:
        for path in _read_by(node, specs):
            readers.setdefault(path, []).append(node.name)
    artifacts = (ArtifactNode(path, made.get(path), tuple(names)) for path, names in readers.items())
    return Drawing(nodes, tuple(artifacts))


def _stage(spec: StageSpec, graph: ArtifactGraph) -> StageNode:
    return StageNode(
        name=spec.name,
        path=spec.path,
        line=spec.line,
        deps=tuple(dict.fromkeys(dep.path for dep in spec.deps)),
        outs=tuple(out.path for out in spec.outs),
        needs=graph.upstream.get(spec.name, ()),
    )


def _read_by(node: StageNode, specs: Mapping[str, StageSpec]) -> Iterator[str]:
    """The artifacts behind a stage's inputs: outputs that are, hold or are inside of what it reads, and
    what nobody makes."""
    made = [out.path for name in node.needs for out in specs[name].outs]
    for dep in node.deps:
        yield from [out for out in made if _overlap(dep, out)] or [dep]


def _overlap(one: str, other: str) -> bool:
    return (
        one == other
        or (one.endswith("/") and other.startswith(one))
        or (other.endswith("/") and one.startswith(other))
    )


def without_artifacts(drawing: Drawing) -> Drawing:
    return Drawing(drawing.stages, ())


def document(drawing: Drawing, root: str) -> DagDocument:
    return DagDocument(root=root, stages=drawing.stages, artifacts=drawing.artifacts)


# --- text -----------------------------------------------------------------------------------------


def text(drawing: Drawing) -> str:
    """A paragraph a stage; of stages only, a line each: ``train ← split, features``."""
    if not drawing.stages:
        return "no stages"
    if not drawing.artifacts:
        return "\n".join(_with(node.name, "←", node.needs) for node in drawing.stages)
    return "\n\n".join(_paragraph(node, drawing) for node in drawing.stages)


def _paragraph(node: StageNode, drawing: Drawing) -> str:
    read = [item for item in drawing.artifacts if node.name in item.consumers]
    written = [item for item in drawing.artifacts if item.producer == node.name]
    lines = [f"{node.name}  ({node.path}:{node.line})"]
    lines += [f"  ← {item.path}" + (f"  from {item.producer}" if item.producer else "") for item in read]
    lines += [_with(f"  → {item.path}", " to", item.consumers) for item in written]
    return "\n".join(lines)


def _with(text: str, word: str, names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"{text} {word} {listed}" if listed else text


# --- mermaid and dot --------------------------------------------------------------------------------


def _edges(drawing: Drawing) -> Iterator[tuple[str, str]]:
    """Pairs of node keys; a key is ``stage:name`` or ``file:path``, so that the two never clash."""
    if not drawing.artifacts:
        yield from ((f"stage:{need}", f"stage:{node.name}") for node in drawing.stages for need in node.needs)
    for item in drawing.artifacts:
        if item.producer is not None:
            yield f"stage:{item.producer}", f"file:{item.path}"
        yield from ((f"file:{item.path}", f"stage:{name}") for name in item.consumers)


def mermaid(drawing: Drawing) -> str:
    """A Mermaid flowchart: stages with round ends, artifacts as boxes."""
    keys: dict[str, str] = {}
    lines = ["flowchart LR"]
    for node in drawing.stages:
        keys[f"stage:{node.name}"] = ident = f"s{len(keys)}"
        lines.append(f'    {ident}(["{_mermaid_label(node.name)}"])')
    for item in drawing.artifacts:
        keys[f"file:{item.path}"] = ident = f"a{len(keys)}"
        lines.append(f'    {ident}["{_mermaid_label(item.path)}"]')
    lines += [f"    {keys[start]} --> {keys[end]}" for start, end in _edges(drawing)]
    return "\n".join(lines)


def _mermaid_label(name: str) -> str:
    """Mermaid has no backslash escapes: what it, or the HTML behind it, would read becomes ``#code;``."""
    return "".join(f"#{ord(char)};" if char in '#"&<>`\\' else char for char in name)


def dot(drawing: Drawing) -> str:
    """A Graphviz digraph: stages as rounded boxes, artifacts as notes."""
    lines = ["digraph pipeline {", "    rankdir=LR;", '    node [fontname="sans-serif"];']
    for node in drawing.stages:
        label = _dot_text(node.name)
        lines.append(
            f'    {_dot_text(f"stage:{node.name}")} [label={label}, shape=box, style="rounded,bold"];'
        )
    for item in drawing.artifacts:
        lines.append(f"    {_dot_text(f'file:{item.path}')} [label={_dot_text(item.path)}, shape=note];")
    lines += [f"    {_dot_text(start)} -> {_dot_text(end)};" for start, end in _edges(drawing)]
    return "\n".join([*lines, "}"])


def _dot_text(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
