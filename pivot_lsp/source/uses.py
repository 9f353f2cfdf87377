"""Which names the code of a top-level statement uses: what feeds a stage follows from that."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.source.children import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.stages import Part


def uses(part: Part) -> Iterator[tuple[str, ...]]:
    """Dotted names as they are written, each once: ``("helpers", "normalise")``.

    Local variables are among them: a name too many makes the lint look at a function too many, no more.
    """
    seen: set[tuple[str, ...]] = set()
    nodes: list[ast.AST] = list(part.top.body)
    for node in nodes:  # grows
        dotted = dotted_name(node)
        if dotted is None:
            nodes += children(node)
        elif dotted not in seen:
            seen.add(dotted)
            yield dotted


def dotted_name(node: ast.AST) -> tuple[str, ...] | None:
    """``a.b.c`` as its names; None for any other expression."""
    attributes = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None
