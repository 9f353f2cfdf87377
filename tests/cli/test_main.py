"""The group of commands: help, mistakes on the command line, and what gets imported."""

from __future__ import annotations

import json
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


def test_a_folder_may_be_given_before_the_command_as_well(words: Words) -> None:
    outside = type(words)(words.root.parent)
    name = words.root.name
    assert "3 never run" in outside.ok("-C", name, "status")
    assert "3 never run" in outside.ok("status", "-C", name)
    done = outside.call("-C", "nowhere", "status")
    assert done.returncode == 2 and "'nowhere' does not exist" in done.stderr


def test_messages_of_a_stage_that_never_ran_or_failed_say_each_thing_once(words: Words) -> None:
    shown = words.ok("status", "--explain")
    assert "never run         never run" not in shown
    assert "upstream          read never ran" in shown
    words.edit("helpers.py", "return", "raise ValueError('no');")
    assert words.call("run").returncode == 1
    assert "last run failed: ValueError: no" in words.ok("status")


def test_a_commit_in_the_place_of_a_target_is_told_how_to_compare(words: Words) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], [*own, "commit", "-qm", "one"]):
        subprocess.run(["git", *args], cwd=words.root, check=True)
    for command in ("params", "metrics", "plots"):
        done = words.call(command, "main")
        assert (done.returncode, done.stderr.count("--diff main")) == (2, 1)
        done = words.call(command, "mainn")
        assert done.returncode == 2 and "--diff" not in done.stderr


def test_targets_that_are_nothing_are_told_at_once_each_with_what_to_do(words: Words) -> None:
    done = words.call("run", "laud", "cuont", "loud", "--json")
    assert done.returncode == 2
    assert done.stderr.count("error: no stage is named") == 2
    errors = json.loads(done.stdout.splitlines()[-1])["errors"]
    assert [error["hint"] for error in errors] == ["did you mean 'loud'?", "did you mean 'count'?"]
    assert words.call("run", "x", "y").stderr.count("stages: read, loud, count") == 1, "a hint is said once"
    annotated = words.call("run", "laud", "cuont", GITHUB_ACTIONS="true")
    assert annotated.stdout.count("::error") == 2


def test_no_page_is_left_where_there_are_no_plots(words: Words) -> None:
    assert "no stage has a plot" in words.ok("plots")
    assert json.loads(words.ok("plots", "--json"))["page"] is None
    assert not (words.root / "plots.html").exists()


def test_a_wrong_value_of_a_setting_is_told_with_the_right_ones(words: Words) -> None:
    done = words.call("config", "set", "cache.mode", "foo")
    assert done.returncode == 2
    assert "must be one of auto, reflink, hardlink, symlink, copy" in done.stderr
