"""What is executed of the subject ``click``."""

import click
from click.testing import CliRunner


@click.group(invoke_without_command=True)
@click.option("--level", type=click.IntRange(0, 9), default=3, show_default=True, help="How much.")
@click.pass_context
def app(context, level):
    """A tool with commands."""
    context.obj = level


@app.command()
@click.argument("names", nargs=-1, required=True)
@click.option("-c", "--colour", type=click.Choice(["red", "blue"]), default="red", envvar="NO_SUCH")
@click.option("--fast/--slow", default=False)
@click.pass_obj
def greet(level, names, colour, fast):
    """Greets NAMES."""
    for name in names:
        click.echo(f"{name} {click.style(colour, fg=colour)} {level} {fast}")


@app.command(hidden=True)
@click.option("--when", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--pair", type=(str, float), multiple=True)
def plan(when, pair):
    click.secho(f"{when} {pair}", bold=True)
    if click.confirm("sure?"):
        click.echo(click.wrap_text("a long line " * 12, width=40))


CALLS = [
    ["--help"],
    ["greet", "--help"],
    ["greet", "a", "b", "-c", "blue", "--fast"],
    ["greet"],
    ["--level", "12", "greet", "a"],
    ["plan", "--when", "2020-02-03", "--pair", "x", "1.5", "--pair", "y", "2"],
    ["gret"],
    ["greet", "a", "--colour", "green"],
]


def s(text):
    runner = CliRunner()
    results = [runner.invoke(app, call, input="y\n") for call in CALLS]
    return [(r.exit_code, r.output, repr(r.exception)) for r in results]
