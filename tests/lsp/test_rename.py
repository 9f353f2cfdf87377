"""Another path for an artifact, wherever it is written, in both editors, on the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from conftest import Editor, Place, Project

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

PATHS = """
from typing import Annotated
from pivot_core import loaders, outputs
from places import ELSEWHERE

HERE = "here.txt"
FOLDER = "data"

def here(text: Annotated[str, outputs.Dep(HERE, loaders.Text())]) -> None: ...
def there(text: Annotated[str, outputs.Dep(ELSEWHERE, loaders.Text())]) -> None: ...
def joined(text: Annotated[str, outputs.Dep(f"{FOLDER}/raw.txt", loaders.Text())]) -> None: ...
def added(text: Annotated[str, outputs.Dep(FOLDER + "/raw.txt", loaders.Text())]) -> None: ...
"""
REGISTERED = """
from pivot_core import Pipeline
import paths

OTHER = {"text": "other.txt"}
pipeline = Pipeline("demo")
pipeline.register(paths.here)
pipeline.register(paths.here, name="other", deps=OTHER)
pipeline.register(paths.there)
pipeline.register(paths.joined)
pipeline.register(paths.added)
"""


async def prepared(editor: Editor, place: Place) -> str | None:
    found = await editor.client.text_document_prepare_rename_async(
        types.PrepareRenameParams(place.document, place.position)
    )
    return found.placeholder if isinstance(found, types.PrepareRenamePlaceholder) else None


async def renamed(editor: Editor, place: Place, name: str) -> list[tuple[str, str]]:
    edit = await editor.client.text_document_rename_async(
        types.RenameParams(place.document, place.position, name)
    )
    assert edit is not None
    assert edit.changes is not None
    return sorted(
        (uri.rpartition("/")[2], one.new_text) for uri, edits in edit.changes.items() for one in edits
    )


@pytest.fixture
def constants(project: Project) -> Project:
    project.write("paths.py", PATHS)
    project.write("places.py", 'ELSEWHERE = "there.txt"\n')
    project.write("pipeline.py", REGISTERED)
    return project


async def test_an_artifact_is_renamed_wherever_it_is_written(project: Project, editor: Editor) -> None:
    project.write(
        "pipeline.py",
        """
        from pivot_core import Pipeline
        import stages

        pipeline = Pipeline("demo")
        pipeline.register(stages.clean)
        pipeline.register(stages.count, deps={'text': './clean.txt'})
        """,
    )
    editor.open("stages.py")
    place = project.place("stages.py", '"clean.txt"')
    edit = await editor.answer(
        lambda: editor.client.text_document_rename_async(
            types.RenameParams(place.document, place.position, "tidy/clean.txt")
        )
    )
    assert edit is not None
    assert edit.changes is not None
    new = sorted(
        (uri.rpartition("/")[2], one.new_text) for uri, edits in edit.changes.items() for one in edits
    )
    assert new == [
        ("pipeline.py", "'tidy/clean.txt'"),
        ("stages.py", '"tidy/clean.txt"'),
        ("stages.py", '"tidy/clean.txt"'),
    ]


async def test_a_path_is_renamed_where_its_text_is_and_not_by_the_name_of_that(
    constants: Project, editor: Editor
) -> None:
    """A name that stands for it is Python's: its server gives it another one."""
    for name in ("paths.py", "places.py", "pipeline.py"):
        editor.open(name)
    for file, literal, old in [
        ("paths.py", '"here.txt"', "here.txt"),
        ("places.py", '"there.txt"', "there.txt"),
        ("pipeline.py", '"other.txt"', "other.txt"),
    ]:
        place = constants.place(file, literal)
        assert await editor.answer(lambda place=place: prepared(editor, place)) == old  # type: ignore[misc]
        assert await renamed(editor, place, "new.txt") == [(file, '"new.txt"')]
    for file, name in [
        ("paths.py", "HERE, "),
        ("paths.py", "ELSEWHERE, "),
        ("paths.py", "HERE ="),
        ("paths.py", "FOLDER}"),
        ("paths.py", "FOLDER +"),
        ("pipeline.py", "OTHER)"),
    ]:
        assert await prepared(editor, constants.place(file, name)) is None, name


async def test_a_path_that_is_put_together_says_why_it_is_not_renamed(
    constants: Project, editor: Editor
) -> None:
    editor.open("paths.py")
    await editor.answer(lambda: prepared(editor, constants.place("paths.py", '"here.txt"')))
    for text in ('f"{FOLDER}/raw', '/raw.txt", loaders.Text())]) -> None: ...\ndef added', '"/raw.txt"'):
        place = constants.place("paths.py", text)
        with pytest.raises(Exception, match="put together from several parts: change these by hand"):
            await prepared(editor, place)


