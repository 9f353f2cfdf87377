"""Source of packages that nobody installed as they are: editable installs, and folders on ``PYTHONPATH``.

Their version stays while they are edited, so their content has to count.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

Signature: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
Before: TypeAlias = dict[str, tuple[Signature, str]]  # by name: the digest, as long as the files are these

_CODE = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)
_STANDARD = Path(os.__file__).parent
_RECENT_NS = 2_000_000_000  # a file may change again without another time


class Outside:
    """What goes on from one object to the next is in ``before``; one object gives one answer, since a worker
    keeps what it has imported."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._answers: dict[str, str | None] = {}

    def digest(self, name: str) -> str | None:
        """Of all code below a top-level name; None of what is installed, of the project, or not there."""
        if name not in self._answers:
            self._answers[name] = self._digest(name)
        return self._answers[name]

    def signature(self) -> object:
        """The same as long as the files are that :meth:`digest` told of, whoever asked."""
        return {name: signature(places(name)) for name in self._before}

    def _digest(self, name: str) -> str | None:
        found = places(name)
        if not found:
            self._before.pop(name, None)
            return None
        files = signature(found)
        known = self._before.get(name)
        newest = max((changed for _, _, _, changed, _ in files), default=0)
        if known is None or known[0] != files or time.time_ns() - newest < _RECENT_NS:
            known = self._before[name] = files, _content(found)
        return known[1]


def places(name: str) -> tuple[Path, ...]:
    """The folders, or the file, of a top-level name that isn't installed. Imports nothing."""
    # What begins the path is where the command was started, or its script is: no place that stays.
    spec = PathFinder.find_spec(name, sys.path[not sys.flags.safe_path :]) or _by_hook(name)
    if spec is None:
        return ()
    if spec.submodule_search_locations is not None:
        return tuple(Path(each) for each in spec.submodule_search_locations if not _is_installed(each))
    if not spec.has_location or spec.origin is None or _is_installed(spec.origin):
        return ()
    return (Path(spec.origin),)


def signature(found: Iterable[Path]) -> Signature:
    """Of the files with code."""
    return tuple(_signed(path) for place in found for path in _files(place))


def _signed(path: Path) -> tuple[str, int, int, int, int]:
    try:
        found = path.stat()
    except OSError:  # gone meanwhile, or a link that leads nowhere
        return str(path), 0, 0, 0, 0
    return str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _by_hook(name: str) -> ModuleSpec | None:
    """By what an editable install puts into ``sys.meta_path``: it maps names to folders."""
    for finder in sys.meta_path:
        kind = finder if isinstance(finder, type) else type(finder)
        if "editable" in kind.__module__:
            found = finder.find_spec(name, None)
            if found is not None:
                return found
    return None


def _is_installed(place: str) -> bool:
    folder = Path(place).parent
    if folder.name in ("site-packages", "dist-packages") or folder == _STANDARD:
        return True
    return any(folder.glob("*.dist-info"))


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, inside, names in os.walk(place):
        inside[:] = sorted(name for name in inside if name[0] != "." and name != "__pycache__")
        code = (name for name in sorted(names) if name[0] != "." and name.endswith(_CODE))
        yield from (Path(folder, name) for name in code)


def _content(found: Iterable[Path]) -> str:
    from blake3 import blake3

    hasher = blake3()
    for place in found:
        for path in _files(place):
            try:
                content = path.read_bytes()
            except OSError:  # nor can it be imported
                continue
            hasher.update(f"{path.relative_to(place.parent).as_posix()}\0{len(content)}\0".encode())
            hasher.update(content)
    return hasher.hexdigest()[:16]
