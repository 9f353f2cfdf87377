"""One project and its past: what happens to it, and what should be then."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from model import World, new
from oracle import content
from steps import edited

from pivot_core.engine import Engine
from pivot_core.errors import InvalidPipeline, PivotError
from pivot_core.execute.events import Event, StageEnd, StageStart
from pivot_core.memory import Memory
from pivot_core.project import Project
from pivot_core.store.lock import Locks

GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
VARIABLES = ("PIVOT_H_A", "PIVOT_H_B")


class Wrong(Exception):  # noqa: N818 - it is no error of ours to handle
    """Pivot says or does something that it shouldn't."""


@dataclass
class Record:
    """What is known of a stage's last success. ``key`` is of all that it rested on."""

    key: str
    outs: dict[str, str]


@dataclass
class Branch:
    world: World
    records: dict[str, Record]


class Oracle:
    """The other process, see oracle.py."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, object] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(Path(__file__).with_name("oracle.py"))],
            env={**{name: value for name, value in os.environ.items() if name not in VARIABLES}},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def make(self, world: World) -> dict[str, dict[str, str] | str] | str:
        files = world.files()
        asked = json.dumps([files, world.variables], sort_keys=True)
        if asked not in self._known:
            shutil.rmtree(self._folder, ignore_errors=True)
            _write(self._folder, files)
            order = {"root": str(self._folder), "environment": world.variables}
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            self._known[asked] = json.loads(self._process.stdout.readline())
        return self._known[asked]  # type: ignore[return-value]

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


@dataclass
class History:
    """One project, from the first file on."""

    root: Path
    oracle: Oracle
    seed: int
    told: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        self.world = new(rng)
        self.past = [self.world]
        self.records: dict[str, Record] = {}
        self.results: set[str] = set()  # keys of results that the state knows of
        self.cached: set[str] = set()  # keys of results whose content is in the cache
        self.memory = Memory() if rng.random() < 0.5 else None
        self.jobs = rng.choice([1, 1, 2])
        self.written: dict[str, str] = {}
        self.branch, self.branches = "one", dict[str, Branch]()
        _write(self.root, {".gitignore": "/out/\n/made/\n__pycache__/\n/.pivot/*\n!/.pivot/stages\n"})
        mode = rng.choice(["", "copy", "symlink", "hardlink"])
        if mode:
            _write(self.root, {".pivot/config.yaml": f"cache:\n  mode: {mode}\n"})
        self.git("init", "-q", "-b", "one")
        self.write(rng)

    # --- what happens ------------------------------------------------------------------------------

    def step(self, kind: str, rng: random.Random) -> None:
        self.told.append(kind)
        self.counts[kind] += 1
        getattr(self, "do_" + kind.replace(" ", "_").replace(",", ""))(rng)
        self.look()

    def do_edit(self, rng: random.Random) -> None:
        self.world, what = edited(self.world, rng)
        self.told[-1] += f": {what}"
        self.write(rng)

    def do_undo(self, rng: random.Random) -> None:
        variables = self.world.variables
        self.world = rng.choice(self.past[-6:]).copy()
        if rng.random() < 0.5:
            self.world.variables = variables
        self.write(rng)

    def do_run(self, rng: random.Random) -> None:
        self.run()

    def do_run_a_target(self, rng: random.Random) -> None:
        self.run(rng.choice(list(self.world.stages.values())).name)

    def do_run_by_force(self, rng: random.Random) -> None:
        self.run(rng.choice(list(self.world.stages.values())).name, force=True)

    def do_run_and_stop_it(self, rng: random.Random) -> None:
        at, seen = rng.randrange(1, 8), [0]

        def stop(event: Event) -> None:
            seen[0] += isinstance(event, StageStart | StageEnd)
            if seen[0] == at:
                seen[0] += 1
                os.kill(os.getpid(), signal.SIGINT)

        with contextlib.suppress(KeyboardInterrupt, PivotError):
            self.engine_run(stop)
            time.sleep(0)  # where the signal comes at the very end
        self.records.clear()

    def do_edit_while_it_runs(self, rng: random.Random) -> None:
        at, seen = rng.randrange(1, 6), [0]

        def edit(event: Event) -> None:
            seen[0] += isinstance(event, StageStart | StageEnd)
            if seen[0] == at:
                seen[0] += 1
                self.do_edit(rng)

        variables = self.world.variables
        with contextlib.suppress(PivotError):
            self.engine_run(edit)
        self.world.variables = variables  # (they can't change under a process)
        self.records.clear()

    def do_two_runs(self, rng: random.Random) -> None:
        other = subprocess.Popen(
            self.command("run", "-k", "-q"), cwd=self.root, env=self.environment(), stdout=-3, stderr=-3
        )
        with contextlib.suppress(PivotError):
            self.engine_run()
        other.communicate()
        self.records.clear()
        self.results.clear()
        self.after(set(), set(self.names()))

    def do_run_elsewhere(self, rng: random.Random) -> None:
        """By the command, in a process of its own."""
        subprocess.run(
            self.command("run", "-k", "-q"),
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            check=False,
        )
        self.after(set(), set(self.names()))

    def do_spoil_an_output(self, rng: random.Random) -> None:
        if places := self.outputs():
            place = rng.choice(places)
            place.unlink()
            place.write_text("by hand")

    def do_lose_an_output(self, rng: random.Random) -> None:
        if places := self.outputs():
            rng.choice(places).unlink()

    def do_touch_all(self, rng: random.Random) -> None:
        for path in self.written:
            os.utime(self.root / path)

    def do_lose_the_cache(self, rng: random.Random) -> None:
        shutil.rmtree(self.root / ".pivot/cache", ignore_errors=True)
        self.cached.clear()

    def do_lose_the_state(self, rng: random.Random) -> None:
        shutil.rmtree(self.root / ".pivot/state.lmdb", ignore_errors=True)
        self.results.clear()

    def do_collect_garbage(self, rng: random.Random) -> None:
        done = subprocess.run(
            self.command("gc", "-q"), cwd=self.root, env=self.environment(), capture_output=True, check=False
        )
        if done.returncode:
            if "can't be read" not in done.stderr.decode():  # a record that was spoilt
                raise Wrong(f"gc: {done.stderr.decode()}")
            return
        self.cached &= {record.key for record in self.records.values()}

    def do_lose_a_record(self, rng: random.Random) -> None:
        if found := self.locks():
            rng.choice(found).unlink()
            self.records = {name: each for name, each in self.records.items() if self.lock(name).exists()}

    def do_spoil_a_record(self, rng: random.Random) -> None:
        if found := self.locks():
            path = rng.choice(found)
            path.write_text("<<<<<<< ours\n" + path.read_text())
            self.records = {name: each for name, each in self.records.items() if self.lock(name) != path}

    def do_checkout(self, rng: random.Random) -> None:
        with contextlib.suppress(PivotError), Engine(Project(self.root), jobs=1) as engine:
            engine.checkout()

    def do_switch_the_branch(self, rng: random.Random) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "all")
        self.branches[self.branch] = Branch(self.world.copy(), dict(self.records))
        other = "two" if self.branch == "one" else "one"
        self.git("checkout", "-q", *([other] if other in self.branches else ["-b", other]))
        variables, self.branch = self.world.variables, other
        if other in self.branches:
            self.world, self.records = self.branches[other].world.copy(), dict(self.branches[other].records)
            self.world.variables = variables
        self.written = self.world.files()

    def do_take_a_record_of_the_other_branch(self, rng: random.Random) -> None:
        other = self.branches.get("two" if self.branch == "one" else "one")
        if other is None or not other.records:
            return
        name = rng.choice(sorted(other.records))
        self.git(
            "checkout",
            "-q",
            "two" if self.branch == "one" else "one",
            "--",
            str(self.lock(name).relative_to(self.root)),
        )
        self.records[name] = other.records[name]

    # --- the files ---------------------------------------------------------------------------------

    def write(self, rng: random.Random) -> None:
        """The project as it is now: what has changed, in one way or another."""
        files = self.world.files()
        for path in self.written.keys() - files.keys():
            (self.root / path).unlink()
        for path, text in files.items():
            if self.written.get(path) == text:
                continue
            place, way = self.root / path, rng.random()
            before = place.stat() if place.exists() else None
            place.parent.mkdir(parents=True, exist_ok=True)
            if way < 0.5:
                place.write_text(text)
            else:  # as many editors do
                (self.root / "new.tmp").write_text(text)
                (self.root / "new.tmp").replace(place)
            if before is not None and way % 0.1 < 0.05:
                os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.written = files
        self.past.append(self.world.copy())

    def outputs(self) -> list[Path]:
        found = [each for folder in ("out", "made") for each in (self.root / folder).rglob("*")]
        return sorted(each for each in found if each.is_file() or each.is_symlink())

    def locks(self) -> list[Path]:
        return sorted((self.root / ".pivot/stages").glob("*.lock"))

    def lock(self, name: str) -> Path:
        return Locks(self.root / ".pivot/stages").path_of(name)

    def git(self, *args: str) -> None:
        done = subprocess.run([*GIT, *args], cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"git {args}: {done.stderr}")

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "pivot_core", *args]

    def environment(self) -> dict[str, str]:
        known = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        return known | self.world.variables

    # --- what should be ----------------------------------------------------------------------------

    def names(self) -> list[str]:
        return [stage.name for stage in self.world.stages.values()]

    def keys(self, made: dict[str, dict[str, str]]) -> dict[str, str]:
        """Of the stages, given the content of their outputs; none for those that lack an input."""
        found = {}
        for stage in self.world.stages.values():
            contents: dict[str, object] = {}
            for dep in stage.deps:
                other = self.world.stages.get(dep)
                contents[dep] = self.world.data[dep] if other is None else made.get(other.name)
            if None not in contents.values():
                found[stage.name] = self.world.key(stage, contents)
        return found

    def on_disk(self) -> dict[str, dict[str, str]]:
        return {stage.name: content(self.root, stage.out) for stage in self.world.stages.values()}

    def should(self) -> dict[str, dict[str, str]] | None:
        """What a run from nothing makes, without the stages that fail; None if there is no pipeline."""
        made = self.oracle.make(self.world)
        if isinstance(made, str):
            return None
        return {name: outs for name, outs in made.items() if not isinstance(outs, str)}

    def look(self) -> None:
        """Are the verdicts right?"""
        should, disk = self.should(), self.on_disk()
        self.set_variables()
        try:
            with Engine(Project(self.root), jobs=1, memory=self.memory) as engine:
                found = engine.status()
        except InvalidPipeline as error:
            if should is not None:
                raise Wrong(f"there is a pipeline, but: {error}") from error
            return
        if should is None:
            raise Wrong(f"there is no pipeline, but verdicts: {found}")
        states = {each.spec.name: each.verdict.state for each in found}
        self.counts.update(f"is {state}" for state in states.values())
        for name, state in states.items():
            if state == "fresh" and disk[name] != should.get(name):
                raise Wrong(f"FALSE-FRESH: {name} has {disk[name]} and should have {should.get(name)}")
        keys = self.keys(disk)
        for key, stage in self.world.stages.items():
            upstream = [self.world.stages[dep].name for dep in stage.deps if dep in self.world.stages]
            record = self.records.get(stage.name)
            same = (
                record is not None and record.key == keys.get(stage.name) and record.outs == disk[stage.name]
            )
            if same and states[stage.name] != "fresh" and all(states[each] == "fresh" for each in upstream):
                reasons = next(each.verdict.reasons for each in found if each.spec.name == stage.name)
                raise Wrong(f"FALSE-STALE: {stage.name} ({key}): {reasons}")

    def set_variables(self) -> None:
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(self.world.variables)

    def engine_run(
        self, listen: object = None, target: str | None = None, force: bool = False
    ) -> dict[str, str]:
        """The outcomes. Raises PivotError, KeyboardInterrupt."""
        outcomes: dict[str, str] = {}

        def hear(event: Event) -> None:
            if isinstance(event, StageEnd):
                outcomes[event.stage] = event.outcome
                self.why[event.stage] = event.reasons
            if callable(listen):
                listen(event)

        self.why: dict[str, object] = {}
        self.set_variables()
        with Engine(Project(self.root), hear, self.jobs, memory=self.memory) as engine:
            engine.run([target] if target else [], keep_going=True, force=force)
        return outcomes

    def run(self, target: str | None = None, *, force: bool = False) -> None:
        disk = self.on_disk()
        try:
            outcomes = self.engine_run(None, target, force)
        except InvalidPipeline as error:
            if self.should() is not None:
                raise Wrong(f"a pipeline doesn't run: {error}") from error
            return
        should = self.should()
        if should is None:
            raise Wrong(f"no pipeline, but it runs: {outcomes}")
        self.counts.update(outcomes.values())
        keys = self.keys(should)
        for name, outcome in outcomes.items():
            record, key = self.records.get(name), keys.get(name)
            is_same = record is not None and record.key == key
            there = key in self.cached and (is_same or key in self.results)
            there |= is_same and record is not None and record.outs == disk[name]
            if outcome == "ran" and there and not (force and name == target):
                raise Wrong(f"RAN AGAIN: {name}: {self.why[name]}")
            if (outcome in ("ran", "skipped", "restored")) != (name in should):
                raise Wrong(f"{name} {outcome}, should make {should.get(name)}")
        done = {name for name, outcome in outcomes.items() if outcome in ("ran", "skipped", "restored")}
        self.after({name for name in done if outcomes[name] != "skipped"}, done)

    def after(self, made: set[str], done: set[str]) -> None:
        """A run has ended well; of the stages ``done``, it has ``made`` or restored some."""
        should = self.should()
        if should is None:
            return
        disk, keys = self.on_disk(), self.keys(should)
        for name in sorted(done & should.keys()):
            if disk[name] != should[name]:
                raise Wrong(f"WRONG OUTPUT: {name} has {disk[name]} and should have {should[name]}")
            self.records[name] = Record(keys[name], should[name])
            if name in made:
                self.cached.add(keys[name])
                self.results.add(keys[name])


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
