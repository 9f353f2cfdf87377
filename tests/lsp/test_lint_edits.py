"""After any edits the incremental answer is the one that a new look at the texts gives."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.rule import Finding
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources

# PIVOT_EDITS=10000 for the exhaustive form.
EDITS = int(os.environ.get("PIVOT_EDITS", "400"))

STAGES = '''
from typing import Annotated, TypedDict

from pivot_core import StageParams, loaders, outputs

import helpers

RAW = "raw.txt"
Rows = Annotated[str, outputs.Dep(RAW, loaders.Text())]


class Params(StageParams):
    rate: float = 0.1


class Made(TypedDict):
    one: Annotated[str, outputs.Out("one.txt", loaders.Text())]
    two: Annotated[str, outputs.Out("two.txt", loaders.Text())]


def make(rows: Rows, params: Params) -> Made:
    return {"one": rows, "two": helpers.upper(rows)}


def join(
    one: Annotated[str, outputs.Dep("one.txt", loaders.Text())],
    two: Annotated[str, outputs.Dep("two.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("joined.txt", loaders.Text())]:
    """Räume 🏠."""
    return one + two
'''
PIPELINE = """
from pivot_core import Pipeline
import stages
from stages import join

pipeline = Pipeline("demo")
pipeline.register(stages.make, params=stages.Params())
pipeline.register(join)
for name in ("a", "b"):
    paths = {"return": f"{name}/j.txt"}
    pipeline.register(join, name=f"join@{name}", deps={"one": f"{name}.txt"}, outs=paths)
"""
HELPERS = """
import os
import random

WORKERS = os.cpu_count()

def upper(text):
    return text.upper() if random.random() < 2 else text
"""
FILES = {"stages.py": STAGES, "pipeline.py": PIPELINE, "helpers.py": HELPERS}
PIECES = [line for text in FILES.values() for line in text.split("\n")] + [
    "", "    ", '"""', "(", ")", "#", "x = 1", "else:", "@", "\\", "pipeline.register(stages.make)",
    "def f():", "    pass", "from helpers import *", "import pipeline", "Rows = str", "loaders = 1",
]  # fmt: skip
PIECES += [line for rule in RULES for one in rule.invalid for line in one.text.split("\n")]


def edited(text: str, chance: random.Random) -> str:
    """Another text: a line more, less or changed, or some characters."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    kind = chance.randrange(6)
    if kind == 0:
        lines.insert(at, chance.choice(PIECES))
    elif kind == 1:
        del lines[at : at + chance.randrange(1, 3)]
    elif kind == 2:
        lines[at] = chance.choice(PIECES)
    elif kind == 3:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        line = lines[at]
        start = chance.randrange(len(line) + 1)
        lines[at] = (
            line[:start] + chance.choice(["a", ".", '"', "", "/", " ", "🏠"]) + line[start + kind - 4 :]
        )
    return "\n".join(lines)


def seen(linter: Linter) -> dict[str, list[tuple[object, ...]]]:
    return {path: [shown(finding) for finding in linter.findings(path)] for path in FILES}


def shown(finding: Finding) -> tuple[object, ...]:
    title = finding.fix.title if finding.fix is not None else None
    return finding.code, finding.span, finding.message, finding.hint, finding.related, title


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.timeout(EDITS)
def test_the_incremental_answer_is_the_one_from_scratch(seed: int, tmp_path: Path) -> None:
    """What can't be parsed counts as it was, so both are given the last text of each file that could."""
    chance = random.Random(seed)
    for path, text in FILES.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    project = Project(tmp_path.resolve())
    kept = Linter(Sources(project))
    seen(kept)
    texts, good, compared = dict(FILES), dict(FILES), 0
    for _ in range(EDITS // 4):
        path = chance.choice(list(FILES))
        # Back to what could be parsed, or to the beginning, from time to time: mistakes pile up.
        base = chance.choices((texts, good, FILES), (6, 3, 1))[0]
        texts[path] = edited(base[path], chance)
        kept.sources.put(path, texts[path])
        module = kept.sources.module(path)
        assert module is not None
        if module.text == texts[path]:
            good[path] = texts[path]
            new = Linter(Sources(project))
            for other, text in good.items():
                new.sources.put(other, text)
            assert seen(kept) == seen(new), texts
            compared += 1
    assert compared > EDITS // 20
