"""Commands that are killed, or whose file system fails, at each call by which they change a file.

    python tests/torture/torture.py                 every command, every call, every way
    python tests/torture/torture.py --command gc    one of them
    python tests/torture/torture.py --sample 5      so many calls of each way, spread over the command
    python tests/torture/torture.py --command run --how self --at 17    one, for debugging: keeps the project

Killing between two calls that change nothing is the same as killing before the next that does, so these
are all the moments there are. A C library (shim.c) counts the calls in every process of the command and
strikes at one of them.

After each strike:
- no process of the command is left;
- what ``status`` calls fresh is what the present code makes of the present inputs, and the cache has it;
- no file of the user is lost; and after a failed call, no output is half of anything;
- the same command again needs no help, makes everything right, and a run after it has nothing to do.
"""

from __future__ import annotations

import argparse
import json
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

from commands import COMMANDS, ERRORS, KILLS, check, check_cache
from project import NEW, Broken, contents, differences, make, pivot, require

SHIM = Path(__file__).with_name("shim.c")
LATER = {"TORTURE_LATER": "3600"}  # seconds; gc drops nothing that is young


class Strike(NamedTuple):
    command: str
    how: str
    at: int


class Arena:
    """A folder with the shim, and a project for each command, copied for each strike."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.shim = home / "shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.shim, SHIM, "-ldl"], check=True)
        make(home / "once")

    def prepare(self, command: str) -> int:
        """How many calls of the command there are to strike at: what one without a strike makes."""
        template = self.home / command
        shutil.copytree(self.home / "once", template)
        COMMANDS[command].prepare(template)
        root, counter = self._project(Strike(command, "count", 0))
        self._command(root, counter, Strike(command, "error:0", 0))
        require(contents(root) == NEW, f"{command} that is only watched: {differences(root, NEW)}")
        shutil.rmtree(root)
        return struct.unpack("q", counter.read_bytes()[:8])[0]

    def strike(self, strike: Strike) -> str:
        """One command with a strike, and all that has to hold afterwards. What came of it; raises Broken."""
        command = COMMANDS[strike.command]
        root, counter = self._project(strike)
        before = contents(root)
        done = self._command(root, counter, strike)
        if not struct.unpack("qii", counter.read_bytes()[:16])[2]:
            shutil.rmtree(root)
            return "not reached"
        self._no_process_left(counter)
        failed = strike.how.startswith("error")
        if failed:
            self._clear_failure(done)
        check(root, before, frozenset() if failed else command.changed)
        if command.args[0] != "run":
            check_cache(root, root.with_name(f"{root.name}-copy"))
        again = pivot(root, *command.args, env={"LD_PRELOAD": str(self.shim), **LATER})
        require(again.returncode == 0, f"the next {strike.command} needs help:\n{again.stdout}{again.stderr}")
        require(contents(root) == NEW, f"the next {strike.command}: {differences(root, NEW)}")
        check(root, before, frozenset())
        command.finish(root)
        self._is_idle(root)
        shutil.rmtree(root)
        return {0: "finished", 1: "failed", -9: "killed"}.get(done.returncode, f"exit {done.returncode}")

    # --- parts ---

    def _project(self, strike: Strike) -> tuple[Path, Path]:
        name = f"{strike.command}-{strike.how.replace(':', '-')}-{strike.at}"
        root, counter = self.home / name, self.home / f"{name}.counter"
        subprocess.run(["cp", "-a", "--sparse=always", self.home / strike.command, root], check=True)
        counter.write_bytes(bytes(64))
        return root, counter

    def _command(self, root: Path, counter: Path, strike: Strike) -> subprocess.CompletedProcess[str]:
        env = {
            "LD_PRELOAD": str(self.shim),
            "TORTURE_ROOT": str(root),
            "TORTURE_COUNTER": str(counter),
            "TORTURE_AT": str(strike.at),
            "TORTURE_HOW": strike.how,
            **LATER,
        }
        try:
            return pivot(root, *COMMANDS[strike.command].args, env=env, timeout=300)
        except subprocess.TimeoutExpired:
            raise Broken("it hangs") from None

    def _no_process_left(self, counter: Path) -> None:
        mark = f"TORTURE_COUNTER={counter}".encode()
        end = time.monotonic() + 60
        while left := processes_with(mark):
            require(time.monotonic() < end, f"processes are left: {left}")
            time.sleep(0.02)

    def _clear_failure(self, done: subprocess.CompletedProcess[str]) -> None:
        require(done.returncode in (0, 1), f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        for text in (done.stdout, done.stderr):
            require("pivot_core/" not in text, f"a traceback of ours:\n{text}")
        require(bool(done.returncode == 0 or done.stdout + done.stderr), "it fails without a word")

    def _is_idle(self, root: Path) -> None:
        events = map(json.loads, pivot(root, "run", "--json").stdout.splitlines())
        outcomes = {event["outcome"] for event in events if event["event"] == "stage_end"}
        require(outcomes == {"skipped"}, f"the run after it isn't idle: {outcomes}")


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


def planned(args: argparse.Namespace, command: str, calls: int) -> list[Strike]:
    """The strikes at one command that makes so many calls."""
    chance = random.Random(args.seed)
    every = range(1, calls + 1)
    found = []
    for how in args.how or (*COMMANDS[command].kills, *ERRORS):
        sampled = sorted(chance.sample(every, min(args.sample or calls, calls)))
        found += [Strike(command, how, at) for at in ([args.at] if args.at else sampled)]
    print(f"{command}: {calls} calls change a file; {len(found)} strikes", flush=True)
    return found


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--command", choices=list(COMMANDS), action="append", help="only these commands")
    parser.add_argument("--how", choices=[*KILLS, *ERRORS], action="append", help="only these ways")
    parser.add_argument("--at", type=int, help="only this call")
    parser.add_argument("--sample", type=int, help="so many calls of each way")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    args = parsed()
    home = Path(tempfile.mkdtemp(prefix="pivot-torture-"))
    arena = Arena(home)
    strikes = [
        strike
        for command in args.command or COMMANDS
        for strike in planned(args, command, arena.prepare(command))
    ]
    came: Counter[str] = Counter()
    broken = []

    def one(strike: Strike) -> None:
        try:
            came[f"{strike.command} {strike.how}: {arena.strike(strike)}"] += 1
        except Broken as what:
            broken.append(strike)
            print(
                f"BROKEN --command {strike.command} --how {strike.how} --at {strike.at}: {what}", flush=True
            )

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
