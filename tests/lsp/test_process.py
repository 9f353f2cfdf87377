"""The server's process: how it starts, how it ends, and what it does about its own mistakes."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from pygls.exceptions import FeatureNotificationError

from pivot_lsp.connection import Server
from pivot_lsp.transport import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Editor, Project, Raw

pytestmark = pytest.mark.timeout(60)


def test_shutdown_is_answered_and_exit_ends_it_with_0(raw: Raw) -> None:
    raw.send("shutdown", None, 2)
    assert raw.receive() == {"jsonrpc": "2.0", "id": 2, "result": None}
    raw.send("exit", None)
    assert raw.ended() == 0


def test_exit_without_shutdown_ends_it_with_1(raw: Raw) -> None:
    raw.send("exit", None)
    assert raw.ended() == 1


def test_it_ends_when_its_input_does(raw: Raw) -> None:
    assert raw.process.stdin is not None
    raw.process.stdin.close()
    assert raw.ended() == 1


def test_it_ends_when_the_editor_is_killed_and_its_input_stays_open(
    raw: Raw, parent: subprocess.Popen[bytes]
) -> None:
    parent.kill()
    parent.wait()
    assert raw.ended() == 1


def test_it_stays_when_the_editors_process_cannot_be_seen(
    parent: subprocess.Popen[bytes], start: Callable[..., Raw]
) -> None:
    """An editor outside of the server's container has a number that means nothing here."""
    parent.kill()
    parent.wait()
    client = start(parent.pid)
    time.sleep(1.5)  # longer than the server takes to notice
    client.send("shutdown", None, 2)
    assert client.receive()["id"] == 2


@pytest.mark.asyncio
async def test_it_ends_with_the_client_in_the_middle_of_work(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    asking = asyncio.ensure_future(editor.lenses("stages.py"))
    await asyncio.sleep(0.12)
    server = editor.client._server
    assert server is not None
    assert server.stdin is not None
    server.stdin.close()
    async with asyncio.timeout(15):
        await server.wait()
    asking.cancel()


# --- mistakes of ours ---------------------------------------------------------------------------


def sent(stream: io.BytesIO) -> list[dict[str, Any]]:
    parts = stream.getvalue().split(b"Content-Length: ")[1:]
    return [json.loads(part.partition(b"\r\n\r\n")[2]) for part in parts]


@pytest.fixture
def server() -> tuple[Server, io.BytesIO]:
    made, stream = Server(), io.BytesIO()
    made.protocol.set_writer(Output(stream))
    return made, stream


def test_of_many_internal_errors_one_is_shown_and_all_are_logged(
    server: tuple[Server, io.BytesIO], caplog: pytest.LogCaptureFixture
) -> None:
    made, stream = server
    for number in range(3):
        made.report_server_error(ValueError(f"number {number}"), FeatureNotificationError)
    (message,) = sent(stream)
    assert message["method"] == "window/showMessage"
    assert "number 0" in message["params"]["message"]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info[1]) for record in errors if record.exc_info] == [
        "number 0",
        "number 1",
        "number 2",
    ]


@pytest.mark.asyncio
async def test_a_request_for_what_it_does_not_know_is_nothing_to_show(
    server: tuple[Server, io.BytesIO],
) -> None:
    made, stream = server
    made.protocol.receive(
        b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
    )
    made.protocol.receive(b'{"jsonrpc": "2.0", "id": 2, "method": "pivot/unheardOf"}')
    _, answer = sent(stream)
    assert (answer["id"], answer["error"]["code"]) == (2, -32601)


# --- starting -----------------------------------------------------------------------------------


def call(
    *args: str, code: str = "from pivot_lsp.server import main; main()"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "COLUMNS": "120"},
    )


def test_without_the_extra_it_says_what_to_install() -> None:
    done = call(code="import sys; sys.modules['pygls'] = None; from pivot_lsp.server import main; main()")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "pip install 'pivot-core[lsp]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_version_and_help_need_no_extra() -> None:
    without = "import sys; sys.modules['pygls'] = None; from pivot_lsp.server import main; main()"
    assert call("--version", code=without).stdout.startswith("pivot-lsp ")
    assert "lint" in call("--help", code=without).stdout


LATE = ["pivot_core.code.graph", "pivot_core.engine", "pivot_lsp.lint.rules"]
LOADED = f"print([name for name in {LATE} if name in sys.modules], gc.isenabled())"
STARTED = f"""
import gc, sys
import pivot_lsp.cli
from pivot_lsp.connection import Server
from pivot_lsp.server import connect
gc.disable()
session = connect(Server())
{LOADED}
session.warm_up()
session._executor.shutdown()
{LOADED}
"""


def test_the_client_has_its_answer_before_what_only_lenses_and_findings_need_is_imported() -> None:
    """And the code graph isn't imported for lenses, which need it only where something was edited."""
    before, after = call(code=STARTED).stdout.splitlines()
    assert before == "[] False"
    assert after == f"{LATE[1:]} True"
