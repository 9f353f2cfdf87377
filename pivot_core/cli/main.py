"""``pivot-core``: the group of commands. A command's module is imported when the command is used."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from pivot_core.cli.folder import folder_option

if TYPE_CHECKING:
    from pathlib import Path

_OF_STREAMS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})  # what writing to a stream can give

# Kept here, and not only in the commands, so that `pivot-core --help` imports none of them.
COMMANDS = {
    "init": "Scaffold a project with a runnable example.",
    "run": "Make stages, and what they need, up to date.",
    "status": "Show which stages are fresh and why the others aren't.",
    "commit": "Record the present state as right, without running.",
    "checkout": "Restore outputs from the cache.",
    "config": "Show and set settings of the project.",
    "params": "Show parameters, and compare them with a commit.",
    "metrics": "Show metrics, and compare them with a commit.",
    "plots": "Write all plots on one page, beside a commit's.",
    "history": "Show past runs.",
    "show": "Show one past run.",
    "verify": "Run stages again, and compare what comes out.",
    "gc": "Drop cache content that nothing refers to.",
    "doctor": "Check the environment, the file system, the cache and the state.",
    "completion": "Print a script that completes commands in a shell.",
    "dag": "Show the graph of stages and artifacts.",
}
INTERRUPTED = 130
COMPLETES = "_PIVOT_CORE_COMPLETE"  # the variable by which a shell's script asks what a word may become


class LazyGroup(click.Group):
    """A group whose commands live in ``pivot_core/cli/<name>.py``, each as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pivot_core.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches  # only a typo pays for it

            near = get_close_matches(name, COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(COMMANDS)}."
            ctx.fail(f"no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pivot-core", message="%(prog)s %(version)s")
@folder_option
def cli(folder: Path | None) -> None:
    """Pivot knows which results your Python code has made stale, and makes exactly those again.

    \b
    Start a project:             pivot-core init
    Make everything up to date:  pivot-core run
    See what an edit touched:    pivot-core status --explain

    Exit codes: 0 done, or nothing to do; 1 a stage failed, or --check/--frozen found something stale;
    2 wrong usage or an invalid pipeline; 130 interrupted.
    """


def main() -> None:
    """Run the command line of this process and exit with its code."""
    _have_streams()
    # Records by the ten thousand and few cycles: looking for these over and over takes a tenth of the time.
    gc.set_threshold(50_000, 20, 50)
    if COMPLETES in os.environ:
        from pivot_core.cli import shells

        shells.register()
    try:
        code = cli.main(prog_name="pivot-core", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        code = INTERRUPTED
    except OSError as error:
        if error.filename is not None or error.errno not in _OF_STREAMS:
            raise
        from pivot_core.cli import terminal

        terminal.detach(sys.stdout)  # click prints help and the version itself
        terminal.stderr().line(f"error: {terminal.cannot_print(error)}")
        code = 1
    sys.exit(code)


def _have_streams() -> None:
    """Give a process that was started without some standard stream (``>&-``) one that leads to nowhere.

    Else the next file that is opened, the state database say, would be what all output goes into.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            os.set_inheritable(number, True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
