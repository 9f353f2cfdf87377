"""What a rule is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from pivot_lsp.positions import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pivot_lsp.lint.stages import Stages

Severity = Literal["error", "warning", "info"]


class Related(msgspec.Struct, frozen=True):
    """Another place that explains a finding."""

    span: Span
    message: str


class Hit(msgspec.Struct, frozen=True):
    """What a rule yields: where, what is wrong, what to do."""

    span: Span
    message: str
    hint: str
    related: tuple[Related, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """A hit, with the rule that it comes from."""

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    hint: str
    related: tuple[Related, ...] = ()


@dataclass(frozen=True)
class Invalid:
    """An example with one mistake, which is the text between the marks ``«`` and ``»``."""

    marked: str

    @property
    def text(self) -> str:
        return self.marked.replace("«", "").replace("»", "")


@dataclass(frozen=True)
class Rule:
    """One rule. ``docs`` says what it finds, why that is bad, and what to do; the examples are its tests.

    ``check`` gets what the text says about stages; nothing else of a file is a rule's business.
    """

    code: str
    name: str
    severity: Severity
    docs: str
    check: Callable[[Stages], Iterator[Hit]]
    valid: tuple[str, ...]
    invalid: tuple[Invalid, ...]
