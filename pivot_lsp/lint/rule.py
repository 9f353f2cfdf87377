"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from pivot_lsp.positions import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import Spot

Severity = Literal["error", "warning", "info"]


class Related(NamedTuple):
    """Another place that explains a finding, in this file or another."""

    at: Spot
    message: str


class Edit(NamedTuple):
    """Another text for a stretch; lines break at ``\\n``, whatever the file uses."""

    at: Spot
    text: str


class Fix(NamedTuple):
    """How to mend it. ``title``: what it does, in the imperative. ``edits`` are worked out only when somebody
    wants them; none: it can't be done after all. ``safe``: the result means the same, so *fix all* may do it.
    """

    title: str
    edits: Callable[[], Iterable[Edit]]
    safe: bool = True


class Hit(NamedTuple):
    """What a rule yields: where, what is wrong, what to do, and how, if a program can do it."""

    at: Spot
    message: str
    hint: str
    related: tuple[Related, ...] = ()
    fix: Fix | None = None


class Elsewhere(msgspec.Struct, frozen=True):
    """A related place, in a file as it is now."""

    path: str
    span: Span
    message: str


class Finding(msgspec.Struct, frozen=True):
    """A hit at its place in the file as it is now, with the rule that it comes from."""

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    hint: str
    related: tuple[Elsewhere, ...] = ()
    fix: Fix | None = None


@dataclass(frozen=True)
class Invalid:
    """An example with one mistake, which is the text between the marks ``«`` and ``»``.

    ``fixed``: the text after the fix; None if the rule has none here. ``files``: other files that it needs,
    by path; with some, the example is one of a project, at ``path``. ``others_fixed``: those that the fix
    changes, and how.
    """

    marked: str
    fixed: str | None = None
    path: str = "stages.py"
    files: Mapping[str, str] = field(default_factory=dict)
    others_fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.marked.replace("«", "").replace("»", "")


@dataclass(frozen=True)
class Valid:
    """An example of what is right, in a project with other files; alone, a text is enough."""

    text: str
    path: str = "stages.py"
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule. ``docs`` says what it finds, why that is bad, an example, and when its fix is safe; the
    examples are its tests.

    ``check`` gets one top-level statement at a time and is asked again only when that changes, or a name that
    it looked up: it may look at nothing else. So do the ``facts`` that ``check_with`` judges, which gets the
    statements that have some, and all sources. ``check_project`` gets all sources. Both are asked after every
    edit: they have to be quick. A rule may have several.
    ``feeding``: all but the last count for whatever feeds a stage, not only for statements about stages.
    """

    code: str
    name: str
    severity: Severity
    docs: str
    valid: tuple[str | Valid, ...]
    invalid: tuple[Invalid, ...]
    check: Callable[[Part], Iterable[Hit]] | None = None
    facts: Callable[[Part], Iterable[object]] | None = None
    check_with: Callable[[Part, Sources], Iterable[Hit]] | None = None
    check_project: Callable[[Sources], Iterable[Hit]] | None = None
    feeding: bool = False
