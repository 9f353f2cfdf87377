"""While a line is half typed, all that can be asked about the others is answered, where they are now."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

READS = """

def show(
    text: Annotated[str, outputs.Dep("count.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("shown.txt", loaders.Text())]:
    return text
"""
HINTS = {"pivot": {"inlayHints": {"enabled": True}}}


class Asking:
    """All that can be asked about a document, as the pieces of its text that the answers are about."""

    def __init__(self, editor: Editor, name: str, text: str) -> None:
        self.editor = editor
        self.client = editor.client
        self.document = types.TextDocumentIdentifier(editor.project.uri(name))
        self.lines = text.split("\n")

    def at(self, text: str, occurrence: int = 0) -> types.Position:
        lines = [number for number, line in enumerate(self.lines) if text in line]
        line = lines[occurrence]
        return types.Position(line, self.lines[line].index(text) + 1)

    def said(self, where: types.Range) -> str:
        assert where.start.line == where.end.line
        return self.lines[where.start.line][where.start.character : where.end.character]

    async def links(self) -> list[str]:
        found = await self.client.text_document_document_link_async(types.DocumentLinkParams(self.document))
        return [self.said(link.range) for link in found or ()]

    async def hints(self) -> list[str]:
        everything = types.Range(types.Position(0, 0), types.Position(100, 0))
        found = await self.client.text_document_inlay_hint_async(
            types.InlayHintParams(self.document, everything)
        )
        places = sorted((hint.position.line, hint.position.character) for hint in found or ())
        return [re.split(r"[ (]", self.lines[line][:character])[-1] for line, character in places]

    async def hover(self, position: types.Position) -> str:
        found = await self.client.text_document_hover_async(types.HoverParams(self.document, position))
        if found is None:
            return ""
        assert found.range is not None
        assert isinstance(found.contents, types.MarkupContent)
        return f"{self.said(found.range)}: {found.contents.value.partition(chr(10))[0]}"

    async def definition(self, position: types.Position) -> list[int]:
        found = await self.client.text_document_definition_async(
            types.DefinitionParams(self.document, position)
        )
        assert isinstance(found, list | tuple)
        return [place.range.start.line for place in found if isinstance(place, types.Location)]

    async def references(self, position: types.Position) -> list[str]:
        found = await self.client.text_document_references_async(
            types.ReferenceParams(types.ReferenceContext(True), self.document, position)
        )
        return [self.said(place.range) for place in found or ()]

    async def outline(self) -> list[tuple[str, int, int]]:
        found = await self.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(self.document)
        )
        return [
            (item.name, item.range.start.line, item.range.end.line)
            for item in found or ()
            if isinstance(item, types.DocumentSymbol)
        ]

    async def callers(self, position: types.Position) -> list[str]:
        items = await self.client.text_document_prepare_call_hierarchy_async(
            types.CallHierarchyPrepareParams(self.document, position)
        )
        (item,) = items or ()
        found = await self.client.call_hierarchy_incoming_calls_async(
            types.CallHierarchyIncomingCallsParams(item)
        )
        return [call.from_.name for call in found or ()]


async def until_read(editor: Editor, name: str) -> None:
    asking = Asking(editor, name, editor.project.text(name))
    async with asyncio.timeout(20):
        while not await asking.links():
            await asyncio.sleep(0.02)


async def test_everything_is_answered_while_another_line_is_half_typed(ran: Project, editor: Editor) -> None:
    editor.client.set_configuration(HINTS)
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(HINTS))
    editor.open("stages.py")
    await until_read(editor, "stages.py")
    lines = ran.text("stages.py").split("\n")
    for line, text in ((13, "    text = helpers.("), (9, "def more(\nx = [")):  # the last first
        editor.insert("stages.py", line, 0, f"{text}\n")
        lines.insert(line, text)
    asking = Asking(editor, "stages.py", "\n".join(lines))
    assert await asking.links() == ['"raw.txt"', '"clean.txt"', '"clean.txt"', '"count.txt"']
    assert await asking.hints() == [
        "clean",
        '"raw.txt"',
        '"clean.txt"',
        "count",
        '"clean.txt"',
        '"count.txt"',
    ]
    reads, writes = asking.at('"clean.txt"', 1), asking.at('"clean.txt"')
    assert await asking.hover(reads) == '"clean.txt": **clean.txt**'
    assert await asking.hover(asking.at("count(")) == "count: **count** · fresh"
    assert await asking.definition(reads) == [writes.line]
    assert await asking.references(reads) == ['"clean.txt"', '"clean.txt"']
    clean, count = asking.at("def clean").line, asking.at("def count").line
    assert await asking.outline() == [("clean", clean, clean + 4), ("count", count, count + 3)]
    assert await asking.callers(asking.at("clean(")) == ["count"]


async def test_what_is_half_typed_itself_is_not_told_of(ran: Project, editor: Editor) -> None:
    """And is again, when it can be parsed."""
    editor.open("stages.py")
    await until_read(editor, "stages.py")
    text = ran.text("stages.py")
    half = text.replace('outputs.Out("clean.txt"', 'outputs.Out("clean.txt')
    editor.type("stages.py", half)
    asking = Asking(editor, "stages.py", half)
    assert await asking.links() == ['"raw.txt"', '"clean.txt"', '"count.txt"']
    assert await asking.hover(asking.at('"clean.txt,')) == ""
    reads = asking.at('"clean.txt"')
    assert await asking.references(reads) == ['"clean.txt"']
    editor.type("stages.py", text)
    assert len(await asking.references(Asking(editor, "stages.py", text).at('"clean.txt"'))) == 2


async def test_another_file_that_is_half_typed_is_told_of(ran: Project, editor: Editor) -> None:
    """Where its lines are now. It is renamed in when it can be parsed."""
    ran.write("reads.py", ran.text("stages.py").partition("\n\n\ndef clean")[0] + READS)
    ran.write("pipeline.py", ran.text("pipeline.py") + "import reads\npipeline.register(reads.show)\n")
    editor.open("stages.py")
    editor.open("reads.py")
    await until_read(editor, "stages.py")
    half = "x = (\n\n" + ran.text("reads.py")
    editor.type("reads.py", half)
    asking = Asking(editor, "stages.py", ran.text("stages.py"))
    found = await asking.client.text_document_references_async(
        types.ReferenceParams(
            types.ReferenceContext(True), asking.document, position := asking.at('"count.txt"')
        )
    )
    here, there = sorted(found or (), key=lambda place: place.uri, reverse=True)
    assert (here.uri, here.range.start.line) == (ran.uri("stages.py"), position.line)
    assert Asking(editor, "reads.py", half).said(there.range) == '"count.txt"'
    rename = types.RenameParams(asking.document, position, "other.txt")
    with pytest.raises(Exception, match=r"reads\.py can't be parsed at the moment"):
        await editor.client.text_document_rename_async(rename)
    editor.type("reads.py", ran.text("reads.py"))
    edit = await editor.client.text_document_rename_async(rename)
    assert edit is not None


async def test_a_project_that_is_read_again_meanwhile(ran: Project, editor: Editor) -> None:
    """What changes in its files from then on counts here, too."""
    editor.open("stages.py")
    await until_read(editor, "stages.py")
    half = "x = (\n" + ran.text("stages.py")
    editor.type("stages.py", half)
    asking = Asking(editor, "stages.py", half)
    assert len(await asking.links()) == 4
    ran.write("pyproject.toml", "[tool.pivot.lint]\n")
    editor.told_of_change("pyproject.toml")
    await until_read(editor, "stages.py")
    ran.write("reads.py", ran.text("stages.py").partition("\n\n\ndef clean")[0] + READS)
    ran.write("pipeline.py", ran.text("pipeline.py") + "import reads\npipeline.register(reads.show)\n")
    editor.told_of_change("pipeline.py")
    async with asyncio.timeout(20):
        while await asking.callers(asking.at("count(")) != ["show"]:
            await asyncio.sleep(0.02)
    assert len(await asking.links()) == 4


@pytest.mark.parametrize("half", ["stages.py", "more.py"])
async def test_what_a_finding_names_in_another_file_is_where_that_is(
    ran: Project, editor: Editor, half: str
) -> None:
    """Whichever of the two is half typed: here two stages make one file."""
    text = ran.text("stages.py").replace("def clean", "def tidy").partition("\n\n\ndef count")[0]
    ran.write("more.py", text + "\n")
    ran.write("pipeline.py", ran.text("pipeline.py") + "import more\npipeline.register(more.tidy)\n")
    for name in ("stages.py", "more.py", "pipeline.py"):
        editor.open(name)

    async def named() -> dict[str, tuple[int, list[tuple[str, int]]]]:
        found = {}
        for name in ("stages.py", "more.py"):
            for one in await editor.diagnostics(name):
                places = [item.location for item in one.related_information or ()]
                lines = [(place.uri.rpartition("/")[2], place.range.start.line) for place in places]
                if one.code == "PVT301":
                    found[name] = (one.range.start.line, lines)
        return found

    async with asyncio.timeout(20):
        while not (before := await named()):
            await asyncio.sleep(0.05)
    editor.insert(half, 0, 0, "x = (\n")
    after = await named()
    assert {name: line for name, (line, _) in after.items()} == {
        name: line + (name == half) for name, (line, _) in before.items()
    }
    for name, (_, places) in after.items():
        if not editor.pulls and name != half:
            continue  # what was sent of a file that isn't edited stays until the other can be parsed
        assert places
        assert places == [(file, line + (file == half)) for file, line in before[name][1]]
