"""The group of commands: help, mistakes on the command line, and what gets imported."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pivot_core.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from conftest import Words

# What commands may not import unless they really need it.
HEAVY = {"rich", "pydantic", "loky", "yaml", "ruamel", "pandas", "pygtrie", "pickle", "asyncio"}


def imported(words: Words, *args: str) -> set[str]:
    """Top-level modules that the coordinator of a command imported."""
    script = (
        "import sys; from pivot_core.cli.main import main; sys.argv[1:] = %r\n"
        "try: main()\n"
        "finally: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script % (list(args),)],
        cwd=words.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_help_lists_the_commands_with_a_line_each(folder: Words) -> None:
    shown = folder.ok("--help")
    for name, line in COMMANDS.items():
        assert name in shown
        assert line in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_the_common_options(folder: Words, name: str) -> None:
    shown = folder.ok(name, "--help")
    assert f"pivot-core {name}" in shown.partition("Examples:")[2]
    for option in ("--json", "--quiet", "--verbose", "-C DIR", "--help"):
        assert option in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_how_the_command_itself_begins(name: str) -> None:
    """The list is written down once more so that help imports no command; the two must agree."""
    command = cli.commands.get(name) or cli.get_command(None, name)  # type: ignore[arg-type,attr-defined]
    assert command is not None
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name]


def test_help_imports_no_command_and_nothing_heavy(folder: Words) -> None:
    assert not imported(folder, "--help") & {*HEAVY, "msgspec", "lmdb"}


def test_an_unknown_command_is_a_usage_error_with_a_suggestion(folder: Words) -> None:
    done = folder.call("rum")
    assert done.returncode == 2
    assert "no command 'rum'. Did you mean 'run'?" in done.stderr


def test_an_unknown_option_is_a_usage_error(folder: Words) -> None:
    done = folder.call("status", "--explian")
    assert done.returncode == 2
    assert "--explain" in done.stderr


def test_a_folder_without_a_project_says_how_to_start_one(folder: Words) -> None:
    done = folder.call("status")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "pivot-core init" in done.stderr


def test_nothing_to_do_imports_nothing_heavy_and_no_user_code(made: Words) -> None:
    made.ok("status")
    for args in (["status"], ["run"]):
        assert not imported(made, *args) & {*HEAVY, "stages", "helpers", "pipeline"}
