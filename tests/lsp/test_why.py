"""Why a stage isn't fresh: which code is another, with both texts; and all of it in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio]

CLEAN, COUNT = 11, 17  # the lines of the stages in stages.py


@pytest.fixture
def options() -> dict[str, object]:
    return {"explain": True}


async def changes(editor: Editor, stage: str) -> list[dict[str, Any]]:
    found = await editor.ask("pivot/diff", {"root": str(editor.project.root), "stage": stage})
    assert found["stage"] == stage
    return found["changes"]  # type: ignore[no-any-return]


async def explained(editor: Editor, stage: str) -> str:
    found = await editor.execute("pivot.explain", {"root": str(editor.project.root), "stage": stage})
    assert list(found) == ["text"]
    return str(found["text"])


def louder(project: Project) -> str:
    return project.text("helpers.py").replace("lower()", "upper()")


async def test_an_edit_that_isnt_saved_is_shown_beside_what_was(ran: Project, editor: Editor) -> None:
    assert await changes(editor, "clean") == []
    editor.open("helpers.py")
    editor.type("helpers.py", "# above\n\n" + louder(ran))
    (change,) = await changes(editor, "clean")
    assert (change["name"], change["change"]) == ("helpers.normalise", "changed")
    assert change["before"] == "def normalise(text):\n    return text.strip().lower()"
    assert change["after"] == "def normalise(text):\n    return text.strip().upper()"
    assert change["location"]["uri"] == ran.uri("helpers.py")
    assert change["location"]["range"]["start"] == {"line": 4, "character": 0}
    assert await changes(editor, "count") == []  # it only waits for it
    assert not ran.was_imported


async def test_code_that_came_has_no_text_before_and_code_that_went_none_after(
    ran: Project, editor: Editor
) -> None:
    ran.write("helpers.py", louder(ran) + "\n\nLOUD = 3\n")
    text = ran.text("stages.py").replace("return str(len(text))", "return str(helpers.LOUD)")
    ran.write("stages.py", text.replace("return helpers.normalise(raw)", "return raw"))
    found = {change["name"]: change for change in await changes(editor, "clean")}
    assert found["helpers.normalise"]["change"] == "removed"
    assert found["helpers.normalise"]["after"] is None
    found = {change["name"]: change for change in await changes(editor, "count")}
    assert found["helpers.LOUD"]["change"] == "added"
    assert (found["helpers.LOUD"]["before"], found["helpers.LOUD"]["after"]) == (None, "LOUD = 3")


async def test_an_explanation_has_each_reason_its_place_and_the_difference(
    ran: Project, editor: Editor
) -> None:
    ran.write("helpers.py", louder(ran))
    (ran.root / "raw.txt").write_text("other")
    text = await explained(editor, "clean")
    title, _, defined, *rest = text.split("\n")
    assert title == "# `clean` is stale"
    assert defined.startswith(
        f"Defined at [stages.py:{CLEAN}]({ran.uri('stages.py')}#L{CLEAN}). Its last run, "
    )
    where = f"([helpers.py:3]({ran.uri('helpers.py')}#L3))"
    assert f"- code: helpers.normalise changed since the last run {where}" in rest
    assert "  ```diff" in rest
    assert "  -    return text.strip().lower()" in rest
    assert "  +    return text.strip().upper()" in rest
    assert any(line.startswith("- input: raw.txt ") for line in rest)


async def test_an_explanation_is_text_whatever_names_and_code_are_like(ran: Project, editor: Editor) -> None:
    odd = louder(ran) + '\n\nODD = """\n```\n# [no](link) <b>\n"""\n'
    ran.write("helpers.py", odd)
    ran.write("stages.py", ran.text("stages.py").replace("normalise(raw)", "normalise(raw + helpers.ODD)"))
    (ran.root / "raw.txt").unlink()
    text = await explained(editor, "clean")
    assert text.startswith("# `clean` can't be judged\n")
    (ran.root / "raw.txt").write_text("  Some Text ")
    lines = (await explained(editor, "clean")).split("\n")
    fences = [line for line in lines if line.startswith("  ````")]
    assert len(fences) == 2, "what is in the code ends no block"
    assert r"helpers.ODD" in "\n".join(lines)


async def test_explain_is_offered_where_there_is_more_to_say(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    assert await editor.offered("stages.py", CLEAN) == ["Run again"]
    ran.write("helpers.py", louder(ran))
    editor.told_of_change("helpers.py")
    await editor.until_titles("stages.py", ["stale: helpers.normalise changed", "waiting for clean"])
    assert await editor.offered("stages.py", CLEAN) == ["Run", "Explain"]
    assert await editor.offered("stages.py", COUNT) == ["Run with upstream", "Explain"]
    found = await editor.press("stages.py", COUNT, "Explain")
    assert found["text"].startswith("# `count` waits for other stages\n")


async def test_a_stage_that_isnt_there_is_refused(ran: Project, editor: Editor) -> None:
    for name in ("nobody", "cl*", "clean.txt"):
        with pytest.raises(JsonRpcException, match=r"nobody|is no stage of"):
            await changes(editor, name)
    assert editor.messages == []


async def test_a_pipeline_that_nobody_has_read_is_refused_and_not_read(
    project: Project, editor: Editor
) -> None:
    with pytest.raises(JsonRpcException, match="nobody has read it"):
        await changes(editor, "clean")
    assert not project.was_imported
