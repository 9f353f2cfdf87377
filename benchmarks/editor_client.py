"""A language client that measures: JSON on pipes, and when each answer had arrived.

Nothing between the server and the clock: messages are written as bytes, and a thread of its own notes the
time as soon as a whole message is there, before it is parsed.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from peers import environment

_PATIENCE_S = 120.0
_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "codeLens": {"refreshSupport": True},
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "diagnostic": {"relatedDocumentSupport": True},
        "codeLens": {},
    },
    "window": {"workDoneProgress": True},
}


class Answer(NamedTuple):
    """A result, and the time (``time.perf_counter``) at which all of it had arrived."""

    at: float
    result: Any  # as it came: JSON
    error: object


class Client:
    """One server, started; it has its answers and what it sent by itself. Raises RuntimeError if it fails."""

    def __init__(self, command: Sequence[str], root: Path, log: Path) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=root,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("ab"),
        )
        self._root = root
        self._news = threading.Condition()
        self._answers: dict[int, Answer] = {}
        self._published: dict[int, Answer] = {}  # by version
        self._numbers = 0
        self._gone = False
        self.offers: dict[str, Any] = {}
        threading.Thread(target=self._read, daemon=True).start()

    # --- talking ---------------------------------------------------------------------------------

    def initialize(self) -> float:
        """When the answer was there."""
        params = {
            "processId": os.getpid(),
            "rootUri": self._root.as_uri(),
            "workspaceFolders": [{"uri": self._root.as_uri(), "name": self._root.name}],
            "capabilities": _CAPABILITIES,
        }
        answer = self.answer(self.request("initialize", params))
        self.offers = answer.result["capabilities"]
        self.notify("initialized", {})
        return answer.at

    def can(self, method: str) -> bool:
        """Whether it offers something: ``diagnostic``, ``codeLens``."""
        return bool(self.offers.get(f"{method}Provider"))

    def notify(self, method: str, params: object) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: object) -> int:
        """Its number, for :meth:`answer`."""
        self._numbers += 1
        self._write({"jsonrpc": "2.0", "id": self._numbers, "method": method, "params": params})
        return self._numbers

    def answer(self, number: int) -> Answer:
        return self._wait(self._answers, number)

    def published(self, version: int) -> Answer:
        """The diagnostics that it sent by itself for a version of the document."""
        return self._wait(self._published, version)

    def _wait(self, answers: dict[int, Answer], number: int) -> Answer:
        with self._news:
            if not self._news.wait_for(lambda: number in answers or self._gone, _PATIENCE_S):
                raise RuntimeError(f"{self._process.args!r}: no answer in {_PATIENCE_S:.0f} s")
            if number not in answers:
                raise RuntimeError(f"{self._process.args!r}: the server ended")
            answer = answers.pop(number)
        if answer.error is not None:
            raise RuntimeError(f"{self._process.args!r}: {answer.error}")
        return answer

    def close(self) -> None:
        """Shut it down as the protocol has it; kill it if it doesn't go."""
        assert self._process.stdin is not None
        try:
            self.answer(self.request("shutdown", None))
            self.notify("exit", None)
            self._process.wait(5)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdin.close()

    # --- looking from outside (Linux only) ---------------------------------------------------------

    @property
    def cpu_s(self) -> float:
        """What the server has used of the processor so far, in seconds."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident(self) -> int:
        """Bytes of memory."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    @property
    def handles(self) -> int:
        """Open files."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    # --- the wire ----------------------------------------------------------------------------------

    def _write(self, message: object) -> None:
        body = json.dumps(message, separators=(",", ":")).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while (body := _body(self._process.stdout)) is not None:
            at = time.perf_counter()
            self._take(json.loads(body), at)
        with self._news:
            self._gone = True
            self._news.notify_all()

    def _take(self, message: dict[str, Any], at: float) -> None:
        method = message.get("method")
        if method is None:
            self._put(self._answers, message["id"], Answer(at, message.get("result"), message.get("error")))
        elif method == "textDocument/publishDiagnostics":
            params = message["params"]
            if (version := params.get("version")) is not None:
                self._put(self._published, version, Answer(at, params, None))
        elif "id" in message:  # a request of the server's
            items = message["params"]["items"] if method == "workspace/configuration" else None
            result = None if items is None else [None] * len(items)
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _put(self, answers: dict[int, Answer], number: int, answer: Answer) -> None:
        with self._news:
            answers[number] = answer
            self._news.notify_all()


def _body(stream: BinaryIO) -> bytes | None:
    length = None
    while header := stream.readline():
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif not header.strip() and length is not None:
            return stream.read(length)
    return None