async def test_a_name_that_stands_for_a_path_tells_of_it(constants: Project, editor: Editor) -> None:
    (constants.root / "here.txt").write_text("x")
    editor.open("paths.py")
    place = constants.place("paths.py", "HERE, ")
    found = await editor.answer(
        lambda: editor.client.text_document_hover_async(types.HoverParams(place.document, place.position))
    )
    assert found is not None
    assert found.range == types.Range(
        types.Position(place.line, place.character), types.Position(place.line, place.character + len("HERE"))
    )
    assert "**here.txt**" in str(found.contents)
    (file,) = (
        await editor.client.text_document_definition_async(
            types.DefinitionParams(place.document, place.position)
        )
        or ()
    )
    assert isinstance(file, types.Location)
    assert file.uri == constants.uri("here.txt")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../out.txt", "leaves the project's folder"),
        ("a/../../out.txt", "leaves the project's folder"),
        ("/abs.txt", "is absolute"),
        ("C:/x.txt", "is absolute"),
        ("s3://bucket/x.txt", "is an address"),
        (".pivot/x", "belongs to Pivot"),
        (".", "is the project's folder itself"),
        ("out/", "path of a folder ends with /"),
        ("", "is empty"),
        (" \t ", "is empty"),
        ("''", "is empty"),
        ("a\\b.txt", "has a backslash"),
        ("a\nb.txt", "has a control character"),
        ("a\x1b[0m", "has a control character"),
        ("a" * 300, "has a name of 300 bytes"),
        ("./count.txt", r"count makes count\.txt already: choose another path"),
        ("raw.txt", r"clean reads raw\.txt already"),
        ("count.txt/x", r"count\.txt is a file \(count makes count\.txt\): nothing can be in it"),
        ("helpers.py/x", r"helpers\.py is a file: nothing can be in it"),
        ("sub", "sub is a folder: choose another path"),
        ("made/x.txt", "fill makes made/ as a whole"),
        ("looped", r"looped is a folder: loop@a makes looped/a\.txt, which is in it"),
        ("looped/a.txt", r"loop@a makes looped/a\.txt already"),
    ],
)
async def test_an_artifact_gets_no_path_that_it_can_not_have(
    project: Project, editor: Editor, name: str, why: str
) -> None:
    (project.root / "sub").mkdir()
    project.write("more.py", MORE)
    project.write("pipeline.py", project.text("pipeline.py") + MORE_REGISTERED)
    editor.open("stages.py")
    editor.open("more.py")
    await editor.until_titles("more.py", ["never run", "never run"])
    place = project.place("stages.py", '"clean.txt"')
    assert await prepared(editor, place) == "clean.txt"
    with pytest.raises(Exception, match=why):
        await renamed(editor, place, name)


MORE = """
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def fill() -> Annotated[Path, outputs.DirectoryOut("made/")]: ...
def loop() -> Annotated[str, outputs.Out("loop.txt", loaders.Text())]: ...
"""
MORE_REGISTERED = """
import more
pipeline.register(more.fill)
for key in ("a",):
    pipeline.register(more.loop, name=f"loop@{key}", outs={"return": f"looped/{key}.txt"})
"""


async def test_a_path_may_have_blanks_and_quotes_and_what_is_in_its_folder_goes_with_it(
    project: Project, editor: Editor
) -> None:
    project.write("more.py", MORE + FROM_THE_FOLDER)
    more = "import more\npipeline.register(more.fill)\npipeline.register(more.take)\n"
    project.write("pipeline.py", project.text("pipeline.py") + more)
    editor.open("more.py")
    folder = project.place("more.py", '"made/"')
    await editor.answer(lambda: prepared(editor, folder))
    assert await renamed(editor, folder, '  "new one/it\'s/"  ') == [
        ("more.py", '"new one/it\'s/"'),
        ("more.py", '"new one/it\'s/x.txt"'),
    ]
    assert await renamed(editor, folder, "made/") == [("more.py", '"made/"'), ("more.py", '"made/x.txt"')]
    inside = project.place("more.py", '"made/x.txt"')
    assert await renamed(editor, inside, "made/y.txt") == [("more.py", '"made/y.txt"')]


FROM_THE_FOLDER = """
def take(text: Annotated[str, outputs.Dep("made/x.txt", loaders.Text())]) -> None: ...
"""
