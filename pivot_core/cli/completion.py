"""``pivot-core completion``: a script for the shell, and what it completes targets to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec
from click.shell_completion import CompletionItem, get_completion_class

from pivot_core.cli.folder import folder_of
from pivot_core.cli.options import Common, common_options
from pivot_core.errors import PivotError

PROGRAM = "pivot-core"

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pivot_core.project import Project
    from pivot_core.types import StageSpec

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

    Commands, options, stages, outputs, past runs and git's branches are completed. Stages are those of the
    last load of pipeline.py: completing runs none of your code.

    \b
    Examples:
      eval "$(pivot-core completion bash)"         in ~/.bashrc
      eval "$(pivot-core completion zsh)"          in ~/.zshrc
      pivot-core completion fish | source          in ~/.config/fish/config.fish
    """
    from pivot_core.cli import shells
    from pivot_core.cli.main import COMPLETES, cli

    shells.register()
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these shells"
    script = kind(cli, {}, PROGRAM, COMPLETES).source()
    if common.json:
        common.out.json(CompletionDocument(shell=shell, script=script))
    else:
        common.out.line(script)
    return 0


def targets(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Stages and outputs that begin so."""
    specs = _stages(ctx)
    outs = [out.path for spec in specs for out in spec.outs]
    return _beginning(typed, [*(spec.name for spec in specs), *outs])


def stages(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Stages that begin so."""
    return _beginning(typed, [spec.name for spec in _stages(ctx)])


def runs(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of past runs, the newest first."""
    from pivot_core.cli.wording import ago
    from pivot_core.execute.history import History
    from pivot_core.store.state import State

    project = _project(ctx)
    if project is None:
        return []
    with State(project.state, readonly=True) as state:
        found = [(run.run_id, ago(run.at)) for run in History(state).runs()]
    return [CompletionItem(name, help=when) for name, when in found if name.startswith(typed)]


def revisions(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Branches and tags."""
    from pivot_core.store.git import Git

    project = _project(ctx)
    return [] if project is None else _beginning(typed, ["HEAD", *Git(project.root).branches_and_tags()])


def _beginning(typed: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(typed)]


def _project(ctx: click.Context) -> Project | None:
    from pivot_core.project import Project

    try:
        return Project.find(folder_of(ctx))
    except PivotError:
        return None  # there is nobody to tell


def _stages(ctx: click.Context) -> Sequence[StageSpec]:
    """Those of the last load, also where pipeline.py has changed since: it isn't run for this."""
    from pivot_core.define.definition import NotLoaded
    from pivot_core.engine import Engine

    project = _project(ctx)
    if project is None:
        return ()
    try:
        with Engine(project, readonly=True, load=False) as engine:
            return engine.definition().stages
    except NotLoaded as error:
        return () if error.former is None else error.former.definition.stages
    except PivotError:
        return ()
