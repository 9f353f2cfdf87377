"""Units with all that belongs to them, and their digests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import xxhash

from pivot_core.code.reading import NOTHING, Reader, Reading
from pivot_core.code.records import LOADING, MAIN, WHOLE
from pivot_core.code.stream import CALL, DECORATOR

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key
    from pivot_core.code.world import Place, World
    from pivot_core.types import Widening


@dataclass(slots=True)
class Node:
    """One unit: its own statements and those that change it.

    ``text`` is its code, of the statements ``places``; ``notes`` its annotations, which count only where
    something may read them, and lead to what ``notes_reading`` says; ``docs`` the digests of its
    documentation, likewise.
    """

    key: Key
    name: str
    places: tuple[Place, ...]
    text: str
    links: tuple[Key, ...]
    valued: frozenset[Key]
    packages: frozenset[str]
    executed: frozenset[str]
    environment: frozenset[str]
    templates: frozenset[str]
    candidates: frozenset[str]
    reads: frozenset[str]
    decorated: bool
    documented: bool
    notes: str
    notes_reading: Reading
    docs: str
    digests: dict[tuple[bool, bool], str] = field(default_factory=dict)
    widened: list[tuple[Place, Widening]] | None = None  # what of its code can't be followed, once asked for

    def digest(self, notes: bool, docs: bool) -> str:
        variant = (notes and bool(self.notes), docs and bool(self.docs))
        found = self.digests.get(variant)
        if found is None:
            text = "\x1e".join([self.text, self.notes * variant[0], self.docs * variant[1]])
            found = self.digests[variant] = digest_text(text)
        return found


class Made:
    """The units of all worlds. A unit is another one where others change it, or at other moments."""

    def __init__(self) -> None:
        self.nodes: dict[Key, dict[tuple[tuple[Place, ...], str], Node]] = {}
        self.of: dict[Place, set[Key]] = {}  # the units that a statement is part of

    def add(self, variant: tuple[tuple[Place, ...], str], node: Node) -> None:
        self.nodes.setdefault(node.key, {})[variant] = node
        for place in node.places:
            self.of.setdefault(place, set()).add(node.key)

    def forget(self, places: Iterable[Place]) -> set[Key]:
        """Drop the units that these statements are part of, and tell which they were."""
        keys = {key for place in places for key in self.of.get(place, ())}
        for key in keys:
            self.nodes.pop(key, None)
        return keys

    def unsettle(self, places: Iterable[Place]) -> None:
        """What stands where in these statements may be on other lines now."""
        for place in places:
            for key in self.of.get(place, ()):
                for node in self.nodes.get(key, {}).values():
                    node.widened = None


class Nodes:
    """The units of one world, made when they are first reached."""

    def __init__(self, modules: Modules, reader: Reader, world: World, made: Made) -> None:
        self.world = world
        self._made = made
        self._modules = modules
        self._reader = reader
        self._nodes: dict[Key, Node] = {}

    def get(self, key: Key) -> Node:
        node = self._nodes.get(key)
        if node is None:
            variant = self.world.places(key), self._moments(key)
            node = self._made.nodes.get(key, {}).get(variant)
            if node is None:
                node = self._make(key, variant[1])
                self._made.add(variant, node)
            self._nodes[key] = node
        return node

    def forget(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._nodes.pop(key, None)

    def _make(self, key: Key, moments: str) -> Node:
        module = self._modules.get(key[0]) if key[0] else None
        own = self._own(module, key)
        readings = _Collected()
        readings.texts.append(moments)
        for statement in own:
            assert module is not None
            if key[1] == LOADING:
                readings.add_head(self._reader, module, statement)
            else:
                readings.add(self._reader, module, statement)
        for place in self.world.places(key):
            changer = self._modules.get(place[0])
            assert changer is not None
            statement = changer.at(place[1])
            if not any(statement is mine for mine in own):
                readings.attach(self._reader, changer, statement)
        if key[1] == WHOLE:
            readings.links.update(((name, WHOLE), None) for name in self._modules.imported(key[0]))
            if module is not None:
                names = itertools.chain.from_iterable(each.names for each in module.everything())
                readings.links.update(((key[0], name), None) for name in names if name != MAIN)
        elif key[1] == LOADING:
            readings.links.update(((name, LOADING), None) for name in self._modules.imported(key[0]))
        return readings.node(key)

    def _moments(self, key: Key) -> str:
        """How often the names that a unit reads have been set and changed when it is executed."""
        module = self._modules.get(key[0]) if key[0] else None
        if module is None:
            return ""
        return "\x1d".join(" ".join(self._moment(module, each)) for each in self._own(module, key))

    def _moment(self, module: Module, statement: Statement) -> Iterator[str]:
        here = (module.name, module.place(statement))
        direct = dict.fromkeys(self._reader.read(module, statement.head).links)
        for key in [*direct, *sorted(self.world.read_at(here) - direct.keys())]:
            if key[0] != module.name or key[1] not in statement.names:
                before, all_of_them = self.world.before(key, here)
                if all_of_them > 1 or not key[0]:
                    yield f"{key[1]}:{before}"
        if self.world.replaced:
            yield from self._taken(module, statement)

    def _taken(self, module: Module, statement: Statement) -> Iterator[str]:
        """Names imported before another module gave theirs another value: they keep the former one."""
        names = {chain.partition(".")[0] for part in statement.parts() for chain in part.slots}
        for name in sorted(name for name in names if module.alias(name) is not None):
            place = (module.name, module.index(name)[-1])
            for key in self._reader.unit(module, name):
                later = [at for at in self.world.replaced.get(key, ()) if not self.world.is_before(at, place)]
                if later:
                    yield f"{name} before {len(later)}"

    def _own(self, module: Module | None, key: Key) -> list[Statement]:
        if module is None:
            return []
        if key[1] == WHOLE:
            return [statement for statement in module.everything() if not statement.names]
        if key[1] == LOADING:
            return [statement for statement in module.everything() if _can_fail(statement)]
        return module.statements(key[1])


class _Collected:
    """The statements of one unit, read."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.notes: list[Reading] = []
        self.docs: list[str] = []
        self.places: list[Place] = []
        self.texts: list[str] = []
        self.links: dict[Key, None] = {}
        self.reads: set[str] = set()
        self.decorated = False

    def add(self, reader: Reader, module: Module, statement: Statement) -> None:
        for reading in reader.code(module, statement):
            self.readings.append(reading)
            self.texts.append(reading.text)
        self.places.append((module.name, module.place(statement)))
        self.notes.append(reader.read(module, statement.notes))
        self.docs.append(statement.docs)
        for flag in statement.flags:
            if flag.startswith("reads_"):
                self.reads.add(flag.removeprefix("reads_"))
            elif flag == "unknown_decorator":
                self.decorated = True

    def add_head(self, reader: Reader, module: Module, statement: Statement) -> None:
        """What executing a statement evaluates."""
        reading = reader.read(module, statement.head)
        self.readings.append(reading)
        self.texts.append(reading.text)
        self.places.append((module.name, module.place(statement)))

    def attach(self, reader: Reader, module: Module, statement: Statement) -> None:
        """A statement of elsewhere: by reference to the names it binds, else in full."""
        if statement.names:
            keys = [(module.name, name) for name in statement.names]
            self.texts.append("+" + " ".join(f"{owner}.{name}" for owner, name in keys))
            self.links.update(dict.fromkeys(keys))
            self.places.append((module.name, module.place(statement)))
            if statement.notes.effects:  # of calls: it may be these that change the unit
                notes = reader.read(module, statement.notes)
                self.texts.append(notes.text)
                self.links.update(dict.fromkeys(notes.links))
        else:
            self.add(reader, module, statement)

    def node(self, key: Key) -> Node:
        for reading in self.readings:
            self.links.update(dict.fromkeys(reading.links))
            self.reads |= reading.reads
        return Node(
            key=key,
            name=f"{key[0]}.{key[1]}" if key[0] else key[1],
            places=tuple(self.places),
            text="\x1d".join(self.texts),
            links=tuple(self.links),
            valued=frozenset(found for reading in self.readings for found in reading.valued),
            packages=frozenset(found for reading in self.readings for found in reading.packages),
            executed=frozenset(found for reading in self.readings for found in reading.executed),
            environment=frozenset(found for reading in self.readings for found in reading.environment),
            templates=frozenset(found for reading in self.readings for found in reading.templates),
            candidates=frozenset(found for reading in self.readings for found in reading.candidates),
            reads=frozenset(self.reads),
            decorated=self.decorated or any(reading.decorated for reading in self.readings),
            documented=any(reading.documented for reading in self.readings),
            notes="\x1d".join(reading.text for reading in self.notes if reading is not NOTHING),
            notes_reading=_joined(self.notes),
            docs="\x1d".join(filter(None, self.docs)),
        )


def _can_fail(statement: Statement) -> bool:
    """Whether executing it may raise: it evaluates more than constants, and isn't a plain definition."""
    if statement.typing_only or statement.value_kind in ("constant", "text"):
        return False
    if statement.kind == "function":
        return statement.guarded or any(flags & (CALL | DECORATOR) for flags in statement.head.flags)
    return bool(statement.head.slots)


def digest_text(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


def _joined(readings: list[Reading]) -> Reading:
    return Reading(
        "",
        links=tuple(found for reading in readings for found in reading.links),
        packages=tuple(found for reading in readings for found in reading.packages),
    )
