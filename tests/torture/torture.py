"""Runs a pipeline that is killed, or whose file system fails, at each call by which it changes a file.

    python tests/torture/torture.py                 every call, every way: some minutes for each way
    python tests/torture/torture.py --sample 5      so many calls of each way, spread over the run
    python tests/torture/torture.py --how self --at 17    one of them, for debugging: keeps the project

Killing between two calls that change nothing is the same as killing before the next that does, so these
are all the moments there are. A C library (shim.c) counts the calls in every process of the run and strikes
at one of them.

After each strike:
- no process of the run is left;
- what ``status`` calls fresh is what the present code makes of the present inputs;
- no file of the user is lost; and after a failed call, no output is half of anything;
- the next run needs no help, makes everything right, and the one after it has nothing to do.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

SHIM = Path(__file__).with_name("shim.c")
PIPELINE = """
from pathlib import Path
from typing import Annotated, TypedDict

import helpers
from pivot_core import Pipeline, loaders, outputs

Text = loaders.Text()


class Two(TypedDict):
    table: Annotated[object, outputs.Out("two/table.json", loaders.JSON())]
    score: Annotated[object, outputs.Metric("two/score.json")]


def plain(
    text: Annotated[str, outputs.Dep("in.txt", Text)],
) -> Annotated[str, outputs.Out("plain.txt", Text)]:
    return f"{text} {helpers.VERSION}"


def two(text: Annotated[str, outputs.Dep("plain.txt", Text)]) -> Two:
    return {"table": [text] * 9, "score": {"length": len(text)}}


