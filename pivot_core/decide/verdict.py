"""The one decision: is a stage fresh, and if not, why. Pure: facts in, verdict out.

The command line, the scheduler and the language server all ask :func:`decide`; nothing else decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.decide.release import feature_release
from pivot_core.types import PROGRAM, SOURCE, CodeFact, LastRun, Lock, Reason, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pivot_core.types import JSON


# How a stage that isn't fresh stands, to those that need it.
_STANDS: dict[State, str] = {
    "stale": "is stale",
    "upstream_stale": "is upstream stale",
    "never_run": "never ran",
    "error": "can't be made",
}


class Facts(msgspec.Struct, frozen=True):
    """What is true of one stage now. Digests by logical path; None where there is nothing.

    ``discovered`` and ``environment`` cover at least what the record names; ``units`` of ``code`` may be
    left empty unless there is a record with another fingerprint, since then nobody asks for them.
    ``defined_at`` is the place that changes of the definition are reported at. ``strict``: bug-fix releases
    of packages count, too.
    """

    code: CodeFact
    definition: str
    defined_at: tuple[str, int]
    deps: dict[str, str | None]
    discovered: dict[str, str | None]
    environment: dict[str, str | None]
    packages: dict[str, str]
    params: dict[str, JSON]
    outs: dict[str, str | None]
    strict: bool = False


def decide(
    facts: Facts | tuple[Reason, ...],
    record: Lock | Reason | None,
    upstream: Mapping[str, State],
    last_run: LastRun | None = None,
) -> Verdict:
    """The verdict on one stage.

    ``facts`` are reasons when they can't be had (state ``error``). ``record`` is what the stage's lock
    file says, or why it can't be read (the stage is stale then: its result is there, but nobody knows of
    what). ``upstream`` gives the states of the stages whose outputs it reads. ``last_run`` only adds a
    word about a failure to a verdict that is not fresh anyway.
    """
    if isinstance(facts, tuple):
        return Verdict("error", facts)
    waiting = tuple(
        Reason("upstream", name, _STANDS[state]) for name, state in upstream.items() if state != "fresh"
    )
    failed = _failure(last_run)
    if record is None:
        path, line = facts.defined_at
        return Verdict(
            "never_run", (Reason("never_run", "stage", "never run", path, line), *failed, *waiting)
        )
    own = (record,) if isinstance(record, Reason) else tuple(_differences(facts, record))
    if own:
        return Verdict("stale", (*own, *failed, *waiting))
    assert isinstance(record, Lock)
    notes = tuple(_bug_fixes(facts, record))
    if waiting:
        return Verdict("upstream_stale", waiting, notes)
    return Verdict("fresh", (), notes)


def _failure(last_run: LastRun | None) -> tuple[Reason, ...]:
    if last_run is None or last_run.failed is None:
        return ()
    return (Reason("failed", "last run", last_run.failed),)


def _differences(facts: Facts, record: Lock) -> Iterator[Reason]:
    if facts.code.fingerprint != record.code:
        yield from _code(facts, record)
    if facts.definition != record.definition:
        yield Reason(
            "definition",
            "the stage",
            "is declared with other inputs, outputs or loaders since the last run",
            *facts.defined_at,
        )
    yield from _params(facts, record)
    for path, was, now in _changes(record.deps, facts.deps):
        yield Reason("input", path, _changed(was, now), path)
    for path, was, now in _changes(record.discovered, facts.discovered):
        if path[0] == "$":
            yield Reason("environment", path[1:], _set(was, now))
            continue
        if path[0] == "@":
            yield from _of_pickle(path[1:], was, now, strict=facts.strict)
            continue
        yield Reason("discovered_input", path, f"{_changed(was, now)}; the stage reads it undeclared", path)
    for name, was, now in _changes(record.environment, facts.environment):
        yield Reason("environment", name, _set(was, now))
    for name, was, now in _changes(record.packages, facts.packages):
        if facts.strict or not _same_feature_release(was, now):
            yield Reason("package", name, _versions(was, now))
    for path, _, now in _changes(record.outs, facts.outs):
        yield Reason("output", path, "isn't there" if now is None else "isn't what the stage wrote", path)


def _code(facts: Facts, record: Lock) -> Iterator[Reason]:
    """Which definitions changed, before those that are part of the code or not because of that; one general
    reason if only how they are put together did."""
    changed, others = [], []
    for name in sorted(record.units.keys() | facts.code.units.keys()):
        unit, was = facts.code.units.get(name), record.units.get(name)
        if unit is None:
            others.append(Reason("code", name, "is no longer part of the stage's code"))
        elif was is None:
            others.append(Reason("code", name, "is newly part of the stage's code", unit.path, unit.line))
        elif unit.hash != was:
            changed.append(Reason("code", name, "changed since the last run", unit.path, unit.line))
    yield from changed
    yield from others
    if not changed and not others:
        yield Reason("code", "the stage", "refers to other code since the last run", *facts.defined_at)


def _of_pickle(name: str, was: str | None, now: str | None, *, strict: bool) -> Iterator[Reason]:
    """A class of the project that an input of the stage is an object of, or a package of such classes; or a
    program of the project."""
    module, colon, qualname = name.partition(":")
    if name.endswith(PROGRAM):
        yield Reason("code", module, "changed since the last run; the stage starts it as a program")
    elif colon:
        yield Reason("code", f"{module}.{qualname}", "changed since the last run; the stage unpickles it")
    elif strict or not _same_feature_release(was, now):
        yield Reason("package", name, _versions(was, now))


def _versions(was: str | None, now: str | None) -> str:
    if was is not None and now is not None:
        (version, *one), (other, *another) = was.split(SOURCE), now.split(SOURCE)
        if one and another and version == other:  # digests tell a person nothing
            return "changed since the last run"
    return f"version {was or 'none'}, now {now or 'none'}"


def _bug_fixes(facts: Facts, record: Lock) -> Iterator[Reason]:
    """Packages that are another bug-fix release of the recorded feature release."""
    for name, was, now in _changes(record.packages, facts.packages):
        yield Reason("package", name, f"version {was}, now {now}: a bug-fix release, which --strict counts")


def _same_feature_release(was: str | None, now: str | None) -> bool:
    return was is not None and now is not None and feature_release(was) == feature_release(now)


def _params(facts: Facts, record: Lock) -> Iterator[Reason]:
    was = {name: _text(value) for name, value in record.params.items()}
    now = {name: _text(value) for name, value in facts.params.items()}
    for name, old, new in _changes(was, now):
        yield Reason("params", name, f"was {_short(old)}, is {_short(new)}", *facts.defined_at)


def _changes(
    was: Mapping[str, str | None], now: Mapping[str, str | None]
) -> Iterator[tuple[str, str | None, str | None]]:
    if was == now:
        return
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield name, was.get(name), now.get(name)


def _changed(was: str | None, now: str | None) -> str:
    if now is None:
        return "isn't there any more"
    return "changed since the last run" if was is not None else "is new since the last run"


def _set(was: str | None, now: str | None) -> str:
    if now is None:
        return "was set, is not any more"
    return "changed since the last run" if was is not None else "was not set, is now"


def _text(value: JSON) -> str:
    """As JSON text, since 1, 1.0 and True are equal in Python, and not the same to a stage."""
    return msgspec.json.encode(value, order="deterministic").decode()


def _short(text: str | None) -> str:
    if text is None:
        return "not set"
    return text if len(text) <= 40 else text[:37] + "..."
