"""From names in the source to what they stand for, in both editors, on the real server."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Editor, Place, Project, Raw

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


def lines(found: object) -> list[tuple[str, int]]:
    assert isinstance(found, list | tuple)
    return [(place.uri.rpartition("/")[2], place.range.start.line) for place in found]


async def test_the_definition_of_an_input_is_where_a_stage_writes_it(
    project: Project, editor: Editor
) -> None:
    editor.open("stages.py")
    reads, writes = (
        project.place("stages.py", '"clean.txt", loaders.Text())],'),
        project.place("stages.py", 'Out("clean'),
    )
    found = await editor.answer(
        lambda: editor.client.text_document_definition_async(
            types.DefinitionParams(reads.document, reads.position)
        )
    )
    assert lines(found) == [("stages.py", writes.line)]


async def test_the_definition_of_a_source_is_its_file(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    place = project.place("stages.py", '"raw.txt"')
    found = await editor.answer(
        lambda: editor.client.text_document_definition_async(
            types.DefinitionParams(place.document, place.position)
        )
    )
    assert lines(found) == [("raw.txt", 0)]


async def test_references_are_all_places_that_name_the_path(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    place = project.place("stages.py", '"clean.txt"')
    found = await editor.answer(
        lambda: editor.client.text_document_references_async(
            types.ReferenceParams(types.ReferenceContext(True), place.document, place.position)
        )
    )
    assert len(lines(found)) == 2


async def test_files_that_are_there_are_links(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(project.uri("stages.py"))
    found = await editor.answer(
        lambda: editor.client.text_document_document_link_async(types.DocumentLinkParams(document))
    )
    assert [link.target for link in found or ()] == [project.uri("raw.txt")]


async def complete(editor: Editor, line: int, character: int, name: str = "stages.py") -> list[str]:
    document = types.TextDocumentIdentifier(editor.project.uri(name))
    found = await editor.client.text_document_completion_async(
        types.CompletionParams(document, types.Position(line, character))
    )
    assert isinstance(found, list)
    return [item.label for item in found]


async def test_paths_are_completed_in_a_line_that_is_half_typed(project: Project, editor: Editor) -> None:
    (project.root / "data").mkdir()
    (project.root / "data" / "more.csv").write_text("")
    editor.open("stages.py")
    await editor.answer(
        lambda: editor.client.text_document_document_link_async(
            types.DocumentLinkParams(types.TextDocumentIdentifier(project.uri("stages.py")))
        )
    )
    count = project.text("stages.py").count("\n")
    for typed, wanted, unwanted in [
        (
            'def f(x: Annotated[str, outputs.Dep("',
            ["clean.txt", "count.txt", "raw.txt", "data/"],
            "helpers.py",
        ),
        ('def f(x: Annotated[str, outputs.Dep("data/', ["data/more.csv"], "raw.txt"),
        ('def f(x: Annotated[str, outputs.Dep("x", loaders.', ["CSV", "JSON", "PathOnly"], "R"),
        ("x = 1  # pivot: ignore[", ["PVT101"], "clean.txt"),
        ("x = 1 # clean", [], "clean.txt"),
    ]:
        editor.type("stages.py", project.text("stages.py") + typed)
        found = await complete(editor, count, len(typed))
        assert set(wanted) <= set(found), typed
        assert unwanted not in found


async def test_stages_are_in_the_outline_and_are_found_by_name(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(project.uri("stages.py"))
    outline = await editor.answer(
        lambda: editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    )
    assert [symbol.name for symbol in outline or ()] == ["clean", "count"]
    found = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams("cln"))
    assert [symbol.name for symbol in found or ()] == ["clean", "clean.txt"]


async def test_stages_and_artifacts_are_found_by_name_though_no_file_is_open(
    project: Project, editor: Editor
) -> None:
    """Those of a loop, too."""
    project.write("pipeline.py", IN_A_LOOP)
    project.pivot("run")
    found = await editor.client.workspace_symbol_async(types.WorkspaceSymbolParams(""))
    named = [(one.name, one.location.uri.rpartition("/")[2], one.container_name) for one in found or ()]
    assert sorted(named) == [
        ("clean", "stages.py", "stage"),
        ("clean.txt", "stages.py", "artifact"),
        ("count-a.txt", "stages.py", "artifact"),
        ("count-b.txt", "stages.py", "artifact"),
        ("count.txt", "stages.py", "artifact"),
        ("count@a", "stages.py", "stage"),
        ("count@b", "stages.py", "stage"),
    ]


async def test_an_output_that_no_stage_has_is_no_source(project: Project, editor: Editor) -> None:
    project.write("pipeline.py", IN_A_LOOP)
    editor.open("stages.py")
    text = await hovered(editor, project.place("stages.py", '"count.txt"'))
    assert "- no stage makes it: this isn't registered, or with another path" in text


async def test_a_stage_that_only_ever_failed_says_so(project: Project, editor: Editor) -> None:
    text = project.text("stages.py")
    project.write("stages.py", text.replace("return str(len(text))", "raise ValueError(text)"))
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["never run", "never run"])
    await editor.execute("pivot.run", {"root": str(project.root)})
    await editor.until(lambda: editor.messages)
    assert "**count** · never succeeded\n" in await hovered(editor, project.place("stages.py", "count("))


async def test_the_outline_has_a_path_where_the_constant_stands_for_it(
    project: Project, editor: Editor
) -> None:
    """A client refuses an outline in which a name isn't inside of what it names."""
    text = project.text("stages.py").replace('Dep("raw.txt"', "Dep(RAW")
    project.write("stages.py", text.replace("\n\n\ndef", '\n\nRAW = "raw.txt"\n\ndef', 1))
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(project.uri("stages.py"))
    outline = await editor.answer(
        lambda: editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    )
    assert outline is not None
    for symbol in outline:
        assert isinstance(symbol, types.DocumentSymbol)
        for one in (symbol, *(symbol.children or ())):
            assert one.range.start <= one.selection_range.start
            assert one.selection_range.end <= one.range.end
    first = outline[0]
    assert isinstance(first, types.DocumentSymbol)
    assert [child.name for child in first.children or ()] == ["raw.txt", "clean.txt"]


