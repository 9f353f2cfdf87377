"""Files that aren't plain UTF-8 with line feeds: the editor finds in them what the command line finds."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from pivot_core.code.encoding import decode

if TYPE_CHECKING:
    from conftest import Editor, Project

TEXT = """\
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def shout(
    text: Annotated[str, outputs.Dep("r\u00e4w.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("l\u00e4ut.txt/", loaders.Text())]:
    return text.upper()

pipeline = Pipeline("x")
pipeline.register(shout)
"""
MARK = "\ufeff"
BOM = b"\xef\xbb\xbf"
FILES = {
    "BOM": BOM + TEXT.encode(),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "BOM and CRLF": BOM + TEXT.replace("\n", "\r\n").encode(),
    "CR": TEXT.replace("\n", "\r").encode(),
    "form feeds": TEXT.replace("\ndef", "\n\f\ndef").replace("    text:", "  \f  text:").encode(),
    "other separators": TEXT.replace("return", "x = 'a\v\x1c\x85\u2028b'; return").encode(),
    "latin-1": f"# -*- coding: latin-1 -*-\n{TEXT}".encode("latin-1"),
}


@pytest.mark.asyncio
@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", FILES)
async def test_the_editor_finds_what_the_command_line_finds(
    project: Project, editor: Editor, kind: str
) -> None:
    data = FILES[kind]
    (project.root / "r\u00e4w.txt").write_text("x")
    (project.root / "stages.py").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "pivot_lsp", "lint", "--format", "json", "stages.py"],
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=30,
    )
    found = json.loads(done.stdout)["findings"]
    places = [(one["code"], one["where"]["line"] - 1, one["where"]["column"] - 1) for one in found]
    assert [code for code, _, _ in places] == ["PVT305"]
    editor.versions["stages.py"] = 1
    document = types.TextDocumentItem(project.uri("stages.py"), "python", 1, decode(data))  # without a BOM
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
    await editor.until_problems("stages.py", lines=[line for _, line, _ in places])
    shown = [
        (one.code, one.range.start.line, one.range.start.character)
        for one in await editor.diagnostics("stages.py")
    ]
    assert shown == places


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_a_text_that_begins_with_a_byte_order_mark(ran: Project, editor: Editor) -> None:
    """Some editors send the mark as a character of the first line, and count it there."""
    general = editor.client.capabilities.general
    mark = len(MARK.encode()) if general is not None and general.position_encodings else 1
    for name in ("stages.py", "pipeline.py"):
        text = MARK + ran.text(name)
        ran.write(name, text)
        editor.versions[name] = 1
        document = types.TextDocumentItem(ran.uri(name), "python", 1, text)
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert (await editor.diagnostics("pipeline.py")) == []

    first = 'from pivot_core import Pipeline; p = Pipeline("x"); p.register('
    editor.type("pipeline.py", f"{MARK}{first}\n")
    editor.insert("pipeline.py", 0, mark + len(first), 'lambda: "", name="x")')
    (found,) = await editor.until_problems("pipeline.py", lines=[0])
    assert (found.code, found.range.start.character) == ("PVT101", mark + len(first))

    editor.insert("stages.py", 0, mark, "def shout(\n")  # in the middle of typing
    assert list(await editor.lenses("stages.py")) == [12, 18]
    editor.replace("stages.py", 0, 0, mark + len("def shout("), "def")  # and with it, the mark goes
    assert list(await editor.lenses("stages.py")) == [12, 18]
    editor.type("stages.py", ran.text("stages.py").removeprefix(MARK))
    await editor.until_titles("stages.py", ["fresh", "fresh"])
