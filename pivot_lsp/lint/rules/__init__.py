"""The rules: every module here is one, as its ``RULE``. To add a rule, add its file."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from pivot_lsp.lint.rule import Rule


def _all() -> tuple[Rule, ...]:
    names = sorted(module.name for module in iter_modules(__path__))
    rules = [import_module(f"{__name__}.{name}").RULE for name in names]
    assert all(isinstance(rule, Rule) for rule in rules)
    return tuple(rules)


RULES: tuple[Rule, ...] = _all()
