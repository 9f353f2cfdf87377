"""Whether an artifact can have another path: by itself, beside the other artifacts, and on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import check, logical, shown
from pivot_lsp.mentions import mentions
from pivot_lsp.read import unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pivot_lsp.answers import Answer
    from pivot_lsp.source.sources import Sources


class Taken(NamedTuple):
    """The path of an artifact, and who ``makes`` it, or else only reads it."""

    path: str
    stages: str
    makes: bool

    @property
    def said(self) -> str:
        return f"{self.stages} {'makes' if self.makes else 'reads'} {self.path}"


def new_path(name: str, old: str, root: Path) -> str:
    """The logical path that a person has typed in the place of another. Raises ValueError."""
    typed = name.strip().strip("\"'")
    wrong = check(typed, root)
    if wrong is not None:
        raise ValueError(f"the path {shown(typed)!r} {wrong}")
    if typed.endswith("/") != old.endswith("/"):
        raise ValueError("the path of a folder ends with /, and only that does")
    return logical(typed)


def why_not(sources: Sources, answer: Answer, old: str, new: str, root: Path) -> str | None:
    """What keeps an artifact, and all that are in it if it is a folder, from having another path."""
    if old == new:
        return None
    taken = list(_taken(sources, answer))
    others = [other for other in taken if not _is_in(other.path, old)]
    for path in dict.fromkeys([old, *(one.path for one in taken if _is_in(one.path, old))]):
        target = new + path.removeprefix(old)
        found = (_beside(path, target, other) for other in others)
        why = next((one for one in found if one is not None), None) or _on_disk(root, target)
        if why is not None:
            return why
    return None


def _beside(old: str, new: str, other: Taken) -> str | None:
    """Why an artifact can't have its new path beside another one."""
    if new == other.path:
        return f"{other.said} already: choose another path"
    if new.startswith(f"{other.path}/"):
        return f"{other.path} is a file ({other.said}): nothing can be in it"
    if other.path.startswith(f"{new}/"):
        return f"{new} is a folder: {other.said}, which is in it"
    if other.makes and _is_in(new, other.path) and not _is_in(old, other.path):
        return f"{other.said} as a whole: choose a path outside of it"
    if other.makes and _is_in(other.path, new):
        return f"{other.said}, which is in {new}: choose another path"
    return None


def _on_disk(root: Path, new: str) -> str | None:
    file = root / new
    if not new.endswith("/") and file.is_dir():
        return f"{new} is a folder: choose another path"
    for path in (file, *file.parents) if new.endswith("/") else file.parents:
        if path == root:
            break
        if path.is_file():
            return f"{path.relative_to(root).as_posix()} is a file: nothing can be in it"
    return None


def _taken(sources: Sources, answer: Answer) -> Iterator[Taken]:
    for mention in mentions(sources):
        names = ", ".join(dict.fromkeys(stage.title for stage in mention.stages)) or "a stage"
        yield Taken(mention.path, names, not mention.is_input)
    for spec in unwritten(sources, answer):
        yield from _of(spec.name, (dep.path for dep in spec.deps), makes=False)
        yield from _of(spec.name, (out.path for out in spec.outs), makes=True)


def _of(stage: str, paths: Iterable[str], *, makes: bool) -> Iterator[Taken]:
    return (Taken(path, stage, makes) for path in paths)


def _is_in(path: str, folder: str) -> bool:
    """Whether it is that, or in it if it is a folder."""
    return path == folder or (folder.endswith("/") and path.startswith(folder))
