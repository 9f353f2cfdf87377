"""How messages come and go: on stdin and stdout, or by TCP when asked to, from this computer only.

A thread of its own reads, so that neither work nor other threads can keep a message from being read, nor the
end of the input from being noticed:

    input ─► thread: one body at a time ─► event loop: Protocol.receive
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

from pivot_core.errors import UsageError
from pivot_lsp.ending import leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LENGTH = re.compile(rb"content-length:\s*(\d+)\s*", re.IGNORECASE)
_LOOPBACK = "127.0.0.1"
_GRACE_S = 3.0
_log = logging.getLogger(__name__)


class Output:
    """Where messages go; several threads may write."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._stream.write(data)
            self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def standard() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout. Whatever prints from here on goes to stderr, and not between the messages."""
    output, sys.stdout = sys.stdout.buffer, sys.stderr
    return sys.stdin.buffer, output


def connected(port: int) -> tuple[BinaryIO, BinaryIO]:
    """The first who connects to a port of this computer (0: any free one). Nobody else can.

    Raises UsageError if the port can't be had.
    """
    try:
        listening = socket.create_server((_LOOPBACK, port), backlog=1)
    except OSError as error:
        raise UsageError(f"can't listen on port {port}: {error.strerror}") from error
    with listening:
        where = f"{_LOOPBACK}:{listening.getsockname()[1]}"
        print(f"pivot-lsp: listening on {where}", file=sys.stderr, flush=True)
        client, _ = listening.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client.makefile("rb"), client.makefile("wb")


def bodies(stream: BinaryIO) -> Iterator[bytes]:
    """The messages of a stream until it ends, without their headers."""
    while (length := _length(stream)) is not None:
        body = stream.read(length)
        if len(body) < length:
            return
        yield body


async def receive_all(stream: BinaryIO, receive: Callable[[bytes], None]) -> None:
    """Give each message to ``receive``, on this thread, until there are no more."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            for body in bodies(stream):
                loop.call_soon_threadsafe(receive, body)
        except (OSError, ValueError, MemoryError, OverflowError) as error:
            # The connection broke; the stream was closed; a length that there is no room for.
            _log.warning("reading failed: %s", error)
        loop.call_soon_threadsafe(ended.set)
        time.sleep(_GRACE_S)
        leave(1)  # the event loop is stuck, and nobody is there to wait for it

    threading.Thread(target=read, name="pivot-input", daemon=True).start()
    await ended.wait()


def _length(stream: BinaryIO) -> int | None:
    """The length of the next body; None at the end of the stream."""
    length = None
    while header := stream.readline():
        if found := _LENGTH.fullmatch(header):
            length = int(found[1])
        elif not header.strip() and length is not None:
            return length
    return None
