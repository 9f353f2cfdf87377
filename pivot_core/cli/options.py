"""What every command has: ``--json -q -v -C``, and one way from errors to exit codes."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pivot_core.cli import failures, terminal
from pivot_core.cli.folder import folder_of, folder_option
from pivot_core.cli.terminal import Terminal
from pivot_core.errors import PivotError
from pivot_core.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

# Not defects of ours, and nothing that a traceback would explain better.
_OF_THE_SYSTEM = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE),
    *(errno.EIO, errno.ESTALE, errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    *(errno.ENAMETOOLONG, errno.ELOOP),
}
_MAY_NOT = "\n    see who may write there (ls -ld): what a command makes, and .pivot, have to be yours"
_HINTS = {
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EMFILE: "\n    raise the limit (ulimit -n), or have fewer stages run at once (--jobs)",
    errno.ENOSPC: "\n    pivot-core gc drops cache content that nothing refers to",
}


@dataclass(frozen=True)
class Common:
    """The common options as given, and the two streams of the command."""

    folder: Path
    json: bool
    quiet: bool
    verbose: bool
    out: Terminal = field(default_factory=terminal.stdout)
    err: Terminal = field(default_factory=terminal.stderr)

    def project(self) -> Project:
        """The project that the folder is in. Raises UsageError where there is none."""
        return Project.find(self.folder)

    def say(self, text: str = "") -> None:
        """A line for people, unless they asked for quiet."""
        if not self.quiet:
            self.out.line(text)


def common_options(function: Callable[..., int]) -> Callable[..., int]:
    """Add the common options to a command; it gets them as its first argument, a :class:`Common`,
    and returns its exit code."""

    @wraps(function)
    def command(folder: Path | None, json: bool, quiet: bool, verbose: bool, **options: object) -> int:
        common = Common(folder or folder_of(click.get_current_context()), json, quiet, verbose)
        try:
            code = function(common, **options)
            return 1 if common.out.fault is not None else code
        except PivotError as error:
            failures.show(error, common.err)
            if json:
                common.out.json(failures.document(error))
            elif os.environ.get("GITHUB_ACTIONS"):
                _annotate(common, error)
            return failures.exit_code(error)
        except OSError as error:
            if error.errno not in _OF_THE_SYSTEM:
                raise
            from pivot_core.execute.failure import of_the_system

            hint = _HINTS.get(error.errno, "")
            failures.show(PivotError(of_the_system(error, _root(common)) + hint), common.err)
            return 1

    for option in reversed(_COMMON):
        command = option(command)
    return command


def _annotate(common: Common, error: PivotError) -> None:
    from pivot_core.cli import github

    if github.wanted():
        github.Annotations(common.out, _root(common)).error(error)


def _root(common: Common) -> Path:
    try:
        return common.project().root
    except PivotError:
        return common.folder.resolve()


def completing(what: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """How a shell completes a parameter: a function of completion.py, which is imported only then."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
        from pivot_core.cli import completion

        found: list[CompletionItem] = getattr(completion, what)(ctx, param, typed)
        return found

    return complete


# Stages, outputs, and patterns of either.
targets_argument = click.argument(
    "targets", nargs=-1, metavar="[TARGET]...", shell_complete=completing("targets")
)


_COMMON = (
    click.option("--json", is_flag=True, help="Print JSON for programs, and nothing else, on stdout."),
    click.option("-q", "--quiet", is_flag=True, help="Print failures only."),
    click.option("-v", "--verbose", is_flag=True, help="Print what is fresh or skipped, too."),
    folder_option,
)
