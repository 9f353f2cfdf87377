"""Ordinary Python, as much as there is: the lint has nothing to say of it, and survives it."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from pivot_core.code.encoding import decode
from pivot_lsp.lint import report
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.module import Module


@pytest.mark.timeout(300)
def test_installed_packages_have_no_findings_and_break_no_rule() -> None:
    """Of those that say nothing of pipelines, every rule is asked about some, though none of them counts."""
    packages = Path(sysconfig.get_path("purelib"))
    assert report.find([packages]).findings == ()
    for file in sorted(packages.rglob("*.py"))[::100]:
        try:
            module = Module("module.py", decode(file.read_bytes()))
        except (SyntaxError, ValueError, LookupError):
            continue
        for rule in RULES:
            for part in module.parts:
                assert rule.check is None or part.answer(rule.check) is not None
