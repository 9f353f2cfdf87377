"""``params.yaml``: values by stage and parameter, each with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from pivot_core.types import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from yaml.nodes import Node

# yaml's own classes where libyaml isn't built in.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Keys = tuple[str | int, ...]
_SHAPE = "write it as {stage: {parameter: value}}"


class StageOverrides(NamedTuple):
    """One stage's entry: values as YAML gives them, by parameter, and lines, by the keys that lead there."""

    line: int
    values: dict[str, object]
    lines: dict[Keys, int]


class Overrides:
    """The content of ``params.yaml``; empty if there is none. ``problems`` are mistakes in its form."""

    def __init__(self, file: Path) -> None:
        self.path = file.name
        self.stages: dict[str, StageOverrides] = {}
        self.problems: list[Problem] = []
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return
        try:
            self._read(_Loader(data))
        except yaml.YAMLError as error:
            self._wrong(_line_of(error), f"not valid YAML: {_what(error)}", "mend it there or just above")

    def place(self, stage: str, keys: Keys = ()) -> Place:
        """Where a value is set, else what it would be in, else where the stage's entry begins."""
        entry = self.stages[stage]
        known = (entry.lines.get(keys[:length]) for length in range(len(keys), 0, -1))
        return Place(self.path, next((line for line in known if line is not None), entry.line))

    def unknown(self, stages: Iterable[str]) -> Iterator[str]:
        """Entries for stages that there aren't."""
        known = set(stages)
        return (name for name in self.stages if name not in known)

    def _read(self, loader: yaml.SafeLoader) -> None:
        root: Node | None = loader.get_single_node()
        if root is None or root.tag == "tag:yaml.org,2002:null":
            return
        for name, line, node in self._entries(loader, root, "params.yaml"):
            values: dict[str, object] = {}
            lines: dict[Keys, int] = {}
            if node.tag != "tag:yaml.org,2002:null":
                for param, at, value in self._entries(loader, node, f"the entry of stage {name!r}"):
                    lines[param,] = at
                    self._inside(value, (param,), lines)
                    values[param] = loader.construct_object(value, deep=True)
            self.stages[name] = StageOverrides(line, values, lines)

    def _entries(self, loader: yaml.SafeLoader, node: Node, what: str) -> Iterator[tuple[str, int, Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node.start_mark.line + 1, f"{what} isn't a mapping", _SHAPE)
            return
        loader.flatten_mapping(node)  # merge keys (<<)
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(line, f"{what} has a key that isn't a name", _SHAPE)
            elif key.value in seen:
                self._wrong(line, f"{what} has {key.value!r} twice", "remove one")
            else:
                seen.add(key.value)
                yield key.value, line, value

    def _inside(self, node: Node, keys: Keys, lines: dict[Keys, int]) -> None:
        """The lines of what a value has in it; keys that it has twice, of which YAML would take the last."""
        if isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                lines[(*keys, index)] = value.start_mark.line + 1
                self._inside(value, (*keys, index), lines)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                    continue
                line = key.start_mark.line + 1
                if key.value in seen:
                    self._wrong(line, f"{'.'.join(map(str, keys))!r} has {key.value!r} twice", "remove one")
                seen.add(key.value)
                lines[(*keys, key.value)] = line
                self._inside(value, (*keys, key.value), lines)

    def _wrong(self, line: int, message: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, message, hint))


def _line_of(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return 0 if mark is None else int(mark.line) + 1


def _what(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)
