"""Does the code graph miss an edit that changes what a stage does, or mind one that doesn't?

    python tests/fuzz/fuzz.py [--count 300] [--seed 0] [--subject NAME ...] [--json FILE]

Code of well-known packages, as a project's own, is edited at random. Whenever the fingerprint stays the same,
the stage is executed: what it returns must be the same, too. Of the other edits some are executed as well, to
see how many matter. Then the files are written otherwise (formatted, commented, …), and all fingerprints must
stay. The last columns of the table are explained at ``Found``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from execute import NO_IMPORT
from mutate import NEW_TEXT, cosmetic, mutated
from subjects import SUBJECTS, Subject

from pivot_core.code.graph import CodeGraph
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project
from pivot_core.store.digests import hash_file

ROOTS = (("stages", "s"),)
ENVIRONMENT = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
ENVIRONMENT |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # forked, threads would be lost
SAMPLED = 0.15  # of the edits that are seen, how many are executed
COMPARED = 0.05  # of all edits, for how many a graph that follows edits is compared with one from scratch


class Summaries(dict[str, bytes]):
    def put(self, key: str, value: bytes) -> None:
        self[key] = value


@dataclass
class Found:
    """What came out for one subject. ``misses`` and ``minded`` are what shouldn't be there.

    ``broken``: edits after which the project can't be imported any more; nothing can be made then, so nothing
    that was made is wrong because of it. ``sampled``: edits that were seen, and executed all the same, to
    count those that mattered. ``excused``: rewritten code that counts because the stage may see it: it reads
    source text, or uses whole modules as values.
    """

    subject: str
    edits: int = 0
    stale: int = 0
    fresh: int = 0
    executed: int = 0
    sampled: int = 0
    sampled_changed: int = 0
    broken: int = 0
    rewritten: int = 0
    excused: int = 0
    misses: list[str] = field(default_factory=list)
    minded: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


class Fuzzer:
    """One subject in a folder of its own. ``blind``: take every edit for one that doesn't matter."""

    def __init__(self, subject: Subject, root: Path, rng: random.Random, blind: bool) -> None:
        self.root = root
        self.rng = rng
        self.blind = blind
        self.found = Found(subject.name)
        self.paths = subject.lay_out(root)
        self.texts = {path: (root / path).read_text(encoding="utf-8") for path in self.paths}
        self.modules = [
            path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in self.paths
        ]
        self.summaries, self.live = Summaries(), LiveGraph()
        self.digests: dict[str, str | None] = {}
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(Path(__file__).with_name("execute.py")), *subject.preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=ENVIRONMENT,
        )
        self.fingerprint = self.now({})
        graph = self.graph({}, scratch=True)
        self.reads_text = graph.reads_text(ROOTS)
        self.is_widened = bool(graph.stage(ROOTS).widened)
        self.said = self.execute(compile_all=True)
        if self.said.startswith(("raised", "died", NO_IMPORT)) or self.said != self.execute():
            raise RuntimeError(f"{subject.name} can't be fuzzed: {self.said[:300]}")

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()

    # --- asking ----------------------------------------------------------------------------------

    def graph(self, overlay: dict[str, str], scratch: bool = False) -> CodeGraph:
        sources = Sources(Project(self.root), self.digest, overlay)
        return CodeGraph(sources, self.summaries) if scratch else self.live.now(sources, self.summaries)

    def now(self, overlay: dict[str, str], scratch: bool = False) -> str:
        return self.graph(overlay, scratch).fact(ROOTS).fingerprint

    def digest(self, path: str) -> str | None:
        if path not in self.digests:
            file = self.root / path
            self.digests[path] = hash_file(file) if file.is_file() else None
        return self.digests[path]

    def execute(self, *, compile_all: bool = False) -> str:
        order = {"root": str(self.root)} | ({"compile": str(self.root)} if compile_all else {})
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return str(json.loads(self.process.stdout.readline()))

    def executed(self, path: str, text: str) -> str:
        """What the stage says with a file edited."""
        file = self.root / path
        file.write_text(text, encoding="utf-8")
        try:
            return self.execute()
        finally:
            file.write_text(self.texts[path], encoding="utf-8")

    # --- the two questions -----------------------------------------------------------------------

    def edit(self) -> None:
        """One edit that may matter."""
        path = self.rng.choice(self.paths)
        made = mutated(self.texts[path], self.rng, self.modules)
        if made is None:
            return
        text, kind = made
        found = self.found
        found.edits += 1
        found.kinds[kind] += 1
        fingerprint = self.now({path: text})
        if self.rng.random() < COMPARED and fingerprint != self.now({path: text}, scratch=True):
            found.misses.append(
                f"{kind} in {path}: a graph that follows the edit says otherwise\n" + self.diff(path, text)
            )
        if fingerprint != self.fingerprint and not self.blind:
            found.stale += 1
            if self.rng.random() < SAMPLED:
                found.sampled += 1
                found.sampled_changed += self.executed(path, text) != self.said
            return
        found.fresh += 1
        found.executed += 1
        said = self.executed(path, text)
        if said.startswith(NO_IMPORT):
            found.broken += 1
        elif said != self.said:
            found.misses.append(f"{kind} in {path}: {_difference(self.said, said)}\n{self.diff(path, text)}")

    def rewrite(self, path: str) -> None:
        """Some edits that can't matter."""
        for text, kind in cosmetic(self.texts[path], self.rng):
            self.found.rewritten += 1
            if self.now({path: text}) == self.fingerprint:
                continue
            if self.reads_text or (kind in NEW_TEXT and self.is_widened):
                self.found.excused += 1
            else:
                said = self.executed(path, text)
                what = "the output is the same" if said == self.said else _difference(self.said, said)
                self.found.minded.append(f"{kind} in {path}: {what}")

    def diff(self, path: str, text: str) -> str:
        before = ast.unparse(ast.parse(self.texts[path])).splitlines()
        after = ast.unparse(ast.parse(text)).splitlines()
        return "\n".join([*difflib.unified_diff(before, after, path, path, n=2, lineterm="")][:40])


