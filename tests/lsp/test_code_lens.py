"""The lens above each stage says what `pivot-core status` would, about the text that isn't saved yet."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Editor, Project

pytestmark = pytest.mark.timeout(60)


VARIANTS = """
from pivot_core import Pipeline

import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
pipeline.register(stages.clean, name="clean@other", outs={"return": "other.txt"})
pipeline.register(stages.count)
"""


def edited(project: Project) -> str:
    return project.text("helpers.py").replace("lower()", 'lower() + "!"')


@pytest.mark.asyncio
async def test_the_lens_follows_a_helper_that_is_edited_and_not_saved(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    lenses = await editor.lenses("stages.py")
    assert list(lenses) == [11, 17]
    assert re.fullmatch(r"fresh · [\d.]+ m?s · (just now|\d+ min ago)", lenses[11])

    editor.type("helpers.py", edited(ran))
    stale = await editor.titles("stages.py")
    assert stale == ["stale: helpers.normalise changed", "waiting for clean"]

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
async def test_a_lens_stays_where_its_line_is_torn(ran: Project, editor: Editor) -> None:
    """At every step of typing the line anew, also with edits elsewhere meanwhile."""
    editor.open("stages.py")
    await editor.lenses("stages.py")
    line = "def clean("
    for end in range(len(line), 0, -1):
        editor.replace("stages.py", 10, end - 1, end, "")
        assert list(await editor.lenses("stages.py")) == [11, 17]
    editor.insert("stages.py", 0, 0, "# above\n")
    editor.insert("stages.py", 15, 0, "# between\n")
    for start, char in enumerate(line):
        editor.insert("stages.py", 11, start, char)
        assert list(await editor.lenses("stages.py")) == [12, 19]


@pytest.mark.asyncio
async def test_a_lens_stays_while_its_function_gets_another_name_and_goes_with_it(
    ran: Project, editor: Editor
) -> None:
    editor.open("stages.py")
    await editor.lenses("stages.py")
    for start, char in enumerate("tidy_", 4):
        editor.insert("stages.py", 10, start, char)
        assert list(await editor.lenses("stages.py")) == [11, 17]
    text = ran.text("stages.py")
    editor.type("stages.py", text[: text.index("def clean")] + text[text.index("def count") :])
    assert list(await editor.lenses("stages.py")) == [11]


@pytest.mark.asyncio
async def test_a_function_that_is_several_stages_has_one_lens(project: Project, editor: Editor) -> None:
    project.write("pipeline.py", VARIANTS)
    project.pivot("run", "count")
    editor.open("stages.py")
    assert await editor.titles("stages.py") == ["2 stages: 1 fresh, 1 never run", "fresh"]
    commands = (await editor.commands("stages.py"))[11]
    assert commands[0].title == "2 stages: 1 fresh, 1 never run · clean@other: never run"
    (run,) = commands[1:]
    assert run.title == "Run"
    targets = ["clean", "clean@other"]
    which = {"root": str(project.root), "targets": targets}
    assert run.arguments == ({**which, "only": True},)


@pytest.mark.asyncio
async def test_in_the_middle_of_typing_the_last_good_text_counts(ran: Project, editor: Editor) -> None:
    """And the lenses are where the functions are now."""
    text = ran.text("stages.py")
    editor.open("stages.py")
    await editor.lenses("stages.py")
    editor.type("stages.py", "import (\n" + text)
    lenses = await editor.lenses("stages.py")
    assert list(lenses) == [12, 18]
    assert all(re.search(r"(just now|ago) \(before the syntax error\)$", title) for title in lenses.values())

    editor.type("stages.py", text.replace("str(len(text))", "str(len(text) + 1)"))
    changed = "stale: stages.count changed"
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
    assert first == ["stale: raw.txt changed", "waiting for clean"]

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
    assert titles[0].startswith("Pivot: .pivot/config.yaml:1: jobs ")
    assert await editor.titles("stages.py") == []


@pytest.mark.asyncio
async def test_files_of_others_have_no_lenses(ran: Project, editor: Editor, tmp_path: Path) -> None:
    (ran.root / ".venv").mkdir()
    for name in (".venv/stages.py", "../stages.py"):
        (ran.root / name).write_text(ran.text("stages.py"))
        editor.open(name)
        assert await editor.titles(name) == []
