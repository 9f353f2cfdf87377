"""Makes all stages of a project in a plain way: each in order, in one fork of this process.

Of the engine there is nothing but what reads a definition.

A line of JSON in, ``{"root", "environment"}``; a line out: ``{stage: {path: text} or "what it raised"}``, or
a text: why there are no stages.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pydantic  # noqa: F401 - what all stages with params import

from pivot_core.define.bind import bind
from pivot_core.define.load import define


def make(root: Path) -> object:
    os.chdir(root)
    sys.path[:0] = [str(root)]
    definition = define(root)
    if definition.problems:
        return definition.problems[0].message
    made: dict[str, Any] = {}
    waiting, there = list(definition.stages), {out.path for spec in definition.stages for out in spec.outs}
    while waiting:
        spec = next(each for each in waiting if not any(dep.path in there for dep in each.deps))
        waiting.remove(spec)
        there -= {out.path for out in spec.outs}
        try:
            function = getattr(importlib.import_module(spec.module), spec.qualname)
            binding = bind(function, spec)
            for out in spec.outs:
                (root / out.path).parent.mkdir(parents=True, exist_ok=True)
            value = binding.function(**binding.load_arguments())
            for out in spec.outs:
                if isinstance(value, str):
                    (root / out.path).write_text(value)
            made[spec.name] = {
                path: text for out in spec.outs for path, text in content(root, out.path).items()
            }
        except Exception as error:  # noqa: BLE001 - that is the answer
            made[spec.name] = f"{type(error).__name__}: {error}"
    return made


def content(root: Path, path: str) -> dict[str, str]:
    """Of a file, or of all files of a folder, by path."""
    place = root / path
    if place.is_dir():
        return {
            str(each.relative_to(root)): each.read_text()
            for each in sorted(place.rglob("*"))
            if each.is_file()
        }
    return {path: place.read_text()} if place.is_file() else {}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            os.environ.update(asked["environment"])
            answers.write(json.dumps(make(Path(asked["root"]))) + "\n")
            answers.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            answers.write(json.dumps("it died") + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
