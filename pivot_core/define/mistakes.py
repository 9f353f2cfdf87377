"""A mistake as it is found, before anyone has looked up its line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, NamedTuple

from pivot_core.types import Place

if TYPE_CHECKING:
    from collections.abc import Iterable


class At(NamedTuple):
    """What a mistake is about: the stage's def, one of its parameters, what it returns, the field of an
    outputs TypedDict (``owner``), or the ``register`` call."""

    what: Literal["def", "parameter", "returns", "field", "call"]
    name: str = ""
    owner: type | None = None


DEF = At("def")
RETURNS = At("returns")
CALL = At("call")


class Mistake(NamedTuple):
    """``place`` wins over ``at`` where the place isn't in Python code."""

    at: At
    message: str
    hint: str
    place: Place | None = None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint for a misspelt name."""
    near = get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]!r}?" if near else otherwise


def listed(names: Iterable[str]) -> str:
    """``'a', 'b'``, or "none"."""
    return ", ".join(repr(name) for name in names) or "none"
