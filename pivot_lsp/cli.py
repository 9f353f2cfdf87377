"""The command line: ``pivot-lsp`` starts the server, ``pivot-lsp lint`` prints its findings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pivot_lsp import server
from pivot_lsp.lint import report

_NOT_INSTALLED = """\
the language server needs packages that aren't installed ({missing})
    install them into this Python: {python} -m pip install 'pivot-core[lsp]'"""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pivot-core", message="%(prog)s %(version)s")
@click.option("--stdio", is_flag=True, help="Talk on stdin and stdout (always so; editors like to say it).")
@click.pass_context
def cli(context: click.Context, stdio: bool) -> None:
    """The language server of Pivot, for your editor to start.

    It shows above every stage whether it is fresh, and why not, while you type. It never imports your code.
    """
    if context.invoked_subcommand is not None:
        return
    if sys.stdin.isatty():
        raise click.UsageError("an editor starts this; to see findings in the terminal: pivot-lsp lint")
    try:
        server.serve()
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
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)
def lint(paths: tuple[Path, ...], form: str) -> int:
    """Find mistakes in stages that show in the text of a file. Runs none of your code.

    Looks at each PATH (a file, or all Python files of a folder), or at the current folder. Silence a finding
    by a comment on its line: # pivot: ignore[PVT101]

    Exit codes: 0 nothing found; 1 something found; 2 wrong usage.
    """
    found = report.find(paths or (Path(),))
    for unread in found.unreadable:
        click.echo(f"{unread.path}:{unread.line}: not looked at: {unread.why}", err=True)
    click.echo(report.as_json(found) if form == "json" else report.as_text(found), nl=form == "json")
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
