"""The file that is edited, its project, and the keystrokes.

One module of 3,000 lines with 120 stages in layers of ten and the helpers that they use; each checker finds
something in it. ``pipeline.py`` only registers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

STAGES = 120
LINES = 3000
_LAYER = 10
_HELPERS = 80
_FILE = "stages.py"

_HEAD = '''"""Stages, and the helpers that they use."""

import json
import os
from typing import Annotated, Any

from pivot_core import loaders, outputs

SCALE = 1.5
WRONG: int = "text"  # a wrong type, and an import that nobody uses: each checker finds something


def shared(values: list[float]) -> float:
    """Used by all stages."""
    total = 0.0
    for value in values:
        total += value * SCALE
    return total


'''
_HELPER = '''def h{0:03}(values: list[float], base: float = SCALE) -> dict[str, float]:
    """Helper {0}."""
    # what a comment says changes nothing
    found: dict[str, float] = {{}}
    for place, value in enumerate(values):
        if value > base:
            found[f"h{0}-{{place}}"] = value * {0} + len(values)
        else:
            found[f"h{0}-{{place}}"] = value - base
    found["all"] = shared(values)
    return found


'''
_STAGE = '''def s{0:03}(
    first: Annotated[str, outputs.Dep("{1}", loaders.Text())],
    second: Annotated[str, outputs.Dep("{2}", loaders.Text())],
) -> Annotated[dict[str, Any], outputs.Out("out/{0}.json", loaders.JSON())]:
    """Stage {0}."""
    numbers = [float(len(line)) for line in first.splitlines()]
    numbers += [float(len(line)) for line in second.splitlines()]
    scale = 1.0
    made = h{3:03}(numbers, scale)
    if made["all"] > {0}:
        made["much"] = made["all"] - {0}
    else:
        made["little"] = json.loads(str(made["all"]))
    return {{"stage": {0}, "made": made}}


'''


class Place(NamedTuple):
    """Where somebody types what. Line and column are counted from 0."""

    name: str
    line: int
    column: int
    typed: str


class Change(NamedTuple):
    """An incremental change, as the protocol has it."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


class Work:
    """A project in a folder that exists."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / _FILE
        self.text = _text()
        self._lines = self.text.split("\n")

    def write(self) -> None:
        """Its files, but no results."""
        self.path.write_text(self.text)
        registered = "".join(f"pipeline.register(stages.s{number:03})\n" for number in range(STAGES))
        (self.root / "pipeline.py").write_text(
            f'import stages\nfrom pivot_core import Pipeline\n\npipeline = Pipeline("editor")\n{registered}'
        )
        (self.root / "data").mkdir()
        for number in range(_LAYER):
            (self.root / f"data/{number}.txt").write_text("a line\nand another one\n" * (number + 1))

    def places(self, count: int) -> list[Place]:
        """Those that ``count`` characters are typed at: in other stages each time."""
        found: list[Place] = []
        turn = 0
        while sum(len(place.typed) for place in found) < count:
            found += self._turn(turn)
            turn += 1
        return found

    def _turn(self, turn: int) -> list[Place]:
        stage = f"def s{(turn * 37 + 60) % STAGES:03}("
        return [
            self._end("in a stage", stage, "    scale = 1.0", "2345678901"),
            self._end("in a helper that all use", "def shared(", "    total = 0.0", "1234567890"),
            self._end("in a signature", stage, "    first", "_argument0"),
            self._end("half typed", stage, "    scale = 1.0", "\n    if h000([(1, "),
            Place("at the beginning", 0, 0, "# a line\n\n"),
        ]

    def _end(self, name: str, owner: str, start: str, typed: str) -> Place:
        """At the end of a text that a line begins with, the first after another line."""
        above = next(n for n, line in enumerate(self._lines) if line.startswith(owner))
        line = next(n for n in range(above, len(self._lines)) if self._lines[n].startswith(start))
        return Place(name, line, len(start), typed)


def keystrokes(place: Place) -> Iterator[Change]:
    """Type it, then take it back, a character at a time."""
    line, column = place.line, place.column
    at = [(line, column)]
    for char in place.typed:
        yield Change((line, column), (line, column), char)
        line, column = (line + 1, 0) if char == "\n" else (line, column + 1)
        at.append((line, column))
    while len(at) > 1:
        end = at.pop()
        yield Change(at[-1], end, "")


def _text() -> str:
    helpers = [_HELPER.format(number) for number in range(_HELPERS)]
    stages = [_STAGE.format(number, *_inputs(number), (number * 7) % _HELPERS) for number in range(STAGES)]
    text = _HEAD + "".join(helpers + stages)
    filler = LINES - text.count("\n")
    assert filler >= 0
    return text + "".join(f"LIMIT_{number} = {number}\n" for number in range(filler))


def _inputs(number: int) -> tuple[str, str]:
    layer, column = divmod(number, _LAYER)
    if not layer:
        return f"data/{column}.txt", f"data/{(column + 1) % _LAYER}.txt"
    above = (layer - 1) * _LAYER
    return f"out/{above + column}.json", f"out/{above + (column + 1) % _LAYER}.json"
