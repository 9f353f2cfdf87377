"""A dependency that isn't there and that no stage makes: what to say about it, and what was meant."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LISTED_AT_MOST = 2000  # a larger folder isn't searched: comparing names is slow


def is_there(root: Path, path: str) -> bool:
    """Whether something is at a logical path; a directory, if it is one's."""
    full = f"{root}/{path}"  # no Path: the editor asks for many, after each edit
    return os.path.isdir(full) if path.endswith("/") else os.path.exists(full)  # noqa: PTH110, PTH112


def told(stage: str, path: str) -> str:
    """What is wrong."""
    return f"{stage} needs {path}, which isn't there and which no stage makes"


def hint(path: str, near: str | None) -> str:
    """What to do about it."""
    return f"did you mean {near}?" if near else f"put {path} there, or register the stage that makes it"


def beside(root: Path, path: str) -> list[str]:
    """The logical paths of what is in the folder of ``path``, or in the nearest one above that is there."""
    folder = (root / path).parent
    while not folder.is_dir():
        if folder == root:
            return []  # the project itself is gone
        folder = folder.parent
    prefix = "" if folder == root else folder.relative_to(root).as_posix() + "/"
    items = list(islice(folder.iterdir(), _LISTED_AT_MOST + 1))
    if len(items) > _LISTED_AT_MOST:
        return []
    names = sorted(f"{prefix}{item.name}{'/' if item.is_dir() else ''}" for item in items)
    return [name for name in names if not name.startswith(".pivot/")]


def nearest(path: str, candidates: Iterable[str]) -> str | None:
    """The path that is most like another, if one is like it at all."""
    import difflib

    return next(iter(difflib.get_close_matches(path, candidates, n=1)), None)
