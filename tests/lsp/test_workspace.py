"""All projects of a workspace: what is found in files that nobody has open, and folders that come and go."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pivot_lsp.lint import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Project, Raw

pytestmark = pytest.mark.timeout(60)

LAMBDA = 'pipeline.register(lambda: "🏠", name="x")\n'
UNREGISTERED = """
from typing import Annotated
from pivot_core import outputs

def lost() -> Annotated[dict, outputs.Metric("lost.json")]: ...
"""
HELPERS = """
import os

def normalise(text):
    return "".join(os.listdir(text))
"""
Found = dict[str, list[tuple[str, int, int]]]


class Workspace:
    """A client that has folders open, and asks for all that is found in them."""

    def __init__(self, client: Raw, folders: Iterable[Path]) -> None:
        self.client = client
        self.ids: dict[str, str] = {}
        self.found: Found = {}
        self.numbers = itertools.count(2)
        named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        params = {"processId": None, "rootUri": None, "capabilities": {}, "workspaceFolders": named}
        client.send("initialize", params, 1)
        capabilities = client.receive()["result"]["capabilities"]
        assert capabilities["diagnosticProvider"]["workspaceDiagnostics"] is True
        assert capabilities["workspace"]["workspaceFolders"] == {
            "supported": True,
            "changeNotifications": True,
        }
        client.send("initialized", {})

    def ask(self) -> int:
        """For what is different; the number of the question."""
        number = next(self.numbers)
        ids = [{"uri": uri, "value": value} for uri, value in self.ids.items()]
        self.client.send("workspace/diagnostic", {"identifier": "pivot", "previousResultIds": ids}, number)
        return number

    def answer(self, number: int) -> list[str]:
        """Take the answer to a question. The paths of the files that it has news about."""
        news = []
        for item in self.reply(number)["items"]:
            if item["kind"] == "full":
                path = item["uri"].removeprefix("file://")
                news.append(path)
                self.ids[item["uri"]] = item["resultId"]
                self.found[path] = [
                    (one["code"], one["range"]["start"]["line"], one["range"]["start"]["character"])
                    for one in item["items"]
                ]
        self.found = {path: found for path, found in self.found.items() if found}
        return sorted(news)

    def reply(self, number: int) -> Any:  # noqa: ANN401 - what an answer holds
        while (message := self.client.receive()).get("id") != number:
            pass
        return message["result"]

    def is_waiting(self, number: int) -> bool:
        """Whether a question that was asked earlier has no answer yet, though a later one has."""
        later = next(self.numbers)
        self.client.send("workspace/symbol", {"query": "no such thing"}, later)
        while (message := self.client.receive()).get("id") != later:
            if message.get("id") == number:
                return False
        return True

    def told_of(self, *files: Path) -> None:
        changes = [{"uri": file.as_uri(), "type": 2} for file in files]
        self.client.send("workspace/didChangeWatchedFiles", {"changes": changes})

    def folders(self, added: Iterable[Path] = (), removed: Iterable[Path] = ()) -> None:
        event = {
            "added": [{"uri": folder.as_uri(), "name": folder.name} for folder in added],
            "removed": [{"uri": folder.as_uri(), "name": folder.name} for folder in removed],
        }
        self.client.send("workspace/didChangeWorkspaceFolders", {"event": event})


def on_the_command_line(*folders: Path) -> Found:
    """The same by ``pivot-lsp lint``, which counts characters, and from 1."""
    found: Found = {}
    for one in report.find(folders).findings:
        place = (one.code, one.where.line - 1, one.where.column - 1)
        found.setdefault(os.path.realpath(one.where.path), []).append(place)
    return found


@pytest.fixture
def wrong(project: Project) -> Project:
    """A project with findings: in a module that is registered nowhere, in a helper, and in a folder."""
    (project.root / "more").mkdir()
    project.write("more/__init__.py", "")
    project.write("more/lost.py", UNREGISTERED)
    project.write("helpers.py", HELPERS)
    project.write("pipeline.py", project.text("pipeline.py") + LAMBDA)
    return project


def at(project: Project, *names: str) -> list[str]:
    return sorted(str(project.root / name) for name in names)


def test_all_that_the_command_line_finds_is_found_in_files_that_nobody_has_open(
    wrong: Project, start: Callable[..., Raw]
) -> None:
    workspace = Workspace(start(initialize=False), [wrong.root])
    news = workspace.answer(workspace.ask())
    assert workspace.found == on_the_command_line(wrong.root)
    assert news == at(wrong, "helpers.py", "more/lost.py", "pipeline.py")
    assert not wrong.was_imported


def test_who_knows_it_all_waits_until_there_is_something_new(
    wrong: Project, start: Callable[..., Raw]
) -> None:
    workspace = Workspace(start(initialize=False), [wrong.root])
    workspace.answer(workspace.ask())
    number = workspace.ask()
    assert workspace.is_waiting(number)
    wrong.write("more/other.py", UNREGISTERED.replace("lost", "other"))
    workspace.told_of(wrong.root / "more/other.py")
    assert workspace.answer(number) == at(wrong, "more/other.py")

    number = workspace.ask()
    item = {
        "uri": wrong.uri("more/lost.py"),
        "languageId": "python",
        "version": 7,
        "text": "# " + UNREGISTERED,
    }
    workspace.client.send("textDocument/didOpen", {"textDocument": {**item, "text": "\n" + UNREGISTERED}})
    assert workspace.answer(number) == at(wrong, "more/lost.py")
    assert workspace.found[at(wrong, "more/lost.py")[0]] == [("PVT108", 5, 4)]

    number = workspace.ask()
    (wrong.root / "more/other.py").unlink()
    workspace.told_of(wrong.root / "more/other.py")
    assert workspace.answer(number) == at(wrong, "more/other.py")
    assert at(wrong, "more/other.py")[0] not in workspace.found


def test_a_file_that_was_just_closed_has_what_it_has_for_the_workspace(
    wrong: Project, start: Callable[..., Raw]
) -> None:
    """VS Code asks for it a last time when it is closed, and shows that from then on."""
    workspace = Workspace(start(initialize=False), [wrong.root])
    workspace.answer(workspace.ask())
    number = workspace.ask()
    uri = {"uri": wrong.uri("more/lost.py")}
    item = {**uri, "languageId": "python", "version": 1, "text": ""}
    workspace.client.send("textDocument/didOpen", {"textDocument": item})
    assert workspace.answer(number) == at(wrong, "more/lost.py")
    assert at(wrong, "more/lost.py")[0] not in workspace.found

    number = workspace.ask()
    workspace.client.send("textDocument/didClose", {"textDocument": uri})
    assert workspace.answer(number) == at(wrong, "more/lost.py")
    workspace.client.send("textDocument/diagnostic", {"textDocument": uri}, 99)
    answer = workspace.reply(99)
    assert [item["code"] for item in answer["items"]] == ["PVT108"]
    assert answer["resultId"] == workspace.ids[uri["uri"]]


def test_a_question_that_waits_can_be_cancelled_and_does_not_keep_the_server(
    wrong: Project, start: Callable[..., Raw]
) -> None:
    workspace = Workspace(start(initialize=False), [wrong.root])
    workspace.answer(workspace.ask())
    numbers = [workspace.ask(), workspace.ask()]
    assert workspace.is_waiting(numbers[1])
    workspace.client.send("$/cancelRequest", {"id": numbers[0]})
    workspace.client.send("shutdown", None, 99)
    workspace.client.send("exit", None)
    answers = {message["id"]: message for message in workspace.client.rest() if "method" not in message}
    assert {number: answers[number]["error"]["code"] for number in numbers} == dict.fromkeys(numbers, -32800)
    assert workspace.client.ended() == 0


def test_several_folders_that_come_and_go(wrong: Project, tmp_path: Path, start: Callable[..., Raw]) -> None:
    """One with two projects in it, one in a project, and one with none."""
    both = tmp_path / "both"
    for name in ("one", "deep/two"):
        shutil.copytree(wrong.root, both / name)
    for other in (both / "deep/.venv", both / "node_modules"):
        shutil.copytree(wrong.root, other)
    none = tmp_path / "none"
    none.mkdir()
    Path(none, "pipeline.py").write_text("import sklearn\n" + LAMBDA)
    workspace = Workspace(start(initialize=False), [wrong.root / "more", none])
    workspace.answer(workspace.ask())
    assert workspace.found == on_the_command_line(wrong.root)

    number = workspace.ask()
    workspace.folders(added=[both], removed=[none])
    workspace.answer(number)
    assert workspace.found == on_the_command_line(wrong.root, both / "one", both / "deep/two")

    number = workspace.ask()
    workspace.folders(removed=[wrong.root / "more"])
    workspace.answer(number)
    assert workspace.found == on_the_command_line(both / "one", both / "deep/two")

    number = workspace.ask()
    (both / "deep/two/pipeline.py").unlink()
    workspace.told_of(both / "deep/two/pipeline.py")
    workspace.answer(number)
    assert workspace.found == on_the_command_line(both / "one")


def test_a_workspace_without_a_pipeline_has_nothing(tmp_path: Path, start: Callable[..., Raw]) -> None:
    workspace = Workspace(start(initialize=False), [tmp_path])
    assert workspace.answer(workspace.ask()) == []
    assert workspace.is_waiting(workspace.ask())
