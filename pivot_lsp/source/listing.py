"""Which files are a project's own Python, and which folders are projects: without those of others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.errors import UsageError
from pivot_core.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})
_SIGNS = frozenset({b"pivot_core", b"pipeline"})
_LARGEST = 4_000_000  # bytes: a file with more can't be read by the lint anyway
_FOLDERS_AT_MOST = 20_000  # that are looked through for projects


def python_files(folder: Path) -> Iterator[Path]:
    """All below a folder, but for other people's and hidden ones."""
    for inner, names in _folders(folder):
        yield from (Path(inner, name) for name in sorted(names) if name.endswith(".py"))


def modules_about_stages(project: Project) -> Iterator[str]:
    """The logical paths of a project's own files that may say something about stages."""
    for inner, names in _folders(project.root):
        folder = Path(inner)
        if folder != project.root and project_at(folder) != project.root:
            continue
        for name in sorted(names):
            if name.endswith(".py") and may_be_about_stages(folder / name) and project.is_own(folder / name):
                yield (folder / name).relative_to(project.root).as_posix()


def may_be_about_stages(file: Path) -> bool:
    """Without parsing it: False for a file that certainly says nothing about them."""
    try:
        data = file.read_bytes() if file.stat().st_size <= _LARGEST else b""
    except OSError:
        return False
    return any(sign in data for sign in _SIGNS)


def project_at(folder: Path) -> Path | None:
    """The root of the project that a folder is in."""
    try:
        return Project.find(folder).root
    except UsageError:
        return None


def projects_in(folders: Iterable[Path]) -> list[Path]:
    """The roots of the projects that folders are in, and of those below them."""
    found: dict[Path, None] = {}
    for folder in folders:
        if (outer := project_at(folder)) is not None:
            found[outer] = None
        for number, (inner, names) in enumerate(_folders(folder)):
            if number == _FOLDERS_AT_MOST:
                break
            if "pipeline.py" in names or os.path.isdir(os.path.join(inner, ".pivot")):  # noqa: PTH112, PTH118
                root = project_at(Path(inner))
                found.update({} if root is None else {root: None})
    return list(found)


def _folders(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for inner, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_foreign(Path(inner, name)))
        yield inner, names


def _is_foreign(folder: Path) -> bool:
    return folder.name in _FOREIGN or folder.name.startswith(".") or (folder / "pyvenv.cfg").exists()
