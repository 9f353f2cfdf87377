"""`pipeline.py` is read by itself: in a child process, where code may run, and never too often."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio]

NOT_TRUSTED = "this workspace isn't trusted, so its code isn't loaded"


def loads(project: Project) -> int:
    """How often pipeline.py was imported, if it is COUNTED."""
    counted = project.root / "loads"
    return len(counted.read_text()) if counted.exists() else 0


COUNTED = """
with open(__file__.replace("pipeline.py", "loads"), "a") as counted:
    counted.write(".")
"""


async def test_lenses_appear_by_themselves(project: Project, editor: Editor) -> None:
    editor.open("pipeline.py")
    editor.open("stages.py")
    assert (await editor.lenses("pipeline.py")).keys() <= {1}
    await editor.until_titles("stages.py", ["never run", "never run"])
    assert await editor.titles("pipeline.py") == []
    workspace = editor.client.capabilities.workspace
    if workspace.code_lens and workspace.code_lens.refresh_support:
        assert editor.client.refreshes > 0


async def test_a_saved_change_of_the_definition_is_read_once_and_an_unsaved_one_never(
    project: Project, editor: Editor
) -> None:
    project.write("pipeline.py", project.text("pipeline.py") + COUNTED)
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["never run", "never run"])
    before = loads(project)
    for number in range(10):
        editor.type("stages.py", project.text("stages.py").replace("raw.txt", f"raw{number}.txt"))
        asked = "never run (the definition changed: save to read it)"
        await editor.until_titles("stages.py", [asked, asked])
    after = loads(project)
    assert after <= before + 1  # what is saved is read again, since it isn't known if that helps

    editor.save("stages.py", project.text("stages.py").replace("raw.txt", "raw2.txt"))
    await editor.until_titles(
        "stages.py", ["error: raw2.txt isn't there, and no stage makes it", "never run"]
    )
    assert loads(project) == after + 1


async def test_mistakes_in_the_definition_are_shown_where_they_are_and_the_lenses_stay(
    ran: Project, editor: Editor
) -> None:
    editor.open("pipeline.py")
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    text = ran.text("pipeline.py")
    editor.save("pipeline.py", text + "pipeline.register(stages.nothing)\n")
    (found,) = await editor.until_problems("pipeline.py", lines=[7])
    assert "nothing" in found.message
    mistaken = "(as pipeline.py was: now it has mistakes)"
    stays = await editor.lenses("stages.py")
    while not all(title.endswith(mistaken) for title in stays.values()):
        await asyncio.sleep(0.05)  # lenses may follow a moment after the problem
        stays = await editor.lenses("stages.py")
    assert list(stays) == [11, 17]
    editor.save("pipeline.py", text + "pipeline.register(stages.clean)\n")
    while [item.code for item in await editor.until_problems("pipeline.py", lines=[7])] != ["PVT106"]:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.5)  # it is read meanwhile, but what the lint has told isn't told twice
    assert [item.code for item in await editor.until_problems("pipeline.py", lines=[7])] == ["PVT106"]

    editor.save("pipeline.py", text)
    await editor.until_problems("pipeline.py", lines=[])
    await editor.until_titles("stages.py", ["fresh", "fresh"])


async def test_a_mistake_that_a_fix_mends_does_not_stay_until_the_file_is_saved(
    project: Project, editor: Editor
) -> None:
    """The lint tells it first, then the definition's reading does, in the same line."""
    right = project.text("stages.py")
    wrong = right.replace(
        '-> Annotated[str, outputs.Out("clean.txt"', '-> Annotated[str, outputs.Out("clean.txt/"'
    )
    assert wrong != right
    project.write("stages.py", wrong)
    editor.open("stages.py")
    (found,) = await editor.until_problems("stages.py")
    assert found.code == "PVT305"
    editor.open("pipeline.py")
    await editor.until_titles("pipeline.py", ["Pivot: pipeline.py can't be read: see stages.py:13"])
    line, end = found.range.start.line, found.range.end.character
    editor.replace("stages.py", line, end - 2, end - 1, "")
    assert await editor.diagnostics("stages.py") == []
    editor.insert("stages.py", line, end - 2, "/")
    assert [item.code for item in await editor.diagnostics("stages.py")] == ["PVT305"]


