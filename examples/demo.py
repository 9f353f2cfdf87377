"""Walks through the penguins example in four steps. Run by ``make demo``; works on a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).parent / "penguins"
HELPER = "src/penguins/learn.py"
BEFORE, AFTER = "colorbar=False", "colorbar=True"
COLOURS = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="pivot-demo-")) / "penguins"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".pivot", "build", "__pycache__"))
    say(
        "Three models learn the sex of 333 penguins. Eleven stages: plain functions in src/, registered in\n"
        "pipeline.py. Nobody wired them; the graph follows from the files that they read and write."
    )
    pivot(folder, "dag", "--stages")

    say("1. Make everything, as much as possible at once.")
    pivot(folder, "run")

    say("2. Again: nothing changed, so nothing runs. None of your code is even imported.")
    pivot(folder, "run")

    say(f"3. Edit a helper. confusion() in {HELPER} is no stage, but three stages call it.")
    edit(folder / HELPER, BEFORE, AFTER)
    pivot(folder, "status")
    say("Exactly these run. Their scores come out as they were, so compare, which reads them, need not.")
    pivot(folder, "run")

    say("4. Undo the edit. Results of this code were there before: they come back from the cache.")
    edit(folder / HELPER, AFTER, BEFORE)
    pivot(folder, "run")

    say(f"The copy is yours to play with:\n\n  cd {folder}\n  {command()} status --explain")


def say(text: str) -> None:
    print(f"\n\x1b[1m{text}\x1b[0m\n" if COLOURS else f"\n{text}\n", flush=True)


def pivot(folder: Path, *args: str) -> None:
    """Run ``pivot-core`` in the folder, with the terminal that this script has."""
    print(f"$ pivot-core {' '.join(args)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "pivot_core", *args], cwd=folder, check=False)
    if done.returncode:
        sys.exit(f"pivot-core {' '.join(args)} ended with {done.returncode}, in {folder}")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"the demo is out of date: {old!r} isn't there once in {path}")
    path.write_text(text.replace(old, new), encoding="utf-8")
    print(f"  - {old}\n  + {new}\n", flush=True)


def command() -> str:
    """How to call ``pivot-core`` here: by its name, or by its path where that isn't on PATH."""
    beside = Path(sys.executable).with_name("pivot-core")
    return "pivot-core" if shutil.which("pivot-core") or not beside.exists() else str(beside)


if __name__ == "__main__":
    main()
