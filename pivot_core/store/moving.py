"""Moving what a user had, so that its relative links lead where they led."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def move(path: Path, to: Path) -> None:
    """Move a file, folder or link to ``to``, where nothing is; folders above it are made. Raises OSError."""
    to.parent.mkdir(parents=True, exist_ok=True)
    # What ".." means depends on the real folders.
    old = f"{os.path.realpath(path.parent)}/{path.name}"
    new = f"{os.path.realpath(to.parent)}/{to.name}"
    links = {name: target for name, target in _relative_links(old) if not target.startswith(old + "/")}
    shutil.move(path, to)
    for name, target in links.items():
        link = Path(new + name)
        link.unlink()
        link.symlink_to(os.path.relpath(target, link.parent))


def move_back(kept: Path, to: Path) -> None:
    """Undo a ``move``: the folders that it made go, too."""
    move(kept, to)
    with suppress(OSError):  # one that isn't empty
        os.removedirs(kept.parent)


def _relative_links(root: str) -> Iterator[tuple[str, str]]:
    """The symbolic links that ``root`` is or has in it, unless they are absolute: the rest of their path,
    and where they lead."""
    if Path(root).is_symlink():
        found = [root]
    else:
        found = [f"{at}/{name}" for at, folders, files in os.walk(root) for name in (*folders, *files)]
    for path in found:
        if Path(path).is_symlink() and not (text := os.readlink(path)).startswith("/"):  # noqa: PTH115
            yield path[len(root) :], _target(f"{path.rpartition('/')[0]}/{text}")


def _target(path: str) -> str:
    plain = os.path.normpath(path)
    real = os.path.realpath(path)
    return plain if os.path.realpath(plain) == real else real
