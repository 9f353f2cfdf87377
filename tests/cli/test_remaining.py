"""The estimate of what a run still takes: only of what is known, and no more exact than that."""

from __future__ import annotations

import pytest

from pivot_core.cli import wording
from pivot_core.cli.remaining import Remaining

LASTED = {"a": 10.0, "b": 30.0, "c": 20.0}


def test_what_runs_and_what_waits_counts() -> None:
    remaining = Remaining("abc", LASTED)
    assert remaining.seconds(0.0) == 60.0
    remaining.start("a", now=0.0)
    assert remaining.seconds(4.0) == 56.0
    remaining.end("a")
    assert remaining.seconds(10.0) == 50.0


def test_a_stage_that_is_skipped_leaves_it() -> None:
    remaining = Remaining("abc", LASTED)
    remaining.end("b")
    assert remaining.seconds(0.0) == 30.0


def test_stages_that_run_at_once_share_the_time_but_none_is_faster_than_it_was() -> None:
    remaining = Remaining("abc", LASTED)
    remaining.start("a", now=0.0)
    remaining.start("c", now=0.0)
    assert remaining.seconds(0.0) == 30.0
    remaining.end("a")
    remaining.end("b")
    assert remaining.seconds(5.0) == 15.0
    assert remaining.seconds(25.0) == 0.0


def test_of_a_stage_that_never_ran_nothing_is_said_until_it_is_done() -> None:
    remaining = Remaining("abcd", LASTED)
    assert remaining.seconds(0.0) is None
    remaining.start("d", now=0.0)
    assert remaining.seconds(0.0) is None
    remaining.end("d")
    assert remaining.seconds(0.0) == 60.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.4, ""),
        (3.2, "about 3 s left"),
        (42, "about 40 s left"),
        (59.7, "about 1 min left"),
        (200, "about 3 min left"),
        (3600, "about 1 h left"),
        (7900, "about 2 h 12 min left"),
    ],
)
def test_it_is_told_in_round_numbers(seconds: float | None, text: str) -> None:
    assert wording.left(seconds) == text
