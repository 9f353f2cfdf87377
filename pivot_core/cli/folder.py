"""``-C DIR``, before the command or after it. Imports little: ``pivot-core --help`` does, too."""

from __future__ import annotations

from pathlib import Path

import click


def folder_of(ctx: click.Context) -> Path:
    """What ``-C`` says, after the command or before it."""
    given: Path | None = ctx.params.get("folder") or ctx.find_root().params.get("folder")
    return given or Path()


folder_option = click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Work as if started in DIR.",
)
