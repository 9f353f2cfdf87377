"""What only Python's collector can free is freed while nobody waits."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import weakref
from collections.abc import Iterator

import pytest

from pivot_lsp.connection import Server
from pivot_lsp.transport import Output


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def never_by_itself() -> Iterator[None]:
    """The collector would look by itself, but not before the test has ended."""
    thresholds = gc.get_threshold()
    gc.set_threshold(10**6)
    yield
    gc.enable()
    gc.set_threshold(*thresholds)


async def talk() -> None:
    """A request and its answer."""
    server = Server()
    server.protocol.set_writer(Output(io.BytesIO()))
    server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}).encode())


@pytest.mark.asyncio
async def test_garbage_is_looked_for_after_each_message() -> None:
    gone = weakref.ref(Cycle())
    assert gone() is not None
    await talk()
    async with asyncio.timeout(20):
        while gone() is not None:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_but_not_before_the_server_has_begun() -> None:
    gc.disable()
    gone = weakref.ref(Cycle())
    await talk()
    await asyncio.sleep(0.1)
    assert gone() is not None
