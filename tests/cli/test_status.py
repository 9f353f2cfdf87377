"""``pivot-core status``: text, the contract's document, exit codes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Words


def states(words: Words, *args: str) -> dict[str, str]:
    return {
        entry["name"]: entry["state"] for entry in json.loads(words.ok("status", "--json", *args))["stages"]
    }


def test_before_the_first_run_every_stage_was_never_run(words: Words) -> None:
    assert set(states(words).values()) == {"never_run"}
    assert "3 stages: 3 never run" in words.ok("status")


def test_after_a_run_all_is_fresh(made: Words) -> None:
    assert set(states(made).values()) == {"fresh"}
    assert "3 stages, all fresh" in made.ok("status")


def test_an_edited_helper_is_named_with_its_place(made: Words) -> None:
    made.edit("helpers.py", "!", "?")
    shown = made.ok("status")
    assert "helpers.shout changed since the last run (helpers.py:1)" in shown
    assert "1 fresh, 1 stale, 1 upstream stale" in shown


def test_explain_shows_every_reason(made: Words) -> None:
    made.edit("helpers.py", "!", "?")
    (made.root / "build/loud.txt").unlink()
    lines = made.ok("status", "--explain", "loud").splitlines()
    assert any("code" in line and "helpers.py:1" in line for line in lines)
    assert any("output" in line and "build/loud.txt isn't there" in line for line in lines)


def test_the_document_is_the_one_of_the_contract(made: Words) -> None:
    made.edit("helpers.py", "!", "?")
    document = json.loads(made.ok("status", "--json"))
    assert document["schema"] == 1
    assert document["root"] == str(made.root.resolve())
    loud = next(entry for entry in document["stages"] if entry["name"] == "loud")
    last_run = loud.pop("last_run")
    assert set(last_run) == {"at", "duration_s", "run_id"}
    source = (made.root / "stages.py").read_text().splitlines()
    assert loud == {
        "name": "loud",
        "state": "stale",
        "module": "stages",
        "qualname": "loud",
        "path": "stages.py",
        "line": 1 + next(n for n, text in enumerate(source) if text.startswith("def loud")),
        "deps": ["build/read.txt"],
        "outs": ["build/loud.txt"],
        "reasons": [
            {
                "kind": "code",
                "subject": "helpers.shout",
                "detail": "changed since the last run",
                "path": "helpers.py",
                "line": 1,
            }
        ],
    }


def test_a_reason_that_is_a_file_has_a_path_and_no_line(made: Words) -> None:
    made.write({"in.txt": "bye\n"})
    (made.root / "build/loud.txt").unlink()
    stages = json.loads(made.call("status", "--json").stdout)["stages"]
    places = {(reason["path"], reason["line"]) for stage in stages for reason in stage["reasons"]}
    assert {("in.txt", None), ("build/loud.txt", None)} <= places


def test_named_stages_come_with_what_they_need_and_nothing_else(made: Words) -> None:
    assert list(states(made, "loud")) == ["read", "loud"]


def test_check_tells_by_its_exit_code(made: Words) -> None:
    assert made.call("status", "--check", "-q").returncode == 0
    (made.root / "in.txt").write_text("bye\n")
    done = made.call("status", "--check", "-q")
    assert (done.returncode, done.stdout) == (1, "")


def test_an_unknown_stage_is_a_usage_error_with_a_suggestion(made: Words) -> None:
    done = made.call("status", "laud")
    assert done.returncode == 2
    assert "did you mean 'loud'?" in done.stderr


def test_the_project_is_found_from_a_folder_inside(made: Words) -> None:
    assert "all fresh" in made.ok("status", "-C", "build")


def test_of_many_stages_only_those_that_are_not_fresh_are_listed(folder: Words) -> None:
    register = 'pipeline.register(stages.s, name="s{0}", outs={{"return": "o{0}"}})\n'
    stage = 'def s() -> Annotated[str, outputs.Out("o", loaders.Text())]:\n    return "1"\n'
    folder.write(
        {
            "pipeline.py": "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('many')\n"
            + "".join(register.format(number) for number in range(31)),
            "stages.py": f"from typing import Annotated\nfrom pivot_core import loaders, outputs\n{stage}",
        }
    )
    folder.ok("run", "-q")
    (folder.root / "o7").unlink()
    assert folder.ok("status").count("\n") == 2
    assert folder.ok("status", "-v").count("\n") == 32


def test_an_invalid_pipeline_is_told_with_its_places_on_stderr_and_as_json(words: Words) -> None:
    words.edit(
        "pipeline.py", "pipeline.register(stage)", "pipeline.register(stage); pipeline.register(stage)"
    )
    done = words.call("status", "--json")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert len(document["errors"]) >= 3
    for error in document["errors"]:
        assert {"path", "line", "message", "hint", "stage"} <= set(error)
        assert f"{error['path']}:{error['line']}: error: {error['message']}" in done.stderr


def test_a_mistake_in_the_configuration_names_its_line(words: Words) -> None:
    (words.root / ".pivot").mkdir()
    (words.root / ".pivot/config.yaml").write_text("jobs: none at all\n")
    done = words.call("status", "--json")
    assert done.returncode == 2
    assert ".pivot/config.yaml:1: error: jobs must be" in done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["path"], error["line"]) == (".pivot/config.yaml", 1)
    assert error["message"].startswith("jobs must be")


def test_diff_shows_what_changed_in_a_definition_since_the_stage_succeeded(made: Words) -> None:
    """The old text was never committed anywhere; comments and formatting are as the user had them."""
    made.edit("helpers.py", "!", "?")
    shown = [line.strip() for line in made.ok("status", "--diff", "loud").splitlines()]
    old = next(line for line in shown if line.startswith("-"))
    new = next(line for line in shown if line.startswith("+"))
    assert "!" in old
    assert new[1:] == old[1:].replace("!", "?")
    document = json.loads(made.ok("status", "--json", "--diff", "loud"))
    (change,) = next(entry for entry in document["stages"] if entry["name"] == "loud")["changes"]
    assert change["name"] == "helpers.shout"
    assert change["before"].replace("!", "?") == change["after"]
    assert change["after"] in (made.root / "helpers.py").read_text()


OTHER = """
def loudly(text: str) -> object:
    return globals()[text]


"""


def test_diff_shows_definitions_that_came_and_went(made: Words) -> None:
    made.edit("helpers.py", "def shout", OTHER.replace("globals()[text]", "text") + "def shout")
    made.edit("stages.py", "shout", "loudly")
    shown = made.ok("status", "--diff", "loud")
    assert "+def loudly(text: str) -> object:" in shown
    assert "-def shout(" in shown


def test_diff_says_when_the_former_text_is_not_known(made: Words) -> None:
    """The state may be deleted at any time; the verdict stays."""
    shutil.rmtree(made.root / ".pivot/state.lmdb")
    made.edit("helpers.py", "!", "?")
    assert "its former text isn't known here" in made.ok("status", "--diff", "loud")


def test_explain_says_what_could_not_be_followed(made: Words) -> None:
    made.edit("helpers.py", "def shout", OTHER + "def shout")
    made.edit("stages.py", "shout", "loudly")
    shown = made.ok("status", "--explain", "loud")
    assert "globals can reach any name, so helpers and what it imports counts (helpers.py:3)" in shown
