"""Hears what is asked about files without opening them: no audit event tells of ``os.stat``."""

from __future__ import annotations

import functools
import os
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
