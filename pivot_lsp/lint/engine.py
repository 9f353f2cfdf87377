"""Runs the rules on the modules of a project.

``# pivot: ignore[PVT101]`` (several codes: by commas) at the first or the last line of a finding silences it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pivot_lsp.lint.config import LintConfig
from pivot_lsp.lint.rule import Elsewhere, Finding
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.module import mentions_pivot
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.lint.rule import Hit, Rule
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.stages import Part

_IGNORE = re.compile(r"#\s*pivot:\s*ignore\[([^\]]*)\]")


class Linter:
    """The findings in a project's sources, kept up with them: statements that an edit leaves alone aren't
    looked at again."""

    def __init__(
        self, sources: Sources, rules: Sequence[Rule] = RULES, config: LintConfig | None = None
    ) -> None:
        self.sources = sources
        self.rules = rules
        self.config = config if config is not None else LintConfig()
        self._found: dict[str, tuple[int, tuple[Finding, ...]]] = {}  # by path, with the state of the sources

    def copy(self) -> Linter:
        """The same on the same texts, to try something out with."""
        return Linter(self.sources.copy(), self.rules, self.config)

    @property
    def paths(self) -> list[str]:
        """The modules that there may be findings in."""
        fed = [fed.module.path for fed in self.sources.feeding.values()]
        return list(dict.fromkeys([*(module.path for module in self.sources.modules), *fed]))

    def findings(self, path: str) -> tuple[Finding, ...]:
        """All findings in a module, in the order of its text; none in one that can't be parsed."""
        if path not in self._found or self._found[path][0] != self.sources.state:
            self._found[path] = (self.sources.state, self._find(path))
        return self._found[path][1]

    def _find(self, path: str) -> tuple[Finding, ...]:
        module = self.sources.module(path)
        if module is None or not self._matters(module):
            return ()
        _ = self.sources.stages  # tells the module which of its functions are stages
        selected = {rule.code for rule in self.rules if self.config.selects(rule.code, path)}
        found = (_finding(rule, hit) for rule, hit in self._hits(module) if rule.code in selected)
        # Several statements can share a mistake: an annotation that a variable holds.
        once = {(finding.span, finding.code, finding.message): finding for finding in found}
        return tuple(once[key] for key in sorted(once))

    def _matters(self, module: Module) -> bool:
        if mentions_pivot(module.text):
            return True
        return self.sources.project is not None and any(self.sources.feeds(part.top) for part in module.parts)

    def _hits(self, module: Module) -> Iterator[tuple[Rule, Hit]]:
        question = self._of_statement
        for part in module.parts:  # one question to each: there may be thousands
            for rule, certain in part.answer(question):
                judged = rule.check_with(part, self.sources) if rule.check_with is not None else ()
                hits = (*certain, *(hit for hit in judged if not _is_ignored(rule, hit)))
                if hits and (not rule.feeding or self.sources.feeds(part.top)):
                    yield from ((rule, hit) for hit in hits)
        for rule in self.rules:
            for hit in self.sources.answer(rule.check_project) if rule.check_project is not None else ():
                if hit.at.path == module.path and not _is_ignored(rule, hit):
                    yield rule, hit

    def _of_statement(self, part: Part) -> Iterator[tuple[Rule, tuple[Hit, ...]]]:
        """The rules that have found something in a statement by itself, or have something to judge there."""
        for rule in self.rules:
            found = part.answer(rule.check) if rule.check is not None else ()
            hits = tuple(hit for hit in found if not _is_ignored(rule, hit))
            facts: tuple[object, ...] = part.answer(rule.facts) if rule.facts is not None else ()
            if hits or facts:
                yield rule, hits


def lint(text: str, path: str = "stages.py", rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """All findings of a text by itself, in its order. Raises SyntaxError for what Python wouldn't take."""
    sources = Sources(None)
    sources.add(path, text)
    return Linter(sources, rules).findings(path)


def _finding(rule: Rule, hit: Hit) -> Finding:
    related = tuple(Elsewhere(other.at.path, other.at.absolute, other.message) for other in hit.related)
    return Finding(
        rule.code, rule.name, rule.severity, hit.at.absolute, hit.message, hit.hint, related, hit.fix
    )


def _is_ignored(rule: Rule, hit: Hit) -> bool:
    top, span = hit.at
    return any(rule.code in _ignored(top.line(number)) for number in (span.line, span.end_line))


def _ignored(line: str) -> set[str]:
    return {code.strip() for codes in _IGNORE.findall(line) for code in codes.split(",")}
