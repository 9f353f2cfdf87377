"""A fix never loses a comment, wherever one stands in what it changes: it keeps it, or isn't offered."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.fixes import applied, changes
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pivot_lsp.lint.fixes import Change
    from pivot_lsp.lint.rule import Finding, Invalid, Rule

FIXED = [(rule, example) for rule in RULES for example in rule.invalid if example.fixed is not None]
COMMENT = "# kept? 🏠"
_QUIET = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}


class Place(NamedTuple):
    """Where a comment can be: at the end of a line, or between two tokens in brackets, which it breaks."""

    line: int
    column: int  # in characters
    breaks: bool


def places(text: str) -> Iterator[Place]:
    depth, end = 0, (0, 0)
    commented = {token.start[0] for token in tokens(text) if token.type == tokenize.COMMENT}
    for token in tokens(text):
        if token.type in (tokenize.NEWLINE, tokenize.NL):
            if token.start[0] not in commented and token.line.strip():
                yield Place(*token.start, breaks=False)
        elif token.type not in _QUIET and depth and token.start[0] == end[0]:
            yield Place(*end, breaks=True)
        depth += (token.string in "([{" and token.type == tokenize.OP) - (
            token.string in ")]}" and token.type == tokenize.OP
        )
        end = token.end


def tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def commented(text: str, place: Place) -> str:
    lines = text.split("\n")
    line = lines[place.line - 1]
    lines[place.line - 1] = f"{line[: place.column]}  {COMMENT}"
    if place.breaks:
        lines.insert(place.line, f"        {line[place.column :]}")
    return "\n".join(lines)


def is_near(place: Place, change: Change, text: str) -> bool:
    """Whether a place is in what is changed, or on the lines of that."""
    return change.span.line - 1 <= place.line <= change.span.end_line + 1


def is_comment(text: str, place: Place) -> bool:
    """Whether what would be put there is a comment. Newer Pythons have tokens inside f-strings, too."""
    try:
        return plain(commented(text, place)) == plain(text)
    except SyntaxError:
        return False


def plain(text: str) -> str:
    return ast.dump(ast.parse(text))


def linter_of(files: Mapping[str, str], folder: Path) -> Linter:
    """Of a project, if there are files of one."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return Linter(Sources(Project(folder.resolve()) if files else None))


def fix_of(rule: Rule, findings: tuple[Finding, ...]) -> list[Change]:
    """What the fix changes, if there is one: a comment can also explain what was found."""
    found = [finding.fix for finding in findings if finding.code == rule.code]
    return changes(found[0]) if found and found[0] is not None else []


@pytest.mark.parametrize(("rule", "example"), FIXED, ids=lambda value: getattr(value, "code", ""))
def test_a_fix_keeps_each_comment_and_means_the_same_with_it(
    rule: Rule, example: Invalid, tmp_path: Path
) -> None:
    texts = {example.path: example.text, **example.files}
    linter = linter_of(texts if example.files else {}, tmp_path)
    linter.sources.put(example.path, example.text)
    fixed = {example.path: example.fixed or example.text, **example.others_fixed}
    wanted = fix_of(rule, linter.findings(example.path))
    tried = {
        (change.path, place)
        for change in wanted
        for place in places(texts[change.path])
        if is_near(place, change, texts[change.path]) and is_comment(texts[change.path], place)
    }
    offered = 0
    for path, place in sorted(tried):
        linter.sources.put(path, commented(texts[path], place))
        made = fix_of(rule, linter.findings(example.path))
        for other in {change.path for change in made}:
            module = linter.sources.module(other)
            assert module is not None
            result = applied(module.text, [change for change in made if change.path == other])
            assert plain(result) == plain(fixed[other]), result
            assert result.count(COMMENT) == (other == path), result
            offered += 1
        linter.sources.put(path, texts[path])
    assert offered


REWRITING = [
    example
    for rule, example in FIXED
    if rule.code == "PVT604" and example.fixed is not None and "ruamel" in example.fixed
]


@pytest.mark.parametrize("example", REWRITING, ids=range(len(REWRITING)))
def test_a_settings_file_that_is_written_by_ruamel_keeps_its_comments(
    example: Invalid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    files = [tmp_path / "conf/config.yml", tmp_path / "params.yaml"]
    settings = "# What we agreed on.\nsteps: 3\nrate: 0.1  # by trial\n"

    def after(text: str) -> set[str]:
        for file in files:
            file.write_text(settings)
        names: dict[str, Any] = {}
        exec(text, names)
        names["clean"](0.1)
        return {file.read_text() for file in files}

    assert after(example.fixed or "") == {settings}
    assert after(example.text) != {settings}
