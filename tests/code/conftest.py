"""A project of the code graph in memory and on disk, as the tests of this room need it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

import pivot_core
from pivot_core.artifacts.hashing import FileHashes
from pivot_core.code.graph import CodeGraph
from pivot_core.code.index import CodeIndex
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project
from pivot_core.store.state import State
from pivot_core.types import CodeFact, Place, StageSpec

Roots = tuple[tuple[str, str], ...]

_EXECUTOR = Path(__file__).with_name("execute.py")


class Executor:
    """Another process that really executes stages (see execute.py); started when it is first needed."""

    def __init__(self) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        engine = str(Path(pivot_core.__file__).parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(_EXECUTOR)],
            env={
                **known,
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": engine,
                "PYTHONDONTWRITEBYTECODE": "1",  # by what a stage starts, of files that are edited at once
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self._one_at_a_time = threading.Lock()

    def output(self, root: Path, text: str, environment: Mapping[str, str]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"root": str(root), "text": text, "environment": dict(environment)}
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return str(json.loads(self._process.stdout.readline()))


executor = functools.cache(Executor)


class Elsewhere:
    """The code graph in another process: other settings, another folder, another seed of hashes; or another
    Python, which then has to have the engine's dependencies."""

    def __init__(self, python: str = sys.executable, **environment: str) -> None:
        engine = str(Path(pivot_core.__file__).parents[1])
        settings = {"PYTHONPATH": engine, "PYTHONHASHSEED": "1", "LC_ALL": "C", "PYTHONUTF8": "0"}
        self._process = subprocess.Popen(
            [python, "-B", str(Path(__file__).with_name("ask.py"))],
            env={**settings, **environment},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, root: str | Path) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{Path(root).resolve()}\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


class Cache(dict[str, bytes]):
    """A summary cache that counts what was made anew."""

    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class CodeProject:
    """Source files in a folder, and what the code graph says about them."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        self.cache = Cache()
        self.live = LiveGraph()
        self.sources: Sources

    def emptied(self) -> CodeProject:
        """As new; for tests that make many projects, one after the other."""
        shutil.rmtree(self.project.root)
        self.project.root.mkdir()
        return CodeProject(self.project.root)

    def write(self, files: Mapping[str, str | None]) -> CodeProject:
        for name, text in files.items():
            path = self.project.root / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def digest(self, logical: str) -> str | None:
        path = self.project.root / logical
        return blake3(path.read_bytes()).hexdigest() if path.is_file() else None

    def graph(self, overlay: Mapping[str, str] | None = None) -> CodeGraph:
        self.sources = Sources(self.project, self.digest, overlay)
        return CodeGraph(self.sources, self.cache)

    def sources_now(self, paths: Iterable[str]) -> dict[str, str | None]:
        """What the paths are now: a file's digest, or for a folder that of its listing."""
        fresh = Sources(self.project, self.digest)
        return {path: fresh.listing(path) if path.endswith("/") else fresh.digest(path) for path in paths}

    def output(self, text: str = "hello", **environment: str) -> str:
        """What stage ``s`` of stages.py returns when it is really executed: its repr, or what it raises."""
        return executor().output(self.project.root, text, environment)

    def fact(self, *roots: tuple[str, str]) -> CodeFact:
        """The code behind a stage. A graph that follows the edits says the same as one from scratch, and so
        does what is kept from one process to the next."""
        wanted = roots or (("stages", "s"),)
        graph = self.graph()
        followed = self.live.now(Sources(self.project, self.digest), self.cache)
        found = graph.stage(wanted)
        assert followed.fact(wanted) == graph.fact(wanted)
        assert followed.stage(wanted) == found
        assert followed.definition() == graph.definition()
        if len(wanted) < 3:
            definition, facts, _ = self.kept({"s": wanted})
            assert definition == graph.definition()
            assert facts["s"] == graph.fact(wanted)
        return found

    def kept(self, stages: Mapping[str, Roots]) -> tuple[str, dict[str, CodeFact], bool]:
        """What a new process is told of the definition and of stages, which have one root or two; and whether
        it had to make a graph for that."""
        place = Place("pipeline.py", 1)
        with State(self.project.root / ".pivot/state.lmdb") as state:
            hashes = FileHashes(self.project.root, state)
            index = CodeIndex(self.project, hashes, state)
            definition, facts = index.definition(), {}
            for name, (function, *others) in stages.items():
                params = others[0] if others else None
                spec = StageSpec(name, *function, "stages.py", 1, place, params_class=params)
                facts[name] = index.fact(spec)
            made = index._graph is not None
            index.save()
            hashes.flush()
            state.flush()
        return definition, facts, made


@pytest.fixture
def code(tmp_path: Path) -> CodeProject:
    return CodeProject(tmp_path)


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    other = Elsewhere()
    yield other
    other.close()
