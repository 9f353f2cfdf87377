"""Runs the engine in a child process and hears what happens there. The server itself runs no user code.

::

    server                                child (python -m pivot_lsp.child run --json …)
      Child.start ─────────────────────────>│ coordinator ── its workers run the stages
      on_event <── JSON Lines, its stdout ──│
      stop ─── closes its stdin ───────────>│ stops cleanly; so it does when the server dies

What the child prints is bounded in what it costs here: one line at a time, and no longer than a limit.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from pivot_core.cli.failures import ErrorDocument
from pivot_core.execute.events import Event
from pivot_core.types import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_CHUNK = 65_536
_LONGEST_LINE = 16_000_000
_LAST_WORDS = 8_000  # how much of what it says on stderr is kept
# How long a child that was told to stop may take for it (it ends itself after 10), in seconds.
_PATIENCE_S = 15.0

_decode_event = msgspec.json.Decoder(Event).decode
_decode_errors = msgspec.json.Decoder(ErrorDocument).decode


class Ended(msgspec.Struct, frozen=True):
    """How a child ended. ``code`` is negative for a signal. ``errors``: what it said a user has to mend."""

    code: int
    errors: ErrorDocument | None
    stderr: str

    @property
    def problems(self) -> list[Problem]:
        """Those of the errors that have a place."""
        return [
            Problem(error.path, error.line or 0, error.message, error.hint, error.stage, error.related)
            for error in (self.errors.errors if self.errors is not None else ())
            if error.path is not None
        ]

    @property
    def how(self) -> str:
        return f"killed by signal {-self.code}" if self.code < 0 else f"exit code {self.code}"


class Child:
    """One command of the engine under way; :meth:`run` it once, from the event loop's thread."""

    def __init__(self, root: Path, arguments: Sequence[str], on_event: Callable[[Event], None]) -> None:
        self._root = root
        self._arguments = arguments
        self._on_event = on_event
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False
        self._errors: ErrorDocument | None = None

    async def run(self) -> Ended:
        """Until it has ended. Raises OSError if it can't be started."""
        # -P: a `json.py` of the project must not take the place of Python's own here.
        command = (sys.executable, "-P", "-m", "pivot_lsp.child", *self._arguments)
        process = self._process = await asyncio.create_subprocess_exec(
            *command, cwd=self._root, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        assert process.stdout is not None
        assert process.stderr is not None
        if self._stopped:  # before there was a process to be told
            self._close()
        last_words = asyncio.ensure_future(_tail(process.stderr))
        async for line in lines(process.stdout):
            self._take(line)
        stderr = await last_words
        return Ended(await process.wait(), self._errors, stderr)

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped

    def stop(self) -> None:
        """Stop it cleanly, or after a while in any way."""
        if not self._stopped:
            self._stopped = True
            if self._process is not None:
                self._close()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        asyncio.get_running_loop().call_later(_PATIENCE_S, self._kill)

    def _kill(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.kill()

    def _take(self, line: bytes) -> None:
        try:
            event = _decode_event(line)
        except msgspec.MsgspecError:
            with suppress(msgspec.MsgspecError):  # no event and no errors: a document that nobody asked for
                self._errors = _decode_errors(line)
            return
        self._on_event(event)


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream, but for those that are too long to keep."""
    held, too_long = bytearray(), False
    while data := await stream.read(_CHUNK):
        *whole, rest = data.split(b"\n")
        for part in whole:
            if not too_long:
                yield bytes(held + part)
            held.clear()
            too_long = False
        held += rest
        if len(held) > _LONGEST_LINE:
            held.clear()
            too_long = True


async def _tail(stream: asyncio.StreamReader) -> str:
    held = b""
    while data := await stream.read(_CHUNK):
        held = (held + data)[-_LAST_WORDS:]
    return held.decode(errors="replace").strip()
