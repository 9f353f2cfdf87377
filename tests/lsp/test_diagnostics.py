"""Findings of the lint appear and vanish while a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
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
    assert await editor.diagnostics("pipeline.py") == []


async def test_text_with_form_feeds_and_other_separators_stays_in_step(
    project: Project, editor: Editor
) -> None:
    """str.splitlines would break lines there; editors and the parser don't."""
    editor.open("pipeline.py")
    strange = "\x0c\nwords = 'a\u2028b\x85c'\n"
    editor.type("pipeline.py", project.text("pipeline.py") + strange + LAMBDA)
    (found,) = await editor.diagnostics("pipeline.py")
    assert found.range.start == types.Position(9, 18)
