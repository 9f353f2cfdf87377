"""Uses state databases that have noise in them, each in a process of its own.

    python tests/torture/noise.py --count 2000          some minutes
    python tests/torture/noise.py --seed 17 --count 1   one of them, for debugging

Bytes, pages and runs of pages are overwritten, swapped, zeroed or cut off, wherever they are. The process
must end by itself, and soon; and read nothing that wasn't stored.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from pivot_core.store.state import State

PAGE = 4096
PATIENCE_S = 20


def stored() -> dict[str, bytes]:
    chance = random.Random(5)
    values = {f"key{n}": chance.randbytes(chance.choice([50, 200, 3000])) for n in range(600)}
    return {**values, "k" * 700: b"a long key", "definition": chance.randbytes(60_000)}


def fill(path: Path) -> None:
    """In several transactions, so that pages are freed and taken again."""
    items = list(stored().items())
    for turn in range(4):
        with State(path) as state:
            for key, value in items[turn::4]:
                state.put("file", key, value)
            for n in range(100):
                state.put("old", f"{turn}-{n}", b"x" * 300)
                state.delete("old", f"{turn - 1}-{n}")
            state.flush()


def damage(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """One kind of damage at one place, or several. The first two pages say where the rest is."""
    noisy = bytearray(data)
    pages = len(data) // PAGE
    first, second = chance.randrange(pages), chance.randrange(pages)
    end = min(pages, first + chance.randrange(1, 40))
    kind = chance.choice(["bytes", "run", "page", "pages", "head of a page", "zeros", "swapped", "cut"])
    at, until = first * PAGE, (first + 1) * PAGE
    if kind == "bytes":
        for _ in range(chance.choice([1, 5, 50])):
            noisy[chance.randrange(len(data))] = chance.randrange(256)
    elif kind == "run":
        at += chance.randrange(PAGE)
        until = min(len(data), at + chance.randrange(1, 300))
        noisy[at:until] = chance.randbytes(until - at)
    elif kind == "page":
        noisy[at:until] = chance.randbytes(PAGE)
    elif kind == "pages":
        noisy[at : end * PAGE] = chance.randbytes((end - first) * PAGE)
    elif kind == "head of a page":
        noisy[at : at + 24] = chance.randbytes(24)
    elif kind == "zeros":
        noisy[at:until] = bytes(PAGE)
    elif kind == "swapped":
        other = data[second * PAGE : (second + 1) * PAGE]
        noisy[second * PAGE : (second + 1) * PAGE] = noisy[at:until]
        noisy[at:until] = other
    else:
        del noisy[chance.randrange(len(data)) :]
    return kind, bytes(noisy)


def use(path: Path) -> None:
    """What a command does, and the next one. Raises AssertionError."""
    right = stored()
    with State(path, readonly=True) as state:
        check(state, right)
    with State(path) as state:
        check(state, right)
        for n in range(50):
            state.put("new", f"{n}", b"y" * n * 50)
        for n in range(0, 600, 9):
            state.put("file", f"key{n}", right[f"key{n}"])
            state.delete("old", f"3-{n}")
        state.flush()
    with State(path) as state:
        check(state, right)


def check(state: State, right: dict[str, bytes]) -> None:
    for key, value in right.items():
        require(state.get("file", key) in (None, value), f"{key} isn't what was stored")
    for key, value in state.scan("file"):
        require(right.get(key) == value, f"a scan gives {key}, which isn't what was stored")


def require(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def ended(path: Path) -> str:
    """How a process ends that uses the database."""
    child = os.fork()
    if not child:
        signal.alarm(PATIENCE_S)
        warnings: list[logging.LogRecord] = []
        logging.getLogger("pivot").addFilter(lambda record: bool(warnings.append(record)))
        try:
            use(path)
        except (AssertionError, OSError, ValueError) as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(2 if warnings else 0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return {0: "went unnoticed", 2: "was noticed"}.get(os.WEXITSTATUS(status), "failed")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="pivot-noise-"))
    fill(home / "sound")
    sound = (home / "sound" / "data.mdb").read_bytes()
    came: Counter[str] = Counter()
    broken = 0
    for seed in range(args.seed, args.seed + args.count):
        kind, noisy = damage(sound, random.Random(seed))
        path = home / "state"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        (path / "data.mdb").write_bytes(noisy)
        how = ended(path)
        came[f"{kind}: {how}"] += 1
        if how not in ("was noticed", "went unnoticed"):
            broken += 1
            print(f"BROKEN --seed {seed}: {kind}: {how}", flush=True)
    for what, count in sorted(came.items()):
        print(f"{count:6}  {what}")
    print(f"{args.count} damaged databases, {broken} broken guarantees")
    shutil.rmtree(home)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
