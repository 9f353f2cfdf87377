"""Units with all that belongs to them, their digests, and the walk from a stage over what it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import xxhash

from pivot_core.code.reading import NOTHING, WHOLE, Reader, Reading
from pivot_core.code.vocabulary import ANNOTATION_BLIND

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key
    from pivot_core.code.world import Place, World
    from pivot_core.types import Widening


@dataclass(slots=True)
class Node:
    """One unit: its own statements and those that change it.

    ``text`` is its code; ``notes`` its annotations, which count only where something may read them, and
    lead to ``notes_links``; ``docs`` the digests of its documentation, likewise.
    """

    key: Key
    name: str
    path: str
    line: int
    text: str
    links: tuple[Key, ...]
    valued: frozenset[Key]
    packages: frozenset[str]
    executed: frozenset[str]
    environment: frozenset[str]
    capitals: frozenset[str]
    reads: frozenset[str]
    decorated: bool
    notes: str
    notes_reading: Reading
    docs: str
    widened: tuple[Widening, ...]
    digests: dict[tuple[bool, bool], str] = field(default_factory=dict)

    def digest(self, notes: bool, docs: bool) -> str:
        variant = (notes and bool(self.notes), docs and bool(self.docs))
        found = self.digests.get(variant)
        if found is None:
            text = "\x1e".join([self.text, self.notes * variant[0], self.docs * variant[1]])
            found = self.digests[variant] = digest_text(text)
        return found


class Nodes:
    """The units of one world, made when they are first reached. ``made`` is shared by all worlds."""

    def __init__(
        self,
        modules: Modules,
        reader: Reader,
        world: World,
        made: dict[tuple[Key, tuple[Place, ...]], Node],
    ) -> None:
        self.world = world
        self._made = made
        self._modules = modules
        self._reader = reader
        self._nodes: dict[Key, Node] = {}

    def get(self, key: Key) -> Node:
        node = self._nodes.get(key)
        if node is None:
            variant = (key, self.world.places(key))
            node = self._made.get(variant)
            if node is None:
                node = self._made[variant] = self._make(key)
            self._nodes[key] = node
        return node

    def _make(self, key: Key) -> Node:
        module = self._modules.get(key[0]) if key[0] else None
        own = self._own(module, key)
        readings = _Collected()
        for statement in own:
            assert module is not None
            readings.add(self._reader, module, statement)
            readings.texts.append(self._moment(module, statement))
        line, path = (own[0].line if own else 0), (module.path if module is not None else "")
        for place in self.world.places(key):
            changer = self._modules.get(place[0])
            assert changer is not None
            statement = changer.summary.statements[place[1]]
            if any(statement is mine for mine in own):
                continue
            readings.attach(self._reader, changer, statement)
            path, line = path or changer.path, line or statement.line
        if key[1] == WHOLE:
            readings.links.update(((name, WHOLE), None) for name in self._modules.imported(key[0]))
            if module is not None:
                readings.links.update(((key[0], name), None) for name in module.index)
        return readings.node(key, path, line)

    def _moment(self, module: Module, statement: Statement) -> str:
        """How often the names that a statement reads have been set and changed when it is executed."""
        index = module.place(statement)
        found = []
        for key in self._reader.read(module, statement.head).links:
            if key[0] == module.name and key[1] not in statement.names:
                before, all_of_them = self.world.before(key, index)
                if all_of_them > 1:
                    found.append(f"{key[1]}:{before}")
        return " ".join(found)

    def _own(self, module: Module | None, key: Key) -> list[Statement]:
        if module is None:
            return []
        if key[1] == WHOLE:
            return [statement for statement in module.summary.statements if not statement.names]
        return module.statements(key[1])


class _Collected:
    """The statements of one unit, read."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.notes: list[Reading] = []
        self.docs: list[str] = []
        self.texts: list[str] = []
        self.links: dict[Key, None] = {}
        self.reads: set[str] = set()
        self.decorated = False

    def add(self, reader: Reader, module: Module, statement: Statement) -> None:
        for reading in reader.code(module, statement):
            self.readings.append(reading)
            self.texts.append(reading.text)
        self.notes.append(reader.read(module, statement.notes))
        self.docs.append(statement.docs)
        for flag in statement.flags:
            if flag.startswith("reads_"):
                self.reads.add(flag.removeprefix("reads_"))
            elif flag == "unknown_decorator":
                self.decorated = True

    def attach(self, reader: Reader, module: Module, statement: Statement) -> None:
        """A statement of elsewhere: by reference to the names it binds, else in full."""
        if statement.names:
            keys = [(module.name, name) for name in statement.names]
            self.texts.append("+" + " ".join(f"{owner}.{name}" for owner, name in keys))
            self.links.update(dict.fromkeys(keys))
        else:
            self.add(reader, module, statement)

    def node(self, key: Key, path: str, line: int) -> Node:
        for reading in self.readings:
            self.links.update(dict.fromkeys(reading.links))
            self.reads |= reading.reads
        return Node(
            key=key,
            name=f"{key[0]}.{key[1]}" if key[0] else key[1],
            path=path,
            line=line,
            text="\x1d".join(self.texts),
            links=tuple(self.links),
            valued=frozenset(found for reading in self.readings for found in reading.valued),
            packages=frozenset(found for reading in self.readings for found in reading.packages),
            executed=frozenset(found for reading in self.readings for found in reading.executed),
            environment=frozenset(found for reading in self.readings for found in reading.environment),
            capitals=frozenset(found for reading in self.readings for found in reading.capitals),
            reads=frozenset(self.reads),
            decorated=self.decorated or any(reading.decorated for reading in self.readings),
            notes="\x1d".join(reading.text for reading in self.notes if reading is not NOTHING),
            notes_reading=_joined(self.notes),
            docs="\x1d".join(filter(None, self.docs)),
            widened=tuple(found for reading in self.readings for found in reading.widened),
        )


