"""The lens above each stage says what `pivot-core status` would, about the text that isn't saved yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

CHANGED = 'lower() + "!"'


def edited(project: Project) -> str:
    return project.text("helpers.py").replace("lower()", CHANGED)


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
