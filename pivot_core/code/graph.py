"""The code graph: from a stage to the fingerprint of all code behind it, without importing any of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pivot_core.code.arrange import Arrangement
from pivot_core.code.edit import changed, names_variables
from pivot_core.code.effects import Effects
from pivot_core.code.environment import expanded, guessed
from pivot_core.code.modules import Module, Modules, SummaryCache
from pivot_core.code.nodes import Made, Nodes, digest_text
from pivot_core.code.reach import Component, Reach, Variant, ambient, changed_libraries
from pivot_core.code.reading import Reader
from pivot_core.code.records import WHOLE
from pivot_core.code.resolve import Key, Resolver, is_standard
from pivot_core.code.slice import Slice
from pivot_core.code.stream import DECORATOR
from pivot_core.code.surroundings import Surroundings
from pivot_core.code.vocabulary import ENGINE, packages_of_loader
from pivot_core.code.world import Place, World
from pivot_core.project import PIPELINE_MODULE
from pivot_core.types import CodeFact, Unit, Widening

if TYPE_CHECKING:
    from pivot_core.code.drafts import Drafts
    from pivot_core.code.influence import Influence
    from pivot_core.code.nodes import Node
    from pivot_core.code.records import Statement
    from pivot_core.code.sources import Sources

__all__ = ["CodeGraph", "SummaryCache"]

Roots = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Answer:
    """The fact about a stage, and what it follows from: it holds while none of its units is forgotten.

    ``stage``: the fact with all units, whose lines are those of the texts of ``files``.
    """

    reach: Reach
    keys: list[Key]
    whole: Component
    fact: CodeFact
    stage: CodeFact | None = None
    files: frozenset[str] = frozenset()


class CodeGraph:
    """Answers for one state of the sources; summaries come from the cache.

    After an edit, make a new one, or have it :meth:`follow`. ``drafts``: see ``Modules``.
    """

    def __init__(
        self,
        sources: Sources,
        summaries: SummaryCache,
        drafts: Drafts | None = None,
    ) -> None:
        self._modules = Modules(sources, summaries, drafts)
        self._resolver = Resolver(self._modules)
        self._reader = Reader(self._modules, self._resolver)
        self._effects = Effects(self._modules, self._resolver, self._reader)
        self._slice = Slice(self._modules, self._reader, self._effects)
        self._surroundings = Surroundings(self._modules, self._reader, self._decided)
        self.defined_by_text = False  # what defines the pipeline reads its source
        self._made = Made()
        self._worlds: dict[int, Nodes] = {}
        self._reaches: dict[tuple[int, Variant], Reach] = {}
        self._answers: dict[Roots, _Answer] = {}
        self._begin: dict[Key, set[Roots]] = {}  # the answers that begin at a unit
        self._lines: dict[str, list[str]] = {}
        self._roots: dict[Roots, tuple[list[Key], frozenset[str]]] = {}
        self.defined_by: list[Key] = []  # the units that what defines the pipeline leads to

    @property
    def consulted(self) -> Iterable[str]:
        """Paths of files and folders that the answers depend on."""
        return self._modules.sources.consulted

    def follow(self, sources: Sources, summaries: SummaryCache) -> bool:
        """Go on with another state of the sources, if only what units say is different there.

        False: the graph is of no use any more.
        """
        paths = sources.differences(self._modules.sources)
        self._modules.take(sources, summaries)
        return paths is not None and all(map(self._follow, {*paths, *self._modules.undrafted()}))

    def fact(self, roots: Roots) -> CodeFact:
        """The code behind a stage, from the (module, qualified name) of its function, params and loaders.

        ``units`` and ``widened`` are left empty: see :meth:`stage`.
        """
        return self._answer(roots).fact

    def reads_text(self, roots: Roots) -> bool:
        """Whether the fact about a stage depends on how its code is written, and not on what it says only."""
        return "source" in self._answer(roots).whole.reads

    def stage(self, roots: Iterable[tuple[str, str]]) -> CodeFact:
        """As :meth:`fact`, with every unit behind the stage and what couldn't be followed."""
        import msgspec

        answer = self._answer(tuple(roots))
        if answer.stage is None:
            found = answer.reach.units(answer.keys)
            units = {node.name: Unit(digest, *self._place(node)) for node, digest in found if node.text}
            widened = dict.fromkeys(item for node, _ in found for item in self._widened(node))
            around = self._surroundings.widened(answer.whole.modules)
            answer.stage = msgspec.structs.replace(answer.fact, units=units, widened=(*widened, *around))
            modules = {name for node, _ in found for name in (node.key[0], *(at[0] for at in node.places))}
            known = (module for module in map(self._modules.get, modules - {""}) if module is not None)
            answer.files = frozenset(answer.fact.modules).union(module.path for module in known)
        return answer.stage

    def texts(self, roots: Roots, wanted: Collection[str]) -> dict[str, str]:
        """The source of units behind a stage, by the hash that ``stage`` gives for them.

        Only of units whose hash is wanted, and whose file still has the text that was looked at.
        """
        answer = self._answer(roots)
        units = answer.reach.units(answer.keys)
        found = {digest: self._text(node) for node, digest in units if digest in wanted}
        return {digest: text for digest, text in found.items() if text}

    def definition(self, module: str = PIPELINE_MODULE) -> str:
        """Fingerprint of what decides the pipeline's definition: what importing ``module`` evaluates."""
        nodes = self._nodes(0)
        texts, called, by_text = self._slice.of(module, nodes.world)
        self.defined_by = [*called, *ambient(nodes)]
        _, whole = self._together(nodes, self.defined_by)
        self.defined_by_text = by_text or "source" in whole.reads
        if self.defined_by_text:
            texts += self._surroundings.texts(nodes.world.bits)
        return digest_text("\x1e".join([*texts, whole.digest]))

    def leads(self, roots: Roots) -> list[Key]:
        """The units that the fact about a stage begins at."""
        return self._answer(roots).keys

    def add_to(self, influence: Influence) -> None:
        """Tell what the answers so far depend on."""
        loaded = self._modules.loaded()
        attached = (key for nodes in self._worlds.values() for key in nodes.world.attached)
        known = {module.name: module for module in loaded}
        places = ((known[name], place, keys) for (name, place), keys in self._made.of.items())
        influence.add(
            ((module.path, module.name) for module in loaded),
            (((module.name, module.index_of(place)), keys) for module, place, keys in places),
            (reach.users for reach in self._reaches.values()),
            {*attached, *self._effects.looked_at},
            self._has_named_variables(),
        )

    def decided_at(self, path: str, line: int) -> frozenset[str] | None:
        """The units (as in ``CodeFact.units``) that the top-level statement there binds or changes.

        None when that can't be told: of a file that isn't a module, or a statement that does neither.
        """
        found = self._statement_at(path, line)
        if found is None or found[0].at(found[1]).value_kind == "import":
            return None  # whose module may be anybody's
        return self._decided(*found)

    def keeps_at(self, path: str, line: int) -> bool:
        """Whether what the statement there defines may keep something from one call to the next.

        A function does if it is decorated (``functools.cache``), changes something of a module, or what it is
        given (a default, or its object); a class if one of its methods does.
        """
        found = self._statement_at(path, line)
        if found is None:
            return True
        statement = found[0].at(found[1])
        return (
            statement.kind == "other"
            or any(flags & DECORATOR for flags in statement.head.flags)
            or any(kind in ("bind", "store", "method") for kind, _, _ in statement.body.effects)
            or "changes_arguments" in statement.flags
        )

    def _statement_at(self, path: str, line: int) -> tuple[Module, float] | None:
        module = self._modules.at(path)
        if module is None or module.error is not None:
            return None
        place = max((place for place, each in module.placed() if each.line <= line), default=None)
        return None if place is None else (module, place)

    def _decided(self, module: Module, place: float) -> frozenset[str] | None:
        keys = {(module.name, name) for name in module.at(place).names}
        for change in self._effects.of_module(module.name):
            if change.place == place:
                keys.update(change.targets, self._effects.of_calling(change.called))
        return frozenset(f"{owner}.{name}" if owner else name for owner, name in keys) or None

    # --- edits -----------------------------------------------------------------------------------

    def _follow(self, path: str) -> bool:
        moved = False
        for old, new in self._modules.reload(path):
            places = self._edited(old, new)
            if places is None or new.error is not None:
                return False
            self._reader.follow(new)
            self._slice.forget(old.name, places)
            self._lines.pop(old.name, None)
            keys = self._made.forget((old.name, place) for place in places)
            if not _stands(old, new, frozenset(places)):
                moved = True
                self._made.unsettle((new.name, place) for place in new.places)
            for nodes in self._worlds.values():
                nodes.forget(keys)
            for reach in self._reaches.values():
                self._forget(roots for key in reach.forget(keys) for roots in self._begin.get(key, ()))
        self._forget([roots for roots, answer in self._answers.items() if "source" in answer.whole.reads])
        for answer in self._answers.values() if moved else ():
            if path in answer.files:
                answer.stage = None
        return True

    def _edited(self, old: Module, new: Module) -> list[float] | None:
        """The places of the statements that say something else, came or went; None if more than that changed.

        A statement may come or go if it binds only names that nobody has asked for, and changes nothing.
        """
        arrangement = Arrangement.of(old, new)
        if arrangement is None:
            return None
        entangled = partial(self._is_entangled, old.name)
        edited = changed(arrangement.stayed, entangled, self._has_named_variables)
        if edited is None:
            return None
        places = [arrangement.places[index] for index in edited]
        moved = arrangement.came | arrangement.went
        if moved:
            if not (arrangement.is_unasked() and self._effects.leave_alone(new, moved, arrangement.came)):
                return None
            kept = frozenset(arrangement.places)
            if self._modules.course(old, kept) != self._modules.course(new, kept):
                return None
            for nodes in self._worlds.values():
                nodes.world.rearranged()
        return [*places, *moved]

    def _forget(self, answers: Iterable[Roots]) -> None:
        for roots in answers:
            self._answers.pop(roots, None)

    def _is_entangled(self, module: str, statement: Statement) -> bool:
        """What calling it does is part of what importing modules does."""
        worlds = [nodes.world for nodes in self._worlds.values()]
        return any(
            key in self._effects.looked_at or any(key in world.attached for world in worlds)
            for key in ((module, name) for name in (*statement.names, WHOLE))
        )

    def _has_named_variables(self) -> bool:
        return any(names_variables(module.summary) for module in self._modules.loaded())

    # --- from a stage to what it reaches ---------------------------------------------------------

    def _answer(self, roots: Roots) -> _Answer:
        known = self._answers.get(roots)
        if known is None:
            known = self._answers[roots] = self._find(roots)
            for key in known.keys:
                self._begin.setdefault(key, set()).add(roots)
        return known

    def _find(self, roots: Roots) -> _Answer:
        """In the world of the modules that get executed, which what is reached may widen."""
        keys, packages = self._keys(roots)
        own = 0
        for module, _ in keys:
            own |= self._modules.bits(module)
        while True:
            nodes = self._nodes(own)
            # What the stage is given is of the types that its annotations name.
            packages = packages.union(*(nodes.get(key).notes_reading.packages for key in keys))
            whole_keys = [*keys, *ambient(nodes), *changed_libraries(nodes, packages)]
            reach, whole = self._together(nodes, whole_keys)
            if not whole.modules & ~nodes.world.bits:
                break
            own |= whole.modules
        whole.packages |= packages
        return _Answer(reach, whole_keys, whole, self._fact(reach, whole_keys, whole))

    def _keys(self, roots: Roots) -> tuple[list[Key], frozenset[str]]:
        if roots not in self._roots:
            keys: dict[Key, None] = {}
            packages: set[str] = set()
            for module, qualname in roots:
                if module.partition(".")[0] == ENGINE:
                    packages |= packages_of_loader(f"{module}.{qualname}")
                elif qualname == "__main__":
                    keys.update(dict.fromkeys(self._reader.program(module)))
                else:
                    found = self._resolver.member(module, [qualname.partition(".")[0]])
                    keys.update(dict.fromkeys(found.units))
                    packages.update(found.packages)
            self._roots[roots] = list(keys), frozenset(packages)
        return self._roots[roots]

    def _together(self, nodes: Nodes, keys: list[Key]) -> tuple[Reach, Component]:
        """What is reached decides what else counts, and that may reach more."""
        variant = Variant.PLAIN
        while True:
            reach = self._reach(nodes, variant)
            whole = reach.together(keys)
            more = variant | whole.variant()
            if more == variant:
                return reach, whole
            variant = more

    def _reach(self, nodes: Nodes, variant: Variant) -> Reach:
        found = self._reaches.get((id(nodes), variant))  # worlds are kept as long as the graph
        if found is None:
            found = self._reaches[(id(nodes), variant)] = Reach(self._modules, nodes, variant)
        return found

    def _nodes(self, own: int) -> Nodes:
        """The world of ``pipeline.py`` and some modules more; mostly these belong to it anyway."""
        base = self._modules.bits(PIPELINE_MODULE)
        known = self._worlds.get(base)
        if known is not None and not own & ~known.world.bits:
            return known
        whole = base | own
        if whole not in self._worlds:
            world = World(self._modules, self._effects, self._modules.named(whole))
            self._worlds[whole] = Nodes(self._modules, self._reader, world, self._made)
        return self._worlds[whole]

    # --- the fact --------------------------------------------------------------------------------

    def _fact(self, reach: Reach, keys: list[Key], whole: Component) -> CodeFact:
        around = self._surroundings
        parts = [whole.digest, *around.unreadable(whole.modules)]
        if "source" in whole.reads:
            parts += around.texts(whole.modules)
        environment = set(whole.environment)
        deciding = around.environment(whole.modules)
        if whole.templates or "shell" in whole.reads or deciding:
            units = [node for node, _ in reach.units(keys)]
            candidates = {text for node in units for text in node.candidates}
            environment.update(guessed(whole.templates, candidates))
            if "shell" in whole.reads:
                environment.update(expanded(candidates))
            names = {node.name for node in units}
            for variables, decided in deciding:
                if decided is None or not decided.isdisjoint(names):
                    environment |= variables
        return CodeFact(
            fingerprint=digest_text("\n".join(parts)),
            modules=around.paths(whole.modules),
            environment=tuple(sorted(environment)),
            packages=tuple(sorted(p for p in whole.packages if p and p != ENGINE and not is_standard(p))),
        )

    def _place(self, node: Node) -> tuple[str, int]:
        """File and line of a unit: of the first statement that binds it, else of one that changes it."""
        for name, place in node.places:
            module = self._modules.get(name)
            if module is not None:
                return module.path, module.at(place).line
        module = self._modules.get(node.key[0]) if node.key[0] else None
        return (module.path if module is not None else ""), 0

    def _text(self, node: Node) -> str:
        parts = []
        for name, place in sorted(node.places):
            module = self._modules.get(name)
            assert module is not None
            if module.name not in self._lines:
                self._lines[module.name] = self._modules.sources.lines(module.path, module.digest)
            first, last = module.at(place).span
            parts.extend(self._lines[module.name][first - 1 : last])
        return "\n".join(parts)

    def _widened(self, node: Node) -> list[Widening]:
        if node.widened is None:
            node.widened = [(place, each) for place in node.places for each in self._widened_at(place)]
        return [_at(each, self._statement(place).line) for place, each in node.widened]

    def _widened_at(self, place: Place) -> Iterator[Widening]:
        module = self._modules.get(place[0])
        assert module is not None
        for reading in self._reader.code(module, module.at(place[1])):
            yield from reading.widened

    def _statement(self, place: Place) -> Statement:
        module = self._modules.get(place[0])
        assert module is not None
        return module.at(place[1])


def _stands(old: Module, new: Module, edited: frozenset[float]) -> bool:
    """Whether the statements that weren't edited are on the same lines, to the last; and read from the same
    text."""
    return old.unsaved_error == new.unsaved_error and all(
        statement is new.at(place) for place, statement in old.placed() if place not in edited
    )


def _at(widening: Widening, line: int) -> Widening:
    """What a statement's reading says, with its place in the file."""
    import msgspec

    return msgspec.structs.replace(widening, line=widening.line + line)
