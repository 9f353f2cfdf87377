"""Measures the code graph by itself: from nothing, after each keystroke, and for commands. See README.md.

python benchmarks/analysis.py [--modules 200] [--lines 150] [--stages 1000] [--edits 300]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from report import machine, table

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.code.graph import CodeGraph
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project
from pivot_core.store.state import State

PER_MODULE = 50  # stages in one module of stages
FUNCTION = '''
def f{0}(frame: dict[str, float], k: float = SCALE) -> dict[str, float]:
    """Step {0} of module {1}."""
    # what a comment says changes nothing
    total = 0.0
    for name, value in frame.items():
        if name in TABLE:
            total += TABLE[name] * k + value
        else:
            total -= math.sqrt(abs(k) + {0})
    before = {2}
    return {{**before, "x{0}": total + {0}}}

'''
STAGE = """
def s{0:04}(
    text: Annotated[str, outputs.Dep("{1}", loaders.Text())],
) -> Annotated[str, outputs.Out("out/{0}.txt", loaders.Text())]:
    made = m{2:03}.f{3}({{"size": float(len(text))}})
    return f"{{text[:20]}} {{len(made)}} {0}"

"""


class Memory(dict[str, bytes]):
    """Summaries of modules, kept in memory."""

    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class Work:
    """A project of many modules that use each other, and stages that use them."""

    def __init__(self, root: Path, modules: int, lines: int, stages: int) -> None:
        self.project = Project(root)
        self.rng = random.Random(0)
        self.functions = max(1, lines // FUNCTION.count("\n"))
        self.modules = modules
        (root / "lib").mkdir()
        (root / "data").mkdir()
        (root / "lib/__init__.py").touch()
        for number in range(modules):
            (root / f"lib/m{number:03}.py").write_text(self._module(number))
        names = []
        for first in range(0, stages, PER_MODULE):
            names.append(f"stages{first // PER_MODULE:02}")
            text = self._stages(range(first, min(stages, first + PER_MODULE)))
            (root / f"{names[-1]}.py").write_text(text)
        imports = "".join(f"import {name}\n" for name in names)
        registered = "".join(
            f"pipeline.register(stages{number // PER_MODULE:02}.s{number:04})\n" for number in range(stages)
        )
        text = f'from pivot_core import Pipeline\n\n{imports}\npipeline = Pipeline("work")\n{registered}'
        (root / "pipeline.py").write_text(text)
        for number in range(PER_MODULE):
            (root / f"data/{number}.txt").write_text(str(number))
        self.roots = [((f"stages{n // PER_MODULE:02}", f"s{n:04}"),) for n in range(stages)]
        self.texts = {
            path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.py"))
        }

    @property
    def lines(self) -> int:
        return sum(text.count("\n") for text in self.texts.values())

    def _module(self, number: int) -> str:
        used = sorted(self.rng.sample(range(number), min(number, 3)))
        imports = "".join(f"from lib import m{other:03}\n" for other in used)
        head = f'import math\n\n{imports}\nSCALE = {number}.5\nTABLE = {{"size": SCALE}}\n'
        functions = []
        for place in range(self.functions):
            before = f"f{place - 1}(frame)" if place else "frame"
            if used and self.rng.random() < 0.3:
                before = (
                    f"m{self.rng.choice(used):03}.f{self.rng.randrange(min(3, self.functions))}({before})"
                )
            functions.append(FUNCTION.format(place, number, before))
        return head + "\n".join(functions)

    def _stages(self, numbers: range) -> str:
        chosen = {number: self.rng.randrange(self.modules) for number in numbers}
        imports = "".join(f"from lib import m{module:03}\n" for module in sorted(set(chosen.values())))
        text = f"from typing import Annotated\n\n{imports}from pivot_core import loaders, outputs\n"
        for number, module in chosen.items():
            path = f"data/{number}.txt" if number < PER_MODULE else f"out/{number - PER_MODULE}.txt"
            text += STAGE.format(number, path, module, self.rng.randrange(min(4, self.functions)))
        return text

    def edits(self, count: int) -> Iterator[tuple[str, str]]:
        """One file each, with another number in the body of one function of it."""
        for turn in range(count):
            path = self.rng.choice([path for path in self.texts if path.startswith(("lib/m", "stages"))])
            places = [found.start() for found in re.finditer(r"\n    return ", self.texts[path])]
            place = self.rng.choice(places)
            yield path, f"{self.texts[path][:place]}\n    spare = {turn}{self.texts[path][place:]}"


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="pivot-analysis-") as folder:
        work = Work(Path(folder).resolve(), options.modules, options.lines, options.stages)
        print(
            f"{machine()} {len(work.texts)} files with {work.lines:,} lines, {len(work.roots):,} stages. "
            f"Medians of {options.repeat}.\n"
        )
        print(from_nothing(work, options.repeat), end="\n\n")
        print(after_edits(work, options.edits), end="\n\n")
        print(commands(work, options.repeat))


def from_nothing(work: Work, repeat: int) -> str:
    """All fingerprints, without and with the summaries of modules; CPython's compiler beside."""
    turns: dict[str, list[float]] = {"compiled": [], "from nothing": [], "from summaries": []}
    for _ in range(repeat):
        turns["compiled"].append(_seconds(lambda: [compile(t, "m", "exec") for t in work.texts.values()]))
        summaries = Memory()
        turns["from nothing"].append(_seconds(lambda s=summaries: _everything(work, s)))
        turns["from summaries"].append(_seconds(lambda s=summaries: _everything(work, s)))
    floor = statistics.median(turns["compiled"])
    rows = [
        [what, f"{seconds:.2f}", f"{work.lines / seconds:,.0f}", f"{seconds / floor:.1f}"]
        for what, seconds in ((what, statistics.median(times)) for what, times in turns.items())
    ]
    return table(["all fingerprints", "seconds", "lines a second", "compile() = 1"], rows)


