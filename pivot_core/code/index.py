"""Keeps what the code graph found, until a file that it looked at changes.

With nothing edited, all fingerprints come from one record of the state, and no source is parsed. What the
graph consulted (and what it looked for and didn't find) is compared by content, so the answer is the graph's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import xxhash

from pivot_core.code.records import ENGINE_VERSION
from pivot_core.project import PIPELINE_MODULE
from pivot_core.store.state import CODE, SOURCES, SUMMARIES
from pivot_core.types import CodeFact, UnitChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.code.graph import CodeGraph
    from pivot_core.code.influence import Influence
    from pivot_core.code.live import LiveGraph
    from pivot_core.code.sources import Sources
    from pivot_core.project import Project
    from pivot_core.store.state import State
    from pivot_core.types import StageSpec

_KEY = "index"
_INFLUENCE = "influence"
_THE_DEFINITION = ""  # among names of stages and ``@module:class``
_VERSION = f"7:{ENGINE_VERSION}"

Roots = tuple[tuple[str, str], ...]


class _Index(msgspec.Struct, frozen=True):
    """``facts`` has no units: they are asked for only when a stage is stale, or recorded. ``by_text``: stages
    whose code reads source text."""

    version: str
    consulted: dict[str, str | None]
    definition: str
    facts: dict[str, tuple[Roots, CodeFact]]
    by_text: set[str]


class _Influence(msgspec.Struct, frozen=True):
    """``record`` is that of the index which has the digest ``of``."""

    of: str
    record: bytes


_decode = msgspec.msgpack.Decoder(_Index).decode
_decode_influence = msgspec.msgpack.Decoder(_Influence).decode


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
        self._loaded = ""  # the digest of the index that the answers are from
        self._influence: Influence | None = None
        self._asked: set[str] = set()  # labels of answers that this graph gave
        self._kept: set[str] = set()  # hashes of units whose texts are in the state
        self._changed = False
        if not self._overlay and (live is None or live.opened is None):
            self._load()

    def definition(self) -> str:
        """The fingerprint of the slice of code that defines the pipeline."""
        if self._definition is None:
            graph = self._open_graph()
            self._definition = graph.definition(PIPELINE_MODULE)
            self._asked.add(_THE_DEFINITION)
            if graph.defined_by_text:
                self._by_text.add(_THE_DEFINITION)
            self._changed = True
        return self._definition

    def fact(self, spec: StageSpec) -> CodeFact:
        """The stage's code; ``units`` may be empty (see :meth:`whole`)."""
        return self._fact(spec.name, self._roots(spec))

    def of_class(self, module: str, name: str) -> CodeFact:
        """The code of a class, or a function, of the project that no stage need name: one in a pickle; or of
        a whole program (``__main__``)."""
        return self._fact(f"@{module}:{name}", ((module, name),))  # (no stage's name has a colon)

    def _fact(self, label: str, roots: Roots) -> CodeFact:
        kept = self._facts.get(label)
        if kept is not None and kept[0] == roots:
            return kept[1]
        graph = self._open_graph()
        fact = graph.fact(roots)
        self._facts[label] = (roots, fact)
        if not self._state.readonly:
            self._asked.add(label)
            if graph.reads_text(roots):
                self._by_text.add(label)
            self._changed = True
        return fact

    def _roots(self, spec: StageSpec) -> Roots:
        """They are put together for each stage at each look: unless the stage is the very same."""
        if self._live is None:
            return spec.roots
        known = self._live.roots.get(spec.name)
        if known is None or known[0] is not spec:
            known = self._live.roots[spec.name] = spec, spec.roots
        return known[1]

    def has_module(self, name: str) -> bool:
        """Whether a module is the project's."""
        self._open_graph()
        assert self._sources is not None
        return self._sources.locate(name) is not None

    def file_of(self, module: str) -> str | None:
        """Logical path of a module of the project; None if there is none, or no file of it."""
        self._open_graph()
        assert self._sources is not None
        located = self._sources.locate(module)
        return located.path or None if located is not None else None

    def whole(self, spec: StageSpec) -> CodeFact:
        """The stage's code with every unit in it."""
        roots = self._roots(spec)
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
        if not self._changed or self._overlay or self._state.readonly or self._definition is None:
            return
        consulted = self._consulted | (self._sources.consulted if self._sources is not None else {})
        index = _Index(_VERSION, consulted, self._definition, self._facts, self._by_text)
        data = msgspec.msgpack.encode(index)
        self._state.put(CODE, _KEY, data)
        self._save_influence(data)
        self._changed = False

    def _save_influence(self, index: bytes) -> None:
        from pivot_core.code import influence

        found = self._known_influence()
        if found is None:
            if self._loaded:
                return  # of the answers that were loaded it isn't known
            found = influence.Influence()
        if self._graph is not None:
            self._graph.add_to(found)
            for label in self._asked - {_THE_DEFINITION}:
                found.lead(label, self._graph.leads(self._facts[label][0]))
            if _THE_DEFINITION in self._asked:
                found.lead(_THE_DEFINITION, self._graph.defined_by)
        record = _Influence(_digest(index), influence.encode(found))
        self._state.put(CODE, _INFLUENCE, msgspec.msgpack.encode(record))

    def _load(self) -> None:
        data = self._state.get(CODE, _KEY)
        index = self._state.get_as(CODE, _KEY, _decode)
        if data is None or index is None or index.version != _VERSION:
            return
        paths = self._differences(index.consulted)
        if paths is None:
            return
        self._loaded = _digest(data)
        dropped = self._outdated(index, paths) if paths else set()
        if dropped is None:
            self._loaded, self._influence = "", None
            return
        self._definition, self._facts, self._by_text = index.definition, dict(index.facts), {*index.by_text}
        self._consulted = dict(index.consulted)
        if paths:
            self._consulted |= self._hashes.digests(paths)
            for label in dropped:
                self._facts.pop(label, None)
            if _THE_DEFINITION in dropped:
                self._definition = None
            self._changed = True

    def _differences(self, consulted: Mapping[str, str | None]) -> list[str] | None:
        """Files with another text; None if files or folders came or went."""
        folders = (path for path in consulted if path.endswith("/"))
        if any(self._hashes.listing(path) != consulted[path] for path in folders):
            return None
        now = self._hashes.digests(path for path in consulted if not path.endswith("/"))
        others = [path for path, digest in now.items() if consulted[path] != digest]
        came_or_went = any(consulted[path] is None or now[path] is None for path in others)
        return None if came_or_went else others

    def _outdated(self, index: _Index, paths: list[str]) -> set[str] | None:
        """The labels of answers that edits of these files have a part in; None if it may be any."""
        influence = self._known_influence()
        if influence is None:
            return None
        dropped = set(index.by_text)
        for path in paths:
            labels = self._affected(influence, path, index.consulted[path])
            if labels is None:
                return None
            dropped |= labels
        return dropped

    def _known_influence(self) -> Influence | None:
        """That of the answers which were loaded; None if none were, or it isn't known."""
        if self._influence is None and self._loaded:
            from pivot_core.code import influence

            kept = self._state.get_as(CODE, _INFLUENCE, _decode_influence)
            if kept is not None and kept.of == self._loaded:
                self._influence = influence.decode(kept.record)
        return self._influence

    def _affected(self, influence: Influence, path: str, was: str | None) -> set[str] | None:
        from pivot_core.code.edit import edited, evaluates_alike
        from pivot_core.code.modules import kept_summary, summary_of

        now, names = self._hashes.digest(path), influence.modules.get(path)
        summaries = _Summaries(self._state)
        old = kept_summary(summaries, was) if was is not None else None
        if old is None or old.error is not None or now is None or names is None:
            return None
        new = summary_of(summaries, now, lambda: self._make_sources().saved_text(path))
        indices = edited(
            old, new, lambda statement: influence.entangled(names, statement), lambda: influence.named
        )
        if indices is None:
            return None
        labels = influence.affected((name, index) for name in names for index in indices)
        if not all(evaluates_alike(old.statements[index], new.statements[index]) for index in indices):
            labels.add(_THE_DEFINITION)
        return labels

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
        self._hashes.known(path for path in self._live.consulted if not path.endswith("/"))  # all at once
        return self._live.now(sources, summaries)


class _Summaries:
    """The code graph's cache of module summaries, by content: one prefix of the state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, key: str) -> bytes | None:
        return self._state.get(SUMMARIES, key)

    def put(self, key: str, value: bytes) -> None:
        self._state.put(SUMMARIES, key, value)


def _digest(data: bytes) -> str:
    return xxhash.xxh3_128_hexdigest(data)
