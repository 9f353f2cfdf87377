"""A project of the code graph in memory and on disk, as the tests of this room need it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from blake3 import blake3

from pivot_core.code.graph import CodeGraph
from pivot_core.code.sources import Sources
from pivot_core.project import Project
from pivot_core.types import CodeFact


class Cache(dict[str, bytes]):
    """A summary cache that counts what was made anew."""

    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class CodeProject:
    """Source files in a folder, and what the code graph says about them."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        self.cache = Cache()
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

    def fact(self, *roots: tuple[str, str]) -> CodeFact:
        return self.graph().stage(roots or [("stages", "s")])


@pytest.fixture
def code(tmp_path: Path) -> CodeProject:
    return CodeProject(tmp_path)
