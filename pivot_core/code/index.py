"""Keeps what the code graph found, until a file that it looked at changes.

With nothing edited, all fingerprints come from one record of the state, and no source is parsed. What the
graph consulted (and what it looked for and didn't find) is compared by content, so the answer is the graph's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.records import ENGINE_VERSION
from pivot_core.project import PIPELINE_MODULE
from pivot_core.store.state import CODE, SOURCES, SUMMARIES
from pivot_core.types import CodeFact, UnitChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.code.graph import CodeGraph
    from pivot_core.code.live import LiveGraph
    from pivot_core.code.sources import Sources
    from pivot_core.project import Project
    from pivot_core.store.state import State
    from pivot_core.types import StageSpec

_KEY = "index"
_THE_DEFINITION = ""  # among names of stages and ``@module:class``
_VERSION = f"5:{ENGINE_VERSION}"

Roots = tuple[tuple[str, str], ...]


class _Index(msgspec.Struct, frozen=True):
    """``facts`` has no units: they are asked for only when a stage is stale, or recorded. ``by_text``: stages
    whose code reads source text."""

    version: str
    consulted: dict[str, str | None]
    definition: str
    facts: dict[str, tuple[Roots, CodeFact]]
    by_text: set[str]


_decode = msgspec.msgpack.Decoder(_Index).decode


class CodeIndex:
    """The code facts of a project's stages, and the fingerprint of what defines its pipeline.

    ``overlay`` maps logical paths to the text of unsaved buffers; what it yields isn't kept. ``live``: the
    graph that goes on from one index to the next.
    """

    def __init__(
        self,
        project: Project,
        hashes: FileHashes,
        state: State,
        overlay: Mapping[str, str] | None = None,
        live: LiveGraph | None = None,
    ) -> None:
        self._project = project
        self._hashes = hashes
        self._state = state
        self._overlay = overlay or {}
        self._live = live
        self._graph: CodeGraph | None = None
        self._sources: Sources | None = None
        self._by_text: set[str] = set()  # stages whose facts depend on how the code is written, too
        self._definition: str | None = None
        self._facts: dict[str, tuple[Roots, CodeFact]] = {}
        self._whole: dict[Roots, CodeFact] = {}
        self._consulted: dict[str, str | None] = {}
        self._kept: set[str] = set()  # hashes of units whose texts are in the state
        self._changed = False
        if not self._overlay:
            self._load()

    def definition(self) -> str:
        """The fingerprint of the slice of code that defines the pipeline."""
        if self._definition is None:
            graph = self._open_graph()
            self._definition = graph.definition(PIPELINE_MODULE)
            if graph.defined_by_text:
                self._by_text.add(_THE_DEFINITION)
            self._changed = True
        return self._definition

    def fact(self, spec: StageSpec) -> CodeFact:
        """The stage's code; ``units`` may be empty (see :meth:`whole`)."""
        return self._fact(spec.name, spec.roots)

    def of_class(self, module: str, name: str) -> CodeFact:
        """The code of a class, or a function, of the project that no stage need name: one in a pickle."""
        return self._fact(f"@{module}:{name}", ((module, name),))  # (no stage's name has a colon)

    def _fact(self, label: str, roots: Roots) -> CodeFact:
        kept = self._facts.get(label)
        if kept is not None and kept[0] == roots:
            return kept[1]
        graph = self._open_graph()
        fact = graph.fact(roots)
        self._facts[label] = (roots, fact)
        if graph.reads_text(roots):
            self._by_text.add(label)
        self._changed = True
        return fact

    def has_module(self, name: str) -> bool:
        """Whether a module is the project's."""
        self._open_graph()
        assert self._sources is not None
        return self._sources.locate(name) is not None

    def whole(self, spec: StageSpec) -> CodeFact:
        """The stage's code with every unit in it."""
        roots = spec.roots
        if roots not in self._whole:
            self._whole[roots] = self._open_graph().stage(roots)
        return self._whole[roots]

    def keep_texts(self, spec: StageSpec) -> None:
        """Keep the source of the stage's code, to show later what changed: it may be in no commit."""
        hashes = {unit.hash for unit in self.whole(spec).units.values()} - self._kept
        if hashes:
            known = self._state.get_many(SOURCES, hashes)
            for digest, text in self._open_graph().texts(spec.roots, hashes).items():
                data = text.encode("utf-8", "surrogatepass")
                if known.get(digest) != data:
                    self._state.put(SOURCES, digest, data)
            self._kept |= hashes

    def changes(self, spec: StageSpec, recorded: Mapping[str, str]) -> list[UnitChange]:
        """What became of the units (name -> hash) that a record names, and which are new."""
        units = self.whole(spec).units
        others = sorted(
            name
            for name in recorded.keys() | units.keys()
            if name not in units or units[name].hash != recorded.get(name)
        )
        now = self._open_graph().texts(spec.roots, {units[name].hash for name in others if name in units})
        before = self._state.get_many(SOURCES, {recorded[name] for name in others if name in recorded})
        found = []
        for name in others:
            unit, was = units.get(name), before.get(recorded.get(name, ""))
            found.append(
                UnitChange(
                    name,
                    "removed" if unit is None else "changed" if name in recorded else "added",
                    unit.path if unit is not None else "",
                    unit.line if unit is not None else 0,
                    was.decode("utf-8", "surrogatepass") if was is not None else None,
                    now.get(unit.hash) if unit is not None else None,
                )
            )
        return found

    def decides(self, spec: StageSpec, path: str, line: int) -> bool:
        """Whether what the top-level statement at a place does can reach the stage."""
        units = self._open_graph().decided_at(path, line)
        return units is None or not units.isdisjoint(self.whole(spec).units)

    def keeps(self, path: str, line: int) -> bool:
        """Whether the function or class at a place may keep what it reads for later calls."""
        return self._open_graph().keeps_at(path, line)

    def knows(self, path: str) -> bool:
        """Whether the code graph has looked at a source file for anything."""
        consulted = self._sources.consulted if self._sources is not None else {}
        return (consulted.get(path) or self._consulted.get(path)) is not None

    def save(self) -> None:
        """Keep what was found for the next process."""
        if not self._changed or self._overlay or self._definition is None:
            return
        consulted = self._consulted | (self._sources.consulted if self._sources is not None else {})
        index = _Index(_VERSION, consulted, self._definition, self._facts, self._by_text)
        self._state.put(CODE, _KEY, msgspec.msgpack.encode(index))
        self._changed = False

    def _load(self) -> None:
        index = self._state.get_as(CODE, _KEY, _decode)
        if index is None or index.version != _VERSION:
            return
        edited = self._differences(index.consulted)
        if edited is None:
            return
        self._definition, self._facts, self._by_text = index.definition, dict(index.facts), index.by_text
        self._consulted = index.consulted
        if edited:
            self._consulted |= self._hashes.digests(edited)
            for name in self._by_text:
                self._facts.pop(name, None)
            if _THE_DEFINITION in self._by_text:
                self._definition = None
            self._changed = True

    def _differences(self, consulted: Mapping[str, str | None]) -> list[str] | None:
        """Source files with another text that says the same; None if anything else is different."""
        folders = (path for path in consulted if path.endswith("/"))
        if any(self._hashes.listing(path) != consulted[path] for path in folders):
            return None
        now = self._hashes.digests(path for path in consulted if not path.endswith("/"))
        others = [path for path, digest in now.items() if consulted[path] != digest]
        alike = all(self._says_the_same(path, consulted[path], now[path]) for path in others)
        return others if alike else None

    def _says_the_same(self, path: str, was: str | None, now: str | None) -> bool:
        """Whether only comments, the layout and the like were edited."""
        if was is None or now is None:
            return False
        from pivot_core.code.edit import is_cosmetic
        from pivot_core.code.modules import kept_summary, summary_of

        summaries = _Summaries(self._state)
        old = kept_summary(summaries, was)
        if old is None:
            return False
        return is_cosmetic(old, summary_of(summaries, now, lambda: self._make_sources().saved_text(path)))

    def _open_graph(self) -> CodeGraph:
        if self._graph is None:
            self._sources = self._make_sources()
            self._graph = self._make_graph(self._sources, _Summaries(self._state))
        return self._graph

    def _make_sources(self) -> Sources:
        from pivot_core.code.sources import Sources

        return Sources(self._project, self._hashes.digest, self._overlay, listing=self._hashes.listing)

    def _make_graph(self, sources: Sources, summaries: _Summaries) -> CodeGraph:
        if self._live is None:
            from pivot_core.code.graph import CodeGraph

            return CodeGraph(sources, summaries)
        self._hashes.digests(path for path in self._live.consulted if not path.endswith("/"))  # all at once
        return self._live.now(sources, summaries)


class _Summaries:
    """The code graph's cache of module summaries, by content: one prefix of the state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, key: str) -> bytes | None:
        return self._state.get(SUMMARIES, key)

    def put(self, key: str, value: bytes) -> None:
        self._state.put(SUMMARIES, key, value)
