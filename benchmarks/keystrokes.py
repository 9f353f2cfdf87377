"""Measures from a keystroke to the lenses that it changes, in a project of many modules. See README.md.

python benchmarks/keystrokes.py [--stages 200,1000] [--keystrokes 30] [--against FOLDER_OF_ANOTHER_VERSION]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from editor_client import Client
from editor_work import Change, Place, keystrokes
from report import machine, table

_PER_MODULE = 20
_SETTLED_S = 1.0  # from the first lenses to the first keystroke
_BURST_S = 0.02  # between two keys that are held down

COMMON = '''"""What all stages use."""

SCALE = 1.5


def shared(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value * SCALE
    return total
'''
HELPER = """

def h{0}(values: list[float], base: float = SCALE) -> dict[str, float]:
    # what a comment says changes nothing
    found: dict[str, float] = {{}}
    for place, value in enumerate(values):
        if value > base:
            found[str(place)] = value * {0} + len(values)
        else:
            found[str(place)] = math.floor(value - base)
    found["all"] = shared(values)
    return found
"""
STAGE = """

def s{0:04}(
    first: Annotated[str, outputs.Dep("{1}", loaders.Text())],
    second: Annotated[str, outputs.Dep("{2}", loaders.Text())],
) -> Annotated[dict[str, Any], outputs.Out("out/{0}.json", loaders.JSON())]:
    numbers = [float(len(line)) for line in [*first.splitlines()[:5], *second.splitlines()[:5]]]
    made = l{3}.h{4}(numbers, 1.0)
    made["other"] = other(numbers)["all"]
    if made["all"] > {0}:
        made["much"] = made["all"] - {0}
    return {{"stage": {0}, "made": made}}
