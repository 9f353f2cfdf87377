"""What a person names on the command line: stages by name, artifacts by path, many by a pattern."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.errors import UsageError

if TYPE_CHECKING:
    from pivot_core.artifacts.graph import ArtifactGraph

_PATTERN = frozenset("*?[")
_SHOWN = 10


class Targets:
    """Looks up targets in one pipeline. Paths are relative to ``start``, or to ``root``, the project's."""

    def __init__(self, graph: ArtifactGraph, stages: Iterable[str], root: Path, start: Path) -> None:
        self._graph = graph
        self._stages = dict.fromkeys(stages)
        self._prefix = os.path.relpath(start, root).replace(os.sep, "/")

    def stages(self, targets: Iterable[str]) -> list[str]:
        """The stages that are named, or that make what is named, in the order of the targets.

        A name means the stage rather than a file of the same name. Raises UsageError for targets that are,
        or match, nothing: for all of them at once.
        """
        return self._all(targets, self._stages_of)

    def artifacts(self, targets: Iterable[str]) -> list[str]:
        """The outputs that are named or match, and all outputs of the stages that are named.

        Raises UsageError as ``stages`` does.
        """
        return self._all(targets, self._artifacts_of)

    def _all(self, targets: Iterable[str], look_up: Callable[[str], list[str] | None]) -> list[str]:
        found: dict[str, None] = {}
        nothing: dict[str, None] = {}
        for target in targets:
            these = look_up(target)
            if these is None:
                nothing[self._nothing(target)] = None
            else:
                found.update(dict.fromkeys(these))
        if nothing:
            raise UsageError(*nothing)
        return list(found)

    def _artifacts_of(self, target: str) -> list[str] | None:
        """None: the target is nothing."""
        stages = set(self._named(target))
        own = [path for path, stage in self._graph.producer.items() if stage in stages]
        made = [*own, *self._made(target)]
        return made if made or stages else None

    def _stages_of(self, target: str) -> list[str] | None:
        """None: the target is nothing."""
        named = self._named(target)
        if named and not _is_pattern(target):
            return named
        return [*named, *(self._graph.producer[path] for path in self._made(target))] or None

    def _named(self, target: str) -> list[str]:
        if target in self._stages:
            return [target]
        return [name for name in self._stages if _is_pattern(target) and fnmatchcase(name, target)]

    def _made(self, target: str) -> list[str]:
        """Outputs that a path is, is in, or holds; or that a pattern matches."""
        for path in self._paths(target):
            found = [out for out in self._graph.producer if _matches(out, path)]
            if found:
                return found
        return []

    def _paths(self, target: str) -> Iterator[str]:
        """The target from the root on: as seen from where the command was started, then as written."""
        for base in (self._prefix, "."):
            path = os.path.normpath(f"{base}/{target}").replace(os.sep, "/")
            if not path.startswith("../"):
                yield path

    def _nothing(self, target: str) -> str:
        if _is_pattern(target):
            return f"nothing matches {target!r}: no stage's name and no output\n    {self._known()}"
        for path in self._paths(target):
            if path in self._graph.sources:
                return f"no stage makes {path}: it is an input\n    name the stage, or an output of it"
        import difflib

        near = difflib.get_close_matches(target, [*self._stages, *self._graph.producer], n=1)
        hint = f"did you mean {near[0]!r}?" if near else self._known()
        is_path = "/" in target or "." in target
        what = f"no stage makes {target!r}" if is_path else f"no stage is named {target!r}, and none makes it"
        return f"{what}\n    {hint}"

    def _known(self) -> str:
        names = list(self._stages)
        return f"stages: {', '.join(names[:_SHOWN])}{', …' * (len(names) > _SHOWN)}"


def _is_pattern(target: str) -> bool:
    return not _PATTERN.isdisjoint(target)


def _matches(out: str, path: str) -> bool:
    if _is_pattern(path):
        return _matches_parts(out.rstrip("/").split("/"), path.split("/"))
    out, path = out.rstrip("/"), path.rstrip("/")
    return path == "." or out == path or out.startswith(path + "/") or path.startswith(out + "/")


def _matches_parts(names: list[str], patterns: list[str]) -> bool:
    """As a shell does: ``*`` doesn't cross folders, ``**`` does."""
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_matches_parts(names[skip:], patterns[1:]) for skip in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _matches_parts(names[1:], patterns[1:])
