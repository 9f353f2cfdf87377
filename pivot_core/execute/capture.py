"""Catches what a stage prints: at the level of descriptors, so that C code and child processes count.

::

    stage ── fd 1, 2 ──> pipe ── thread of this worker ──> deliver(stream, text)
"""

from __future__ import annotations

import codecs
import ctypes
import os
import selectors
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO

Stream = Literal["stdout", "stderr"]
Deliver = Callable[[Stream, str], None]
_LONGEST = 1_000_000  # characters of a line without an end that are held


class Capture:
    """Stands between descriptors 1 and 2 of this process and ``deliver``, for the rest of its life.

    Whole lines are delivered as they come, and what remains by :meth:`drain`.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        out, self._out = os.pipe()
        err, self._err = os.pipe()
        self._pipes = {out: _Lines("stdout"), err: _Lines("stderr")}
        for descriptor in self._pipes:
            os.set_blocking(descriptor, False)
        self._take_over()
        with Path(os.devnull).open() as nothing:
            os.dup2(nothing.fileno(), 0)
        self._libc = ctypes.CDLL(None)
        threading.Thread(target=self._read_on, name="capture", daemon=True).start()

    def drain(self) -> None:
        """Deliver all that has been printed until now. Called in the thread that ran the stage."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, ValueError, OSError):  # the stage may have closed or replaced it
                stream.flush()
        self._libc.fflush(None)
        with self._lock:
            for descriptor, lines in self._pipes.items():
                self._forward(descriptor, lines)
                if rest := lines.rest():
                    self._deliver(lines.stream, rest)
        self._take_over()

    def _take_over(self) -> None:
        """Make 1 and 2 ours, whatever a stage did to them. The pipes always have a writer besides: with
        none left, reading would return nothing for ever."""
        for number, writing in ((1, self._out), (2, self._err)):
            os.dup2(writing, number, inheritable=True)
        sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)

    def _read_on(self) -> None:
        with selectors.DefaultSelector() as selector:
            for descriptor in self._pipes:
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    with self._lock:
                        self._forward(key.fd, self._pipes[key.fd])

    def _forward(self, descriptor: int, lines: _Lines) -> None:
        while True:
            try:
                data = os.read(descriptor, 65536)
            except BlockingIOError:
                return
            if text := lines.feed(data):
                self._deliver(lines.stream, text)


class _Lines:
    """Bytes in, text of whole lines out; of a line that is too long to be held, its parts."""

    def __init__(self, stream: Stream) -> None:
        self.stream: Stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""

    def feed(self, data: bytes) -> str:
        text = self._held + self._decoder.decode(data)
        end = max(text.rfind("\n"), text.rfind("\r")) + 1  # progress bars end their lines with \r
        if not end and len(text) > _LONGEST:
            end = len(text)
        self._held = text[end:]
        return text[:end]

    def rest(self) -> str:
        text, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return text


def _text_stream(descriptor: int) -> TextIO:
    """By lines, since Python would hold text back from what is no terminal; in any alphabet."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