async def test_a_definition_that_cannot_even_be_parsed_keeps_the_lenses(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    ran.write("pipeline.py", "def (\n")
    editor.told_of_change("pipeline.py")
    (found,) = await editor.until_problems("pipeline.py")
    assert "syntax" in found.message
    assert list(await editor.lenses("stages.py")) == [11, 17]


async def test_a_file_that_is_not_utf_8_is_told_in_its_line_until_it_is_saved_as_that(
    ran: Project, editor: Editor
) -> None:
    helpers = ran.text("helpers.py")
    broken = helpers + "NAME = 'café'\n"
    (ran.root / "helpers.py").write_bytes(broken.encode("latin-1"))
    editor.open("stages.py")
    (found,) = await editor.until_problems("helpers.py", lines=[len(broken.splitlines()) - 1])
    assert found.message.startswith("not UTF-8 (byte 0xe9)\nsave it as UTF-8, or name its encoding")
    (ran.root / "helpers.py").write_text(broken, encoding="utf-8")
    editor.told_of_change("helpers.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    await editor.until_problems("helpers.py", lines=[])


async def test_where_there_never_was_a_good_definition_the_lens_says_so(
    project: Project, editor: Editor
) -> None:
    project.write("pipeline.py", "import pivot_core\n\n\n1 / 0\n")
    editor.open("pipeline.py")
    await editor.until_problems("pipeline.py", lines=[3])
    await editor.until_titles("pipeline.py", ["Pivot: pipeline.py can't be read: see its problems"])


async def test_a_definition_that_never_ends_is_given_up_on_request(project: Project, editor: Editor) -> None:
    good = project.text("pipeline.py")
    project.write("pipeline.py", "import pivot_core\nwhile True:\n    pass\n")
    editor.open("pipeline.py")
    await editor.until_titles("pipeline.py", ["Pivot: reading pipeline.py…"])
    await editor.until(lambda: editor.progress)
    assert editor.progress[0].title == "Pivot: reading pipeline.py"
    (token,) = editor.client.progress_reports
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await editor.until_titles("pipeline.py", ["Pivot: pipeline.py can't be read: see its problems"])

    editor.save("pipeline.py", good)
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["never run", "never run"])


async def test_a_definition_that_changes_its_own_code_is_not_read_for_ever(
    project: Project, editor: Editor
) -> None:
    generate = "Path('made.py').write_text(f'X = {time.time()}')"
    text = f"import time\nfrom pathlib import Path\nimport pivot_core\n{COUNTED}\n{generate}\n1 / 0\n"
    project.write("pipeline.py", text)
    editor.open("pipeline.py")
    before = 0
    for _ in range(8):  # told of each, also if it can't watch files itself
        await editor.until_problems("pipeline.py")
        editor.told_of_change("made.py")
        await editor.until(lambda: loads(project) > before or loads(project) >= 5)  # noqa: B023 - now
        before = loads(project)
    await asyncio.sleep(3)
    assert loads(project) == 5
    editor.save("pipeline.py", text.replace("1 / 0", "2 / 0"))
    await editor.until(lambda: loads(project) > 5)


async def test_a_pipeline_of_others_is_not_run(project: Project, editor: Editor) -> None:
    """Many projects have a file of that name."""
    project.write("pipeline.py", "from pathlib import Path\n\nPath('imported.marker').touch()\n")
    editor.open("pipeline.py")
    editor.open("helpers.py")
    assert await editor.titles("pipeline.py") == []
    hover = types.HoverParams(types.TextDocumentIdentifier(project.uri("helpers.py")), types.Position(2, 5))
    await editor.client.text_document_hover_async(hover)
    await asyncio.sleep(1)
    assert not project.was_imported
    assert not (project.root / ".pivot").exists()


async def test_nothing_is_loaded_or_run_without_trust_and_with_it_at_once(
    project: Project, editor: Editor
) -> None:
    editor.client.protocol.notify("pivot/trust", {"trusted": False})
    editor.open("pipeline.py")
    editor.open("stages.py")
    await editor.until_titles("pipeline.py", [f"Pivot: {NOT_TRUSTED}"])
    begun = await editor.execute("pivot.run")
    assert begun["run"] is None
    assert "isn't trusted" in begun["why"]
    await asyncio.sleep(1)
    assert not project.was_imported
    assert not (project.root / ".pivot").exists()

    editor.client.protocol.notify("pivot/trust", {"trusted": True})
    await editor.until_titles("stages.py", ["never run", "never run"])


async def test_verdicts_go_on_without_trust_and_offer_no_run(ran: Project, editor: Editor) -> None:
    editor.client.protocol.notify("pivot/trust", {"trusted": False})
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert await editor.offered("stages.py", 11) == []
    editor.save("stages.py", ran.text("stages.py").replace("raw.txt", "helpers.py"))
    was = f"(as pipeline.py was: {NOT_TRUSTED})"
    lenses = await editor.lenses("stages.py")
    assert all(title.endswith(was) for title in lenses.values())
    assert not ran.was_imported
