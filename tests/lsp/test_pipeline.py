"""The whole pipeline for a view of it: how each stage is, what it reads and writes, and where that is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio]


@pytest.fixture
def options() -> dict[str, object]:
    return {"verdicts": True}


async def pipeline(editor: Editor) -> dict[str, Any]:
    return await editor.ask("pivot/pipeline", {"root": str(editor.project.root)})


async def until(editor: Editor, state: str) -> dict[str, Any]:
    return await until_it(editor, lambda found: found["state"] == state)


async def until_it(editor: Editor, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """As a view of it does: asked for again whenever it may be otherwise."""
    while True:
        told = len(editor.client.changed_verdicts)  # before it is asked: what is told meanwhile counts
        found = await pipeline(editor)
        if holds(found):
            return found
        await editor.until(lambda: len(editor.client.changed_verdicts) > told)  # noqa: B023 - until it is


async def test_all_that_is_known_of_a_pipeline(ran: Project, editor: Editor) -> None:
    ran.write("helpers.py", ran.text("helpers.py").replace("lower()", 'lower() + "!"'))
    (ran.root / "count.txt").unlink()
    found = await pipeline(editor)
    clean, count = found.pop("stages")
    root = str(ran.root)
    assert found == {"root": root, "name": "demo", "state": "known", "why": None, "running": 0}

    last = clean.pop("lastRun")
    assert last["at"].startswith("20")
    assert last["at"].endswith("Z")
    assert 0 < last["durationSeconds"] < 60
    assert last["failed"] is None
    assert clean == {
        "name": "clean",
        "state": "stale",
        "activity": None,
        "since": None,
        "progress": None,
        "summary": "stale: helpers.normalise changed",
        "reasons": [
            {
                "kind": "code",
                "subject": "helpers.normalise",
                "detail": "changed since the last run",
                "location": place(ran, "helpers.py", 2, 0, 0),
            }
        ],
        "location": place(ran, "stages.py", 11 - 1, len("def "), len("def clean")),
        "inputs": [
            {"path": "raw.txt", "uri": ran.uri("raw.txt"), "producer": None, "exists": True, "kind": "file"}
        ],
        "outputs": [{"path": "clean.txt", "uri": ran.uri("clean.txt"), "kind": "out", "exists": True}],
        "upstream": [],
    }
    assert count["inputs"][0]["producer"] == "clean"
    assert count["outputs"][0]["exists"] is False
    assert count["upstream"] == ["clean"]
    # There is no file to go to.
    assert [(one["kind"], one["location"]) for one in count["reasons"]] == [
        ("output", None),
        ("upstream", None),
    ]


def place(project: Project, name: str, line: int, start: int, end: int) -> dict[str, object]:
    positions = {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": end},
    }
    return {"uri": project.uri(name), "range": positions}


async def test_it_follows_what_is_typed_and_says_what_the_lens_says(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    text = ran.text("stages.py").replace("str(len(text))", "str(len(text) + 1)")
    editor.type("stages.py", "# 😀\n" + text)
    found = await pipeline(editor)
    assert [stage["summary"].partition(" · ")[0] for stage in found["stages"]] == await editor.titles(
        "stages.py"
    )
    assert found["stages"][1]["summary"] == "stale: stages.count changed"
    assert found["stages"][1]["location"] == place(ran, "stages.py", 17, len("def "), len("def count"))
    assert found["stages"][1]["reasons"][0]["location"] == place(ran, "stages.py", 17, 0, 0)

    editor.type("stages.py", "# 😀\n" + text.replace("def count(", "def cou(("))
    found = await pipeline(editor)
    assert [stage["summary"] for stage in found["stages"]] == list(
        (await editor.lenses("stages.py")).values()
    )
    assert "(before the syntax error)" in found["stages"][1]["summary"]
    assert found["stages"][1]["location"]["range"]["start"]["line"] == 17


async def test_a_change_is_told_and_not_too_often(ran: Project, editor: Editor) -> None:
    """Without any document of the project being open."""
    await until(editor, "known")
    ran.write("helpers.py", ran.text("helpers.py").replace("lower()", "upper()"))
    before = len(editor.client.changed_verdicts)
    for _ in range(20):
        editor.told_of_change("helpers.py")
    await editor.until(lambda: len(editor.client.changed_verdicts) > before)
    assert [stage["state"] for stage in (await pipeline(editor))["stages"]] == ["stale", "upstream_stale"]
    assert set(editor.client.changed_verdicts) == {str(ran.root)}
    assert len(editor.client.changed_verdicts) <= before + 2


async def test_what_nobody_has_read_is_read_for_who_asks(project: Project, editor: Editor) -> None:
    found = await pipeline(editor)
    assert (found["state"], found["stages"], found["name"]) == ("unread", [], "project")
    assert found["why"] == "reading pipeline.py…"
    found = await until(editor, "known")
    assert [stage["state"] for stage in found["stages"]] == ["never_run", "never_run"]


async def test_without_trust_it_is_told_why_nothing_is_known(project: Project, editor: Editor) -> None:
    editor.client.protocol.notify("pivot/trust", {"trusted": False})
    found = await pipeline(editor)
    assert (found["state"], found["stages"]) == ("unread", [])
    assert found["why"] == "this workspace isn't trusted, so its code isn't loaded"
    assert not project.was_imported

    editor.client.protocol.notify("pivot/trust", {"trusted": True})
    await until(editor, "known")


async def test_a_broken_pipeline_is_shown_as_it_was(ran: Project, editor: Editor) -> None:
    await until(editor, "known")
    ran.write("pipeline.py", ran.text("pipeline.py") + "1 / 0\n")
    editor.told_of_change("pipeline.py")
    found = await until_it(editor, lambda found: found["why"] == "as pipeline.py was: now it has mistakes")
    assert found["state"] == "outdated"
    assert [stage["name"] for stage in found["stages"]] == ["clean", "count"]


async def test_a_run_is_seen_in_it(ran: Project, editor: Editor) -> None:
    slow = "import time; time.sleep(100); return raw"
    ran.write("stages.py", ran.text("stages.py").replace("return helpers.normalise(raw)", slow))
    await until(editor, "known")
    await editor.execute("pivot.run", {"root": str(ran.root)})
    # The server hears of a stage after that has begun: what the stage does tells nothing of that.
    found = await until_it(editor, lambda found: found["stages"][0]["activity"] == "running")
    clean, count = found["stages"]
    assert found["running"] == 1
    assert (clean["activity"], count["activity"]) == ("running", "queued")
    assert clean["since"] >= 0
    assert count["since"] is None
    assert clean["summary"].startswith("running… ")
    assert clean["state"] == "stale"

    assert await editor.execute("pivot.cancel", {"root": str(ran.root)}) == {"cancelled": 1}
    found = await until_it(editor, lambda found: found["running"] == 0)
    assert [stage["activity"] for stage in found["stages"]] == [None, None]


async def test_folders_and_what_makes_a_part_of_one(project: Project, editor: Editor) -> None:
    project.write(
        "pipeline.py",
        """
        from pathlib import Path
        from typing import Annotated
        from pivot_core import Pipeline, loaders, outputs

        def split() -> Annotated[Path, outputs.DirectoryOut("parts/", loaders.PathOnly())]: ...
        def all(
            parts: Annotated[Path, outputs.Dep("parts/", loaders.PathOnly())],
            own: Annotated[Path, outputs.Dep("raw/", loaders.PathOnly())],
        ) -> Annotated[dict, outputs.Metric("m.json")]: ...
        def one(
            part: Annotated[str, outputs.Dep("parts/1.txt", loaders.Text())],
        ) -> Annotated[str, outputs.Out("one.txt", loaders.Text())]: ...

        pipeline = Pipeline("parts")
        for stage in (split, all, one):
            pipeline.register(stage)
        """,
    )
    (project.root / "raw").mkdir()
    found = await until(editor, "known")
    stages = {stage["name"]: stage for stage in found["stages"]}
    assert [(one["kind"], one["producer"], one["exists"]) for one in stages["all"]["inputs"]] == [
        ("directory", "split", False),
        ("directory", None, True),
    ]
    assert stages["one"]["inputs"][0]["producer"] == "split"
    assert [stages[name]["outputs"][0]["kind"] for name in ("split", "all", "one")] == [
        "directory",
        "metric",
        "out",
    ]


async def test_who_has_no_project_is_told_so(project: Project, editor: Editor) -> None:
    outside = project.root.parent
    with pytest.raises(Exception, match="no pipeline here"):
        await editor.ask("pivot/pipeline", {"root": str(outside)})
    with pytest.raises(Exception, match="isn't the root of a project"):
        (project.root / "inner").mkdir()
        await editor.ask("pivot/pipeline", {"root": str(project.root / "inner")})
    with pytest.raises(Exception, match="no project is open"):
        await editor.ask("pivot/pipeline", {})

    others = outside / "others"
    others.mkdir()
    Path(others, "pipeline.py").write_text(f"open({os.fspath(others / 'run')!r}, 'w')\n")
    found = await editor.ask("pivot/pipeline", {"root": str(others)})
    assert (found["state"], found["stages"]) == ("unknown", [])
    assert "has nothing to do with Pivot" in found["why"]
    assert not (others / "run").exists()
