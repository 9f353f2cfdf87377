"""What a rule says about a stage's types is what Pivot itself says when it loads the pipeline."""

from __future__ import annotations

import ast
import sys
from importlib.util import find_spec
from inspect import unwrap
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

import pytest

from pivot_core.artifacts.hashing import hash_bytes
from pivot_core.code.graph import CodeGraph
from pivot_core.code.sources import Sources as CodeSources
from pivot_core.define.signature import read
from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter, lint
from pivot_lsp.lint.rule import Invalid, Valid
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Rule


class Summaries(dict[str, bytes]):
    put = dict.__setitem__


SAME = {"PVT202", "PVT203", "PVT204"}  # these are about what keeps a pipeline from being loaded


def runs(text: str) -> bool:
    """Whether all that an example imports is there."""
    nodes = list(ast.walk(ast.parse(text)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return all(find_spec(name.partition(".")[0]) is not None for name in names)


def invalid(codes: set[str]) -> list[tuple[Rule, Invalid]]:
    """The examples of some rules that can be run."""
    return [
        (rule, example)
        for rule in RULES
        for example in rule.invalid
        if rule.code in codes and not example.files and runs(example.text)
    ]


INVALID = invalid(SAME)
VALID = [
    (rule, example)
    for rule in RULES
    for example in rule.valid
    if rule.code in SAME and isinstance(example, str) and runs(example)
]


@pytest.fixture
def module() -> Iterator[ModuleType]:
    made = sys.modules["lint_example"] = ModuleType("lint_example")
    yield made
    del sys.modules["lint_example"]


def mistakes(text: str, module: ModuleType) -> list[tuple[str, str]]:
    """What Pivot has against the stages of a text, each mistake once."""
    exec(compile(text, "<example>", "exec"), vars(module))
    sources = Sources(None)
    sources.add("stages.py", text)
    (source,) = sources.modules
    _ = sources.stages
    names = [function.node.name for function in source.functions if function.at_module_level]
    functions = [unwrap(vars(module)[name]) for name in names]
    assert all(isinstance(function, FunctionType) for function in functions)
    found = [(one.message, one.hint) for function in functions for one in read(function).mistakes]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_a_rule_says_what_loading_the_pipeline_would_say(
    rule: Rule, example: Invalid, module: ModuleType
) -> None:
    (finding,) = lint(example.text)
    assert (finding.message, finding.hint) in mistakes(example.text, module)


@pytest.mark.parametrize(("rule", "example"), INVALID, ids=lambda value: getattr(value, "code", ""))
def test_after_its_fix_the_pipeline_can_be_loaded(rule: Rule, example: Invalid, module: ModuleType) -> None:
    if example.fixed is not None:
        assert mistakes(example.fixed, module) == []


@pytest.mark.parametrize(
    ("rule", "example"), invalid({"PVT205"}), ids=lambda value: getattr(value, "code", "")
)
def test_a_loader_that_is_no_record_cannot_be_imported_or_used(
    rule: Rule, example: Invalid, module: ModuleType
) -> None:
    try:
        found = mistakes(example.text, module)
    except (TypeError, ValueError):  # by the decorator
        found = []
    else:
        assert [hint for _, hint in found] == [finding.hint for finding in lint(example.text)]
    if example.fixed is not None:
        assert mistakes(example.fixed, module) == []


@pytest.mark.parametrize(("rule", "example"), VALID, ids=lambda value: getattr(value, "code", ""))
def test_what_a_rule_has_nothing_against_can_be_loaded(rule: Rule, example: str, module: ModuleType) -> None:
    assert mistakes(example, module) == []


def test_the_examples_that_run_are_most_of_them() -> None:
    assert len(INVALID) > len(SAME) * 3


RETURNING = [(rule, example) for rule, example in invalid({"PVT206"}) if "return" in example.text]


@pytest.mark.parametrize(("rule", "example"), RETURNING, ids=lambda value: getattr(value, "code", ""))
def test_a_stage_whose_keys_a_rule_is_against_returns_others(
    rule: Rule, example: Invalid, module: ModuleType
) -> None:
    exec(example.text, vars(module))
    keys = set(module.Outputs.__annotations__)
    assert set(module.train() or ()) != keys
    if example.fixed is not None:
        exec(example.fixed, vars(module))
        assert set(module.train()) == keys


@pytest.mark.parametrize(
    ("rule", "example"),
    [one for one in invalid({"PVT206"}) if one not in RETURNING],
    ids=lambda value: getattr(value, "code", ""),
)
def test_a_pipeline_with_outputs_that_may_be_missing_cannot_be_loaded(
    rule: Rule, example: Invalid, module: ModuleType
) -> None:
    (finding,) = lint(example.text)
    assert [hint for _, hint in mistakes(example.text, module)] == [finding.hint]


DYNAMIC = [
    example if isinstance(example, (Invalid, Valid)) else Valid(example)
    for rule in RULES
    if rule.code == "PVT401"
    for example in (*rule.valid, *rule.invalid)
]


@pytest.mark.parametrize("example", DYNAMIC, ids=range(len(DYNAMIC)))
def test_what_is_called_dynamic_is_what_the_code_graph_cannot_follow(
    example: Invalid | Valid, tmp_path: Path
) -> None:
    """The same places, for the same reasons, and what they come to."""
    texts = {**example.files, example.path: example.text}
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    project = Project(tmp_path.resolve())

    def digest(logical: str) -> str | None:
        file = tmp_path / logical
        return hash_bytes(file.read_bytes()) if file.is_file() else None

    graph = CodeGraph(CodeSources(project, digest), Summaries())
    widened = graph.stage([(example.path.removesuffix(".py"), "clean")]).widened
    linter = Linter(Sources(project))
    linter.sources.put(example.path, example.text)
    found = [finding for finding in linter.findings(example.path) if finding.code == "PVT401"]
    lines = example.text.split("\n")
    dynamic = [
        one for one in widened if 'import_module("' not in lines[one.line - 1]
    ]  # that names the module
    assert {(one.line, f"{one.why}: the stage depends on {one.to}") for one in dynamic} == {
        (finding.span.line, finding.message) for finding in found
    }
