"""Findings of the lint appear and vanish while a person types."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio]

LAMBDA = 'pipeline.register(lambda: "", name="x")\n'
TWICE = "pipeline.register(stages.clean)\n"


async def test_a_finding_appears_and_vanishes(project: Project, editor: Editor) -> None:
    editor.open("pipeline.py")
    assert await editor.diagnostics("pipeline.py") == []

    editor.type("pipeline.py", project.text("pipeline.py") + TWICE)
    (found,) = await editor.diagnostics("pipeline.py")
    assert (found.code, found.source, found.severity) == ("PVT106", "pivot", types.DiagnosticSeverity.Error)
    assert found.message.startswith("two stages are named 'clean'\n")
    assert found.range == types.Range(types.Position(7, 18), types.Position(7, 30))
    (first,) = found.related_information
    assert (first.location.uri, first.location.range.start.line) == (project.uri("pipeline.py"), 5)

    editor.type("pipeline.py", project.text("pipeline.py"))
    assert await editor.diagnostics("pipeline.py") == []
    assert not project.was_imported


async def test_columns_are_in_the_units_of_the_editor(project: Project, editor: Editor) -> None:
    """Neovim counts bytes, VS Code counts units of UTF-16."""
    editor.open("pipeline.py")
    editor.type("pipeline.py", project.text("pipeline.py") + 'x = "🏠é"; ' + LAMBDA)
    (found,) = await editor.diagnostics("pipeline.py")
    before = 'x = "🏠é"; pipeline.register('
    preferred = (editor.client.capabilities.general.position_encodings or ["utf-16"])[0]
    in_utf8 = preferred == types.PositionEncodingKind.Utf8
    assert found.range.start.character == (len(before.encode()) if in_utf8 else len(before) + 1)


async def test_findings_stay_while_the_text_cannot_be_parsed(project: Project, editor: Editor) -> None:
    editor.open("pipeline.py")
    editor.type("pipeline.py", project.text("pipeline.py") + LAMBDA)
    assert len(await editor.diagnostics("pipeline.py")) == 1

    editor.type("pipeline.py", project.text("pipeline.py") + LAMBDA + "(")
    (found,) = await editor.diagnostics("pipeline.py")
    line = found.range.start.line
    editor.insert("pipeline.py", 0, 0, "def half(\n\n")
    (found,) = await editor.diagnostics("pipeline.py")
    assert found.range.start == types.Position(line + 2, 18)


async def test_findings_go_when_the_document_is_closed(project: Project, editor: Editor) -> None:
    project.write("pipeline.py", project.text("pipeline.py") + LAMBDA)
    editor.open("pipeline.py")
    assert len(await editor.diagnostics("pipeline.py")) == 1
    editor.close("pipeline.py")
    assert len(await editor.diagnostics("pipeline.py")) == editor.pulls  # who asks is told of the file


async def test_text_with_form_feeds_and_other_separators_stays_in_step(
    project: Project, editor: Editor
) -> None:
    """str.splitlines would break lines there; editors and the parser don't."""
    editor.open("pipeline.py")
    strange = "\x0c\nwords = 'a\u2028b\x85c'\n"
    editor.type("pipeline.py", project.text("pipeline.py") + strange + LAMBDA)
    (found,) = await editor.diagnostics("pipeline.py")
    assert found.range.start == types.Position(9, 18)


async def test_an_editor_that_asks_again_is_told_that_nothing_is_new(
    project: Project, editor: Editor
) -> None:
    editor.open("pipeline.py")
    editor.type("pipeline.py", project.text("pipeline.py") + LAMBDA)
    first = await editor.report("pipeline.py")
    assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
    again = await editor.report("pipeline.py", first.result_id)
    assert again == types.RelatedUnchangedDocumentDiagnosticReport(first.result_id)

    editor.insert("pipeline.py", 0, 0, "\n")  # it is a line further down
    third = await editor.report("pipeline.py", first.result_id)
    assert isinstance(third, types.RelatedFullDocumentDiagnosticReport)
    assert third.items[0].range.start.line == first.items[0].range.start.line + 1


async def test_typing_letter_by_letter_gives_the_text_that_the_editor_has(
    project: Project, editor: Editor
) -> None:
    """Characters of two units and strange separators before the place, which clients count differently."""
    editor.open("pipeline.py")
    line = project.text("pipeline.py").count("\n")
    preferred = (editor.client.capabilities.general.position_encodings or ["utf-16"])[0]
    column = 0
    for char in "s = '🏠\x0c\u2028e\u0301'; " + LAMBDA.rstrip("\n"):
        editor.insert("pipeline.py", line, column, char)
        column += len(char.encode()) if preferred == "utf-8" else 1 + (char > "\uffff")
    (found,) = await editor.diagnostics("pipeline.py")
    assert found.range.end == types.Position(line, column - len(', name="x")'))


async def test_an_edit_of_one_file_changes_what_is_found_in_another(project: Project, editor: Editor) -> None:
    """The second registration is in another file than the first."""
    again = "from pipeline import pipeline\nimport stages\n\npipeline.register(stages.clean)\n"
    project.write("more.py", again)
    text = project.text("pipeline.py") + "import more\n"
    project.write("pipeline.py", text)
    editor.open("more.py")
    editor.open("pipeline.py")

    async def until(count: int) -> None:
        async with asyncio.timeout(20):
            while len(await found()) != count:
                await asyncio.sleep(0.05)

    async def found() -> Sequence[types.Diagnostic]:
        if editor.pulls:
            return await editor.diagnostics("more.py")
        published = editor.client.published.get(project.uri("more.py"))
        return published.diagnostics if published is not None else ()

    await until(1)
    editor.type("pipeline.py", text.replace("stages.clean", "stages.count"))
    await until(0)
