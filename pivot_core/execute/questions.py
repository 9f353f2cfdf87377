"""Hears what is asked about files without opening them: no audit event tells of ``os.stat``, and none of
what native code opens. A library that hands a path to native code expands the ``~`` in it before."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

# Functions that ask the system. The others (``os.path.exists``, ``Path.is_file``, …) call these.
_NAMES = ("stat", "lstat", "access")
_ABLE = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)
_ABSENT = (FileNotFoundError, NotADirectoryError)


def hear(asked: Callable[[str | bytes | os.PathLike[str], bool], None]) -> None:
    """Call ``asked(path, whether something is there)`` for each question, for the life of the process."""
    for name in _NAMES:
        original = getattr(os, name)
        replacement = _heard(original, asked)
        setattr(os, name, replacement)
        # The standard library looks up in these sets what a function can do.
        for able in _ABLE:
            if original in able:
                able.add(replacement)


def hear_names(named: Callable[[str | bytes | os.PathLike[str], str], None]) -> None:
    """Call ``named(path, module)`` when a module that isn't the standard library's expands a path."""
    original = os.path.expanduser

    @functools.wraps(original)
    def expanduser(path: str) -> str:
        expanded = original(path)
        module = str(sys._getframe(1).f_globals.get("__name__", ""))
        if module.partition(".")[0] not in sys.stdlib_module_names:
            named(expanded, module)
        return expanded

    os.path.expanduser = expanduser  # type: ignore[assignment]


def _heard(
    original: Callable[P, R], asked: Callable[[str | bytes | os.PathLike[str], bool], None]
) -> Callable[P, R]:
    @functools.wraps(original)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        path = args[0] if args else None
        if not isinstance(path, str | bytes | os.PathLike) or kwargs.get("dir_fd") is not None:
            return original(*args, **kwargs)
        try:
            answer = original(*args, **kwargs)
        except _ABSENT:
            asked(path, False)
            raise
        asked(path, answer is not False)
        return answer

    return ask
