"""What other processes tell a worker."""

from __future__ import annotations

import os

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


def test_a_read_that_cannot_be_told_fails(tmp_path):
    (tmp_path / "scratch").write_text("no folder")
    with pytest.raises(OSError):
        Relay(tmp_path / "scratch/reads", 1).tell(Told("read", "data.txt"))
