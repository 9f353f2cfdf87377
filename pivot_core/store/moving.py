"""Moving what a user had: relative links lead where they led, and whenever we are killed all is somewhere."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# What linking says where a file system, the owner of the file or another disk doesn't let us.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def move(path: Path, to: Path) -> None:
    """Move a file, folder or link to ``to``, where nothing is; folders above it are made. Raises OSError."""
    to.parent.mkdir(parents=True, exist_ok=True)
    old, new = _real(path), _real(to)
    links = {name: target for name, target in _relative_links(old) if not target.startswith(old + "/")}
    shutil.move(path, to)
    for name, target in links.items():
        link = Path(new + name)
        link.unlink()
        link.symlink_to(os.path.relpath(target, link.parent))


@contextmanager
def set_aside(path: Path, to: Path) -> Iterator[None]:
    """What stands at ``path`` is at ``to`` afterwards, if the body puts something else there by one rename.

    A file or a link is in its place until then, and at ``to`` besides, so that a process that is killed never
    leaves its place empty. (A folder is moved before.) If the body fails, all is as it was. Raises OSError.
    """
    before = path.lstat()
    to.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISDIR(before.st_mode):
        move(path, to)
    else:
        _double(path, to)
    try:
        yield
    except BaseException:
        if os.path.lexists(path) and os.path.samestat(path.lstat(), before):
            to.unlink()
            _tidy(to.parent)
        else:
            move_back(to, path)
        raise


def move_back(kept: Path, to: Path) -> None:
    """Undo a ``move``, or a ``set_aside`` that was killed: the folders that were made go, too. If something
    else stands at ``to``, both stay where they are."""
    if not os.path.lexists(to):
        move(kept, to)
    elif os.path.samestat(kept.lstat(), to.lstat()):
        kept.unlink()
    _tidy(kept.parent)


def _double(path: Path, to: Path) -> None:
    """Have the same file or link at ``to``, too."""
    if path.is_symlink():
        text = os.readlink(path)  # noqa: PTH115 - a Path wouldn't have it letter by letter
        for _, target in _relative_links(_real(path)):
            text = os.path.relpath(target, os.path.realpath(to.parent))
        to.symlink_to(text)
        return
    try:
        os.link(path, to, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        try:
            shutil.copy2(path, to)
        except BaseException:
            to.unlink(missing_ok=True)
            raise


def _tidy(folder: Path) -> None:
    with suppress(OSError):  # one that isn't empty
        os.removedirs(folder)


def _real(path: Path) -> str:
    """The path with real folders: what ".." means in a link depends on them."""
    return f"{os.path.realpath(path.parent)}/{path.name}"


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