@dataclass(slots=True)
class Walk:
    """All that is reached from some units. ``noted`` are the units whose annotations count."""

    nodes: Nodes
    reached: dict[Key, Node] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    valued: set[Key] = field(default_factory=set)
    noted: set[Key] = field(default_factory=set)
    executed: set[str] = field(default_factory=set)

    def start(self, keys: Iterable[Key]) -> None:
        """Walk until nothing is added: what is reached decides whose annotations count, and they lead on."""
        stack = list(keys)
        while True:
            self._reach(stack)
            noted = len(self.noted)
            stack = [*self._annotations(), *self._subclasses()]
            if not stack and len(self.noted) == noted:
                break

    def _reach(self, stack: list[Key]) -> None:
        reached = self.reached
        while stack:
            key = stack.pop()
            if key in reached:
                continue
            node = reached[key] = self.nodes.get(key)
            stack.extend(node.links)
            self.valued |= node.valued
            self.reads |= node.reads
            self._use(node.packages, stack)
            self.executed |= node.executed

    def _use(self, packages: Iterable[str], stack: list[Key]) -> None:
        for package in packages:
            if package not in self.packages:
                self.packages.add(package)
                if ("", package) in self.nodes.world.attached:
                    stack.append(("", package))

    def _annotations(self) -> Iterator[Key]:
        curious = any(package not in ANNOTATION_BLIND and not _standard(package) for package in self.packages)
        more: list[Key] = []
        for key, node in self.reached.items():
            if key in self.noted or not node.notes:
                continue
            if node.decorated or "annotations" in self.reads or (curious and key in self.valued):
                self.noted.add(key)
                more.extend(node.notes_reading.links)
                self._use(node.notes_reading.packages, more)
        return (key for key in more if key not in self.reached)

    def _subclasses(self) -> Iterator[Key]:
        """Where something asks for ``__subclasses__``, they count."""
        if "subclasses" in self.reads:
            for key in self.reached:
                for other in self.nodes.world.derived.get(key, ()):
                    if other not in self.reached:
                        yield other

    def units(self) -> list[tuple[Node, str]]:
        """Every unit reached with its digest, sorted by name."""
        docs = "docs" in self.reads
        found = [(node, node.digest(key in self.noted, docs)) for key, node in self.reached.items()]
        found.sort(key=lambda item: item[0].name)
        return found


def digest_text(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


def _standard(package: str) -> bool:
    from pivot_core.code.resolve import is_standard

    return is_standard(package)


def _joined(readings: list[Reading]) -> Reading:
    return Reading(
        "",
        links=tuple(found for reading in readings for found in reading.links),
        packages=tuple(found for reading in readings for found in reading.packages),
    )
