"""Work that takes long is shown, whatever it is; and a client that doesn't show it holds nothing up."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from pivot_lsp import messages
from pivot_lsp.connection import Server
from pivot_lsp.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Project

CREATE = "window/workDoneProgress/create"
pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio]


class Wire:
    """A server in this process, and the client's side of its connection. ``agrees``: to show all, at once."""

    def __init__(self, project: Project, *, agrees: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.agrees = agrees
        self.server = Server()
        self.session = connect(self.server)
        self.server.protocol.set_writer(self)
        folder = {"uri": project.root.as_uri(), "name": "project"}
        capabilities = {"window": {"workDoneProgress": True}}
        params = {"processId": None, "capabilities": capabilities, "workspaceFolders": [folder]}
        self.send({"id": 1, "method": "initialize", "params": params})
        self.send({"method": "initialized", "params": {}})

    def send(self, message: dict[str, Any]) -> None:
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def write(self, data: bytes) -> None:
        """The server sends a message."""
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        self.sent.append(message)
        if self.agrees and message.get("method") == CREATE:
            asyncio.get_running_loop().call_soon(self.send, {"id": message["id"], "result": None})

    def close(self) -> None:
        """It never does so."""

    def created(self) -> list[dict[str, Any]]:
        """The client is asked whether it may be shown."""
        return [one for one in self.sent if one.get("method") == CREATE]

    def shown(self) -> list[tuple[str, str | None]]:
        reports = [one["params"]["value"] for one in self.sent if one.get("method") == "$/progress"]
        return [(report["kind"], report.get("title")) for report in reports]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever isn't done at once counts as slow."""
    monkeypatch.setattr(messages, "SOON_S", 0.0)


@pytest.mark.usefixtures("at_once")
async def test_slow_work_is_shown_until_it_is_done(project: Project) -> None:
    wire, done = Wire(project), asyncio.Event()
    work = asyncio.ensure_future(messages.shown_if_slow(wire.server, "working", done.wait()))
    await wire.until(wire.created)
    assert wire.shown() == []
    (question,) = wire.created()
    wire.send({"id": question["id"], "result": None})
    await wire.until(wire.shown)
    assert wire.shown() == [("begin", "working")]
    done.set()
    assert await work is True
    assert wire.shown() == [("begin", "working"), ("end", None)]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("answer", ["none", "refused"])
async def test_a_client_that_does_not_show_it_holds_nothing_up(project: Project, answer: str) -> None:
    wire, done = Wire(project), asyncio.Event()
    work = asyncio.ensure_future(messages.shown_if_slow(wire.server, "working", done.wait()))
    await wire.until(wire.created)
    if answer == "refused":
        (question,) = wire.created()
        wire.send({"id": question["id"], "error": {"code": -32601, "message": "no"}})
    done.set()
    assert await work is True
    assert wire.shown() == []


async def test_what_is_quick_or_fails_shows_nothing(project: Project) -> None:
    wire = Wire(project)
    assert await messages.shown_if_slow(wire.server, "working", asyncio.sleep(0, "done")) == "done"

    async def fail() -> None:
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        await messages.shown_if_slow(wire.server, "working", fail())
    assert wire.created() == []


@pytest.mark.usefixtures("at_once")
async def test_reading_the_code_and_checking_the_project_are_such_work(project: Project) -> None:
    wire, held = Wire(project, agrees=True), threading.Event()
    for executor in (wire.session._executor, threads := ThreadPoolExecutor(1)):
        executor.submit(held.wait)  # so that neither is done before it is shown
    asyncio.get_running_loop().set_default_executor(threads)
    item = types.TextDocumentItem(project.uri("stages.py"), "python", 1, project.text("stages.py"))
    document = {"uri": item.uri, "languageId": "python", "version": 1, "text": item.text}
    wire.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
    wire.send({"method": "pivot/trust", "params": {"trusted": False}})
    wire.send({"id": 2, "method": "textDocument/codeLens", "params": {"textDocument": {"uri": item.uri}}})
    wire.send({"id": 3, "method": "textDocument/diagnostic", "params": {"textDocument": {"uri": item.uri}}})
    wanted = {("begin", "Pivot: reading the code of project"), ("begin", "Pivot: checking project")}
    try:
        await wire.until(lambda: wanted <= set(wire.shown()))
    finally:
        held.set()
    await wire.until(lambda: {1, 2, 3} <= {one.get("id") for one in wire.sent if "method" not in one})
