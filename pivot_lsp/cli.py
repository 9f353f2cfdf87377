"""The command line: ``pivot-lsp`` starts the server, ``pivot-lsp lint`` prints its findings.

The rules are imported only where they are needed: the server answers its client before.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pivot_core.errors import UsageError
from pivot_lsp import server

FORMATS = ("text", "json", "sarif", "github")
_NOT_INSTALLED = """\
the language server needs packages that aren't installed ({missing})
    install them into this Python: {python} -m pip install 'pivot-core[lsp]'"""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pivot-core", message="%(prog)s %(version)s")
@click.option("--stdio", is_flag=True, help="Talk on stdin and stdout (as it does unless told otherwise).")
@click.option(
    "--tcp",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Wait for an editor on this computer to connect to a port (0: any free one) instead.",
)
@click.pass_context
def cli(context: click.Context, stdio: bool, tcp: int | None) -> None:
    """The language server of Pivot, for your editor to start.

    It shows above every stage whether it is fresh, and why not, while you type. It never imports your code.
    """
    if context.invoked_subcommand is not None:
        return
    if stdio and tcp is not None:
        raise click.UsageError("either --stdio or --tcp")
    if tcp is None and sys.stdin.isatty():
        raise click.UsageError("an editor starts this; to see findings in the terminal: pivot-lsp lint")
    try:
        server.serve(tcp)
    except UsageError as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        said = _NOT_INSTALLED.format(missing=error.name, python=sys.executable)
        raise click.ClickException(said) from error


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="For people, for programs, for code scanning, for GitHub Actions.",
)
@click.option("--fix", is_flag=True, help="First mend what can be mended without changing what it means.")
def lint(paths: tuple[Path, ...], form: str, fix: bool) -> int:
    """Find mistakes in stages that show in the text of a file. Runs none of your code.

    Looks at each PATH (a file, or all Python files of a folder), or at the current folder. Silence a finding
    by a comment on its line: # pivot: ignore[PVT101]; choose rules in [tool.pivot.lint] of pyproject.toml.

    Exit codes: 0 nothing found; 1 something found; 2 wrong usage.
    """
    from pivot_lsp.lint import formats, report

    try:
        found = report.find(paths or (Path(),), fix=fix)
    except UsageError as error:
        raise click.ClickException(str(error)) from error
    for unread in found.unreadable:
        click.echo(f"{unread.path}:{unread.line}: not looked at: {unread.why}", err=True)
    click.echo(formats.FORMATS[form](found), nl=False)
    return 1 if found.findings else 0


def main() -> None:
    """Run the command line of this process and exit with its code."""
    try:
        code = cli.main(prog_name="pivot-lsp", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        code = 130
    except BrokenPipeError:  # as in `pivot-lsp lint | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
