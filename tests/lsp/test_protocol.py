"""One answer to each request, whatever a client sends, and in what order; the ways to connect."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Editor, Project, Raw

pytestmark = pytest.mark.timeout(60)

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602
NOT_INITIALIZED, CANCELLED = -32002, -32800


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def code(message: dict[str, Any]) -> tuple[object, int]:
    return message["id"], message["error"]["code"]


def test_a_request_that_it_cannot_read_is_answered(raw: Raw) -> None:
    raw.write(frame(b"{nothing"))
    assert code(raw.receive()) == (None, PARSE_ERROR)
    raw.write(frame(b"[1]"))
    assert code(raw.receive()) == (None, INVALID_REQUEST)
    raw.send("textDocument/codeLens", {"textDocument": 7}, 2)
    assert code(raw.receive()) == (2, INVALID_PARAMS)
    raw.send("textDocument/unheardOf", {}, 3)
    assert code(raw.receive()) == (3, NO_METHOD)
    raw.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 4)
    assert code(raw.receive()) == (4, INVALID_REQUEST)
    raw.send("workspace/executeCommand", {"command": "unheardOf"}, 5)
    assert code(raw.receive()) == (5, INVALID_PARAMS)


def test_nothing_is_asked_of_a_client_that_waits_for_its_first_answer(start: Callable[..., Raw]) -> None:
    client = start(initialize=False)
    refresh = {"refreshSupport": True}
    workspace = {"inlayHint": refresh, "codeLens": refresh, "diagnostics": refresh}
    params = {"processId": None, "rootUri": None, "capabilities": {"workspace": workspace}}
    client.send("initialize", {**params, "initializationOptions": {"trusted": False}}, 1)
    assert client.receive()["id"] == 1


def test_notifications_that_it_cannot_read_are_not_answered(raw: Raw) -> None:
    raw.send("textDocument/didOpen", {"textDocument": 7})
    raw.send("textDocument/unheardOf", {})
    raw.send("$/unheardOf", {})
    raw.send("$/cancelRequest", {"id": 77})
    raw.send(
        "textDocument/didChange",
        {"textDocument": {"uri": "file:///no.py", "version": 3}, "contentChanges": []},
    )
    raw.send("shutdown", None, 2)
    assert raw.receive() == {"jsonrpc": "2.0", "id": 2, "result": None}


def test_what_comes_too_early_or_too_late_is_refused(start: Callable[..., Raw]) -> None:
    raw = start(initialize=False)
    raw.send("textDocument/didOpen", {"textDocument": {}})
    raw.send("textDocument/hover", {}, 1)
    assert code(raw.receive()) == (1, NOT_INITIALIZED)
    raw.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 2)
    assert "result" in raw.receive()
    raw.send("shutdown", None, 3)
    assert "result" in raw.receive()
    raw.send("textDocument/codeLens", {"textDocument": {"uri": "file:///a.py"}}, 4)
    assert code(raw.receive()) == (4, INVALID_REQUEST)
    raw.send("exit", None)
    assert raw.ended() == 0


def test_headers_in_other_words_are_understood(raw: Raw) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}).encode()
    header = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:%d\r\n\r\n"
    raw.write(header % len(body) + body)
    assert raw.receive()["id"] == 2


def test_everything_in_one_write_is_dealt_with_in_order(start: Callable[..., Raw]) -> None:
    """And the end of the input right after it doesn't change how it ends."""
    raw = start(initialize=False)
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    raw.write(b"".join(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()) for message in messages))
    assert raw.process.stdin is not None
    raw.process.stdin.close()
    assert [message["id"] for message in raw.rest()] == [1, 2]
    assert raw.ended() == 0


@pytest.mark.parametrize("seed", range(3))
def test_each_of_many_requests_is_answered_once_whatever_is_cancelled(
    ran: Project, start: Callable[..., Raw], seed: int
) -> None:
    """Among edits, in a project whose verdicts take a while; the last requests are under way at the end."""
    chance = random.Random(seed)
    raw = start()
    uri = {"uri": ran.uri("stages.py")}
    item = {**uri, "languageId": "python", "version": 0, "text": ran.text("stages.py")}
    raw.send("textDocument/didOpen", {"textDocument": item})
    cancelled = set()
    for number in range(100, 400):
        method = chance.choice(["textDocument/codeLens", "textDocument/diagnostic", "textDocument/unheardOf"])
        raw.send(method, {"textDocument": uri}, number)
        if chance.random() < 0.3:
            change = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}}
            raw.send(
                "textDocument/didChange",
                {"textDocument": {**uri, "version": number}, "contentChanges": [{**change, "text": "#\n"}]},
            )
        if chance.random() < 0.5:
            cancelled.add(chance.randrange(100, number + 1))
            raw.send("$/cancelRequest", {"id": max(cancelled)})
    raw.send("shutdown", None, 400)
    raw.send("exit", None)
    answers = [message for message in raw.rest() if "method" not in message]
    assert sorted(message["id"] for message in answers) == [1, *range(100, 401)][1:]
    for message in answers:
        assert "result" in message or message["error"]["code"] in (CANCELLED, NO_METHOD)
    assert any(message.get("error", {}).get("code") == CANCELLED for message in answers)
    assert raw.ended() == 0


@pytest.mark.asyncio
async def test_a_look_that_is_under_way_does_not_keep_it_from_ending(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    asking = asyncio.ensure_future(editor.lenses("stages.py"))
    await asyncio.sleep(0.12)
    async with asyncio.timeout(5):
        await editor.client.shutdown_session()
    assert editor.client._server is not None
    assert editor.client._server.returncode == 0
    asking.cancel()


@pytest.mark.asyncio
async def test_notifications_and_refreshes_leave_nothing_behind(ran: Project, editor: Editor) -> None:
    """A cancelled request is answered as such, and others go on."""
    editor.open("stages.py")
    document = types.TextDocumentIdentifier(ran.uri("stages.py"))
    one = editor.client.protocol.send_request(
        types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams(document), msg_id="mine"
    )
    editor.client.cancel_request(types.CancelParams("mine"))
    assert await editor.titles("stages.py") == ["fresh", "fresh"]
    assert one.done()
    assert "cancelled" in str(one.exception())


# --- by TCP ---------------------------------------------------------------------------------------


def listen(*args: str) -> tuple[subprocess.Popen[bytes], int]:
    server = subprocess.Popen(
        [sys.executable, "-m", "pivot_lsp", *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert server.stderr is not None
    said = server.stderr.readline().decode()
    assert said.startswith("pivot-lsp: listening on 127.0.0.1:")
    return server, int(said.rpartition(":")[2])


def test_it_talks_by_tcp_when_asked_to_and_ends_with_the_connection() -> None:
    server, port = listen("--tcp", "0")
    with socket.create_connection(("127.0.0.1", port), timeout=15) as client:
        body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
        client.sendall(frame(json.dumps(body).encode()))
        assert b"Content-Length" in client.recv(100)
        with pytest.raises(OSError):  # one client, and no other
            socket.create_connection(("127.0.0.1", port), timeout=1)
    assert server.wait(timeout=15) == 1


@pytest.mark.parametrize("args", [["--tcp", "0.0.0.0:99"], ["--tcp", "99999"], ["--stdio", "--tcp", "0"]])
def test_it_listens_to_this_computer_only(args: list[str]) -> None:
    command = [sys.executable, "-m", "pivot_lsp", *args]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "pivot_lsp", "--tcp", str(port)]
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert (done.returncode, f"can't listen on port {port}".encode() in done.stderr) == (2, True)
