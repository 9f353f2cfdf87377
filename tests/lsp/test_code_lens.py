"""The lens above each stage says what `pivot-core status` would, about the text that isn't saved yet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pivot_core.status import StageStatus
from pivot_core.types import Place, Reason, StageSpec, Verdict
from pivot_lsp.features.code_lens import said, title_of

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = pytest.mark.timeout(60)

UNREAD = "Pivot: run `pivot-core status` to read the pipeline"


def edited(project: Project) -> str:
    return project.text("helpers.py").replace("lower()", 'lower() + "!"')


@pytest.mark.asyncio
async def test_the_lens_follows_a_helper_that_is_edited_and_not_saved(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    assert await editor.lenses("stages.py") == {11: "fresh", 17: "fresh"}

    editor.type("helpers.py", edited(ran))
    stale = await editor.titles("stages.py")
    assert stale == ["stale: helpers.normalise changed (helpers.py:3)", "upstream stale: clean is stale"]

    editor.type("helpers.py", ran.text("helpers.py"))
    assert await editor.titles("stages.py") == ["fresh", "fresh"]
    assert not ran.was_imported


@pytest.mark.asyncio
async def test_a_comment_or_a_closed_buffer_makes_nothing_stale(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    editor.type("helpers.py", "# a comment\n\n\n" + ran.text("helpers.py"))
    assert await editor.titles("stages.py") == ["fresh", "fresh"]

    editor.type("helpers.py", edited(ran))
    editor.close("helpers.py")
    assert await editor.titles("stages.py") == ["fresh", "fresh"]


@pytest.mark.asyncio
async def test_opening_a_project_that_was_never_run_runs_none_of_its_code(
    project: Project, editor: Editor
) -> None:
    editor.open("pipeline.py")
    editor.open("stages.py")
    assert await editor.lenses("pipeline.py") == {1: UNREAD}
    assert await editor.lenses("stages.py") == {}
    assert not project.was_imported
    assert not (project.root / ".pivot").exists()

    project.pivot("status")
    editor.told_of_change(".pivot/state.lmdb/data.mdb")
    assert await editor.titles("stages.py") == ["never run", "never run"]


@pytest.mark.asyncio
async def test_a_changed_definition_is_told_and_not_loaded(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.type("stages.py", ran.text("stages.py").replace('"raw.txt"', '"other.txt"'))
    assert await editor.titles("stages.py") == [UNREAD, UNREAD]
    assert not ran.was_imported


@pytest.mark.asyncio
async def test_in_the_middle_of_typing_the_last_good_text_counts(ran: Project, editor: Editor) -> None:
    """And the lenses are where the functions are now."""
    text = ran.text("stages.py")
    editor.open("stages.py")
    await editor.lenses("stages.py")
    editor.type("stages.py", "import (\n" + text)
    said_before = "fresh (before the syntax error)"
    assert await editor.lenses("stages.py") == {12: said_before, 18: said_before}

    editor.type("stages.py", text.replace("str(len(text))", "str(len(text) + 1)"))
    changed = "stale: stages.count changed (stages.py:17)"
    assert await editor.titles("stages.py") == ["fresh", changed]


@pytest.mark.asyncio
async def test_the_answer_is_about_the_last_of_many_edits(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    questions = []
    for number in range(30):
        editor.type("helpers.py", ran.text("helpers.py").replace("lower()", f"lower()[{number}:]"))
        questions.append(asyncio.ensure_future(editor.titles("stages.py")))
    editor.type("helpers.py", ran.text("helpers.py"))
    assert await asyncio.gather(*questions) == [["fresh", "fresh"]] * 30


@pytest.mark.asyncio
async def test_a_run_in_the_terminal_shows(ran: Project, editor: Editor) -> None:
    """The editor is asked to tell of files that change, and is told when there are other verdicts."""
    editor.open("stages.py")
    ran.write("raw.txt", "other")
    first = await editor.titles("stages.py")
    assert first == ["stale: raw.txt changed", "upstream stale: clean is stale"]

    refreshes = editor.client.refreshes
    ran.pivot("run")
    editor.told_of_change(".pivot/stages/clean.lock")
    assert await editor.titles("stages.py") == ["fresh", "fresh"]
    workspace = editor.client.capabilities.workspace
    if workspace.code_lens and workspace.code_lens.refresh_support:
        assert editor.client.refreshes > refreshes
    if workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration:
        assert "**/.pivot/stages/*.lock" in editor.client.watched


@pytest.mark.asyncio
async def test_a_mistake_in_the_configuration_is_shown_where_the_pipeline_is(
    ran: Project, editor: Editor
) -> None:
    (ran.root / ".pivot" / "config.yaml").write_text("jobs: many\n")
    editor.open("pipeline.py")
    editor.open("stages.py")
    titles = await editor.titles("pipeline.py")
    assert len(titles) == 1
    assert titles[0].startswith("Pivot: .pivot/config.yaml:1: jobs:")
    assert await editor.titles("stages.py") == []


@pytest.mark.asyncio
async def test_files_of_others_have_no_lenses(ran: Project, editor: Editor, tmp_path: Path) -> None:
    (ran.root / ".venv").mkdir()
    for name in (".venv/stages.py", "../stages.py"):
        (ran.root / name).write_text(ran.text("stages.py"))
        editor.open(name)
        assert await editor.titles(name) == []


# --- what a lens says ---------------------------------------------------------------------------


def status(name: str, verdict: Verdict) -> StageStatus:
    spec = StageSpec(name, "stages", "train", "stages.py", 3, Place("pipeline.py", 5))
    return StageStatus(spec, verdict, None)


CHANGED = Reason("code", "helpers.f", "changed since the last run", "helpers.py", 3)
INPUT = Reason("input", "a.csv", "changed since the last run", "a.csv", 0)


def test_a_lens_has_the_first_reason_and_how_many_more_there_are() -> None:
    assert (
        said(Verdict("stale", (CHANGED, INPUT, INPUT)))
        == "stale: helpers.f changed (helpers.py:3), and 2 more"
    )


def test_a_place_that_is_the_subject_is_not_said_twice() -> None:
    assert said(Verdict("stale", (INPUT,))) == "stale: a.csv changed"


def test_a_stage_that_never_ran_says_no_more_than_that() -> None:
    never = (Reason("never_run", "stage", "never run", "stages.py", 3), Reason("upstream", "a", "is stale"))
    assert said(Verdict("never_run", never)) == "never run"


def test_variants_of_one_function_share_a_lens() -> None:
    fresh, stale = Verdict("fresh"), Verdict("stale", (CHANGED,))
    assert title_of([status("a", fresh), status("b", fresh)]) == "2 stages: 2 fresh"
    assert title_of([status("a", fresh), status("b", stale), status("c", stale)]) == (
        "3 stages: 1 fresh, 2 stale; b is stale: helpers.f changed (helpers.py:3)"
    )
