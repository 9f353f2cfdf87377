"""A project of the code graph in memory and on disk, as the tests of this room need it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from blake3 import blake3

from pivot_core.code.graph import CodeGraph
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project
from pivot_core.types import CodeFact

# What a worker does with a stage, as far as its code decides it. Addresses differ from run to run.
_EXECUTE = """
import re, sys
root, text = sys.argv[1:]
sys.path[:0] = [root, root + "/src"]
try:
    import pipeline
    from stages import s
    said = repr(s(text))
except BaseException as error:
    said = f"raised {type(error).__name__}: {error}"
sys.stdout.write("\\0" + re.sub(r"0x[0-9a-f]+", "0x", said))
"""


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
        known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            [sys.executable, "-B", "-c", _EXECUTE, str(self.project.root), text],
            cwd=self.project.root,
            env={**known, "PYTHONHASHSEED": "0", **environment},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
        return done.stdout.rpartition("\0")[2] + f"died with {done.returncode}" * bool(done.returncode)

    def fact(self, *roots: tuple[str, str]) -> CodeFact:
        """The code behind a stage. A graph that follows the edits says the same as one from scratch."""
        wanted = roots or (("stages", "s"),)
        graph = self.graph()
        followed = self.live.now(Sources(self.project, self.digest), self.cache)
        found = graph.stage(wanted)
        assert followed.fact(wanted) == graph.fact(wanted)
        assert followed.stage(wanted) == found
        assert followed.definition() == graph.definition()
        return found


@pytest.fixture
def code(tmp_path: Path) -> CodeProject:
    return CodeProject(tmp_path)
