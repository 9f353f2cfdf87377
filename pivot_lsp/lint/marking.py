"""What fixes write for an artifact: ``Annotated[str, outputs.Out("clean.txt", loaders.Text())]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pivot_lsp.lint.naming import Named, named

if TYPE_CHECKING:
    from pivot_lsp.source.module import Module

# How the files of loaders are called.
ENDS = {"CSV": ".csv", "JSON": ".json", "MatplotlibFigure": ".png", "Pickle": ".pkl", "Text": ".txt"}


def marked(
    module: Module, kind: str, marker: Literal["Dep", "Out", "PlaceholderDep"], path: str | None, loader: str
) -> Named | None:
    """A type and a path, as they are written, with a marker; None if the names mean something else there."""
    chains = ("typing.Annotated", f"pivot_core.outputs.{marker}", f"pivot_core.loaders.{loader}")
    found = [one for chain in chains if (one := named(module, chain)) is not None]
    if len(found) < len(chains):
        return None
    annotated, made, how = (one.text for one in found)
    edits = {(edit.at, edit.text): edit for one in found for edit in one.edits}
    given = f"{path}, {how}()" if path is not None else f"{how}()"
    return Named(f"{annotated}[{kind}, {made}({given})]", list(edits.values()))


def quoted(path: str) -> str:
    """A text as it is written in code."""
    return f'"{path}"' if path.isprintable() and not set(path) & set('"\\') else repr(path)
