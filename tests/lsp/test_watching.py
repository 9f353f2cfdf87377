"""Files that change on the disk: told by the client if it can, else seen by the server itself."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio]
TIMEOUT_S = 20


def watching(editor: Editor) -> bool:
    """Whether this editor can watch files."""
    workspace = editor.client.capabilities.workspace
    found = workspace.did_change_watched_files
    return bool(found and found.dynamic_registration)


@pytest.fixture
def options() -> dict[str, object]:
    return {"verdicts": True}


async def states(editor: Editor) -> list[str]:
    found = await editor.ask("pivot/pipeline", {"root": str(editor.project.root)})
    return [stage["state"] for stage in found["stages"]]


async def until_told(editor: Editor, wanted: list[str]) -> None:
    """Wait for it as a view of the pipeline does: asking only when there is something new."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            told = len(editor.client.changed_verdicts)
            if await states(editor) == wanted:
                return
            while len(editor.client.changed_verdicts) == told:
                await asyncio.sleep(0.01)


async def test_a_client_that_can_watch_is_asked_for_what_the_stages_read_and_write(
    ran: Project, editor: Editor
) -> None:
    if not watching(editor):
        pytest.skip("it can't")
    ran.write("stages.py", ran.text("stages.py").replace('Dep("raw.txt"', 'Dep("in[1]/raw.txt"'))
    (ran.root / "in[1]").mkdir()
    shutil.copy(ran.root / "raw.txt", ran.root / "in[1]/raw.txt")
    editor.open("stages.py")
    await editor.until(lambda: "**/in?1?/raw.txt" in editor.client.watched)
    assert editor.client.watched[-3:] == ["**/clean.txt", "**/count.txt", "**/in?1?/raw.txt"]
    assert "**/*.py" in editor.client.watched
    # What the pipeline was when it was last read had been asked for before, and isn't any more.
    assert editor.client.unregistered == ["pivot-artifacts"] * (
        editor.client.watched.count("**/clean.txt") - 1
    )


async def test_what_changes_before_the_client_watches_is_seen(ran: Project, editor: Editor) -> None:
    if not watching(editor):
        pytest.skip("it can't")
    editor.client.watches.clear()
    editor.open("stages.py")
    await until_told(editor, ["fresh", "fresh"])
    await editor.until(lambda: "**/raw.txt" in editor.client.watched)
    (ran.root / "raw.txt").write_text("other")
    told = len(editor.client.changed_verdicts)
    editor.client.watches.set()
    await editor.until(lambda: len(editor.client.changed_verdicts) > told)
    assert await states(editor) == ["stale", "upstream_stale"]


@pytest.mark.parametrize("name", ["raw.txt", "helpers.py", "count.txt", ".pivot/stages/count.lock"])
async def test_a_client_that_cannot_watch_is_told_of_what_changes(
    ran: Project, editor: Editor, name: str
) -> None:
    """Of an input, code, an output, and the record of a run."""
    if watching(editor):
        pytest.skip("it can")
    editor.open("stages.py")
    await until_told(editor, ["fresh", "fresh"])
    kept = (ran.root / name).read_text()
    wanted = {
        "raw.txt": ["stale", "upstream_stale"],
        "helpers.py": ["stale", "upstream_stale"],
        "count.txt": ["fresh", "stale"],
        ".pivot/stages/count.lock": ["fresh", "never_run"],
    }[name]
    if name.endswith((".lock", "count.txt")):
        (ran.root / name).unlink()
    else:
        (ran.root / name).write_text(kept.replace("lower", "upper") + "#")
    await until_told(editor, wanted)
    (ran.root / name).write_text(kept)
    await until_told(editor, ["fresh", "fresh"])


@pytest.mark.parametrize("name", ["helpers.py", "raw.txt", "shared/more.py"])
async def test_a_folder_that_is_a_link_and_has_some_in_it(
    ran: Project, editor: Editor, name: str, tmp_path: Path
) -> None:
    """The client tells of files by the names that it has for them."""
    if not watching(editor):
        pytest.skip("the server looks itself")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (ran.root / "raw.txt").rename(elsewhere / "raw.txt")
    (ran.root / "raw.txt").symlink_to(elsewhere / "raw.txt")
    (ran.root / "shared").symlink_to(elsewhere)
    ran.write("shared/more.py", "def lower(text):\n    return text.lower()\n")
    helpers = "import shared.more\n" + ran.text("helpers.py").replace("strip().lower()", "strip()")
    ran.write("helpers.py", helpers.replace("return text.strip()", "return shared.more.lower(text.strip())"))
    ran.pivot("run")
    (tmp_path / "link").symlink_to(ran.root)
    folder = types.WorkspaceFolder((tmp_path / "link").as_uri(), "link")
    event = types.WorkspaceFoldersChangeEvent([folder], [])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    editor.project = type(ran)(tmp_path / "link")
    editor.open("stages.py")
    await until_told(editor, ["fresh", "fresh"])
    kept = editor.project.text(name)
    editor.project.write(name, kept.replace("text.", "text.upper().") + "#")
    editor.told_of_change(name)
    await until_told(editor, ["stale", "upstream_stale"])


async def test_a_project_that_goes_and_comes_back_is_seen(ran: Project, editor: Editor) -> None:
    if watching(editor):
        pytest.skip("it is the client's to say")
    editor.open("stages.py")
    await until_told(editor, ["fresh", "fresh"])
    kept = ran.root.with_name("kept")
    ran.root.rename(kept)
    await asyncio.sleep(6)  # longer than the server takes to see that there is nothing to watch
    kept.rename(ran.root)
    await asyncio.sleep(6)
    (ran.root / "raw.txt").write_text("other")
    await until_told(editor, ["stale", "upstream_stale"])
