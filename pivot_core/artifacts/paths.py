"""What an artifact is called: the logical path of what the user wrote, and what can be wrong with it."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pivot_core.types import OutKind


def logical(path: str) -> str:
    """Normalise a path as written (``./data//x.csv`` is ``data/x.csv``); a ``/`` at the end stays."""
    if not path:
        return ""
    normal = posixpath.normpath(path)
    return normal + "/" if path.endswith("/") and not normal.endswith("/") else normal


def check(path: str, root: Path) -> str | None:
    """What is wrong with a path that the user wrote, as the end of a sentence; None if nothing is.

    ``root`` is the project's folder, resolved.
    """
    return fault(path) or _check_links(logical(path), root)


def fault(path: str) -> str | None:
    """What is wrong with a path wherever the project is: :func:`check` without a look at the disk."""
    return _check_text(path) or _check_place(parts(logical(path))[0])


def wrong_end(path: str, kind: OutKind) -> str | None:
    """What is wrong with how the path of an output ends, as the end of a sentence; None if nothing is."""
    is_directory = path.endswith("/")
    if kind == "directory" and not is_directory:
        return "is a DirectoryOut, so it has to end in /"
    if kind != "directory" and is_directory:
        return "ends in /, which only a DirectoryOut does"
    return None


def resolved(root: Path, path: str, parents: dict[str, str] | None = None) -> Path:
    """Where the logical ``path`` really is: absolute, every link followed. It needn't exist.

    ``parents`` remembers resolved folders between calls: give the same dict as long as links may be
    taken to stay.
    """
    return Path(resolved_text(str(root), path, {} if parents is None else parents))


def resolved_text(root: str, path: str, parents: dict[str, str]) -> str:
    """``resolved`` for the hot path, where thousands of ``Path`` objects would cost more than the files."""
    text = below_resolved_parent(root, path, parents)
    return os.path.realpath(text) if Path(text).is_symlink() else text


def below_resolved_parent(root: str, path: str, parents: dict[str, str]) -> str:
    """Where ``path`` is if it is no link itself: its folder's links are followed, its own isn't."""
    folder, _, name = path.rstrip("/").rpartition("/")
    parent = parents.get(folder)
    if parent is None:
        parent = parents[folder] = os.path.realpath(f"{root}/{folder}")
    return f"{parent}/{name}"


def parts(path: str) -> tuple[str, ...]:
    """The components of a logical path."""
    return tuple(path.rstrip("/").split("/"))


def _check_text(path: str) -> str | None:
    if not path.strip():
        return "is empty"
    if "\0" in path:
        return "has a NUL character in it"
    if "\\" in path:
        return "has a backslash in it; write / on every system"
    if "://" in path:
        return "is an address; only files of the project can be artifacts"
    if path.startswith("/") or path[1:3] == ":/":
        return "is absolute; write it relative to the project's folder"
    return None


def _check_place(first: str) -> str | None:
    if first == ".":
        return "is the project's folder itself"
    if first == "..":
        return "leaves the project's folder"
    if first.casefold() == ".pivot":
        return "is inside .pivot/, which belongs to Pivot"
    return None


def _check_links(normal: str, root: Path) -> str | None:
    parent = os.path.realpath(root / posixpath.dirname(normal.rstrip("/")))
    home = str(root)
    if parent != home and not parent.startswith(home.rstrip("/") + "/"):
        return f"leaves the project's folder through a link, to {parent}"
    inside = parent[len(home) :].lstrip("/").split("/")[0]
    return "is inside .pivot/ through a link" if inside.casefold() == ".pivot" else None
