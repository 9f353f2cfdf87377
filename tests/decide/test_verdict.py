"""The decision is a pure function: each case is facts and a record that differ in one thing."""

from __future__ import annotations

import msgspec
import pytest

from pivot_core.decide import Facts, decide
from pivot_core.types import CodeFact, LastRun, Lock, Reason, Unit

FACTS = Facts(
    code=CodeFact("f1", {"m.f": Unit("u1", "m.py", 3), "m.g": Unit("u2", "m.py", 9)}),
    definition="d1",
    defined_at=("stages.py", 12),
    deps={"in.csv": "i1"},
    discovered={"extra.txt": None},
    environment={"MODE": "e1"},
    packages={"pandas": "2.2"},
    params={"rate": 0.1},
    outs={"out.csv": "o1"},
)
RECORD = Lock(
    stage="s",
    code="f1",
    definition="d1",
    units={"m.f": "u1", "m.g": "u2"},
    deps={"in.csv": "i1"},
    discovered={"extra.txt": None},
    environment={"MODE": "e1"},
    packages={"pandas": "2.2"},
    params={"rate": 0.1},
    outs={"out.csv": "o1"},
)


def but(**changes) -> Facts:
    return msgspec.structs.replace(FACTS, **changes)


def reasons(facts: Facts, record: Lock = RECORD) -> list[tuple[str, str]]:
    return [(reason.kind, reason.subject) for reason in decide(facts, record, {}).reasons]


def test_equal_facts_are_fresh():
    assert decide(FACTS, RECORD, {"up": "fresh"}).state == "fresh"


def test_without_a_record_a_stage_never_ran():
    assert decide(FACTS, None, {}).state == "never_run"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"definition": "d2"}, ("definition", "the stage")),
        ({"deps": {"in.csv": "i2"}}, ("input", "in.csv")),
        ({"deps": {"in.csv": None}}, ("input", "in.csv")),
        ({"deps": {"in.csv": "i1", "new.csv": "n"}}, ("input", "new.csv")),
        ({"discovered": {"extra.txt": "now"}}, ("discovered_input", "extra.txt")),
        ({"environment": {"MODE": None}}, ("environment", "MODE")),
        ({"packages": {"pandas": "2.3"}}, ("package", "pandas")),
        ({"packages": {}}, ("package", "pandas")),
        ({"params": {"rate": 0.2}}, ("params", "rate")),
        ({"params": {"rate": 0.1, "more": None}}, ("params", "more")),
        ({"outs": {"out.csv": None}}, ("output", "out.csv")),
        ({"outs": {"out.csv": "o2"}}, ("output", "out.csv")),
    ],
)
def test_any_one_difference_is_stale_and_named(changes, expected):
    assert decide(but(**changes), RECORD, {}).state == "stale"
    assert reasons(but(**changes)) == [expected]


def test_a_changed_definition_is_named_with_its_place():
    units = {**FACTS.code.units, "m.f": Unit("u9", "m.py", 4)}
    (reason,) = decide(but(code=CodeFact("f2", units)), RECORD, {}).reasons
    assert (reason.kind, reason.subject, reason.path, reason.line) == ("code", "m.f", "m.py", 4)


def test_code_that_comes_and_goes_is_named():
    units = {"m.f": Unit("u1", "m.py", 3), "m.h": Unit("u3", "m.py", 20)}
    assert reasons(but(code=CodeFact("f2", units))) == [("code", "m.g"), ("code", "m.h")]


def test_what_changed_comes_before_what_is_part_of_the_code_or_not_because_of_that():
    units = {"m.a": Unit("u0", "m.py", 1), "m.g": Unit("u9", "m.py", 9)}
    order = [("code", "m.g"), ("code", "m.a"), ("code", "m.f")]
    assert reasons(but(code=CodeFact("f2", units))) == order


def test_a_fingerprint_that_differs_with_no_unit_that_does_is_stale_all_the_same():
    assert reasons(but(code=CodeFact("f2", FACTS.code.units))) == [("code", "the stage")]


def test_only_upstream_being_stale_is_upstream_stale():
    verdict = decide(FACTS, RECORD, {"a": "fresh", "b": "stale"})
    assert verdict.state == "upstream_stale"
    assert [reason.subject for reason in verdict.reasons] == ["b"]


def test_own_reasons_come_before_those_of_upstream():
    verdict = decide(but(definition="d2"), RECORD, {"b": "stale"})
    assert verdict.state == "stale"
    assert [reason.kind for reason in verdict.reasons] == ["definition", "upstream"]


def test_a_failure_explains_but_never_decides():
    failed = LastRun("2026-01-01T00:00:00Z", 1.0, "r", failed="ValueError: no")
    assert decide(FACTS, RECORD, {}, failed).state == "fresh"
    assert decide(FACTS, None, {}, failed).reasons[1].detail == "ValueError: no"


def test_an_unreadable_record_is_stale_and_facts_that_cannot_be_had_are_an_error():
    reason = Reason("unreadable", "lock file", "conflict markers")
    assert decide(FACTS, reason, {}).state == "stale"
    assert decide((Reason("input", "in.csv", "isn't there"),), RECORD, {}).state == "error"


def test_equal_numbers_of_another_type_are_another_value():
    """1 and True and 1.0 compare equal in Python; a stage can tell them apart."""
    record = msgspec.structs.replace(RECORD, params={"rate": 1})
    assert decide(but(params={"rate": True}), record, {}).state == "stale"
    assert decide(but(params={"rate": 1.0}), record, {}).state == "stale"


@pytest.mark.parametrize(
    ("was", "now", "counts"),
    [
        ("2.2.3", "2.2.4", False),
        ("2.2", "2.2.1", False),
        ("2.2.3", "2.2.3.post1", False),
        ("2.2.3", "2.3.0", True),
        ("2.2.3", "3.2.3", True),
        ("0.4.1", "0.4.2", True),
        ("0.4", "0.4.0", False),
        ("2.3.0rc1", "2.3.0", True),
        ("2.3.0.dev1", "2.3.0.dev2", True),
        ("2.3.0", "2.3.0+local", True),
        ("1!2.2.0", "2.2.0", True),
        ("2026.3", "2026.4", True),
        ("a 1.0.1, b 2.1.0", "a 1.0.2, b 2.1.9", False),
        ("a 1.0.1, b 2.1.0", "a 1.0.2, c 2.1.0", True),
        ("unknown", "other", True),
    ],
)
def test_a_feature_release_counts_and_a_bug_fix_is_noted(was, now, counts):
    """Strictly, any other version does."""
    facts, record = but(packages={"p": now}), msgspec.structs.replace(RECORD, packages={"p": was})
    verdict = decide(facts, record, {})
    assert (verdict.state == "stale") is counts
    assert bool(verdict.notes) is not counts
    strictly = decide(but(packages={"p": now}, strict=True), record, {})
    assert [(reason.kind, reason.subject) for reason in strictly.reasons] == [("package", "p")]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (
            "0.1+source.4f2a",
            "0.1+source.91bc",
            "changed since the last run",
        ),
        ("0.1+source.4f2a", "0.2+source.91bc", "version 0.1+source.4f2a, now 0.2+source.91bc"),
        ("0.1", "0.1+source.91bc", "version 0.1, now 0.1+source.91bc"),
        ("0.1+source.4f2a", None, "version 0.1+source.4f2a, now none"),
    ],
)
def test_of_source_that_is_not_installed_it_is_told_that_it_changed(was, now, told):
    record = msgspec.structs.replace(RECORD, packages={"p": was})
    (reason,) = decide(but(packages={"p": now} if now else {}), record, {}).reasons
    assert reason.detail == told
