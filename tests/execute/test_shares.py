"""Resources that several processes share by locks on bytes of one file."""

from __future__ import annotations

import fcntl
import os
import random
from contextlib import suppress
from pathlib import Path

import pytest

from pivot_core.execute.shares import SLOTS, Shares


@pytest.fixture
def file(tmp_path: Path):
    descriptor = os.open(tmp_path / "runs", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def shares_in(file: int) -> Shares:
    def lock(first: int, count: int) -> bool:
        with suppress(BlockingIOError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, count, first)
            return True
        return False

    return Shares(lock, lambda first, count: fcntl.lockf(file, fcntl.LOCK_UN, count, first))


class Other:
    """Another process with shares of its own, which does what it is told."""

    def __init__(self, file: int) -> None:
        asked, self._ask = os.pipe()
        self._answer, answer = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            shares = shares_in(file)
            while order := os.read(asked, 100):
                stage, *part = order.decode().split()
                took = shares.take(stage, {"gpu": float(part[0])}) if part else shares.release(stage)
                os.write(answer, b"1" if took else b"0")
            os._exit(0)

    def take(self, stage: str, part: float) -> bool:
        os.write(self._ask, f"{stage} {part}".encode())
        return os.read(self._answer, 1) == b"1"

    def release(self, stage: str) -> None:
        os.write(self._ask, stage.encode())
        os.read(self._answer, 1)

    def kill(self) -> None:
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


@pytest.fixture
def other(file: int):
    found = Other(file)
    yield found
    with suppress(ProcessLookupError, ChildProcessError):
        found.kill()


def test_what_one_process_has_another_can_not_take(file, other):
    mine = shares_in(file)
    assert mine.take("a", {"gpu": 0.5})
    assert not other.take("b", 0.6)
    assert other.take("b", 0.5)
    assert not mine.take("c", {"gpu": 0.001})
    assert mine.take("c", {"disk": 1.0}), "another resource"
    other.release("b")
    assert mine.take("d", {"gpu": 0.5})


def test_what_a_killed_process_had_is_free(file, other):
    assert other.take("b", 1.0)
    mine = shares_in(file)
    assert not mine.take("a", {"gpu": 0.001})
    other.kill()
    assert mine.take("a", {"gpu": 1.0})


def test_of_several_resources_all_or_none_are_taken(file, other):
    assert other.take("b", 0.5)
    mine = shares_in(file)
    assert not mine.take("a", {"disk": 1.0, "gpu": 0.6})
    assert mine.take("c", {"disk": 1.0})


def test_parts_that_add_up_to_all_of_it_fit(file):
    mine = shares_in(file)
    for parts in (3, 7, 9, 11, 13):
        names = [f"{parts}.{n}" for n in range(parts)]
        assert all(mine.take(name, {"gpu": 1 / parts}) for name in names)
        for name in names:
            mine.release(name)


def test_two_processes_never_have_more_than_there_is_and_leave_nothing_unused(file, other):
    chance = random.Random(1)
    mine = shares_in(file)
    had: dict[str, tuple[bool, float]] = {}
    for n in range(400):
        if had and chance.random() < 0.5:
            name = chance.choice(list(had))
            ours, _ = had.pop(name)
            (mine if ours else other).release(name)
        part, ours, name = chance.randint(1, SLOTS) / SLOTS, chance.random() < 0.5, f"s{n}"
        took = mine.take(name, {"gpu": part}) if ours else other.take(name, part)
        fits = round(sum(part for _, part in had.values()) + part, 6) <= 1
        assert took == fits
        if took:
            had[name] = (ours, part)
