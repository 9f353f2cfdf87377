"""Quick fixes: what is offered, and what comes of it, in both editors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from pivot_lsp.positions import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Editor, Project, Raw

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

# An output whose path has a "/" too many (PVT305), twice; before it what is more than one unit of UTF-16.
WRONG = """
from typing import Annotated

from pivot_core import loaders, outputs

HOUSE = "🏠"; WORD = "räume"  # a comment


def first() -> Annotated[str, outputs.Out("🏠/first.txt/", loaders.Text())]:  # stays
    return "1"


def second(
    rows: Annotated[str, outputs.Dep("raw.txt", loaders.Text())],
) -> Annotated[str, outputs.Out('second.txt/', loaders.Text())]:
    return rows
"""
PIPELINE = """
from pivot_core import Pipeline

import stages

pipeline = Pipeline("demo")
pipeline.register(stages.first)
pipeline.register(stages.second)
"""


@pytest.fixture
def wrong(project: Project) -> Project:
    project.write("stages.py", WRONG)
    project.write("pipeline.py", PIPELINE)
    return project


EVERYTHING = types.Range(types.Position(0, 0), types.Position(100, 0))


async def offered(
    editor: Editor,
    only: Sequence[types.CodeActionKind | str] | None = None,
    place: types.Range = EVERYTHING,
    shown: Sequence[types.Diagnostic] = (),
) -> list[types.CodeAction]:
    document = types.TextDocumentIdentifier(editor.project.uri("stages.py"))
    async with asyncio.timeout(20):
        found = await editor.client.text_document_code_action_async(
            types.CodeActionParams(document, place, types.CodeActionContext(shown, only=only))
        )
    return [action for action in found or () if isinstance(action, types.CodeAction)]


async def chosen(editor: Editor, action: types.CodeAction) -> str:
    """The text of stages.py after it."""
    if action.edit is None:
        action = await editor.client.code_action_resolve_async(action)
    assert action.edit is not None
    if action.edit.document_changes is not None:
        (change,) = action.edit.document_changes
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == editor.versions["stages.py"]
        edits = list(change.edits)
    else:
        assert action.edit.changes is not None
        ((uri, plain),) = action.edit.changes.items()
        assert uri == editor.project.uri("stages.py")
        edits = list(plain)
    text = editor.project.text("stages.py")
    for edit in sorted(edits, key=lambda edit: edit.range.start, reverse=True):
        assert isinstance(edit, types.TextEdit)
        start, end = _offset(editor, text, edit.range.start), _offset(editor, text, edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


def _offset(editor: Editor, text: str, position: types.Position) -> int:
    """In characters. Neovim is the one that counts in UTF-8."""
    general = editor.client.capabilities.general
    encoding = "utf-8" if general is not None and general.position_encodings else "utf-16-le"
    size = 1 if encoding == "utf-8" else 2
    lines = text.splitlines(keepends=True)
    before = "".join(lines[: position.line])
    line = lines[position.line] if position.line < len(lines) else ""
    return len(before) + len(line.encode(encoding)[: size * position.character].decode(encoding))


async def test_a_fix_changes_what_is_wrong_and_nothing_else(wrong: Project, editor: Editor) -> None:
    editor.open("stages.py")
    fixes = [action for action in await offered(editor) if action.is_preferred]
    assert [len(action.diagnostics or ()) for action in fixes] == [1, 1]
    assert await chosen(editor, fixes[0]) == wrong.text("stages.py").replace("first.txt/", "first.txt")


async def test_fix_all_mends_all_at_once(wrong: Project, editor: Editor) -> None:
    editor.open("stages.py")
    (action,) = await offered(editor, only=[types.CodeActionKind.SourceFixAll])
    assert action.kind == "source.fixAll.pivot"
    assert await chosen(editor, action) == wrong.text("stages.py").replace(".txt/", ".txt")


async def test_a_finding_can_be_silenced_by_a_comment(wrong: Project, editor: Editor) -> None:
    editor.open("stages.py")
    action = next(action for action in await offered(editor) if action.title.startswith("ignore PVT305"))
    text = await chosen(editor, action)
    assert "loaders.Text())]:  # stays  # pivot: ignore[PVT305]\n" in text
    editor.type("stages.py", text)
    assert len(await editor.diagnostics("stages.py")) == 1


async def test_a_cursor_elsewhere_in_the_line_is_enough_for_an_editor_that_sends_what_it_shows_there(
    wrong: Project, editor: Editor
) -> None:
    editor.open("stages.py")
    first = next(one for one in await editor.until_problems("stages.py") if one.range.start.line == 7)
    cursor = types.Range(types.Position(7, 0), types.Position(7, 0))
    quick = [types.CodeActionKind.QuickFix]
    assert await offered(editor, quick, cursor) == []
    (fix, *_) = await offered(editor, quick, cursor, [first])
    assert 'Out("🏠/first.txt", ' in await chosen(editor, fix)


async def test_nothing_is_offered_for_a_text_that_has_moved_on(wrong: Project, editor: Editor) -> None:
    editor.open("stages.py")
    client = editor.client.capabilities.text_document
    assert client is not None
    action = next(action for action in await offered(editor) if action.is_preferred)
    if action.edit is not None:  # worked out at once, for a client that can't ask later
        return
    editor.type("stages.py", "# a line above\n" + wrong.text("stages.py"))
    with pytest.raises(Exception, match="Modified"):
        await editor.client.code_action_resolve_async(action)


async def test_related_places_in_another_file_are_told_with_that_file(
    project: Project, editor: Editor
) -> None:
    project.write(
        "more.py", "from pipeline import pipeline\nimport stages\n\npipeline.register(stages.clean)\n"
    )
    project.write("pipeline.py", project.text("pipeline.py") + "import more\n")
    editor.open("more.py")

    async def until_read() -> types.Diagnostic:
        while not (found := await editor.diagnostics("more.py")):
            await asyncio.sleep(0.05)
        return found[0]

    async with asyncio.timeout(20):
        found = await until_read()
    assert found.code == "PVT106"
    assert found.related_information is not None
    assert found.related_information[0].location.uri == project.uri("pipeline.py")
    line = found.related_information[0].location.range.start.line
    assert Lines(project.text("pipeline.py")).line(line + 1) == "pipeline.register(stages.clean)"


FILE_OF_MANY_LINES = '''
from typing import Annotated
from pivot_core import loaders, outputs

def told(raw: Annotated[str, outputs.Dep("raw.txt", loaders.Text())]) -> \\
    Annotated[str, outputs.Out("told.txt/", \\
    loaders.Text())]:
    return raw

def one() -> Annotated[str, outputs.Out("one.txt/", loaders.Text())]: """Of
    two lines."""; return ""

def two() -> Annotated[str, outputs.Out("two.txt/", loaders.Text())]: return "#"
'''


async def test_a_comment_is_offered_only_where_there_is_room_for_one(
    project: Project, editor: Editor
) -> None:
    project.write("stages.py", FILE_OF_MANY_LINES)
    editor.open("stages.py")
    found = [action for action in await offered(editor) if action.title.startswith("ignore PVT305")]
    (action,) = found
    assert 'return "#"  # pivot: ignore[PVT305]\n' in await chosen(editor, action)


def told(raw: Raw) -> str:
    """The next message that is shown."""
    while (message := raw.receive()).get("method") != "window/showMessage":
        pass
    return str(message["params"]["message"])


async def test_an_editor_without_lenses_is_offered_what_they_would_offer(
    start: Callable[..., Raw], project: Project
) -> None:
    """As Emacs's eglot, and Helix."""
    raw = start(initialize=False)
    folder = {"uri": project.root.as_uri(), "name": "project"}
    raw.send("initialize", {"processId": None, "workspaceFolders": [folder], "capabilities": {}}, 1)
    assert "result" in raw.receive()
    raw.send("initialized", {})
    uri, text = project.uri("stages.py"), project.text("stages.py")
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    raw.send("textDocument/didOpen", {"textDocument": document})
    line = text[: text.index("def clean")].count("\n")
    ends = {"line": line, "character": 4}
    asked = {"textDocument": {"uri": uri}, "range": {"start": ends, "end": ends}}
    for number in range(2, 200):
        raw.send("textDocument/codeAction", {**asked, "context": {"diagnostics": []}}, number)
        while (answer := raw.receive()).get("id") != number:
            pass
        if answer["result"]:
            break
        await asyncio.sleep(0.1)
    (action,) = answer["result"]
    assert action["title"] == "Run · never run"
    # As Helix does, though there is no edit to wait for.
    raw.send("codeAction/resolve", action, 999)
    while (answer := raw.receive()).get("id") != 999:
        assert answer.get("method") != "window/showMessage", answer
    assert answer["result"] == action
    raw.send("workspace/executeCommand", action["command"], 1000)
    async with asyncio.timeout(20):
        while not (project.root / "clean.txt").exists():
            await asyncio.sleep(0.05)
    assert told(raw).startswith("Pivot: clean ran in ")
    changed = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": f"{text}NEW = 1\n"}]}
    raw.send("textDocument/didChange", changed)
    raw.send("workspace/executeCommand", action["command"], 1001)
    assert told(raw) == "Pivot: stages.py has edits that aren't saved; a run doesn't see them"
    assert told(raw) == "Pivot: nothing to do: clean is fresh · stages.py as saved"
    only = {"diagnostics": [], "only": ["quickfix"]}
    raw.send("textDocument/codeAction", {**asked, "context": only}, 1002)
    while (answer := raw.receive()).get("id") != 1002:
        pass
    assert answer["result"] == []


async def test_no_fix_is_offered_that_changes_another_file_which_is_half_typed(
    project: Project, editor: Editor
) -> None:
    """Its lines aren't where they were when it was read."""
    text = project.text("pipeline.py").replace("pipeline.register(stages.count)\n", "")
    project.write("pipeline.py", text)
    editor.open("pipeline.py")
    editor.open("stages.py")
    await editor.until_problems("stages.py")
    title = "Register count in pipeline.py"
    (action,) = [one for one in await offered(editor) if one.title == title]
    editor.type("pipeline.py", "x = (\n" + text)
    assert [one for one in await offered(editor) if one.title == title] == []
    if action.edit is None:
        with pytest.raises(Exception, match="Content Modified"):
            await editor.client.code_action_resolve_async(action)
    editor.type("pipeline.py", "x = ()\n" + text)
    assert [one for one in await offered(editor) if one.title == title]