def after_edits(work: Work, count: int) -> str:
    """Fingerprints of all stages after an edit of an unsaved buffer; parsing the edited text beside."""
    state = State(work.project.state)
    live, summaries = LiveGraph(), Memory()

    def ask(overlay: dict[str, str]) -> None:
        hashes = FileHashes(work.project.root, state)
        hashes.digests(path for path in live.consulted if not path.endswith("/"))
        graph = live.now(Sources(work.project, hashes.digest, overlay, listing=hashes.listing), summaries)
        graph.definition()
        for roots in work.roots:
            graph.fact(roots)

    ask({})
    parsed, asked = [], []
    for path, text in work.edits(count):
        parsed.append(_seconds(lambda t=text: compile(t, "m", "exec", 0x400)) * 1000)  # 0x400: the tree only
        asked.append(_seconds(lambda p=path, t=text: ask({p: t})) * 1000)
    state.close()
    rows = []
    for what, times in (("ast.parse of the file", parsed), ("all fingerprints", asked)):
        ordered = sorted(times)
        points = [statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1]]
        rows.append([what, *(f"{point:.1f}" for point in points)])
    return table([f"{count} edits of one function, ms", "median", "p95", "max"], rows)


def commands(work: Work, repeat: int) -> str:
    """The command line, a process each; an interpreter that does nothing beside."""
    root = work.project.root
    path = root / f"lib/m{work.modules // 2:03}.py"
    text = path.read_text()
    cases = {
        "python -c pass": (["-c", "pass"], lambda turn: text),
        "status, nothing edited": (["-m", "pivot_core", "status", "-q"], lambda turn: text),
        "status, comment edited": (["-m", "pivot_core", "status", "-q"], lambda turn: f"# {turn}\n{text}"),
        "status, helper edited": (
            ["-m", "pivot_core", "status", "-q"],
            lambda turn: text.replace("total = 0.0", f"total = {turn + 1}.0"),
        ),
    }
    times: dict[str, list[float]] = {what: [] for what in cases}

    def call(command: list[str]) -> None:
        subprocess.run([sys.executable, *command], cwd=root, check=True, env=_environment())

    call(["-m", "pivot_core", "run", "-q"])
    for turn in range(repeat):
        for what, (arguments, edited) in cases.items():
            path.write_text(text)
            call(["-m", "pivot_core", "status", "-q"])
            path.write_text(edited(turn))
            times[what].append(_seconds(lambda a=arguments: call(a)))
    floor = statistics.median(times["python -c pass"])
    rows = [
        [what, f"{seconds:.2f}", f"{seconds / floor:.1f}"]
        for what, seconds in ((what, statistics.median(found)) for what, found in times.items())
    ]
    return table(["commands", "seconds", "python -c pass = 1"], rows)


def _everything(work: Work, summaries: Memory) -> None:
    state = State(work.project.root / "nowhere", readonly=True)
    hashes = FileHashes(work.project.root, state)
    graph = CodeGraph(Sources(work.project, hashes.digest, listing=hashes.listing), summaries)
    graph.definition()
    for roots in work.roots:
        graph.fact(roots)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the code graph by itself.")
    parser.add_argument("--modules", type=int, default=200, help="modules of helpers (default: 200)")
    parser.add_argument("--lines", type=int, default=150, help="lines of each (default: 150)")
    parser.add_argument("--stages", type=int, default=1000, help="stages (default: 1000)")
    parser.add_argument("--edits", type=int, default=300, help="edits of buffers (default: 300)")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions of the rest (default: 5)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
