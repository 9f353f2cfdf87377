"""What is wrong with the markers of an annotation, in Pivot's own words: what it is, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_lsp.source.annotations import ROLES

if TYPE_CHECKING:
    from pivot_lsp.source.annotations import Annotation, Artifact
    from pivot_lsp.source.scopes import Scope


def mismarked(annotation: Annotation, what: str, scope: Scope) -> tuple[str, str] | None:
    """A class in the place of a marker, or several markers."""
    for mark in annotation.marks:
        if (role := scope.chain(mark)) in ROLES:
            kind = role.rpartition(".")[2]
            return f"{what} is marked with the class {kind}", f'call it: {kind}("path", …)'
    if len(annotation.artifacts) > 1:
        return f"{what} has several markers: {', '.join(map(kind_of, annotation.artifacts))}", "keep one"
    return None


def kind_of(artifact: Artifact) -> str:
    """The name of a marker's class."""
    return (artifact.scope.chain(artifact.call.func) or "").rpartition(".")[2]
