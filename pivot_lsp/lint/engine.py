"""Runs the rules on one text.

``# pivot: ignore[PVT101]`` (several codes: by commas) at the first or the last line of a finding silences it.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Finding
from pivot_lsp.lint.rules import RULES
from pivot_lsp.lint.stages import Stages, mentions_pivot
from pivot_lsp.positions import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_lsp.lint.rule import Rule

_IGNORE = re.compile(r"#\s*pivot:\s*ignore\[([^\]]*)\]")


def parse(text: str) -> ast.Module:
    """The tree of a text. Raises SyntaxError for all that Python wouldn't take."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the user's invalid escapes: not ours to tell
            return ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:
        # Null characters, lone surrogates; nesting too deep for the parser, which says so in three ways.
        raise SyntaxError(str(error) or "too deeply nested") from error


def lint(text: str, tree: ast.Module | None = None, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """All findings of a text, in its order. ``tree``: that of the text. Raises SyntaxError without one."""
    if not mentions_pivot(text):
        return ()
    stages = Stages(tree if tree is not None else parse(text))
    found = [
        Finding(rule.code, rule.name, rule.severity, hit.span, hit.message, hit.hint, hit.related)
        for rule in rules
        for hit in rule.check(stages)
    ]
    return _not_ignored(found, text) if found else ()


def _not_ignored(found: list[Finding], text: str) -> tuple[Finding, ...]:
    lines = Lines(text)
    kept = (
        finding
        for finding in found
        if finding.code not in _ignored(lines.line(finding.span.line))
        and finding.code not in _ignored(lines.line(finding.span.end_line))
    )
    return tuple(sorted(kept, key=lambda finding: (finding.span, finding.code)))


def _ignored(line: str) -> set[str]:
    return {code.strip() for codes in _IGNORE.findall(line) for code in codes.split(",")}