def _difference(was: str, now: str) -> str:
    at = next((i for i, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), 0)
    start = max(0, at - 20)
    return f"{was[start : start + 60]!r} became {now[start : start + 60]!r}"


def fuzz(subject: Subject, count: int, seed: int, blind: bool) -> Found:
    rng = random.Random(f"{seed} {subject.name}")
    with tempfile.TemporaryDirectory(prefix="pivot-fuzz-") as folder:
        fuzzer = Fuzzer(subject, Path(folder).resolve(), rng, blind)
        try:
            for _ in range(max(1, round(count / subject.weight))):
                fuzzer.edit()
            if not blind:
                paths = fuzzer.paths if count >= 300 else rng.sample(fuzzer.paths, min(5, len(fuzzer.paths)))
                for path in paths:
                    fuzzer.rewrite(path)
        finally:
            fuzzer.close()
    return fuzzer.found


def _row(cells: Sequence[object]) -> str:
    first, *rest = cells
    return f"{first!s:10}" + "".join(f"{cell!s:>10}" for cell in rest)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzes the code graph.")
    names = [subject.name for subject in SUBJECTS]
    parser.add_argument("--count", type=int, default=300, help="edits of each subject (default: 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--subject", choices=names, action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--blind", action="store_true", help="take every edit for cosmetic: what would be missed?"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there, too")
    options = parser.parse_args()
    found = []
    columns = (
        "",
        "edits",
        "stale",
        "fresh",
        "broken",
        "missed",
        "mattered",
        "rewritten",
        "excused",
        "minded",
    )
    print(_row(columns))
    for subject in SUBJECTS:
        if options.subject and subject.name not in options.subject:
            continue
        one = fuzz(subject, options.count, options.seed, options.blind)
        found.append(one)
        for text in one.misses:
            print(f"MISSED {one.subject}: {text}\n")
        for text in one.minded:
            print(f"MINDED {one.subject}: {text}\n")
        counts = (one.edits, one.stale, one.fresh, one.broken, len(one.misses))
        mattered = f"{one.sampled_changed}/{one.sampled}"
        print(_row((one.subject, *counts, mattered, one.rewritten, one.excused, len(one.minded))), flush=True)
    if options.json:
        options.json.write_text(json.dumps([vars(one) for one in found], indent=1))
    return 1 if any(one.misses or one.minded for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
