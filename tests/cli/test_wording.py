"""How reasons, durations and counts read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pivot_core.cli import wording
from pivot_core.execute.events import StageError
from pivot_core.types import Reason


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 ms"),
        (0.004, "4 ms"),
        (0.05, "0.05 s"),
        (2.14, "2.1 s"),
        (185, "3 min 05 s"),
        (3725, "62 min 05 s"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (61, "1 min ago"),
        (3 * 3600 + 1, "3 h ago"),
        (5 * 86_400, "5 days ago"),
    ],
)
def test_ages_are_as_true_a_moment_later(seconds: float, text: str) -> None:
    assert wording.ago((datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (StageError("KeyError", "'rows'"), "KeyError: 'rows'"),
        (StageError("ValueError", "no rows\nin rows.csv"), "no rows"),
        (StageError("ValueError", "x" * 201), "x" * 200 + "…"),
    ],
)
def test_why_a_stage_failed_is_one_short_line(error: StageError, text: str) -> None:
    assert wording.failure(error) == text


def test_what_was_raised_is_a_line_where_a_traceback_has_the_rest() -> None:
    assert (
        wording.what_was_raised(StageError("ValueError", "no rows\nin rows.csv\n", "…"))
        == "ValueError: no rows"
    )
    assert wording.what_was_raised(StageError("Died", "no rows\nin it\n")) == "Died: no rows\nin it"


def test_a_reason_ends_with_its_place_unless_that_is_its_subject() -> None:
    assert (
        wording.reason(Reason("code", "helpers.f", "changed", "helpers.py", 3))
        == "helpers.f changed (helpers.py:3)"
    )
    assert wording.reason(Reason("input", "in.txt", "changed", "in.txt", 0)) == "in.txt changed"
    assert wording.reason(Reason("upstream", "clean", "is stale")) == "clean is stale"


def test_of_several_reasons_the_first_is_told_and_the_others_counted() -> None:
    reasons = [Reason("upstream", "a", "is stale"), Reason("upstream", "b", "is stale")]
    assert wording.first_reason(reasons) == "a is stale, and 1 more"


def test_what_happened_is_counted_worst_first_and_without_zeros() -> None:
    counts = {"skipped": 8, "ran": 3, "failed": 1, "blocked": 0}
    assert wording.outcomes(counts, wording.OUTCOMES) == "failed 1, ran 3, skipped 8"  # type: ignore[arg-type]
    assert wording.outcomes({"ran": 2}, wording.DRY_OUTCOMES) == "would run 2"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.fast.(import)", "what can fail while a.fast is imported changed (a/fast.py:3)"),
        ("x.(main)", "what x does when it is run as a program changed (a/fast.py:3)"),
        ("x.*", "what x does while it is imported changed (a/fast.py:3)"),
        ("(process)", "what is done to the process changed (a/fast.py:3)"),
        ("numpy.random", "what is done to numpy.random changed (a/fast.py:3)"),
        ("a.fast.f", "a.fast.f changed (a/fast.py:3)"),
        ("fast.C.f", "fast.C.f changed (a/fast.py:3)"),
        ("the stage", "the stage changed (a/fast.py:3)"),
    ],
)
def test_code_without_a_name_is_told_in_words(name: str, text: str) -> None:
    assert wording.reason(Reason("code", name, "changed", "a/fast.py", 3)) == text


def test_a_pattern_in_the_name_of_a_file_is_that_name() -> None:
    assert wording.reason(Reason("input", "in.*", "changed", "in.*", 0)) == "in.* changed"
