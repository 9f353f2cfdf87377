"""Projects with a past: edits, runs, mishaps at random; is every verdict and every output what it should be?

    python tests/histories/histories.py [--count 100] [--seed 0] [--steps 25] [--long] [--blind]

After each step a fork of another process makes all outputs from nothing (``oracle.py``). A stage that is said
to be fresh must have just these; after a run all must. And what was recorded of just what a stage rests on
(``World.key``) must be fresh, or restored, without running. A history that fails is told with as few steps as
it fails with. ``--blind``: take no change of code for a reason, so that they must fail.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from history import History, Oracle, Wrong

KINDS = {
    "edit": 50,
    "undo": 14,
    "run": 30,
    "run a target": 6,
    "run by force": 2,
    "run, and stop it": 4,
    "edit while it runs": 5,
    "two runs": 2,
    "run elsewhere": 2,
    "spoil an output": 6,
    "lose an output": 5,
    "touch all": 3,
    "lose the cache": 1,
    "lose the state": 2,
    "collect garbage": 2,
    "lose a record": 3,
    "spoil a record": 1,
    "checkout": 2,
    "switch the branch": 6,
    "take a record of the other branch": 2,
}

Step = tuple[str, int]  # what happens, and a seed of how


def steps_of(seed: int, count: int) -> list[Step]:
    rng = random.Random(seed)
    return [(rng.choices(list(KINDS), list(KINDS.values()))[0], rng.randrange(10**9)) for _ in range(count)]


def play(seed: int, steps: list[Step], counts: Counter[str]) -> tuple[int, str] | None:
    """After how many steps it went wrong, and how; None if it didn't."""
    with tempfile.TemporaryDirectory(prefix="pivot-history-") as folder:
        oracle = Oracle(Path(folder).resolve() / "oracle")
        try:
            history = History(Path(folder).resolve() / "project", oracle, seed, counts=counts)
            for at, (kind, of_step) in enumerate(steps):
                try:
                    history.step(kind, random.Random(of_step))
                except Wrong as error:
                    return at + 1, "\n".join([*history.told, str(error)])
        finally:
            oracle.close()
    return None


def shrunk(seed: int, steps: list[Step], found: tuple[int, str]) -> str:
    """The same with as few steps as possible."""
    steps, told = steps[: found[0]], found[1]
    kind, size = _kind(told), max(1, found[0] // 2)
    while size:
        at = len(steps) - 1 - size
        while at >= 0:
            fewer = steps[:at] + steps[at + size :]
            again = play(seed, fewer, Counter())
            if again is not None and _kind(again[1]) == kind:
                steps, told = fewer[: again[0]], again[1]
            at -= size
        size //= 2
    return f"{told}\nsteps = {steps}"


def _kind(told: str) -> str:
    return told.rpartition("\n")[2].partition(":")[0]


def main() -> int:
    options = _options()
    logging.disable()
    if options.blind:
        be_blind()
    counts: Counter[str] = Counter()
    wrong = 0
    for seed in range(options.seed, options.seed + options.count):
        steps = steps_of(seed, options.steps)
        found = play(seed, steps, counts)
        if found is not None:
            wrong += 1
            print(f"--- seed {seed}, step {found[0]}", flush=True)
            print(found[1] if options.long else shrunk(seed, steps, found), flush=True)
    print(
        f"{options.count} histories of {options.steps} steps, {wrong} wrong: {dict(sorted(counts.items()))}"
    )
    return 1 if wrong else 0


def be_blind() -> None:
    """Take no change of code for a reason."""
    from pivot_core import status
    from pivot_core.decide import decide
    from pivot_core.execute import plan
    from pivot_core.types import Verdict

    def blind(*given: object) -> Verdict:
        verdict = decide(*given)  # type: ignore[arg-type]
        reasons = tuple(reason for reason in verdict.reasons if reason.kind != "code")
        return verdict if reasons or verdict.state != "stale" else Verdict("fresh")

    status.decide = plan.decide = blind  # type: ignore[assignment]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="histories (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first (default: 0)")
    parser.add_argument("--steps", type=int, default=25, metavar="N", help="in each (default: 25)")
    parser.add_argument("--long", action="store_true", help="tell all steps of a history that fails")
    parser.add_argument("--blind", action="store_true", help="take no change of code for a reason")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
