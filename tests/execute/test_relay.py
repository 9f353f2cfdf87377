"""What other processes tell a worker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pivot_core.execute.relay import Relay, Told


def test_what_is_told_arrives_once_and_in_order(tmp_path):
    path = tmp_path / "scratch/reads"
    worker, other = Relay(path, os.getpid()), Relay(path, 1)
    one, two = Told("read", "data/one.txt", (1, 2, 3, 4)), Told("wrote", "out.txt")
    for told in (one, two, one):
        other.tell(told)
    assert worker.told() == [one, two]
    assert worker.told() == []
    other.tell(one)  # for the next stage
    assert worker.told() == [one]


TELLING = """
import sys
from pathlib import Path
from pivot_core.execute.relay import Relay, Told
relay = Relay(Path(sys.argv[1]), 1)
for number in range(3000):
    relay.tell(Told("read", f"{sys.argv[2]}/{number}.txt"))
"""


def test_nothing_is_lost_that_is_told_while_the_worker_hears(tmp_path):
    worker = Relay(tmp_path / "scratch/reads", os.getpid())
    command = [sys.executable, "-c", TELLING, str(worker.path)]
    others = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    heard = []
    while any(other.poll() is None for other in others):
        heard += worker.told()
    heard += worker.told()
    assert [other.returncode for other in others] == [0, 0]
    names = {told.name for told in heard}
    assert names == {f"{name}/{number}.txt" for name in ("one", "two") for number in range(3000)}


def test_a_read_that_cannot_be_told_fails(tmp_path):
    (tmp_path / "scratch").write_text("no folder")
    with pytest.raises(OSError):
        Relay(tmp_path / "scratch/reads", 1).tell(Told("read", "data.txt"))
