"""The same projects in an editor: has a text that was never saved the verdicts that it has in the file?

    python tests/histories/editor.py [--count 10] [--seed 0] [--steps 40]

Texts are typed in several files, half and wholly, saved, closed, undone; files change on the disk, come and
go, as do records; the project is run, by the command and by the language server. After each step the server's
verdicts with all reasons must be those of an engine without a memory, on a copy of the project with these
texts in the files.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from model import new
from steps import edited

from pivot_core.engine import Engine
from pivot_core.errors import PivotError
from pivot_core.project import Project

KINDS = {
    "type": 40,
    "type half": 15,
    "undo": 10,
    "save all": 12,
    "save one": 8,
    "close one": 5,
    "change files": 10,
    "switch the branch": 5,
    "run": 5,
    "run by the editor": 4,
    "lose a record": 3,
    "take an old record": 3,
    "spoil an output": 4,
}
PATIENCE_S = 20.0
_STATE = ".pivot/state.lmdb"
# They can't change under a server that has begun.
VARIABLES = ("PIVOT_H_A", "PIVOT_H_B")


class Different(Exception):  # noqa: N818 - it is no error of ours to handle
    """The editor says something else."""


def _client() -> ModuleType:
    path = Path(__file__).parents[1] / "lsp/conftest.py"
    spec = importlib.util.spec_from_file_location("lsp_conftest", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Session:
    """A project that is open in an editor. ``editor`` is that of the server's own tests."""

    def __init__(
        self,
        root: Path,
        editor: Any,  # noqa: ANN401 - of a module that is loaded by its path
        seed: int,
        counts: Counter[str],
    ) -> None:
        self.root = root
        self.editor = editor
        self.counts = counts
        self.rng = random.Random(seed)
        self.world = new(self.rng)
        self.past = [self.world]
        self.buffers: dict[str, str] = {}
        self.readable: dict[str, str] = {}
        self.records: list[dict[str, bytes]] = []
        self.told: list[str] = []
        self.to_disk(self.world.files())

    # --- what happens ------------------------------------------------------------------------------

    async def step(self) -> None:
        kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        self.told.append(kind)
        self.counts[kind] += 1
        done = getattr(self, "do_" + kind.replace(" ", "_"))()
        if done is not None:
            await done
        await self.compare()

    def edit(self) -> None:
        self.past.append(self.world)
        self.world, what = edited(self.world, self.rng)
        self.world.variables = {}
        self.told[-1] += f": {what}"

    def do_type(self) -> None:
        self.edit()
        self.show(self.world.files())

    def do_undo(self) -> None:
        self.world = self.rng.choice(self.past[-4:])
        self.show(self.world.files())

    def do_type_half(self) -> None:
        """Some more letters, or less, anywhere: mostly that can't be read."""
        path = self.rng.choice(sorted(path for path in self.world.files() if path.endswith(".py")))
        text = self.buffers.get(path) or self.text(path) or ""
        at = self.rng.randrange(len(text) + 1)
        self.type(path, text[:at] + self.rng.choice(["x", "(", "\n", "def ", '"', "#"]) + text[at:])

    def do_save_all(self) -> None:
        for path in sorted(self.buffers):
            self.save(path)

    def do_save_one(self) -> None:
        if self.buffers:
            self.save(self.rng.choice(sorted(self.buffers)))

    def do_close_one(self) -> None:
        if self.buffers:
            path = self.rng.choice(sorted(self.buffers))
            del self.buffers[path]
            self.readable.pop(path, None)
            self.editor.close(path)

    def do_change_files(self) -> None:
        self.edit()
        self.to_disk(self.world.files())

    def do_switch_the_branch(self) -> None:
        """All files and records as they were some time ago; the buffers are read again as editors do."""
        self.world = self.rng.choice(self.past)
        for path in list(self.buffers):
            del self.buffers[path]
            self.readable.pop(path, None)
            self.editor.close(path)
        self.to_disk(self.world.files())
        if self.records:
            self.put_records(self.rng.choice(self.records))

    def do_run(self) -> None:
        command = [sys.executable, "-m", "pivot_core", "run", "-k", "-q"]
        subprocess.run(command, cwd=self.root, capture_output=True, check=False)
        self.records.append(self.locks())
        self.told_of(path for path in self.locks())

    async def do_run_by_the_editor(self) -> None:
        await self.editor.execute("pivot.run", {"root": str(self.root)})
        end = time.monotonic() + 60
        while (await self.pipeline())["running"] and time.monotonic() < end:
            await asyncio.sleep(0.05)
        self.records.append(self.locks())

    def do_lose_a_record(self) -> None:
        if locks := self.locks():
            path = self.rng.choice(sorted(locks))
            (self.root / path).unlink()
            self.told_of([path])

    def do_take_an_old_record(self) -> None:
        if self.records and (locks := self.rng.choice(self.records)):
            path = self.rng.choice(sorted(locks))
            (self.root / path).write_bytes(locks[path])
            self.told_of([path])

    def do_spoil_an_output(self) -> None:
        found = [each for folder in ("out", "made") for each in (self.root / folder).rglob("*")]
        if files := sorted(each for each in found if each.is_file()):
            place = self.rng.choice(files)
            place.unlink()
            if self.rng.random() < 0.5:
                place.write_text("by hand")
            self.told_of([place.relative_to(self.root).as_posix()])

    # --- files and buffers ---------------------------------------------------------------------------

    def text(self, path: str) -> str | None:
        place = self.root / path
        return place.read_text() if place.is_file() else None

    def show(self, files: dict[str, str]) -> None:
        """In buffers where it is source, else in files."""
        self.to_disk({path: text for path, text in files.items() if not path.endswith(".py")}, whole=False)
        for path, text in files.items():
            if path.endswith(".py") and self.buffers.get(path, self.text(path)) != text:
                self.type(path, text)

    def type(self, path: str, text: str) -> None:
        if path not in self.buffers:
            if self.text(path) is None:
                self.to_disk({path: ""}, whole=False)
            self.editor.open(path)
            self.readable[path] = self.text(path) or ""
        self.editor.type(path, text)
        self.buffers[path] = text
        if _is_readable(text):
            self.readable[path] = text

    def save(self, path: str) -> None:
        self.editor.save(path, self.buffers[path])
        self.told_of([path])

    def to_disk(self, files: dict[str, str], *, whole: bool = True) -> None:
        changed = [path for path, text in files.items() if self.text(path) != text]
        for path in changed:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(files[path])
        known = [*self.root.rglob("*.py"), *self.root.glob("data/**/*"), self.root / "params.yaml"]
        there = [each.relative_to(self.root).as_posix() for each in known if each.is_file()]
        for path in sorted(set(there) - files.keys()):
            if (whole or not path.endswith(".py")) and path not in self.buffers and (whole or len(files) > 1):
                (self.root / path).unlink()
                changed.append(path)
        self.told_of(changed)

    def told_of(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.editor.told_of_change(path)

    def locks(self) -> dict[str, bytes]:
        found = (self.root / ".pivot/stages").glob("*.lock")
        return {each.relative_to(self.root).as_posix(): each.read_bytes() for each in found}

    def put_records(self, records: dict[str, bytes]) -> None:
        for path in self.locks().keys() - records.keys():
            (self.root / path).unlink()
        for path, data in records.items():
            (self.root / path).write_bytes(data)
        self.told_of(records)

    # --- what should be ------------------------------------------------------------------------------

    async def pipeline(self) -> dict[str, Any]:
        return dict(await self.editor.ask("pivot/pipeline", {"root": str(self.root)}))

    async def compare(self) -> None:
        should = self.should()
        end = time.monotonic() + PATIENCE_S
        while True:
            found = await self.pipeline()
            self.counts[f"is {found['state']}"] += 1
            if should is None or found["state"] == "outdated":
                if should is None and found["state"] == "known":
                    said: object = found["stages"]
                elif should is not None and not self.unsaved():
                    said = found["state"]
                else:
                    return
            else:
                said = {each["name"]: (each["state"], _reasons(each["reasons"])) for each in found["stages"]}
                if said == should:
                    self.counts.update(f"is {state}" for state, _ in should.values())
                    return
            if time.monotonic() > end:
                raise Different(f"{found['state']} {found['why']}\neditor: {said}\nshould: {should}")
            await asyncio.sleep(0.1)

    def unsaved(self) -> bool:
        """Files lack what verdicts are on: a text isn't saved, or one that can't be parsed is."""
        return any(self.text(path) != text for path, text in self.buffers.items()) or any(
            self.text(path) != text for path, text in self.readable.items()
        )

    def should(self) -> dict[str, tuple[str, object]] | None:
        """By an engine that remembers nothing, on a copy; None if there is no pipeline."""
        copy, state = self.root.with_name("copy"), self.root.with_name("state")
        if (copy / _STATE).exists():  # the definition, which takes long to load
            (copy / _STATE).rename(state)
        shutil.rmtree(copy, ignore_errors=True)
        ignored = shutil.ignore_patterns("cache", "tmp", "state.lmdb", "__pycache__")
        shutil.copytree(self.root, copy, ignore=ignored)
        if state.exists():
            (copy / ".pivot").mkdir(exist_ok=True)
            state.rename(copy / _STATE)
        for path, text in self.readable.items():
            (copy / path).write_text(text)
        try:
            with Engine(Project(copy), jobs=1) as engine:
                found = engine.status()
        except PivotError:
            return None
        return {
            each.spec.name: (
                each.verdict.state,
                sorted((r.kind, r.subject, r.detail) for r in each.verdict.reasons if r.kind != "failed"),
            )
            for each in found
        }


def _reasons(reasons: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((r["kind"], r["subject"], r["detail"]) for r in reasons if r["kind"] != "failed")


def _is_readable(text: str) -> bool:
    try:
        compile(text, "x", "exec", 0x400)  # only parsed
    except (SyntaxError, ValueError):
        return False
    return True


async def play(seed: int, count: int, counts: Counter[str]) -> str | None:
    lsp = _client()
    with tempfile.TemporaryDirectory(prefix="pivot-editor-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / "project"
        root.mkdir()
        project = lsp.Project(root)
        client = lsp.Client()
        (root / "pipeline.py").write_text("")
        await client.start_io(*lsp.SERVER)
        try:
            await lsp.initialize(client, project, "visual-studio-code")
            session = Session(root, lsp.Editor(client, project), seed, counts)
            for _ in range(count):
                try:
                    await session.step()
                except Different as error:
                    return "\n".join([*session.told[-15:], str(error)])
        finally:
            await client.shutdown_session()
            await client.stop()
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description="Do unsaved texts have the verdicts of saved ones?")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="sessions (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first (default: 0)")
    parser.add_argument("--steps", type=int, default=40, metavar="N", help="in each (default: 40)")
    options = parser.parse_args()
    logging.disable()
    for name in VARIABLES:
        os.environ.pop(name, None)
    counts: Counter[str] = Counter()
    wrong = 0
    for seed in range(options.seed, options.seed + options.count):
        found = asyncio.run(play(seed, options.steps, counts))
        if found is not None:
            wrong += 1
            print(f"--- seed {seed}, step\n{found}", flush=True)
    print(f"{options.count} sessions of {options.steps} steps, {wrong} wrong: {dict(sorted(counts.items()))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