"""


class Work:
    """Stages in layers of ten; in modules of twenty, each with a module of helpers, and one that all use."""

    def __init__(self, root: Path, stages: int) -> None:
        self.root = root
        modules = -(-stages // _PER_MODULE)
        self.texts = {"common.py": COMMON, "lib/__init__.py": "", "steps/__init__.py": ""}
        for module in range(modules):
            helpers = "".join(HELPER.format(number) for number in range(_PER_MODULE))
            self.texts[f"lib/l{module}.py"] = f"import math\n\nfrom common import SCALE, shared\n{helpers}"
            numbers = range(module * _PER_MODULE, min(stages, (module + 1) * _PER_MODULE))
            self.texts[f"steps/m{module}.py"] = (
                "from typing import Annotated, Any\n\nfrom pivot_core import loaders, outputs\n\n"
                f"from lib import l{module}\nfrom lib.l{(module + 1) % modules} import h0 as other\n"
                + "".join(
                    STAGE.format(number, *_inputs(number), module, number % _PER_MODULE) for number in numbers
                )
            )
        self.texts["pipeline.py"] = (
            "from pivot_core import Pipeline\n\n"
            + "".join(f"from steps import m{module}\n" for module in range(modules))
            + '\npipeline = Pipeline("keystrokes")\n'
            + "".join(f"pipeline.register(m{n // _PER_MODULE}.s{n:04})\n" for n in range(stages))
        )

    def write(self) -> None:
        """Its files, and the results of all stages."""
        files = self.texts | {f"data/{n}.txt": "a line\nand another one\n" * (n + 1) for n in range(10)}
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        for command in (["run", "-q"], ["status", "-q"]):
            subprocess.run([sys.executable, "-m", "pivot_core", *command], cwd=self.root, check=True)

    def places(self, count: int) -> Iterator[tuple[str, Place]]:
        """Where something is typed, in which file: ``count`` keystrokes each, half of them taking it back."""
        digits = ("1234567890" * 10)[: count // 2]
        name = ("unused_name_of_what_nobody_asks_for" * 3)[: max(1, count // 2 - 6)]
        yield SHOWN, self._after(SHOWN, "in a stage", "numbers, 1.0", digits)
        yield "lib/l1.py", self._after("lib/l1.py", "in a helper of some", "value * 3", digits)
        yield "common.py", self._after("common.py", "in a helper of all", "total = 0.0", digits)
        yield "common.py", self._after("common.py", "in a constant of all", "SCALE = 1.5", digits)
        yield "lib/l1.py", Place("a new function", 3, 0, f"def {name[2:]}(): 1\n")
        yield "lib/l1.py", Place("a new import", 1, 0, f"import {name}")

    def _after(self, path: str, name: str, anchor: str, typed: str) -> Place:
        before = self.texts[path].partition(anchor)[0] + anchor
        return Place(name, before.count("\n"), len(before.rpartition("\n")[2]), typed)


SHOWN = "steps/m1.py"  # whose lenses are shown


def _inputs(number: int) -> tuple[str, str]:
    layer, column = divmod(number, 10)
    above, beside = 10 * (layer - 1), (column + 1) % 10
    if not layer:
        return f"data/{column}.txt", f"data/{beside}.txt"
    return f"out/{above + column}.json", f"out/{above + beside}.json"


@dataclass
class Editor:
    """One version of the server with the files open, and what it took, in milliseconds."""

    name: str
    tree: Path | None
    work: Work
    log: Path
    client: Client = field(init=False)
    version: int = 1
    starts: dict[str, list[float]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        """A new process, up to the first lenses."""
        path = [] if self.tree is None else ["env", f"PYTHONPATH={self.tree}"]
        self.client = Client([*path, sys.executable, "-m", "pivot_lsp"], self.work.root, self.log)
        began = self.client.started
        self._note("initialize", self.client.initialize() - began)
        for name in (SHOWN, "lib/l1.py", "common.py"):
            text = self.work.texts[name]
            document = {"languageId": "python", "version": 1, "text": text, **self._uri(name)}
            self.client.notify("textDocument/didOpen", {"textDocument": document})
        diagnostics = self.client.request("textDocument/diagnostic", {"textDocument": self._uri(SHOWN)})
        lenses = self.ask()
        self._note("first diagnostics", self.client.answer(diagnostics).at - began)
        self._note("first lenses", self.client.answer(lenses).at - began)

    def _note(self, what: str, seconds: float) -> None:
        self.starts.setdefault(what, []).append(seconds * 1000)

    def ask(self) -> int:
        return self.client.request("textDocument/codeLens", {"textDocument": self._uri(SHOWN)})

    def type(self, path: str, place: Place, pause_s: float) -> None:
        """A character at a time, each when the lenses of the one before are there."""
        used, found = self.client.cpu_s, []
        for change in keystrokes(place):
            began = time.perf_counter()
            self.change(path, change)
            found.append((self.client.answer(self.ask()).at - began) * 1000)
            time.sleep(pause_s)
        self._took(place.name, found, used)

    def burst(self, path: str, place: Place) -> None:
        """A character at a time, whether or not there is an answer."""
        used, asked = self.client.cpu_s, []
        for change in keystrokes(place):
            began = time.perf_counter()
            self.change(path, change)
            asked.append((began, self.ask()))
            time.sleep(_BURST_S)
        self._took(
            f"{place.name}, burst",
            [(self.client.answer(number).at - began) * 1000 for began, number in asked],
            used,
        )

    def _took(self, what: str, times: list[float], cpu_s: float) -> None:
        self.times.setdefault(what, []).extend(times)
        self.cpu[what] = (self.client.cpu_s - cpu_s) * 1000 / len(times)

    def change(self, path: str, change: Change) -> None:
        self.version += 1
        ends = [{"line": line, "character": column} for line, column in (change.start, change.end)]
        self.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"version": self.version, **self._uri(path)},
                "contentChanges": [{"range": {"start": ends[0], "end": ends[1]}, "text": change.text}],
            },
        )

    def _uri(self, path: str) -> dict[str, str]:
        return {"uri": (self.work.root / path).as_uri()}


def main() -> None:
    options = _options()
    print(f"{machine()} Milliseconds.")
    for stages in options.stages:
        with tempfile.TemporaryDirectory(prefix="pivot-keystrokes-") as folder:
            work = Work(Path(folder).resolve() / "project", stages)
            work.write()
            editors = [Editor("now", None, work, Path(folder) / "now.log")]
            if options.against is not None:
                editors.insert(0, Editor("before", options.against.resolve(), work, Path(folder) / "b.log"))
            print(f"\n{_measure(editors, options, stages)}")


def _measure(editors: Sequence[Editor], options: argparse.Namespace, stages: int) -> str:
    """The versions take turns, so that a busy moment of the machine falls on all of them."""
    running: list[Editor] = []
    try:
        for turn in range(options.starts):
            for editor in editors:
                editor.start()
                running.append(editor)
                if turn < options.starts - 1:
                    running.pop().client.close()
        time.sleep(_SETTLED_S)
        for path, place in editors[0].work.places(options.keystrokes):
            for editor in editors:
                editor.type(path, place, options.pause)
        path, place = next(editors[0].work.places(options.keystrokes))
        for editor in editors:
            editor.burst(path, place)
    finally:
        for editor in running:
            editor.client.close()
    names = [editor.name for editor in editors]
    starts = table(
        [f"{stages:,} stages: from the start of the process", *names],
        (
            [what, *(f"{statistics.median(editor.starts[what]):.0f}" for editor in editors)]
            for what in editors[0].starts
        ),
    )
    keys = table(
        [f"{stages:,} stages: from a keystroke to its lenses, p50 / p95 / CPU", *names],
        ([what, *(_points(editor, what) for editor in editors)] for what in editors[0].times),
    )
    return f"{starts}\n\n{keys}"


def _points(editor: Editor, what: str) -> str:
    times = sorted(editor.times[what])
    return f"{statistics.median(times):.0f} / {times[int(len(times) * 0.95)]:.0f} / {editor.cpu[what]:.0f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures from a keystroke to the lenses that it changes.")
    parser.add_argument(
        "--stages",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[200, 1000],
        metavar="N,N",
        help="sizes of projects (default: 200,1000)",
    )
    parser.add_argument("--keystrokes", type=int, default=40, metavar="N", help="at each place (default: 40)")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="start each so often (default: 3)")
    parser.add_argument(
        "--pause", type=float, default=0.05, metavar="S", help="after each answer (default: 0.05 s)"
    )
    parser.add_argument(
        "--against", type=Path, metavar="FOLDER", help="a checkout of another version, to compare with"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
