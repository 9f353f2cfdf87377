"""What a unit leads to, as a Merkle graph: the digest of a unit covers those of all it refers to.

Units that refer to each other in a circle have one digest together. So the fingerprint of a stage costs no
more than its own function where its helpers are known already, and an edit what refers to the edited unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Final

from pivot_core.code.nodes import digest_text
from pivot_core.code.resolve import is_standard
from pivot_core.code.values import AMBIENT_KEY
from pivot_core.code.vocabulary import ANNOTATION_BLIND

if TYPE_CHECKING:
    from pivot_core.code.modules import Modules
    from pivot_core.code.nodes import Node, Nodes
    from pivot_core.code.resolve import Key

_NOTHING: Final[frozenset[str]] = frozenset()


class Variant(IntFlag):
    """What else counts, because something that is reached reads it.

    DOCS, ANNOTATIONS: those of every unit. CURIOUS: the annotations of units used as a value, since a library
    may look at them. SUBCLASSES: a class leads to the classes made from it.
    """

    PLAIN = 0
    DOCS = 1
    ANNOTATIONS = 2
    CURIOUS = 4
    SUBCLASSES = 8


@dataclass(slots=True)
class Component:
    """Units that refer to each other, with all that they lead to. ``modules`` are bits (``Modules.bits``)."""

    members: list[Key]
    digest: str = ""
    modules: int = 0
    packages: frozenset[str] = _NOTHING
    reads: frozenset[str] = _NOTHING
    environment: frozenset[str] = _NOTHING
    templates: frozenset[str] = _NOTHING

    def unite(self, other: Component) -> None:
        self.modules |= other.modules
        self.packages = _united(self.packages, other.packages)
        self.reads = _united(self.reads, other.reads)
        self.environment = _united(self.environment, other.environment)
        self.templates = _united(self.templates, other.templates)

    def variant(self) -> Variant:
        """What counts because of what is reached."""
        found = Variant.PLAIN
        for name, flag in _FLAGS.items():
            if name in self.reads:
                found |= flag
        if any(package not in ANNOTATION_BLIND and not is_standard(package) for package in self.packages):
            found |= Variant.CURIOUS
        return found


_FLAGS: Final = {
    "docs": Variant.DOCS,
    "annotations": Variant.ANNOTATIONS,
    "subclasses": Variant.SUBCLASSES,
}


class Reach:
    """The components of one world in one variant, found when they are first asked for."""

    def __init__(self, modules: Modules, nodes: Nodes, variant: Variant) -> None:
        self._modules = modules
        self._nodes = nodes
        # asked for each unit, and a flag of an enum is slow to test
        self._docs = Variant.DOCS in variant
        self._annotations = Variant.ANNOTATIONS in variant
        self._curious = Variant.CURIOUS in variant
        self._subclasses = Variant.SUBCLASSES in variant
        self._found: dict[Key, Component] = {}
        self._linked: dict[Key, list[Key]] = {}  # what those that were found lead to
        self.users: dict[Key, set[Key]] = {}  # the units that refer to one

    def of(self, key: Key) -> Component:
        """The component of a unit."""
        return self._found.get(key) or self._find(key)

    def together(self, keys: Iterable[Key]) -> Component:
        """The components of several units as one."""
        parts = [self.of(key) for key in sorted(set(keys))]
        whole = Component([])
        for part in parts:
            whole.unite(part)
        whole.digest = " ".join(part.digest for part in parts)
        return whole

    def units(self, keys: Iterable[Key]) -> list[tuple[Node, str]]:
        """Every unit reached, with the digest of what is its own; sorted by name."""
        stack = list(keys)
        reached: set[Key] = set()
        while stack:
            key = stack.pop()
            if key not in reached:
                reached.add(key)
                self.of(key)
                stack.extend(self._linked[key])
        nodes = {key: self._nodes.get(key) for key in reached}
        valued: set[Key] = set()
        if self._curious:
            valued.update(*(node.valued for node in nodes.values()))
        found = [(node, self._own_digest(node, key in valued)) for key, node in nodes.items()]
        return sorted(found, key=lambda item: item[0].name)

    def forget(self, keys: Iterable[Key]) -> set[Key]:
        """These units are others now: drop them and all that lead to them, and tell which these are."""
        stack = list(keys)
        seen: set[Key] = set()
        while stack:
            key = stack.pop()
            if key not in seen:
                seen.add(key)
                self._found.pop(key, None)
                self._linked.pop(key, None)
                stack.extend(self.users.get(key, ()))
        return seen

    # --- one unit --------------------------------------------------------------------------------

    def _own_digest(self, node: Node, valued: bool = False) -> str:
        return node.digest(node.decorated or valued or self._annotations, self._docs or node.documented)

    def _noted(self, node: Node) -> bool:
        """Its annotations count wherever it is used."""
        return bool(node.notes) and (node.decorated or self._annotations)

    def _shown(self, node: Node) -> Iterator[Node]:
        """Units whose annotations count because this one hands them to a library that may look at them."""
        if self._curious:
            for key in node.valued:
                other = self._nodes.get(key)
                if other.notes and not self._noted(other):
                    yield other

    def _packages(self, node: Node) -> frozenset[str]:
        found = node.packages
        if self._noted(node):
            found = found.union(node.notes_reading.packages)
        for other in self._shown(node):
            found = found.union(other.notes_reading.packages)
        return found

    def _links(self, key: Key) -> list[Key]:
        """The units that a unit leads to, in no order."""
        node, world = self._nodes.get(key), self._nodes.world
        links = list(node.links)
        if self._noted(node):
            links += node.notes_reading.links
        for other in self._shown(node):
            links += other.notes_reading.links
        for package in self._packages(node):
            links += world.states(package)
        if self._subclasses:
            links += world.derived.get(key, ())
        return links

    # --- components ------------------------------------------------------------------------------

    def _find(self, start: Key) -> Component:
        """Tarjan's algorithm, with a stack of our own: code refers to code without end."""
        found, numbers, low = self._found, {start: 0}, {start: 0}
        open_keys, links = [start], {start: self._links(start)}
        stack = [(start, iter(links[start]))]
        while stack:
            key, rest = stack[-1]
            for link in rest:
                if link in found:
                    continue
                if link in numbers:
                    low[key] = min(low[key], numbers[link])
                    continue
                numbers[link] = low[link] = len(numbers)
                links[link] = self._links(link)
                open_keys.append(link)
                stack.append((link, iter(links[link])))
                break
            else:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    low[above] = min(low[above], low[key])
                if low[key] == numbers[key]:
                    at = open_keys.index(key) if len(open_keys) < 9 else _last_index(open_keys, key)
                    members = open_keys[at:]
                    del open_keys[at:]
                    self._close(members, links)
        return found[start]

    def _close(self, members: list[Key], links: dict[Key, list[Key]]) -> None:
        component = Component(sorted(members))
        own = set(members)
        texts: list[str] = []
        leads_to: dict[str, None] = {}
        for key in component.members:
            node = self._nodes.get(key)
            shown = sorted((other.name, digest_text(other.notes)) for other in self._shown(node))
            texts.append(f"{node.name}={self._own_digest(node)}{shown or ''}")
            self._add_own(component, node)
            for link in links[key]:
                self.users.setdefault(link, set()).add(key)
                if link not in own:
                    other = self._found[link]
                    if other.digest not in leads_to:
                        leads_to[other.digest] = None
                        component.unite(other)
        component.digest = digest_text("\n".join([*texts, *sorted(leads_to)]))
        for key in members:
            self._found[key] = component
            self._linked[key] = links[key]

    def _add_own(self, component: Component, node: Node) -> None:
        for name in {node.key[0], *node.executed}:
            if name:
                component.modules |= self._modules.bits(name)
        component.packages = _united(component.packages, self._packages(node))
        component.reads = _united(component.reads, node.reads)
        component.environment = _united(component.environment, node.environment)
        component.templates = _united(component.templates, node.templates)


def ambient(nodes: Nodes) -> list[Key]:
    """The state of the process, where something changes it: every stage depends on it."""
    return [AMBIENT_KEY] if AMBIENT_KEY in nodes.world.attached else []


def changed_libraries(nodes: Nodes, packages: Iterable[str]) -> list[Key]:
    """Libraries among the packages that the project's modules change when they are imported."""
    return [key for key in (("", package) for package in sorted(packages)) if key in nodes.world.attached]


def _last_index(keys: list[Key], key: Key) -> int:
    return len(keys) - 1 - keys[::-1].index(key)


def _united(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if not other or one is other:
        return one
    return one | other if one else other
