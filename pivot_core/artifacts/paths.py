"""What an artifact is called: the logical path of what the user wrote, and what can be wrong with it."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pivot_core.types import OutKind

# What would end a line, or command the terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What stands for bytes that aren't UTF-8: where Pivot writes text; in Python, surrogates.
NOT_TEXT = "\N{REPLACEMENT CHARACTER}"
_NOT_TEXT = re.compile(f"[\ud800-\udfff{NOT_TEXT}]")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+:/", re.ASCII)  # normalised, ``s3://x`` is ``s3:/x``
_LONGEST_NAME, _LONGEST_PATH = 255, 3_500  # bytes
_SHOWN = 90  # characters of each end of a path that is too long to be shown


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


def shown(path: str) -> str:
    """A path as it can stand in a message: on one line, and not without end."""
    text = path
    if not path.isprintable():
        text = _CONTROL.sub(lambda found: repr(found[0])[1:-1], path)
        text = _NOT_TEXT.sub(NOT_TEXT, text)
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]}…{text[-_SHOWN:]}"


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
    if (wrong := _check_characters(path)) is not None:
        return wrong
    if "\\" in path:
        return "has a backslash in it; write / on every system"
    if _ADDRESS.match(path) is not None:
        return "is an address; only files of the project can be artifacts"
    if path.startswith("/") or path[1:3] == ":/":
        return "is absolute; write it relative to the project's folder"
    if path.startswith("~/"):
        return "begins with ~, which stands for no folder here; write it relative to the project's folder"
    return _check_length(path)


def _check_characters(path: str) -> str | None:
    if path.isascii() and path.isprintable():
        return None
    if (found := _CONTROL.search(path)) is not None:
        return f"has a control character in it ({found[0]!r})"
    if _NOT_TEXT.search(path) is not None:
        return "isn't valid UTF-8; rename the file"
    return None


def _check_length(path: str) -> str | None:
    if len(path) * 4 <= _LONGEST_NAME:
        return None
    if len(os.fsencode(path)) > _LONGEST_PATH:
        return f"is longer than {_LONGEST_PATH} bytes"
    longest = max(len(os.fsencode(name)) for name in path.split("/"))
    if longest > _LONGEST_NAME:
        return f"has a name of {longest} bytes in it; file systems take {_LONGEST_NAME}"
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
