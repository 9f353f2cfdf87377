"""Every rule proves itself by its own examples; the engine on all of them."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from pivot_lsp.lint import lint, parse
from pivot_lsp.lint.rule import Invalid, Rule
from pivot_lsp.lint.rules import RULES
from pivot_lsp.positions import Lines

VALID = [(rule, text) for rule in RULES for text in rule.valid]
INVALID = [(rule, example) for rule in RULES for example in rule.invalid]
LAMBDA = "from pivot_core import Pipeline\np = Pipeline('x')\np.register(lambda: 1)"


def expected(example: Invalid) -> str:
    return example.marked.partition("«")[2].partition("»")[0]


def found_text(text: str, rule: Rule) -> list[str]:
    """The stretches of a text that the rule's findings cover."""
    stretches = []
    data = text.encode()
    starts = [0]
    for number in range(1, text.count("\n") + 1):
        starts.append(starts[-1] + len(Lines(text).line(number).encode()) + 1)
    for finding in lint(text, rules=[rule]):
        span = finding.span
        start, end = starts[span.line - 1] + span.column, starts[span.end_line - 1] + span.end_column
        stretches.append(data[start:end].decode())
    return stretches


@pytest.mark.parametrize(("rule", "text"), VALID, ids=lambda value: getattr(value, "code", ""))
def test_no_rule_finds_anything_in_an_example_of_what_is_right(rule: Rule, text: str) -> None:
    assert lint(text) == ()


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_rule_finds_the_marked_mistake_and_no_other_rule_does(rule: Rule, example: Invalid) -> None:
    assert found_text(example.text, rule) == [expected(example)]
    assert [finding.code for finding in lint(example.text)] == [rule.code]


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_comment_on_its_line_silences_a_finding(rule: Rule, example: Invalid) -> None:
    last = lint(example.text)[0].span.end_line
    lines = example.text.split("\n")
    lines[last - 1] += f"  # pivot: ignore[PVT999, {rule.code}] as agreed"
    assert lint("\n".join(lines)) == ()


def test_a_comment_that_names_another_rule_silences_nothing() -> None:
    assert lint(LAMBDA + "  # pivot: ignore[PVT106]") != ()


def test_every_rule_has_a_code_of_its_own_docs_and_examples() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.docs and rule.valid and rule.invalid


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
        parse("pivot_core\n" + text)


def test_deeply_nested_code_is_no_problem() -> None:
    """Generated code: a sum of thousands of terms is a tree as deep."""
    assert [f.code for f in lint(LAMBDA + "\nx = " + " + ".join(["1"] * 1500))] == ["PVT101"]


def test_a_finding_of_a_renamed_variable_needs_certainty() -> None:
    """A name that is a pipeline only at times isn't one."""
    assert lint(LAMBDA + "\np = object()") == ()
