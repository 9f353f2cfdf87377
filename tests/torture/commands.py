"""The commands that are tortured: what each starts from, and what has to hold afterwards."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from project import (
    MINE,
    NEW,
    OLD,
    PATHS,
    STAGE_OF,
    contents,
    differences,
    edit,
    fresh_stages,
    pivot,
    put,
    require,
)

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


class Command(NamedTuple):
    """``prepare`` makes what it starts from of a project that was run once. ``kills``: the ways that differ.
    ``changed``: outputs that may be gone for a moment while it works on them. ``finish``: what has to come
    of the next one, which nobody disturbs."""

    args: tuple[str, ...]
    kills: tuple[str, ...]
    prepare: Callable[[Path], None]
    changed: frozenset[str]
    finish: Callable[[Path], None] = lambda root: None


def _edited(root: Path) -> None:
    edit(root)
    put(root, {"taken.txt": MINE})


def _taken_over(root: Path) -> None:
    """The user has something of their own in the place of every output."""
    edit(root)
    put(root, {path: _own(path) for path in PATHS})


def _own(path: str) -> str:
    return f"the user's own {path}"


def _made_elsewhere(root: Path) -> None:
    edit(root)
    put(root, NEW)


def _of_another_branch(root: Path) -> None:
    """The lock files say what is new, the outputs are old, missing, and somebody else's."""
    edit(root)
    pivot(root, "run", "-q")
    require(contents(root) == NEW, "the second run")
    put(root, OLD)
    shutil.rmtree(root / "two")
    put(root, {"taken.txt": MINE})


def _with_garbage(root: Path) -> None:
    """What was in the cache before an edit is garbage."""
    edit(root)
    pivot(root, "run", "-q")
    require(contents(root) == NEW, "the second run")


def _no_garbage(root: Path) -> None:
    left = json.loads(pivot(root, "gc", "--dry-run", "--json").stdout)
    require(left["dropped"] == [], f"garbage is left: {left}")


COMMANDS = {
    # (What a stage writes itself is away while it does.)
    "run": Command(
        ("run", "-q", "-k", "-j2"), KILLS, _edited, frozenset(("folder/a", "folder/b/c", "own.bin"))
    ),
    # (And an incremental output starts from what was recorded.)
    "takeover": Command(
        ("run", "-q", "-k", "-j2"),
        KILLS,
        _taken_over,
        frozenset(("folder/a", "folder/b/c", "own.bin", "log.txt")),
    ),
    "commit": Command(("commit", "-q"), ("first", "self"), _made_elsewhere, frozenset()),
    # A folder is replaced by two renames.
    "checkout": Command(
        ("checkout", "-q"), ("first",), _of_another_branch, frozenset(("folder/a", "folder/b/c"))
    ),
    "gc": Command(("gc", "-q"), ("first",), _with_garbage, frozenset(), _no_garbage),
}


def check(root: Path, before: dict[str, str], changed: frozenset[str]) -> None:
    """What holds whatever came of a command. ``before``: the outputs it started from."""
    there = contents(root)
    for stage in fresh_stages(root):
        for path, of in STAGE_OF.items():
            require(of != stage or there.get(path) == NEW[path], f"{path} is called fresh")
    for path in PATHS:
        allowed = {before.get(path), NEW[path]}
        require(
            there.get(path) in allowed or path in changed,
            f"{path} isn't what it was: {there.get(path)!r:.60}",
        )
    for path, text in before.items():
        if text in (MINE, _own(path)):
            places = [root / path, *(root / ".pivot/replaced").glob(f"*/{path}*")]
            require(text in map(_text, places), f"the user's own {path} is lost")


def _text(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def check_cache(root: Path, copy: Path) -> None:
    """What is recorded can be had from the cache: shown in a copy of the project."""
    shutil.copytree(root, copy, symlinks=True)
    if stages := fresh_stages(copy):
        outputs = [path for path in PATHS if STAGE_OF[path] in stages]
        for path in outputs:
            (copy / path).unlink()
        done = pivot(copy, "checkout", "-q", *stages)
        wanted = {path: NEW[path] for path in outputs}
        wrong = differences(copy, wanted)
        require(not wrong and done.returncode == 0, f"the cache lacks {wrong}: {done.stdout}{done.stderr}")
    shutil.rmtree(copy)