async def test_the_call_hierarchy_is_the_graph(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    place = project.place("stages.py", "clean(")
    prepare = types.CallHierarchyPrepareParams(place.document, place.position)
    items = await editor.answer(lambda: editor.client.text_document_prepare_call_hierarchy_async(prepare))
    assert items is not None
    (item,) = items
    incoming = await editor.client.call_hierarchy_incoming_calls_async(
        types.CallHierarchyIncomingCallsParams(item)
    )
    assert incoming is not None
    assert [call.from_.name for call in incoming] == ["count"]
    back = await editor.client.call_hierarchy_outgoing_calls_async(
        types.CallHierarchyOutgoingCallsParams(incoming[0].from_)
    )
    assert back is not None
    assert [call.to.name for call in back] == ["clean"]


async def hovered(editor: Editor, place: Place) -> str:
    found = await editor.answer(
        lambda: editor.client.text_document_hover_async(types.HoverParams(place.document, place.position))
    )
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    return found.contents.value


async def test_hovering_over_a_path_tells_who_makes_it_and_what_it_is(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    text = await hovered(editor, ran.place("stages.py", '"clean.txt"'))
    assert "made by clean" in text
    assert "read by count" in text
    assert "5 bytes, written 2" in text
    assert "recorded content `" in text


async def test_hovering_over_a_stage_tells_what_made_it_stale(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    fresh = await hovered(editor, ran.place("stages.py", "clean("))
    assert "**clean** · fresh" in fresh
    assert re.search(r"\nlast run (just now|\d+ min ago), [\d.]+ m?s \(2\d+-", fresh)
    editor.type("helpers.py", ran.text("helpers.py").replace("lower", "upper"))
    stale = await hovered(editor, ran.place("stages.py", "clean("))
    assert "**clean** · stale" in stale
    assert "- code: helpers.normalise changed since the last run ([helpers.py:3](" in stale
    assert "  -    return text.strip().lower()\n  +    return text.strip().upper()" in stale
    assert "reads `raw.txt`" in stale


async def test_hovering_over_a_stage_tells_why_nothing_is_known_of_it(
    project: Project, editor: Editor
) -> None:
    project.write("pipeline.py", project.text("pipeline.py") + "1 / 0\n")
    editor.open("stages.py")
    await editor.until_problems("pipeline.py")
    stage = project.place("stages.py", "clean(")
    while "pipeline.py can't be read: see its problems" not in (text := await hovered(editor, stage)):
        assert "hasn't been read" not in text
        await asyncio.sleep(0.05)
    assert "reads `raw.txt`" in text


async def test_hovering_is_in_plain_text_where_the_editor_shows_no_markdown(
    ran: Project, start: Callable[..., Raw]
) -> None:
    """As Emacs's eglot without markdown-mode."""
    raw = start(initialize=False)
    folder = {"uri": ran.root.as_uri(), "name": "project"}
    capabilities = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
    raw.send("initialize", {"processId": None, "workspaceFolders": [folder], "capabilities": capabilities}, 1)
    assert "result" in raw.receive()
    raw.send("initialized", {})
    place = ran.place("stages.py", '"clean.txt"')
    document = {
        "uri": place.document.uri,
        "languageId": "python",
        "version": 1,
        "text": ran.text("stages.py"),
    }
    raw.send("textDocument/didOpen", {"textDocument": document})
    at = {"line": place.position.line, "character": place.position.character}
    answer: dict[str, Any] = {}
    for number in range(2, 200):
        raw.send("textDocument/hover", {"textDocument": {"uri": document["uri"]}, "position": at}, number)
        while (answer := raw.receive()).get("id") != number:
            pass
        if answer["result"]:
            break
        await asyncio.sleep(0.1)
    contents = answer["result"]["contents"]
    assert contents["kind"] == "plaintext"
    assert contents["value"].startswith("clean.txt\n\n- made by clean\n")
    assert "`" not in contents["value"]


async def test_hovering_over_a_stage_tells_which_files_of_a_folder_changed(
    ran: Project, editor: Editor
) -> None:
    (ran.root / "data").mkdir()
    ran.write("data/a.txt", "a")
    text = ran.text("stages.py")
    ran.write("stages.py", text.replace('"raw.txt", loaders.Text()', '"data/", loaders.PathOnly()'))
    ran.pivot("commit", "clean")
    ran.write("data/b.txt", "b")
    editor.open("stages.py")
    text = await hovered(editor, ran.place("stages.py", "clean("))
    assert "- input: data/ changed since the last run (b.txt added)" in text
    assert (await editor.lenses("stages.py"))[11] == "stale: data/ changed"


async def test_hints_are_off_until_they_are_asked_for(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(ran.uri("stages.py"))
    everything = types.Range(types.Position(0, 0), types.Position(100, 0))

    async def hints() -> list[str]:
        found = await editor.client.text_document_inlay_hint_async(
            types.InlayHintParams(document, everything)
        )
        return [str(hint.label) for hint in found or ()]

    await hovered(editor, ran.place("stages.py", "clean("))  # the project is read
    assert await hints() == []
    editor.client.set_configuration({"pivot": {"inlayHints": {"enabled": True}}})
    editor.client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams({"pivot": {"inlayHints": {"enabled": True}}})
    )
    found = await editor.answer(hints)
    assert "5 B" in found
    assert any(re.fullmatch(r"[\d.]+ m?s", text) for text in found)


IN_A_LOOP = """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
for tail in ("a", "b"):
    pipeline.register(stages.count, name=f"count@{tail}", outs={"return": f"count-{tail}.txt"})
"""
READS = """
from typing import Annotated
from pivot_core import loaders, outputs

def show(
    text: Annotated[str, outputs.Dep("count-a.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("shown.txt", loaders.Text())]:
    return text
"""


async def test_stages_that_the_text_does_not_tell_are_known_from_the_last_load(
    project: Project, editor: Editor
) -> None:
    project.write("pipeline.py", IN_A_LOOP + "import reads\npipeline.register(reads.show)\n")
    project.write("reads.py", READS)
    editor.open("stages.py")
    editor.open("reads.py")
    await editor.until_titles("reads.py", ["never run"])
    text = await hovered(editor, project.place("stages.py", "count("))
    assert "**count@a** · never run" in text
    assert "**count@b** · never run" in text
    assert "writes `count-b.txt`" in text
    place = project.place("reads.py", '"count-a.txt"')
    text = await hovered(editor, place)
    assert "- made by count@a\n- read by show" in text
    found = await editor.client.text_document_definition_async(
        types.DefinitionParams(place.document, place.position)
    )
    assert lines(found) == [("stages.py", project.place("stages.py", "count(").line)]


async def test_of_many_variants_those_that_are_not_fresh_are_told(project: Project, editor: Editor) -> None:
    project.write("pipeline.py", IN_A_LOOP.replace('("a", "b")', "range(9)"))
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["never run", "9 stages: 9 never run"])
    text = await hovered(editor, project.place("stages.py", "count("))
    assert text.count("· never run") == 5
    assert text.endswith("and 4 more stages")


async def test_a_rename_tells_where_code_puts_the_path_together(project: Project, editor: Editor) -> None:
    project.write("pipeline.py", IN_A_LOOP + "import reads\npipeline.register(reads.show)\n")
    project.write("reads.py", READS)
    editor.open("reads.py")
    await editor.until_titles("reads.py", ["never run"])
    place = project.place("reads.py", '"count-a.txt"')
    edit = await editor.client.text_document_rename_async(
        types.RenameParams(place.document, place.position, "first.txt")
    )
    assert edit is not None
    assert list(edit.changes or ()) == [project.uri("reads.py")]
    (message,) = await editor.until(lambda: editor.messages)
    assert "count-a.txt isn't written down as a text for count@a (stages.py:17)" in message


async def test_calls_are_completed_however_they_are_written(project: Project, editor: Editor) -> None:
    (project.root / "d🏠ü").mkdir()
    project.write("loose.py", READS)
    project.write("pipeline.py", project.text("pipeline.py") + "import loose as l\n")
    editor.open("stages.py")
    editor.open("pipeline.py")
    document = types.TextDocumentIdentifier(project.uri("stages.py"))
    await editor.answer(
        lambda: editor.client.text_document_document_link_async(types.DocumentLinkParams(document))
    )
    for name, typed, wanted in [
        ("stages.py", 'x: Annotated[str, outputs.Dep(\n    path="', {"clean.txt", "raw.txt"}),
        ("stages.py", "x: Annotated[str, outputs.Dep(r'", {"clean.txt", "raw.txt"}),
        ("pipeline.py", 'pipeline.register(stages.count, deps={\n    "text": "', {"clean.txt", "raw.txt"}),
        ("pipeline.py", 'pipeline.register(stages.count, outs={"return": "', {"d🏠ü/"}),
        ("pipeline.py", "pipeline.register(stages.", {"clean", "count"}),
        ("pipeline.py", "pipeline.register(\n    l.sh", {"show"}),
    ]:
        text = project.text(name) + typed
        editor.type(name, text)
        last = text.rpartition("\n")[2]
        assert wanted <= set(await complete(editor, text.count("\n"), len(last), name)), typed


async def test_a_completion_takes_the_place_of_what_was_typed(project: Project, editor: Editor) -> None:
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(project.uri("stages.py"))
    await editor.answer(
        lambda: editor.client.text_document_document_link_async(types.DocumentLinkParams(document))
    )
    before, typed = 'e = "🏠"; x = outputs.Dep("', "d🏠ü"
    editor.type("stages.py", project.text("stages.py") + before + typed)
    line = project.text("stages.py").count("\n")
    general = editor.client.capabilities.general
    code = "utf-8" if general is not None and general.position_encodings else "utf-16-le"
    start, end = (
        len(text.encode(code)) // (1 if code == "utf-8" else 2) for text in (before, before + typed)
    )
    found = await editor.client.text_document_completion_async(
        types.CompletionParams(document, types.Position(line, end))
    )
    assert isinstance(found, list)
    edits = [item.text_edit.range for item in found if isinstance(item.text_edit, types.TextEdit)]
    assert edits
    assert set(map(repr, edits)) == {
        repr(types.Range(types.Position(line, start), types.Position(line, end)))
    }


async def test_each_variant_of_a_function_is_in_the_call_hierarchy(project: Project, editor: Editor) -> None:
    variants = [
        f'pipeline.register(stages.count, name="count@{tail}", outs={{"return": "{tail}.txt"}})\n'
        for tail in "ab"
    ]
    text = project.text("pipeline.py").replace("pipeline.register(stages.count)\n", "".join(variants))
    project.write("pipeline.py", text)
    editor.open("stages.py")
    place = project.place("stages.py", "count(")
    prepare = types.CallHierarchyPrepareParams(place.document, place.position)
    items = await editor.answer(lambda: editor.client.text_document_prepare_call_hierarchy_async(prepare))
    assert [(item.name, item.detail) for item in items or ()] == [("count@a", "a.txt"), ("count@b", "b.txt")]
    for item in items or ():
        calls = await editor.client.call_hierarchy_outgoing_calls_async(
            types.CallHierarchyOutgoingCallsParams(item)
        )
        assert [call.to.name for call in calls or ()] == ["clean"]


async def test_each_stage_of_a_loop_is_in_the_call_hierarchy_and_in_references(
    project: Project, editor: Editor
) -> None:
    project.write("pipeline.py", IN_A_LOOP + "import reads\npipeline.register(reads.show)\n")
    project.write("reads.py", READS)
    editor.open("stages.py")
    editor.open("reads.py")
    editor.open("pipeline.py")
    await editor.until_titles("reads.py", ["never run"])

    async def items(name: str, text: str) -> list[types.CallHierarchyItem]:
        place = project.place(name, text)
        prepare = types.CallHierarchyPrepareParams(place.document, place.position)
        return list(await editor.client.text_document_prepare_call_hierarchy_async(prepare) or ())

    async def consumers(item: types.CallHierarchyItem) -> list[tuple[str, int]]:
        calls = await editor.client.call_hierarchy_incoming_calls_async(
            types.CallHierarchyIncomingCallsParams(item)
        )
        return [(call.from_.name, len(call.from_ranges)) for call in calls or ()]

    async def producers(item: types.CallHierarchyItem) -> list[str]:
        calls = await editor.client.call_hierarchy_outgoing_calls_async(
            types.CallHierarchyOutgoingCallsParams(item)
        )
        return [call.to.name for call in calls or ()]

    variants = await items("stages.py", "count(")
    assert [(item.name, item.detail) for item in variants] == [
        ("count@a", "count-a.txt"),
        ("count@b", "count-b.txt"),
    ]
    assert [item.name for item in await items("pipeline.py", "stages.count,")] == ["count@a", "count@b"]
    (clean,) = await items("stages.py", "clean(")
    assert await consumers(clean) == [("count@a", 1), ("count@b", 1)]
    assert [await producers(item) for item in variants] == [["clean"], ["clean"]]
    assert [await consumers(item) for item in variants] == [[("show", 1)], []]
    (show,) = await items("reads.py", "show(")
    assert await producers(show) == ["count@a"]

    place = project.place("reads.py", '"count-a.txt"')
    for declarations, expected in (
        (True, [("reads.py", place.line), ("stages.py", project.place("stages.py", "count(").line)]),
        (False, [("reads.py", place.line)]),
    ):
        context = types.ReferenceContext(declarations)
        found = await editor.client.text_document_references_async(
            types.ReferenceParams(context, place.document, place.position)
        )
        assert lines(found) == expected


async def test_a_stage_that_gets_another_name_is_not_there_twice(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("pipeline.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    editor.type(
        "pipeline.py", ran.text("pipeline.py").replace("(stages.clean)", '(stages.clean, name="tidy")')
    )
    place = ran.place("stages.py", "clean(")
    prepare = types.CallHierarchyPrepareParams(place.document, place.position)
    items = await editor.client.text_document_prepare_call_hierarchy_async(prepare)
    assert [item.name for item in items or ()] == ["tidy"]
    assert "made by tidy\n" in await hovered(editor, ran.place("stages.py", '"clean.txt"'))
