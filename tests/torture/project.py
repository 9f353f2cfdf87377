"""The project that is tortured: its pipeline, what is right in it, and how commands are run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

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


class Broken(Exception):  # noqa: N818 - named for what it is
    """A guarantee that didn't hold."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


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


def make(root: Path) -> None:
    """A project that was run once."""
    root.mkdir()
    (root / "pipeline.py").write_text(PIPELINE)
    (root / "in.txt").write_text("in")
    (root / "helpers.py").write_text('VERSION = "one"\n')
    pivot(root, "run", "-q")
    require(contents(root) == OLD, "the first run")


def edit(root: Path) -> None:
    """Every stage is stale afterwards."""
    (root / "helpers.py").write_text('VERSION = "twenty"\n')


def contents(root: Path) -> dict[str, str]:
    return {path: (root / path).read_text() for path in PATHS if (root / path).is_file()}


def put(root: Path, wanted: dict[str, str]) -> None:
    """Outputs as somebody makes them without Pivot."""
    for path, text in wanted.items():
        (root / path).parent.mkdir(exist_ok=True, parents=True)
        (root / path).unlink(missing_ok=True)
        (root / path).write_text(text)


def differences(root: Path, wanted: dict[str, str]) -> dict[str, str]:
    there = contents(root)
    return {path: f"{there.get(path)!r:.60}" for path in wanted if there.get(path) != wanted[path]}


def fresh_stages(root: Path) -> list[str]:
    """What ``status`` calls fresh."""
    done = pivot(root, "status", "--json")
    require(done.returncode == 0, f"status fails: {done.stdout}{done.stderr}")
    return [stage["name"] for stage in json.loads(done.stdout)["stages"] if stage["state"] == "fresh"]


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
