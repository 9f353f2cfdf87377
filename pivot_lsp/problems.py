"""What others than the lint know of files: mistakes in a pipeline's definition, stages that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.edits import Edit, move
from pivot_lsp.positions import Lines, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pivot_core.types import Problem

_FAR = 1 << 30  # beyond the end of any line

# Speakers: the definition was read, and has mistakes; reading it takes long.
PIPELINE, SLOW = "pipeline", "slow"


class Placed(NamedTuple):
    """A problem, where it is now: ``root`` is that of its project, ``span`` the whole line. ``was``: what was
    written in that line before it was edited; None if it wasn't."""

    speaker: str
    root: Path
    problem: Problem
    span: Span
    was: str | None = None

    def is_about_another(self, line: str) -> bool:
        """Whether what is written in its line isn't what the problem was found in."""
        return self.was is not None and self.was != line


class Problems:
    """By file; each speaker (:data:`PIPELINE`, ``run``) replaces what it said before.

    ``changed`` is called with each file that has others than before.
    """

    def __init__(self, changed: Callable[[Path], None]) -> None:
        self._changed = changed
        self._by_path: dict[Path, dict[str, list[Placed]]] = {}

    def put(self, speaker: str, root: Path, problems: Iterable[Problem]) -> None:
        """All that a speaker has to say about the project at ``root``, from now on."""
        self._replace(speaker, root, lambda problem: False, problems)

    def add(self, speaker: str, root: Path, problem: Problem) -> None:
        """One more."""
        self._replace(speaker, root, lambda other: True, [problem])

    def forget(self, root: Path) -> None:
        """Nobody has anything to say about a project any more."""
        speakers = {speaker for said in self._by_path.values() for speaker in said}
        for speaker in speakers:
            self.put(speaker, root, ())

    def keep(self, speaker: str, root: Path, wanted: Callable[[Problem], bool]) -> None:
        """Only these are left of what a speaker has said about a project."""
        self._replace(speaker, root, wanted, ())

    def _replace(
        self, speaker: str, root: Path, wanted: Callable[[Problem], bool], more: Iterable[Problem]
    ) -> None:
        before = {path: self.of(path) for path in self._by_path}
        for said in self._by_path.values():
            items = said.get(speaker, [])
            said[speaker] = [item for item in items if item.root != root or wanted(item.problem)]
        for problem in more:
            line = max(problem.line, 1)
            placed = Placed(speaker, root, problem, Span(line, 0, line, _FAR))
            self._by_path.setdefault(root / problem.path, {}).setdefault(speaker, []).append(placed)
        touched = [path for path in self._by_path if before.get(path, []) != self.of(path)]
        self._by_path = {path: said for path, said in self._by_path.items() if any(said.values())}
        for path in touched:
            self._changed(path)

    def of(self, path: Path) -> list[Placed]:
        """The problems in a file, as they are now."""
        return [item for said in self._by_path.get(path, {}).values() for item in said]

    def said(self, speaker: str, root: Path) -> list[Placed]:
        """All that a speaker has said about a project."""
        found = (said.get(speaker, []) for said in self._by_path.values())
        return [item for items in found for item in items if item.root == root]

    @property
    def paths(self) -> list[Path]:
        """The files that have some."""
        return list(self._by_path)

    def edited(self, path: Path, lines: Lines, edit: Edit) -> None:
        """The file is being edited, and had these lines before: what is said about a line goes where the line
        goes, and with it."""
        said = self._by_path.get(path, {})
        for speaker, items in said.items():
            moved = [(item, move(item.span, edit)) for item in items]
            said[speaker] = [
                item._replace(span=Span(span.line, 0, span.line, _FAR), was=_was(item, lines, edit))
                for item, span in moved
                if span is not None
            ]


def _was(item: Placed, lines: Lines, edit: Edit) -> str | None:
    line = item.span.line
    if item.was is None and edit.before.line <= line <= edit.before.end_line:
        return lines.line(line)
    return item.was
