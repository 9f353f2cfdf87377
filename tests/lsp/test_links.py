"""A folder that the editor opens by a link: every answer names files as the editor does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Editor, Project


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_files_have_the_names_that_the_editor_has_for_them(
    ran: Project, editor: Editor, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(ran.root)
    text = ran.text("stages.py")
    ran.write("paths.py", 'CLEAN = "clean.txt"\n')
    ran.write(
        "stages.py",
        text.replace('"clean.txt"', "CLEAN").replace(
            "import helpers", "import helpers\nfrom paths import CLEAN"
        ),
    )
    ran.write("pipeline.py", ran.text("pipeline.py") + "pipeline.register(stages.clean)\n")
    folders = types.WorkspaceFoldersChangeEvent(
        [types.WorkspaceFolder(link.as_uri(), "link")], [types.WorkspaceFolder(ran.root.as_uri(), "project")]
    )
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(folders))
    editor.project = type(ran)(link)
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(editor.project.uri("stages.py"))
    async with asyncio.timeout(20):
        while not (
            links := await editor.client.text_document_document_link_async(types.DocumentLinkParams(document))
        ):
            await asyncio.sleep(0.02)
    assert [one.target for one in links] == [editor.project.uri("raw.txt"), editor.project.uri("count.txt")]
    lines = editor.project.text("stages.py").split("\n")
    line = next(number for number, line in enumerate(lines) if "Dep(CLEAN" in line)
    place = types.Position(line, lines[line].index("CLEAN") + 1)
    found = await editor.client.text_document_definition_async(types.DefinitionParams(document, place))
    assert isinstance(found, list | tuple)
    assert [one.uri for one in found if isinstance(one, types.Location)] == [editor.project.uri("paths.py")]
    symbols = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams("count"))
    assert {one.location.uri for one in symbols or ()} == {editor.project.uri("stages.py")}
    answer = await editor.ask("pivot/pipeline", {"root": str(ran.root)})
    assert [stage["inputs"][0]["uri"] for stage in answer["stages"][:1]] == [editor.project.uri("raw.txt")]
    if editor.pulls:
        reports = await editor.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
        assert [report.uri for report in reports.items] == [editor.project.uri("pipeline.py")]
