"""What a lens says of a stage."""

from __future__ import annotations

from pivot_core.execute.events import Progress
from pivot_core.status import StageStatus
from pivot_core.types import LastRun, Place, Reason, StageSpec, Verdict
from pivot_lsp.runs import UnderWay
from pivot_lsp.wording import of_runs, of_stage, of_stages

CHANGED = Reason("code", "helpers.f", "changed since the last run", "helpers.py", 3)
INPUT = Reason("input", "a.csv", "changed since the last run", "a.csv", 0)
NEVER = Reason("never_run", "stage", "never run", "stages.py", 3)
FAILED = LastRun("2026-01-01T00:00:00Z", 1.2, "id", "ValueError: no")


def status(verdict: Verdict, name: str = "train", last_run: LastRun | None = None) -> StageStatus:
    spec = StageSpec(name, "stages", "train", "stages.py", 3, Place("pipeline.py", 5))
    return StageStatus(spec, verdict, last_run)


def upstream(*names: str) -> tuple[Reason, ...]:
    return tuple(Reason("upstream", name, "is stale") for name in names)


def test_a_stage_has_its_first_reason_and_how_many_more_there_are() -> None:
    assert (
        of_stage(status(Verdict("stale", (CHANGED, INPUT, INPUT)))) == "stale: helpers.f changed, and 2 more"
    )


def test_a_reason_of_its_own_comes_before_waiting_and_failing() -> None:
    failed = Reason("failed", "last run", "ValueError: no")
    verdict = Verdict("stale", (CHANGED, failed, *upstream("clean")))
    assert of_stage(status(verdict, last_run=FAILED)) == "stale: helpers.f changed · last run failed"


def test_a_stage_that_only_waits_says_for_what() -> None:
    assert of_stage(status(Verdict("upstream_stale", upstream("clean")))) == "waiting for clean"
    many = status(Verdict("upstream_stale", upstream("a", "b", "c", "d")))
    assert of_stage(many) == "waiting for a, b and 2 more"


def test_a_stage_that_never_succeeded_says_no_more_than_that_or_how_it_failed() -> None:
    never = Verdict("never_run", (NEVER, *upstream("clean")))
    assert of_stage(status(never)) == "never run"
    assert of_stage(status(never, last_run=FAILED)) == "failed: ValueError: no"


def test_what_cannot_be_told_says_why() -> None:
    gone = Verdict("error", (Reason("input", "a.csv", "isn't there", "stages.py", 3),))
    assert of_stage(status(gone)) == "error: a.csv isn't there"


def test_variants_of_one_function_share_a_lens() -> None:
    fresh, stale = Verdict("fresh"), Verdict("stale", (CHANGED,))
    assert of_stages([status(fresh, "a"), status(fresh, "b")]) == "2 stages: 2 fresh"
    assert of_stages([status(fresh, "a"), status(stale, "b"), status(stale, "c")]) == (
        "3 stages: 1 fresh, 2 stale · b: stale: helpers.f changed"
    )


def test_a_stage_under_way_says_for_how_long_and_how_far_it_is() -> None:
    now = 1000.0
    reading = Progress(stage="train", text="reading", done=3, total=10)
    assert of_runs([UnderWay()], 1, now) == "queued"
    assert of_runs([UnderWay(now - 3.9)], 1, now) == "running… 3 s"
    assert of_runs([UnderWay(now - 185)], 1, now) == "running… 3 min 05 s"
    assert of_runs([UnderWay(now - 3, reading)], 1, now) == "running… 3 s · reading 3/10 (30%)"
    assert of_runs([UnderWay(), UnderWay()], 3, now) == "2 of 3 stages queued"
    assert of_runs([UnderWay(), UnderWay(now - 3)], 3, now) == "1 of 3 stages running… 3 s"
