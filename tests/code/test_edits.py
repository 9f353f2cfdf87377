"""Small projects, one edit each: does stage ``s`` of stages.py get another fingerprint, and should it?

The cases are in edits/*.diff. Each shows all files of a project, with the edit in it marked as in a diff::

    === stale: a constant of another module
    --- stages.py
     from settings import K

     def s(text):
         return K
    --- settings.py
    -K = 1
    +K = 2

Both states are really executed. "stale" says that the stage then returns something else, "fresh" that it
doesn't; the code graph has to agree. "widened" is for an edit that makes no difference here and counts all
the same, because that can't be told from the text. A file whose lines are all new isn't there before.
``site-packages/`` has libraries; ``(environment)`` the variables, a line each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import pytest

FOLDER: Final = Path(__file__).with_name("edits")
FINGERPRINTS: Final = Path(__file__).with_name("fingerprints.txt")
ENVIRONMENT: Final = "(environment)"
PIPELINE: Final = """\
from pivot_core import Pipeline
import stages

pipeline = Pipeline("p")
pipeline.register(stages.s)
"""


class Case(NamedTuple):
    verdict: str
    name: str
    before: dict[str, str]
    after: dict[str, str]


def read(text: str) -> list[Case]:
    """The cases of one file; what stands before the first is a heading."""
    return [parsed(part) for part in text.split("\n=== ")[1:]]


def parsed(text: str) -> Case:
    title, *files = text.split("\n--- ")
    verdict, _, name = title.strip().partition(": ")
    case = Case(verdict, name, {}, {})
    for file in files:
        path, *lines = file.rstrip("\n").split("\n")
        assert all(line[:1] in ("", " ", "-", "+") for line in lines), f"{name}: {path}"
        for state, other in ((case.before, "+"), (case.after, "-")):
            if not lines or any(line[:1] != other for line in lines):
                state[path] = "".join(line[1:] + "\n" for line in lines if line[:1] != other)
    return case


CASES: Final = {
    f"{path.stem}: {case.name}": case
    for path in sorted(FOLDER.glob("*.diff"))
    for case in read(path.read_text(encoding="utf-8"))
}


def variables(files: dict[str, str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in files.get(ENVIRONMENT, "").splitlines())
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_fingerprint_tells_what_executing_shows(code, case):
    code.write({"pipeline.py": PIPELINE, **case.before})
    before, was = code.fact(), code.output(**variables(case.before))
    assert code.fact() == before, "two graphs of the same files must agree"
    assert code.output(**variables(case.before)) == was, "what the stage returns is left to chance"

    code.write(dict.fromkeys(case.before.keys() - case.after.keys()))
    code.write(case.after)
    consulted = code.sources.consulted
    after, now = code.fact(), code.output(**variables(case.after))
    if after.fingerprint != before.fingerprint:
        assert code.sources_now(consulted) != consulted, "nothing that the answer was derived from changed"

    given, later = variables(case.before), variables(case.after)
    differing = {name for name in given.keys() | later.keys() if given.get(name) != later.get(name)}
    read_ones = {*before.environment, *after.environment}
    changed = after.fingerprint != before.fingerprint or not differing.isdisjoint(read_ones)
    assert changed or now == was, "FALSE-FRESH"
    assert changed == (case.verdict != "fresh")
    assert (now != was) == (case.verdict == "stale"), f"proves nothing: {was} -> {now}"
    if case.verdict != "widened":
        assert not (was.startswith("raised ") and now.startswith("raised ")), f"proves nothing: {was}"


def test_each_python_and_machine_comes_to_the_same_fingerprints(code, tmp_path_factory):
    """A change of the engine that changes one makes stages of users stale: it needs a reason and a line in
    the CHANGELOG."""
    found = {}
    for name, case in CASES.items():
        code = code.emptied().write({"pipeline.py": PIPELINE, **case.before})
        found[name] = code.graph().stage([("stages", "s")]).fingerprint
    text = "".join(f"{fingerprint} {name}\n" for name, fingerprint in found.items())
    now = tmp_path_factory.mktemp("found") / FINGERPRINTS.name
    now.write_text(text, encoding="utf-8")
    assert text == FINGERPRINTS.read_text(encoding="utf-8"), f"if this is meant: cp {now} {FINGERPRINTS}"


def test_no_two_cases_have_one_name():
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.diff")]
    assert len(CASES) == sum(text.count("\n=== ") for text in texts)
    assert {case.verdict for case in CASES.values()} == {"stale", "fresh", "widened"}
