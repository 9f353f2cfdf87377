"""What only Python's collector can free is freed while nobody waits."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import weakref
from collections.abc import Iterator

import pytest

from pivot_lsp import garbage
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
    gc.unfreeze()
    gc.enable()
    gc.set_threshold(*thresholds)


@pytest.fixture
def server() -> Server:
    made = Server()
    made.protocol.set_writer(Output(io.BytesIO()))
    return made


def ask(server: Server) -> None:
    """A request, which is answered at once."""
    server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "shutdown"}).encode())


@pytest.mark.asyncio
@pytest.mark.parametrize("age", [0, 1], ids=["new", "older"])
async def test_garbage_is_looked_for_while_messages_come_and_go(server: Server, age: int) -> None:
    cycle = Cycle()
    if age:
        gc.collect(age - 1)
    gone = weakref.ref(cycle)
    del cycle
    async with asyncio.timeout(20):
        while gone() is not None:
            ask(server)
            await asyncio.sleep(garbage._SOON_S * 1.5)


@pytest.mark.asyncio
async def test_and_thoroughly_when_it_is_quiet(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then also among what was read of a project, which is left out until then."""
    cycle = Cycle()
    server.garbage.keep()
    gone = weakref.ref(cycle)
    del cycle
    for _ in range(garbage._OLDER + 1):
        ask(server)
        await asyncio.sleep(garbage._SOON_S * 1.5)
    assert gone() is not None
    monkeypatch.setattr(garbage, "_QUIET_S", 0.1)
    ask(server)
    async with asyncio.timeout(20):
        while gone() is not None:
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_an_editor_that_only_asks_now_and_then_is_left_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "_QUIET_S", 0.05)
    cycle = Cycle()
    gc.freeze()
    gone = weakref.ref(cycle)
    del cycle
    ask(server)
    await asyncio.sleep(0.3)
    assert gone() is not None


@pytest.mark.asyncio
async def test_but_not_before_the_server_has_begun(server: Server) -> None:
    gc.disable()
    gone = weakref.ref(Cycle())
    ask(server)
    await asyncio.sleep(0.1)
    assert gone() is not None
