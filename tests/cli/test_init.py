"""``pivot-core init`` writes a project that runs, over nothing that is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Words

HOME = [".pivot/config.yaml", ".pivot/.gitignore"]


def created(shown: str) -> list[str]:
    document = json.loads(shown)
    assert document["schema"] == 1
    assert isinstance(document["created"], list)
    return document["created"]


def test_the_example_runs_and_then_there_is_nothing_to_do(folder: Words) -> None:
    folder.ok("init")
    assert "ran 3" in folder.ok("run")
    assert "nothing to do: 3 stages are fresh" in folder.ok("run")
    assert "Earth | 5493 | yes" in (folder.root / "build/report.md").read_text()


def test_the_example_reacts_to_its_parameters(folder: Words) -> None:
    folder.ok("init")
    folder.ok("run")
    folder.edit("params.yaml", "3000", "5000")
    assert "measure" in folder.ok("status")
    folder.ok("run")
    assert "Mars | 3913 | no" in (folder.root / "build/report.md").read_text()


def test_it_says_what_it_wrote_and_what_comes_next(folder: Words) -> None:
    shown = folder.ok("init")
    for name in (*HOME, "pipeline.py", "stages.py", "params.yaml", "data/planets.csv", "pivot-core run"):
        assert name in shown


def test_a_file_that_is_there_stays_as_it_is(folder: Words) -> None:
    (folder.root / "params.yaml").write_text("{}\n")
    shown = folder.ok("init")
    assert "params.yaml  was there" in shown
    assert (folder.root / "params.yaml").read_text() == "{}\n"


def test_where_a_pipeline_is_already_only_the_home_is_made(folder: Words) -> None:
    (folder.root / "pipeline.py").write_text("")
    assert created(folder.ok("init", "--json")) == HOME
    assert created(folder.ok("init", "--json")) == []


def test_bare_makes_only_the_home(folder: Words) -> None:
    assert created(folder.ok("init", "--bare", "--json")) == HOME


def test_what_is_local_is_kept_out_of_git(folder: Words) -> None:
    folder.ok("init", "-q")
    ignored = (folder.root / ".pivot/.gitignore").read_text().split()
    assert {"cache/", "state.lmdb/", "tmp/", "replaced/"} <= set(ignored)


def test_the_stages_go_into_src_where_that_is(folder: Words) -> None:
    (folder.root / "src").mkdir()
    assert "src/stages.py" in created(folder.ok("init", "--json"))
    assert "ran 3" in folder.ok("run")


def test_another_folder_can_be_named(folder: Words) -> None:
    (folder.root / "new").mkdir()
    assert "cd new && pivot-core run" in folder.ok("init", "-C", "new")
    assert (folder.root / "new/pipeline.py").exists()
