"""Who may start when: bookkeeping without processes."""

from __future__ import annotations

from pivot_core.execute.schedule import Schedule
from pivot_core.types import Place, StageSpec


def spec(name: str, **more) -> StageSpec:
    return StageSpec(name, "m", name, "m.py", 1, Place("pipeline.py", 1), **more)


def started(schedule: Schedule, width: int = 9) -> list[str]:
    names = []
    while (name := schedule.start_next(width, 0)) is not None:
        names.append(name)
    return names


def test_stages_come_due_when_all_they_need_has_settled():
    schedule = Schedule([spec("a"), spec("b"), spec("c")], {"c": ("a", "b")}, {})
    assert schedule.take_due() == ["a", "b"]
    schedule.settle("a")
    assert schedule.take_due() == []
    schedule.settle("b")
    assert schedule.take_due() == ["c"]
    schedule.settle("c")
    assert schedule.done


def test_needs_that_are_not_selected_do_not_hold_a_stage_back():
    assert Schedule([spec("b")], {"b": ("a",)}, {}).take_due() == ["b"]


def test_a_failure_settles_all_downstream():
    schedule = Schedule([spec("a"), spec("b"), spec("c"), spec("d")], {"b": ("a",), "c": ("b",)}, {})
    schedule.take_due()
    assert schedule.fail("a") == ["b", "c"]
    assert schedule.unsettled == ["d"]


def test_no_more_start_than_fit():
    schedule = Schedule([spec(n) for n in "abc"], {}, {})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule, width=2) == ["a", "b"]
    schedule.settle("a")
    assert started(schedule, width=2) == ["c"]


def test_a_mutex_lets_the_next_other_stage_pass():
    order = [spec("a", mutex=("m",)), spec("b", mutex=("m",)), spec("c")]
    schedule = Schedule(order, {}, {})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule) == ["a", "c"]
    schedule.settle("a")
    assert started(schedule) == ["b"]


def test_resources_are_shared_up_to_their_capacity_and_too_much_runs_alone():
    order = [spec(n, resources={"gpu": 1}) for n in "abc"] + [spec("big", resources={"gpu": 5})]
    schedule = Schedule(order, {}, {"gpu": 2})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule) == ["a", "b"]
    for name in "ab":
        schedule.settle(name)
    assert started(schedule) == ["c"]
    schedule.settle("c")
    assert started(schedule) == ["big"]


def test_the_stage_on_the_longest_remaining_path_starts_first():
    order = [spec(name) for name in ("quick", "slow", "head", "tail")]
    durations = {"quick": 1.0, "slow": 10.0, "head": 2.0, "tail": 30.0}
    schedule = Schedule(order, {"tail": ("head",)}, {}, durations)
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule) == ["head", "slow", "quick"]


def test_without_durations_the_longest_chain_starts_first():
    order = [spec(name) for name in "abc"]
    schedule = Schedule(order, {"c": ("b",)}, {})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule) == ["b", "a"]


def test_a_mutex_with_everything_runs_alone():
    schedule = Schedule([spec("a"), spec("all", mutex=("*",)), spec("b")], {}, {})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert started(schedule) == ["a", "b"]
    schedule.settle("a")
    assert started(schedule) == []
    schedule.settle("b")
    assert started(schedule) == ["all"]
    schedule.enqueue("a")
    assert started(schedule) == []


def test_a_stage_that_another_run_has_lets_the_next_pass():
    schedule = Schedule([spec("a"), spec("b")], {}, {})
    for name in schedule.take_due():
        schedule.enqueue(name)
    assert schedule.start_next(9, 0, lambda stage: stage.name != "a") == "b"
    assert schedule.start_next(9, 0, lambda stage: stage.name != "a") is None
    assert started(schedule) == ["a"]
