"""Many stages with many artifacts, folders of many files, and big files: does what they cost grow linearly?

    python benchmarks/large.py [--stages 1000,10000] [--files 10000,100000] [--gigabytes 10]

Pivot alone: the cost of ten times as much, divided by ten times the cost. Markdown on standard output.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from blake3 import blake3
from measure import Figures, measure
from peers import TOOLS, environment
from report import machine, table

_LIMIT = 3600.0  # seconds for one command
_MIB = 2**20
_BLOCK = 64 * _MIB
_OUTS = 9  # of each stage, beside its one input

MANY_ARTIFACTS = """\
from typing import Annotated, TypedDict

from pivot_core import Pipeline, loaders, outputs

Made = TypedDict("Made", {{
{fields}
}})


def stage(text: Annotated[str, outputs.Dep("in.txt", loaders.Text())]) -> Made:
    return Made(**{{f"o{{i}}": f"{{text}} {{i}}" for i in range({outs})}})


pipeline = Pipeline("large")
for n in range({count}):
    paths = {{f"o{{i}}": f"out/{{n // 100}}/{{n}}_{{i}}.txt" for i in range({outs})}}
    pipeline.register(stage, name=f"s{{n}}", deps={{"text": f"data/{{n // 100}}/{{n}}.txt"}}, outs=paths)
"""

MANY_FILES = """\
from pathlib import Path
from typing import Annotated

from pivot_core import Pipeline, loaders, outputs


def stage(
    text: Annotated[str, outputs.Dep("data/0/0.txt", loaders.Text())],
) -> Annotated[Path, outputs.DirectoryOut("out/")]:
    for i in range({count}):
        path = Path(f"out/{{i // 100}}/{{i}}.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{{text}} {{i}}")
    return Path("out")


pipeline = Pipeline("large")
pipeline.register(stage)
"""

BIG_FILES = """\
from typing import Annotated

from pivot_core import Pipeline, loaders, outputs


def stage(
    folder: Annotated[object, outputs.Dep("big/", loaders.PathOnly())],
) -> Annotated[str, outputs.Out("out.txt", loaders.Text())]:
    return "done"


pipeline = Pipeline("large")
pipeline.register(stage)
"""


def main() -> None:
    options = _options()
    print(machine(), "Wall seconds and CPU seconds of all processes; MiB: the largest process.\n", flush=True)
    fields = "\n".join(
        f'    "o{i}": Annotated[str, outputs.Out("o{i}.txt", loaders.Text())],' for i in range(_OUTS)
    )
    if options.stages:
        text = MANY_ARTIFACTS.replace("{fields}", fields.replace("{", "{{").replace("}", "}}"))
        _growth("stages with ten artifacts each", options.stages, text, inputs=lambda count: count)
    if options.files:
        _growth("files in one DirectoryOut", options.files, MANY_FILES, inputs=lambda _: 1)
    if options.gigabytes:
        _hashing(options.gigabytes)


# --- growth ---------------------------------------------------------------------------------------


def _growth(what: str, counts: Sequence[int], text: str, inputs: Callable[[int], int]) -> None:
    rows = [(count, _costs(text.format(count=count, outs=_OUTS), inputs(count))) for count in counts]
    header = [what, *rows[0][1]]
    lines = [[f"{count:,}", *map(_shown, costs.values())] for count, costs in rows]
    for (less, before), (more, after) in pairwise(rows):
        growth = (after[kind].cpu / before[kind].cpu for kind in before)
        lines.append([f"{more / less:g} times as many", *(f"CPU {factor:.1f} times" for factor in growth)])
    print(table(header, lines), end="\n\n", flush=True)


def _costs(pipeline: str, inputs: int) -> dict[str, Figures]:
    """What a cold run costs, one with nothing to do, a look, and an edit of one input."""
    with tempfile.TemporaryDirectory(prefix="pivot-benchmark-") as folder:
        root = Path(folder) / "project"
        root.mkdir()
        (root / "pipeline.py").write_text(pipeline)
        for number in range(inputs):
            path = root / f"data/{number // 100}/{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"input {number}")
        found = {"cold": _pivot(root, "run", "-q"), "nothing to do": _pivot(root, "run", "-q")}
        found["status"] = _pivot(root, "status", "-q")
        path.write_text("another input")
        found["input edited"] = _pivot(root, "run", "-q")
        return found


def _pivot(root: Path, *arguments: str) -> Figures:
    program = TOOLS[0].find()
    assert program is not None
    figures = measure([str(program), *arguments], root, environment(), _LIMIT, root.parent / "printed")
    if figures.code:
        sys.exit(f"{arguments}: exit {figures.code}\n{(root.parent / 'printed').read_text()}")
    return figures


def _shown(figures: Figures) -> str:
    return f"{figures.wall:.2f} / {figures.cpu:.2f}, {figures.largest / _MIB:.0f} MiB"


# --- hashing --------------------------------------------------------------------------------------


def _hashing(gigabytes: int) -> None:
    """Files of 1 GB, written just before: from memory where it has room for them all."""
    with tempfile.TemporaryDirectory(prefix="pivot-benchmark-") as folder:
        if shutil.disk_usage(folder).free < (gigabytes + 5) * 1e9:
            sys.exit(f"there is no room for {gigabytes} GB in {folder}")
        root = Path(folder) / "project"
        (root / "big").mkdir(parents=True)
        (root / "pipeline.py").write_text(BIG_FILES)
        files = [root / f"big/{number}.bin" for number in range(gigabytes)]
        _pivot(root, "status", "-q")  # the definition is known from now on
        for path in files:
            _write(path)
        size = sum(path.stat().st_size for path in files)
        ways: dict[str, Callable[[], object]] = {
            "read only, one thread": lambda: [_read(path) for path in files],
            "BLAKE3 alone, all cores": lambda: [_digest(path) for path in files],
            "pivot-core status": lambda: _pivot(root, "status", "-q"),
            "pivot-core status again": lambda: _pivot(root, "status", "-q"),
        }
        took = {name: _seconds(way) for name, way in ways.items()}
    base = took["BLAKE3 alone, all cores"]
    rows = [
        [name, f"{seconds:.2f}", f"{size / seconds / 1e9:.2f}", f"{seconds / base:.2f}"]
        for name, seconds in took.items()
    ]
    print(table([f"{gigabytes} files of 1 GB", "s", "GB/s", "BLAKE3 alone = 1"], rows))


def _write(path: Path) -> None:
    block = os.urandom(_BLOCK)
    with path.open("wb") as file:
        for number in range(10**9 // _BLOCK):
            file.write(number.to_bytes(8, "little") + block[8:])


def _read(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(4 * _MIB):
            pass


def _digest(path: Path) -> None:
    blake3(max_threads=blake3.AUTO).update_mmap(path)


def _seconds(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how Pivot's cost grows.")
    for name, default in (("stages", "1000,10000"), ("files", "10000,100000")):
        parser.add_argument(f"--{name}", type=_numbers, default=_numbers(default), help=f"default: {default}")
    parser.add_argument("--gigabytes", type=int, default=10, help="default: 10; 0: leave that out")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


if __name__ == "__main__":
    main()