def folder() -> Annotated[Path, outputs.DirectoryOut("folder/")]:
    for name in ("a", "b/c"):
        path = Path("folder", name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{name} {helpers.VERSION}")
    return Path("folder/")


def own() -> Annotated[Path, outputs.Out("own.bin", loaders.PathOnly())]:
    Path("own.bin").write_bytes(helpers.VERSION.encode() * 50_000)
    return Path("own.bin")


def taken() -> Annotated[str, outputs.Out("taken.txt", Text)]:
    return helpers.VERSION


def gather(
    before: Annotated[str | None, outputs.IncrementalOut("log.txt", Text)],
) -> Annotated[str, outputs.IncrementalOut("log.txt", Text)]:
    return f"{before or ''}{helpers.VERSION};"


pipeline = Pipeline("torture")
for stage in (plain, two, folder, own, taken, gather):
    pipeline.register(stage)
"""
MINE = "the user's own text"
STAGE_OF = {
    "plain.txt": "plain",
    "two/table.json": "two",
    "two/score.json": "two",
    "folder/a": "folder",
    "folder/b/c": "folder",
    "own.bin": "own",
    "taken.txt": "taken",
    "log.txt": "gather",
}
PATHS = tuple(STAGE_OF)


def expected(version: str, log: str) -> dict[str, str]:
    text = f"in {version}"
    return {
        "plain.txt": text,
        "two/table.json": json.dumps([text] * 9, indent=2) + "\n",
        "two/score.json": json.dumps({"length": len(text)}, indent=2) + "\n",
        "folder/a": f"a {version}",
        "folder/b/c": f"b/c {version}",
        "own.bin": version * 50_000,
        "taken.txt": version,
        "log.txt": log,
    }


OLD, NEW = expected("one", "one;"), expected("twenty", "one;twenty;")


class Strike(NamedTuple):
    how: str
    at: int


class Broken(Exception):  # noqa: N818 - named for what it is
    """A guarantee that didn't hold."""


class Arena:
    """A folder with the shim, and a project that was run once and then edited: copied for each strike."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.shim = home / "shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.shim, SHIM, "-ldl"], check=True)
        self.template = home / "template"
        self.template.mkdir()
        (self.template / "pipeline.py").write_text(PIPELINE)
        (self.template / "in.txt").write_text("in")
        (self.template / "helpers.py").write_text('VERSION = "one"\n')
        pivot(self.template, "run", "-q")
        require(contents(self.template) == OLD, "the first run")
        (self.template / "helpers.py").write_text('VERSION = "twenty"\n')
        (self.template / "taken.txt").write_text(MINE)

    def calls(self) -> int:
        """How many calls there are to strike at, in a run without a strike."""
        root, counter = self._project("count")
        self._run(root, counter, Strike("error:0", 0))
        require(contents(root) == NEW, "a run that is only watched")
        shutil.rmtree(root)
        return struct.unpack("q", counter.read_bytes()[:8])[0]

    def strike(self, strike: Strike) -> str:
        """One run with a strike, and all that has to hold afterwards. What came of it; raises Broken."""
        root, counter = self._project(f"{strike.how.replace(':', '-')}-{strike.at}")
        done = self._run(root, counter, strike)
        if not struct.unpack("qii", counter.read_bytes()[:16])[2]:
            shutil.rmtree(root)
            return "not reached"
        self._no_process_left(counter)
        self._fresh_is_right(root)
        if strike.how.startswith("error"):
            self._clear_failure(done, root)
        else:
            self._mine_is_there(root)
        again = pivot(root, "run", "-q")
        require(again.returncode == 0, f"the next run needs help:\n{again.stdout}{again.stderr}")
        require(contents(root) == NEW, f"the next run: {differences(root, NEW)}")
        self._mine_is_there(root)
        last = pivot(root, "run", "--json")
        outcomes = {
            e["outcome"] for e in map(json.loads, last.stdout.splitlines()) if e["event"] == "stage_end"
        }
        require(outcomes == {"skipped"}, f"the run after it isn't idle: {outcomes}")
        shutil.rmtree(root)
        return {0: "finished", 1: "failed", -9: "killed"}.get(done.returncode, f"exit {done.returncode}")

    # --- parts ---

    def _project(self, name: str) -> tuple[Path, Path]:
        root, counter = self.home / name, self.home / f"{name}.counter"
        subprocess.run(["cp", "-a", "--sparse=always", self.template, root], check=True)
        counter.write_bytes(bytes(64))
        return root, counter

    def _run(self, root: Path, counter: Path, strike: Strike) -> subprocess.CompletedProcess[str]:
        env = {
            "LD_PRELOAD": str(self.shim),
            "TORTURE_ROOT": str(root),
            "TORTURE_COUNTER": str(counter),
            "TORTURE_AT": str(strike.at),
            "TORTURE_HOW": strike.how,
        }
        try:
            return pivot(root, "run", "-q", "-k", "-j2", env=env, timeout=60)
        except subprocess.TimeoutExpired:
            raise Broken("the run hangs") from None

    def _no_process_left(self, counter: Path) -> None:
        mark = f"TORTURE_COUNTER={counter}".encode()
        end = time.monotonic() + 10
        while left := processes_with(mark):
            require(time.monotonic() < end, f"processes are left: {left}")
            time.sleep(0.02)

    def _fresh_is_right(self, root: Path) -> None:
        done = pivot(root, "status", "--json")
        require(done.returncode == 0, f"status fails: {done.stdout}{done.stderr}")
        there = contents(root)
        for stage in json.loads(done.stdout)["stages"]:
            if stage["state"] == "fresh":
                for path, of in STAGE_OF.items():
                    require(of != stage["name"] or there.get(path) == NEW[path], f"{path} is called fresh")

    def _clear_failure(self, done: subprocess.CompletedProcess[str], root: Path) -> None:
        require(done.returncode in (0, 1), f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        for text in (done.stdout, done.stderr):
            require("pivot_core/" not in text, f"a traceback of ours:\n{text}")
        require(bool(done.returncode == 0 or done.stdout + done.stderr), "it fails without a word")
        self._mine_is_there(root)
        there = contents(root)
        for path in PATHS:
            allowed = {OLD[path], NEW[path], MINE if path == "taken.txt" else ""}
            require(there.get(path) in allowed, f"{path} isn't what it was: {there.get(path)!r:.60}")

    def _mine_is_there(self, root: Path) -> None:
        kept = [root / "taken.txt", *(root / ".pivot/replaced").rglob("taken.txt")]
        require(
            any(path.is_file() and path.read_text() == MINE for path in kept), "the user's own file is lost"
        )


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


def contents(root: Path) -> dict[str, str]:
    return {path: (root / path).read_text() for path in PATHS if (root / path).is_file()}


def differences(root: Path, wanted: dict[str, str]) -> dict[str, str]:
    there = contents(root)
    return {path: f"{there.get(path)!r:.60}" for path in wanted if there.get(path) != wanted[path]}


def pivot(
    root: Path, *args: str, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pivot_core", *args]
    # (To files: a process that is left over would hold a pipe open.)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, **(env or {})},
            stdout=out,
            stderr=err,
            timeout=timeout,
            check=False,
        ).returncode
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def processes_with(mark: bytes) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


KILLS = ("first", "self", "both")
# One call that fails, and (+) a disk that stays full, or a process that has no more descriptors.
ERRORS = (
    f"error:{errno.ENOSPC}",
    f"error:{errno.ENOSPC}+",
    f"error:{errno.EIO}",
    f"error:{errno.EACCES}",
    f"error:{errno.EMFILE}",
    f"error:{errno.EMFILE}+",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--how", choices=[*KILLS, *ERRORS], action="append", help="only these ways")
    parser.add_argument("--at", type=int, help="only this call")
    parser.add_argument("--sample", type=int, help="so many calls of each way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="pivot-torture-"))
    arena = Arena(home)
    calls = arena.calls()
    chance = random.Random(args.seed)
    strikes = [
        Strike(how, at)
        for how in args.how or (*KILLS, *ERRORS)
        for at in (
            [args.at]
            if args.at
            else sorted(chance.sample(range(1, calls + 1), min(args.sample or calls, calls)))
        )
    ]
    print(f"{calls} calls change a file; {len(strikes)} strikes", flush=True)
    came: Counter[str] = Counter()
    broken = []

    def one(strike: Strike) -> None:
        try:
            came[f"{strike.how}: {arena.strike(strike)}"] += 1
        except Broken as what:
            broken.append((strike, str(what)))
            print(f"BROKEN {strike.how} at {strike.at}: {what}", flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, strikes))
    for what, count in sorted(came.items()):
        print(f"{count:6}  {what}")
    print(f"{len(strikes)} strikes, {len(broken)} broken guarantees")
    if not broken:
        shutil.rmtree(home)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
