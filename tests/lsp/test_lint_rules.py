"""Every rule proves itself by its own examples, and so does its fix; the engine on all of them."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter, lint
from pivot_lsp.lint.fixes import applied, changes
from pivot_lsp.lint.rule import Finding, Invalid, Rule, Valid
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources

VALID = [(rule, example) for rule in RULES for example in rule.valid]
INVALID = [(rule, example) for rule in RULES for example in rule.invalid]
FIXED = [(rule, example) for rule, example in INVALID if example.fixed is not None]
DOCS = Path(__file__).parents[2] / "docs"
CONTRACT = [
    f"PVT{group}{number:02}"
    for group, count in ((1, 8), (2, 6), (3, 7), (4, 4), (5, 3), (6, 4))
    for number in range(1, count + 1)
]
# What only a person can decide.
UNMENDABLE = {f"PVT{number}" for number in (107, 301, 303, 307, 403, 404, 503, 601, 603)}
LAMBDA = "from pivot_core import Pipeline\np = Pipeline('x')\np.register(lambda: 1)"


def linter_of(example: Invalid | Valid, folder: Path) -> Linter:
    """Of the example by itself, or in its project."""
    if not example.files:
        sources = Sources(None)
        sources.add(example.path, example.text)
        return Linter(sources)
    for path, text in {**example.files, example.path: example.text}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return Linter(Sources(Project(folder.resolve())))


def found_in(example: Invalid | Valid, folder: Path) -> tuple[Finding, ...]:
    return linter_of(example, folder).findings(example.path)


def covered(text: str, finding: Finding) -> str:
    """The stretch of a text that a finding covers."""
    span = finding.span
    lines = text.encode().split(b"\n")
    stretch = lines[span.line - 1 : span.end_line]
    stretch[-1] = stretch[-1][: span.end_column]
    stretch[0] = stretch[0][span.column :]
    return b"\n".join(stretch).decode()


@pytest.mark.parametrize(("rule", "example"), VALID, ids=lambda value: getattr(value, "code", ""))
def test_no_rule_finds_anything_in_an_example_of_what_is_right(
    rule: Rule, example: str | Valid, tmp_path: Path
) -> None:
    assert found_in(example if isinstance(example, Valid) else Valid(example), tmp_path) == ()


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_rule_finds_the_marked_mistake_and_no_other_rule_does(
    rule: Rule, example: Invalid, tmp_path: Path
) -> None:
    found = found_in(example, tmp_path)
    marked = example.marked.partition("«")[2].partition("»")[0]
    assert [(finding.code, covered(example.text, finding)) for finding in found] == [(rule.code, marked)]
    assert example.marked.partition("«")[0].count("\n") + 1 == found[0].span.line


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=lambda value: getattr(value, "code", ""))
def test_the_fix_makes_what_the_example_says_and_all_rules_are_content(
    rule: Rule, example: Invalid, tmp_path: Path
) -> None:
    linter = linter_of(example, tmp_path)
    (finding,) = linter.findings(example.path)
    assert finding.fix is not None
    made: dict[str, str] = {}
    for path in {change.path for change in changes(finding.fix)}:
        module = linter.sources.module(path)
        assert module is not None
        made[path] = applied(module.text, [c for c in changes(finding.fix) if c.path == path])
    assert made == {example.path: example.fixed, **example.others_fixed} or made == example.others_fixed
    for path, text in made.items():
        linter.sources.put(path, text)
    assert [f.code for path in {example.path, *made} for f in linter.findings(path)] == []


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_finding_has_a_fix_where_its_example_says_so(rule: Rule, example: Invalid, tmp_path: Path) -> None:
    (finding,) = found_in(example, tmp_path)
    has_edits = finding.fix is not None and bool(list(finding.fix.edits()))
    assert has_edits == (example.fixed is not None)


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_comment_on_its_line_silences_a_finding(rule: Rule, example: Invalid, tmp_path: Path) -> None:
    (finding,) = found_in(example, tmp_path)
    lines = example.text.split("\n")
    lines[finding.span.end_line - 1] += f"  # pivot: ignore[PVT999, {rule.code}] as agreed"
    silenced = Invalid("\n".join(lines), path=example.path, files=example.files)
    assert found_in(silenced, tmp_path) == ()


def test_a_comment_that_names_another_rule_silences_nothing() -> None:
    assert lint(LAMBDA + "  # pivot: ignore[PVT106]") != ()


def test_every_rule_has_a_code_of_its_own_docs_and_examples() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.docs and rule.valid and rule.invalid
        assert (rule.check, rule.check_with, rule.check_project) != (None, None, None)


def test_every_code_of_the_contract_has_a_rule_and_a_fix_where_it_can_be_mended() -> None:
    assert [rule.code for rule in RULES] == CONTRACT
    assert {rule.code for rule in RULES} - {rule.code for rule, _ in FIXED} == UNMENDABLE


def test_the_pages_of_the_documentation_are_those_that_the_rules_make() -> None:
    """`make rules` writes them."""
    pages = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "reference/rules").iterdir()}
    assert sorted(pages) == sorted([*(f"{code}.md" for code in CONTRACT), "index.md"])
    assert runpy.run_path(str(DOCS / "rules.py"))["pages"]() == pages


def test_the_standard_library_has_no_findings() -> None:
    """Ordinary Python stays free of noise, also when it talks of pipelines and registers lambdas."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    texts = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in files}
    relevant = {name: text for name, text in texts.items() if "register" in text and "lambda" in text}
    assert len(relevant) > 5
    for name, text in relevant.items():
        assert lint(text + "\npipeline = 1\n") == (), name


@pytest.mark.parametrize("text", ["def f(:", "x = '\0'", "x = '\ud800'", "(" * 5000 + ")" * 5000])
def test_what_cannot_be_parsed_is_a_syntax_error_and_nothing_else(text: str) -> None:
    with pytest.raises(SyntaxError):
        lint("pivot_core\n" + text)


def test_deeply_nested_code_is_no_problem() -> None:
    """Generated code: a sum of thousands of terms is a tree as deep."""
    assert [f.code for f in lint(LAMBDA + "\nx = " + " + ".join(["1"] * 1500))] == ["PVT101"]


def test_a_finding_of_a_renamed_variable_needs_certainty() -> None:
    """A name that is a pipeline only at times isn't one."""
    assert lint(LAMBDA + "\np = object()") == ()


@pytest.mark.parametrize("alias", ["A = A[int]", "A = Annotated[A, 1]", "A = B\nB = A", "class A(A): ..."])
def test_aliases_that_go_round_in_circles_are_no_problem(alias: str) -> None:
    """As they do while a line is typed."""
    head = "from typing import Annotated\nfrom pivot_core.outputs import Out\n"
    lint(f"{head}{alias}\ndef stage(rows: A, more: Annotated[A, 2]) -> Annotated[A, Out('a.txt')]: ...\n")
