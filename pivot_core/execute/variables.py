"""Hears which environment variables are asked for, by any means and with a literal name or not."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

# What reads a variable for whoever calls it. (Not expanduser: where a home is says nothing about a result.)
_ASKED_FOR_OTHERS = frozenset({"os", "collections.abc", "_collections_abc", "string"})


def hear(asked: Callable[[str, str], None]) -> None:
    """Call ``asked(name, file of the code that asks)`` for each variable, for the life of the process.

    A copy of all, for a child process say, asks for none: it would be another one in every shell.
    """
    kind = type(os.environ)
    getitem, iterate = kind.__getitem__, kind.__iter__
    listed: str | None = None  # the variable that an iteration has come to

    def heard_getitem(environ: os._Environ[str], key: str) -> str:
        nonlocal listed
        before, listed = listed, None
        if before != key and isinstance(key, str | bytes):  # bytes: of os.environb
            asked(os.fsdecode(key), _asker(sys._getframe(1)))
        return getitem(environ, key)

    def heard_iterate(environ: os._Environ[str]) -> Iterator[str]:
        nonlocal listed
        try:
            for key in iterate(environ):
                listed = key
                yield key
        finally:
            listed = None

    kind.__getitem__ = heard_getitem  # type: ignore[method-assign]
    kind.__iter__ = heard_iterate  # type: ignore[method-assign]


def _asker(frame: FrameType | None) -> str:
    while frame is not None and _asks_for_others(frame):
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _asks_for_others(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__")
    if module == "posixpath":
        return frame.f_code.co_name == "expandvars"
    return module in _ASKED_FOR_OTHERS or frame.f_code.co_filename == __file__


@contextmanager
def variables_read(project_root: Path) -> Iterator[set[str]]:
    """Collect the environment variables that project code reads (by any means, literal name or not).

    Done only while ``pipeline.py`` loads: a name too many there costs a reload, not a rerun.
    """
    seen: set[str] = set()
    root = str(project_root) + os.sep
    kind = type(os.environ)
    original = kind.__getitem__

    def getitem(self: os._Environ[str], key: str) -> str:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith("<frozen"):
            frame = frame.f_back
        if frame.f_code.co_filename.startswith(root) and isinstance(key, str | bytes):
            seen.add(os.fsdecode(key))
        return original(self, key)

    kind.__getitem__ = getitem  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        kind.__getitem__ = original  # type: ignore[method-assign]
