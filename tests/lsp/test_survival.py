"""The server survives whatever a pipeline does while it is read, and whatever a client or a disk does to it;
and what it has started never survives it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Editor, Project, Raw

pytestmark = pytest.mark.timeout(120)
T = TypeVar("T")
ONE_EDITOR = pytest.mark.parametrize("client", ["visual-studio-code"], indirect=True)
INVALID_REQUEST, PARSE_ERROR = -32600, -32700


def process_of(file: Path) -> int | None:
    """The process whose id is in a file, when it is there."""
    written = file.read_text() if file.exists() else ""
    return int(written) if written.endswith("\n") else None


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_gone(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def said(name: str) -> str:
    """A statement that writes the id of its process to a file."""
    return f'with open("{name}", "w") as file: print(os.getpid(), file=file)'


# --- a pipeline.py that does what it likes, while it is read ----------------------------------------

DEATHS = {
    "exit": ("os._exit(0)", "the process that loaded it died (it ended itself"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "the process that loaded it died (SIGSEGV"),
    "kill its parent": ("os.kill(os.getppid(), 9)", "it can't be read: killed by signal 9"),
    "endless line": ('import sys; sys.stdout.write("x" * 50_000_000); 1 / 0', "ZeroDivisionError"),
    "flood": ('for n in range(200): print(("x" * 99 + "\\n") * 5_000)\n1 / 0', "ZeroDivisionError"),
    "no output": ("os.close(1); os.close(2); 1 / 0", "ZeroDivisionError"),
    "memory": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))\n"
        "held = [bytearray(1_000_000) for n in range(100_000)]",
        "MemoryError",
    ),
    "a process that stays": (
        f"if not os.fork():\n    {said('left')}\n    time.sleep(1000)\n1 / 0",
        "ZeroDiv",
    ),
}


@pytest.mark.asyncio
@ONE_EDITOR
@pytest.mark.parametrize("death", list(DEATHS))
async def test_whatever_pipeline_py_does_while_it_is_read(ran: Project, editor: Editor, death: str) -> None:
    editor.open("pipeline.py")
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    good, (code, told) = ran.text("pipeline.py"), DEATHS[death]
    editor.save("pipeline.py", f"{good}import os, time\n{code}\n")
    (found,) = await editor.until_problems("pipeline.py")
    assert told in found.message
    assert "Warning" not in found.message
    await lenses_say(editor, "(as pipeline.py was: now it has mistakes)")
    if death == "a process that stays":
        left = process_of(ran.root / "left")
        assert left is not None
        assert is_gone(left)

    editor.save("pipeline.py", good)
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    await editor.until_problems("pipeline.py", lines=[])
    assert editor.messages == []


async def lenses_say(editor: Editor, remark: str) -> None:
    async with asyncio.timeout(20):
        while not all(title.endswith(remark) for title in (await editor.lenses("stages.py")).values()):
            await asyncio.sleep(0.05)
    assert list(await editor.lenses("stages.py")) == [11, 17]


@pytest.mark.asyncio
@ONE_EDITOR
@pytest.mark.parametrize("killed", ["worker", "coordinator", "both"])
async def test_who_reads_pipeline_py_is_killed(ran: Project, editor: Editor, killed: str) -> None:
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    good = ran.text("pipeline.py")
    ran.write("pipeline.py", f"{good}import os, time\n{said('reads')}\ntime.sleep(1000)\n")
    editor.told_of_change("pipeline.py")
    worker = await editor.until(lambda: process_of(ran.root / "reads"))
    coordinator = parent_of(worker)
    for pid in {"worker": [worker], "coordinator": [coordinator], "both": [coordinator, worker]}[killed]:
        os.kill(pid, signal.SIGKILL)
    (found,) = await editor.until_problems("pipeline.py")
    assert "died (SIGKILL" in found.message if killed == "worker" else "killed by signal 9" in found.message
    await editor.until(lambda: is_gone(worker) and is_gone(coordinator))
    ran.write("pipeline.py", good)
    editor.told_of_change("pipeline.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])


@pytest.mark.asyncio
@ONE_EDITOR
async def test_a_pipeline_that_takes_long_to_read_is_told_of_and_goes_with_trust(
    ran: Project, editor: Editor
) -> None:
    editor.open("stages.py")
    good = ran.text("pipeline.py")
    ran.write("pipeline.py", f"{good}import os, time\n{said('reads')}\ntime.sleep(1000)\n")
    editor.told_of_change("pipeline.py")
    (found,) = await editor.until_problems("pipeline.py")
    assert found.message.startswith("it has been read for 10 s")
    assert int(found.severity or 0) == 2  # a warning
    worker = process_of(ran.root / "reads")
    assert worker is not None

    editor.client.protocol.notify("pivot/trust", {"trusted": False})
    await editor.until(lambda: is_gone(worker))
    while (found := (await editor.until_problems("pipeline.py"))[0]).message.startswith("it has been"):
        await asyncio.sleep(0.05)
    assert found.message == "reading it was stopped\nsave it to have it read again"
    ran.write("pipeline.py", good)
    editor.client.protocol.notify("pivot/trust", {"trusted": True})
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    await editor.until_problems("pipeline.py", lines=[])


# --- a client that goes, in the middle of a run -----------------------------------------------------

# It starts a server, has it run everything, and waits. What the server sends goes nowhere.
CLIENT = """
import json, os, subprocess, sys
server = subprocess.Popen(
    [sys.executable, "-m", "pivot_lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
)
def send(method, params, number=None):
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    body = json.dumps(message if number is None else {**message, "id": number}).encode()
    server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    server.stdin.flush()
root = sys.argv[1]
send("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}}, 1)
send("initialized", {})
send("workspace/executeCommand", {"command": "pivot.run", "arguments": [{"root": root}]}, 2)
print(server.pid, flush=True)
while server.stdout.read(1):
    pass
"""
# A process of a stage that nothing but the run knows of.
STAGE = f"""\
import os, time
    if not os.fork():
        os.setsid()
        if not os.fork():
            {said("daemon")}
            time.sleep(1000)
        os._exit(0)
    {said("stage")}
    time.sleep(1000)
    return raw
"""


@pytest.fixture
def endless(ran: Project) -> Project:
    """The project, with a stage that doesn't end."""
    ran.write("stages.py", ran.text("stages.py").replace("return helpers.normalise(raw)", STAGE))
    return ran


def wait_for(condition: Callable[[], T]) -> T:
    """What a condition is, when it is something."""
    end = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
    return found


def all_of_the_run(project: Project) -> list[int]:
    """The processes of a run that is at its first stage."""
    stage = wait_for(lambda: process_of(project.root / "stage"))
    daemon = wait_for(lambda: process_of(project.root / "daemon"))
    assert stage is not None and daemon is not None
    return [stage, daemon, parent_of(stage)]


def assert_nothing_is_left(project: Project, pids: list[int]) -> None:
    wait_for(lambda: all(map(is_gone, pids)))
    project.write("stages.py", project.text("stages.py").replace(STAGE, "return raw"))
    project.pivot("run")  # no lock is in its way
    assert list((project.root / ".pivot/tmp").glob("*/*")) == []


def test_a_client_that_is_killed_takes_a_run_along(endless: Project, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLIENT, str(endless.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as client:
        assert client.stdout is not None
        server = int(client.stdout.readline())
        started = all_of_the_run(endless)
        client.kill()
    wait_for(lambda: is_gone(server))
    assert_nothing_is_left(endless, started)


@pytest.mark.parametrize("way", ["input", "output", "exit", "shutdown and exit"])
def test_a_client_that_goes_takes_a_run_along(endless: Project, raw: Raw, way: str) -> None:
    raw.send(
        "workspace/executeCommand", {"command": "pivot.run", "arguments": [{"root": str(endless.root)}]}, 2
    )
    started = all_of_the_run(endless)
    assert raw.process.stdin is not None
    assert raw.process.stdout is not None
    if way == "input":
        raw.process.stdin.close()
    elif way == "output":  # it notices when it next has something to say
        raw.process.stdout.close()
        os.kill(started[0], signal.SIGKILL)
    elif way == "shutdown and exit":
        raw.send("shutdown", None, 3)
        while raw.receive().get("id") != 3:
            pass
    if "exit" in way:
        raw.send("exit", None)
    assert raw.ended() == (0 if way == "shutdown and exit" else 1)
    assert_nothing_is_left(endless, started)


# --- messages that nobody should send ---------------------------------------------------------------


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def one(**message: object) -> bytes:
    return frame(json.dumps({"jsonrpc": "2.0", **message}).encode())


def opened(uri: str) -> bytes:
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "import pivot_core\n"}
    return one(method="textDocument/didOpen", params={"textDocument": document})


AT_THE_BEGINNING = {"textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 0}}
ODD: dict[str, tuple[bytes, list[tuple[object, int]]]] = {
    "no length": (b"Foo: bar\r\n\r\n", []),
    "no header": (b"hello there\n\n\n", []),
    "a negative length": (b"Content-Length: -5\r\n\r\n", []),
    "nothing": (frame(b""), [(None, PARSE_ERROR)]),
    "no UTF-8": (frame(b'{"jsonrpc": "2.0", "id": "\xff"}'), [(None, PARSE_ERROR)]),
    "too deep": (frame(b"[" * 200_000 + b"]" * 200_000), [(None, PARSE_ERROR)]),
    "a number of 5000 digits": (
        frame(b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b"}"),
        [(None, PARSE_ERROR)],
    ),
    "an answer to nothing": (one(id=99, result=None), []),
    "an error of nothing": (one(id=99, error={"code": 1, "message": "x"}), []),
    "neither request nor answer": (one(id=5), [(5, INVALID_REQUEST)]),
    "a number that is none": (
        one(id={"a": 1}, method="textDocument/hover", params=AT_THE_BEGINNING),
        [(None, INVALID_REQUEST)],
    ),
    "half a number": (
        one(id=1.5, method="textDocument/hover", params=AT_THE_BEGINNING),
        [(None, INVALID_REQUEST)],
    ),
    "no URI": (opened("file://[a/b.py") + opened("") + opened("file:///a%00b.py"), []),
    "files of others": (opened("untitled:x.py") + opened("file://host/a.py"), []),
    "a name that is too long": (opened(f"file:///{'a' * 6000}.py"), []),
    "half a character": (opened("file:///a\ud800.py"), []),
    "changes of what is no file": (
        one(
            method="workspace/didChangeWatchedFiles",
            params={"changes": [{"uri": "file://[a/b.py", "type": 7}, {"uri": "file:///a%00.py", "type": 1}]},
        ),
        [],
    ),
    "cancelling nothing": (one(method="$/cancelRequest", params={"id": 12345}), []),
    "settings that are none": (one(method="workspace/didChangeConfiguration", params={"settings": [1]}), []),
    "progress of nothing": (one(method="window/workDoneProgress/cancel", params={"token": "x"}), []),
}


@pytest.mark.parametrize("kind", list(ODD))
def test_it_goes_on_after_an_odd_message_and_shows_nothing(raw: Raw, kind: str) -> None:
    message, answers = ODD[kind]
    raw.write(message)
    raw.send("shutdown", None, 777)
    raw.send("exit", None)
    *found, last = raw.rest()
    assert last == {"jsonrpc": "2.0", "id": 777, "result": None}
    # That a file has no problems may be said before it ends, or not.
    said = [item for item in found if item.get("params", {}).get("diagnostics") != []]
    assert [(item.get("id"), item["error"]["code"]) for item in said] == answers
    assert raw.ended() == 0


def test_a_length_that_no_memory_has_room_for_ends_it(raw: Raw) -> None:
    raw.write(b"Content-Length: 999999999999999\r\n\r\n")
    assert raw.ended() == 1


def test_documents_and_positions_that_make_no_sense(ran: Project, raw: Raw) -> None:
    uri = {"uri": ran.uri("stages.py")}
    text = ran.text("stages.py")

    def at(*numbers: int) -> dict[str, Any]:
        lines = ("start", "end")
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return {
            key: {"line": line, "character": char} for key, (line, char) in zip(lines, pairs, strict=True)
        }

    def change(version: int, *changes: dict[str, Any]) -> None:
        params = {"textDocument": {**uri, "version": version}, "contentChanges": list(changes)}
        raw.send("textDocument/didChange", params)

    change(1, {"text": "x"})  # it was never opened
    raw.send("textDocument/didClose", {"textDocument": uri})
    for _ in range(2):
        item = {**uri, "languageId": "python", "version": 1, "text": text}
        raw.send("textDocument/didOpen", {"textDocument": item})
    change(5, {"range": at(0, 0, 10**6, 5), "text": text})
    change(3, {"range": at(10, 5, 2, 1), "text": ""})  # backwards, and of an older version
    change(3)
    change(4, {"range": at(0, 10**9, 2**31 - 1, 1), "text": "\ud800"})
    change(5, {"range": at(0, 0, 0, 0)})  # no text: not what the protocol says
    change(6, {"text": text})
    document = {"textDocument": uri}
    far = {"line": 10**7, "character": 10**7}
    context = {"diagnostics": []}
    raw.send("textDocument/hover", {**document, "position": far}, 10)
    raw.send("textDocument/completion", {**document, "position": far}, 11)
    raw.send("textDocument/codeAction", {**document, "range": at(5, 5, 1, 1), "context": context}, 12)
    raw.send("codeAction/resolve", {"title": "x", "data": {"nonsense": 1}}, 13)
    raw.send("textDocument/diagnostic", document, 14)
    raw.send("textDocument/codeLens", document, 15)
    answers: dict[int, dict[str, Any]] = {}
    while len(answers) < 6:
        message = raw.receive()
        if "method" not in message:
            answers[message["id"]] = message
    assert "error" in answers.pop(13)
    assert all("result" in answer for answer in answers.values())
    assert [item["code"] for item in answers[14]["result"]["items"]] == []
    assert [lens["range"]["start"]["line"] for lens in answers[15]["result"] if lens["command"]] != []


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("shape", ["lines", "line"])
async def test_a_document_of_20_mb_costs_little_and_is_told_of(
    ran: Project, editor: Editor, shape: str
) -> None:
    long = 20_000_000 * "y"
    more = (
        f'text = "{long}"\n'
        if shape == "line"
        else "".join(f"x{n} = 1  # {'y' * 60}\n" for n in range(260_000))
    )
    editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    editor.type("stages.py", ran.text("stages.py") + more)
    for number in range(3):
        editor.insert("stages.py", 0, 0, "#\n")
        lenses = await editor.lenses("stages.py")
        assert list(lenses) == [12 + number, 18 + number]
        assert all(title.endswith("(as it was: it is too long)") for title in lenses.values())
        (found,) = await editor.diagnostics("stages.py")
        assert "only files of up to 1,000,000 are looked at" in found.message
        assert int(found.severity or 0) == 3  # an information
    assert editor.client._server is not None
    assert peak_memory(editor.client._server.pid) < 400_000_000
    editor.type("stages.py", ran.text("stages.py"))
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert await editor.diagnostics("stages.py") == []


def peak_memory(pid: int) -> int:
    """Bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.asyncio
@ONE_EDITOR
@pytest.mark.parametrize("name", ["helpers.py", "stages.py", "pipeline.py", "params.yaml"])
async def test_a_file_that_is_no_utf8(ran: Project, editor: Editor, name: str) -> None:
    file = ran.root / name
    good = file.read_bytes() if file.exists() else None
    editor.open("helpers.py" if name == "stages.py" else "stages.py")
    file.write_bytes((good or b"clean: {}\n") + b"# \xff\xfe\n")
    editor.told_of_change(name)
    if name == "params.yaml":
        (found,) = await editor.until_problems(name)
        assert "YAML" in found.message
    await editor.titles("stages.py")
    assert (await editor.ask("pivot/pipeline", {"root": str(ran.root)}))["stages"] != []
    file.unlink() if good is None else file.write_bytes(good)
    editor.told_of_change(name)
    if name == "stages.py":
        editor.open("stages.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert editor.messages == []


@pytest.mark.asyncio
@ONE_EDITOR
async def test_a_project_that_is_deleted_and_comes_back(ran: Project, editor: Editor, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    editor.open("stages.py")
    editor.open("pipeline.py")
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    ran.root.rename(kept)
    for name in ("stages.py", "pipeline.py", "helpers.py"):
        editor.told_of_change(name)
    assert await editor.titles("stages.py") == []
    editor.type("stages.py", "# gone\n" + (kept / "stages.py").read_text())
    assert await editor.titles("stages.py") == []
    with pytest.raises(Exception, match="no pipeline here"):
        await editor.execute("pivot.run", {"root": str(ran.root)})
    kept.rename(ran.root)
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert editor.messages == []


@pytest.mark.asyncio
@ONE_EDITOR
async def test_a_project_that_is_deleted_during_a_run(endless: Project, editor: Editor) -> None:
    editor.open("stages.py")
    await editor.execute("pivot.run", {"root": str(endless.root)})
    loop = asyncio.get_running_loop()
    started = await loop.run_in_executor(None, all_of_the_run, endless)
    shutil.rmtree(endless.root)
    assert await editor.titles("stages.py") == []
    os.kill(started[0], signal.SIGKILL)
    (message,) = await editor.until(lambda: editor.messages)
    assert message.startswith("Pivot: clean failed")
    await editor.until(lambda: all(map(is_gone, started)))


@ONE_EDITOR
@pytest.mark.asyncio
async def test_a_file_that_is_no_python_is_open_before_its_project_is_read(
    ran: Project, editor: Editor
) -> None:
    """Then nobody knows yet that it is part of a project, and it isn't parsed. What is found in the others is
    shown all the same."""
    ran.write("notes.py", "x = (\n")
    ran.write("stages.py", ran.text("stages.py").replace('"count.txt"', '"clean.txt"'))
    for name in ("notes.py", "stages.py"):
        editor.open(name)
        await editor.diagnostics(name)
    assert await editor.until_problems("stages.py")
    editor.type("notes.py", "x = ((\n")
    await editor.lenses("stages.py")
    assert editor.messages == []
