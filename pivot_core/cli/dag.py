"""``pivot-core dag``: the graph of stages and artifacts, as text or for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pivot_core.cli import drawing
from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options
from pivot_core.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

FORMATS: dict[str, Callable[[drawing.Drawing], str]] = {
    "text": drawing.text,
    "mermaid": drawing.mermaid,
    "dot": drawing.dot,
}


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, "json"]),
    default="text",
    show_default=True,
    help="For people, for Markdown (Mermaid), for Graphviz, or for programs.",
)
@click.option(
    "--stages", "stages_only", is_flag=True, help="Stages only, without the artifacts between them."
)
@common_options
def command(common: Common, form: str, stages_only: bool) -> int:
    """Show the graph of stages and artifacts.

    Nobody draws it: it follows from the paths that stages read and write. Runs nothing.

    \b
    Examples:
      pivot-core dag                                    in topological order
      pivot-core dag --stages                           which stage needs which
      pivot-core dag --format mermaid                   paste it into Markdown
      pivot-core dag --format dot | dot -Tsvg > dag.svg
    """
    project = common.project()
    with Notes(common.err) as notes, Engine(project, notes) as engine:
        drawn = drawing.build(engine.definition().stages, engine.graph())
    if stages_only:
        drawn = drawing.without_artifacts(drawn)
    if common.json or form == "json":
        common.out.json(drawing.document(drawn, str(project.root)))
    else:
        common.out.line(FORMATS[form](drawn))
    return 0
