"""Which functions of the project are under way: they may keep what is read meanwhile."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import FrameType


class Caller(NamedTuple):
    """A function by a line in it and its module's logical path. ``nested``: it was made in another, and may
    keep something in a variable of that, which the text doesn't show."""

    module: str
    line: int
    nested: bool


def callers(root: str) -> tuple[Caller, ...]:
    """All that the caller was called by; in a fork, also what the fork was made by."""
    found = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(root) and "/site-packages/" not in name:
            module = name[len(root) :].replace(os.sep, "/")
            found.append(Caller(module, frame.f_lineno, "<locals>" in frame.f_code.co_qualname))
        frame = frame.f_back
    return tuple(found)
