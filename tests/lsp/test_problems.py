"""What others than the lint know of a file stays with its line while the file is edited."""

from __future__ import annotations

from pathlib import Path

from pivot_core.types import Problem
from pivot_lsp.edits import Place, replace
from pivot_lsp.positions import Lines
from pivot_lsp.problems import Problems

ROOT = Path("/p")
FILE = ROOT / "pipeline.py"


def problem(line: int, message: str = "m", path: str = "pipeline.py") -> Problem:
    return Problem(path, line, message, "do this")


def test_a_speaker_replaces_what_it_said_about_a_project_and_nothing_else() -> None:
    changed: list[Path] = []
    problems = Problems(changed.append)
    problems.put("pipeline", ROOT, [problem(1), problem(2, path="a.py")])
    problems.put("run", ROOT, [problem(3)])
    problems.put("run", Path("/q"), [problem(4)])
    assert changed == [FILE, ROOT / "a.py", FILE, Path("/q/pipeline.py")]

    changed.clear()
    problems.put("pipeline", ROOT, [problem(1)])
    assert changed == [ROOT / "a.py"]
    assert [item.problem.line for item in problems.of(FILE)] == [1, 3]

    problems.put("pipeline", ROOT, [])
    problems.put("run", ROOT, [])
    assert problems.paths == [Path("/q/pipeline.py")]


def test_a_problem_goes_where_its_line_goes_and_with_it() -> None:
    problems = Problems(lambda path: None)
    problems.put("run", ROOT, [problem(2)])
    text = Lines("a\nb\nc\n")

    def edit(start: Place, end: Place, new: str) -> list[int]:
        nonlocal text
        before = text
        text, made = replace(before, start, end, new, "utf-8")
        problems.edited(FILE, before, made)
        return [item.span.line for item in problems.of(FILE)]

    assert edit(Place(0, 0), Place(0, 0), "\n") == [3]
    assert edit(Place(2, 0), Place(2, 0), "\n") == [4]
    assert edit(Place(3, 1), Place(3, 1), "xyz\n") == [4]
    assert edit(Place(0, 0), Place(1, 0), "") == [3]
    assert edit(Place(2, 0), Place(3, 0), "") == []


def test_what_else_a_speaker_says_moves_nothing_that_it_said_before() -> None:
    problems = Problems(lambda path: None)
    problems.put("run", ROOT, [problem(1, "first"), problem(2, "second")])
    before = Lines("a\nb\n")
    _, made = replace(before, Place(0, 0), Place(0, 0), "\n", "utf-8")
    problems.edited(FILE, before, made)
    problems.add("run", ROOT, problem(1, "third"))
    problems.keep("run", ROOT, lambda problem: problem.message != "first")
    assert [(item.problem.message, item.span.line) for item in problems.of(FILE)] == [
        ("second", 3),
        ("third", 1),
    ]


def test_a_problem_is_about_another_text_while_its_line_is_another() -> None:
    problems = Problems(lambda path: None)
    problems.put("pipeline", ROOT, [problem(2)])
    text = Lines("a\nb\nc\n")

    def edit(start: Place, end: Place, new: str) -> bool:
        nonlocal text
        before = text
        text, made = replace(before, start, end, new, "utf-8")
        problems.edited(FILE, before, made)
        (item,) = problems.of(FILE)
        return item.is_about_another(text.line(item.span.line))

    assert not edit(Place(0, 0), Place(0, 0), "x")
    assert not edit(Place(0, 0), Place(0, 0), "\n")
    assert edit(Place(2, 1), Place(2, 1), "y")
    assert edit(Place(2, 0), Place(2, 0), "\n")
    assert not edit(Place(3, 1), Place(3, 2), "")
    problems.put("pipeline", ROOT, [problem(4)])
    assert not edit(Place(0, 0), Place(0, 0), "z")
