"""What the attributes of a class are: objects that it shares with others, or inherits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pivot_core.code.stream import BASE

if TYPE_CHECKING:
    from pivot_core.code.modules import Module
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key, Resolution, Resolver
    from pivot_core.code.values import Values

_Class = tuple["Module", "Statement"]


class Attributes:
    """Answers about classes, from the text of their modules."""

    def __init__(self, resolver: Resolver, values: Values) -> None:
        self._resolver = resolver
        self._values = values

    def behind(self, found: Resolution) -> Iterator[Key]:
        """Units that an attribute is another name for: ``T`` behind ``C.t``, or ``C().t``, of
        ``class C: t = T``. All of its attributes, if none is told."""
        for name in found.rest[:-1] or found.rest or ("",):
            for each in self._classes(found):
                yield from self._another(each, name)

    def of_method(self, module: Module, chain: str, by: str) -> Iterator[Key]:
        """What a method changes by changing an attribute of its own: its class, one of the bases, or what the
        attribute is another name for."""
        owner, _, name = chain.partition(".")
        found = self._resolver.resolve(module, owner)
        if by == "class":
            yield from found.units
        for each in self._classes(found):
            if name in each[1].shared:
                yield _key(each)
            yield from self._another(each, name)

    def by_bases(self, module: Module, statement: Statement) -> Iterator[Key]:
        """What methods of the bases change that is this class's: ``self.all.append(x)``."""
        for _, base in self._bases(module, statement):
            for kind, chain, _ in base.body.effects:
                if kind == "own":
                    name = chain.partition(".")[2]
                    if name in statement.shared:
                        yield module.name, statement.names[0]
                    yield from self._another((module, statement), name)

    def is_method(self, found: Resolution) -> bool:
        return any(found.rest[-1] in statement.methods for _, statement in self._classes(found))

    def _another(self, each: _Class, name: str) -> Iterator[Key]:
        module, statement = each
        for part in (statement.head, statement.body):
            for kind, chain, attribute in part.effects:
                if kind == "another" and name in ("", attribute):
                    yield from self._values.changeable(self._resolver.through(module, chain))

    def _classes(self, found: Resolution) -> Iterator[_Class]:
        """The class that a name stands for, or that made its object, with its bases."""
        for module, statement in self._values.code(found):
            if statement.kind == "class":
                yield module, statement
                yield from self._bases(module, statement)

    def _bases(self, module: Module, statement: Statement) -> Iterator[_Class]:
        waiting, seen = [(module, statement)], {(module.name, statement.names)}
        while waiting:
            of, derived = waiting.pop()
            for chain, flags in zip(derived.head.slots, derived.head.flags, strict=True):
                if flags & BASE:
                    for each in self._values.code(self._resolver.resolve(of, chain)):
                        if each[1].kind == "class" and (each[0].name, each[1].names) not in seen:
                            seen.add((each[0].name, each[1].names))
                            waiting.append(each)
                            yield each


def _key(each: _Class) -> Key:
    return each[0].name, each[1].names[0]
