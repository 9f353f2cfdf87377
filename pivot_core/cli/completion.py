"""``pivot-core completion``: a script for the shell, and what it completes targets to."""

from __future__ import annotations

import click
import msgspec
from click.shell_completion import CompletionItem, get_completion_class

from pivot_core.cli.folder import folder_of
from pivot_core.cli.options import Common, common_options
from pivot_core.errors import PivotError

PROGRAM, VARIABLE = "pivot-core", "_PIVOT_CORE_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


class CompletionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``completion --json``."""

    schema: int = 1
    shell: str
    script: str


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@common_options
def command(common: Common, shell: str) -> int:
    """Print a script that completes commands in a shell.

    Commands, options, stages and outputs are completed. Stages are those of the last load of pipeline.py:
    completing runs none of your code.

    \b
    Examples:
      eval "$(pivot-core completion bash)"         in ~/.bashrc
      eval "$(pivot-core completion zsh)"          in ~/.zshrc
      pivot-core completion fish | source          in ~/.config/fish/config.fish
    """
    from pivot_core.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    script = kind(cli, {}, PROGRAM, VARIABLE).source()
    if common.json:
        common.out.json(CompletionDocument(shell=shell, script=script))
    else:
        common.out.line(script)
    return 0


def targets(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Stages and outputs that begin so."""
    from pivot_core.engine import Engine
    from pivot_core.project import Project

    try:
        project = Project.find(folder_of(ctx))
        with Engine(project, readonly=True, load=False) as engine:
            definition = engine.definition()
    except PivotError:
        return []  # there is nobody to tell
    outs = [out.path for spec in definition.stages for out in spec.outs]
    names = [spec.name for spec in definition.stages]
    return [CompletionItem(name) for name in (*names, *outs) if name.startswith(typed)]
