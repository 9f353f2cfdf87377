"""What executing modules changes: which statements belong to a name although they don't bind it.

A :class:`World` is a set of modules that get executed. In it, ``helpers.TABLE["x"] = 1`` belongs to
``helpers.TABLE`` wherever it stands, ``np.random.seed(0)`` to numpy, and a statement that calls a function of
the project while its module is imported (a decorator that registers, say) to whatever the function changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from pivot_core.code.reading import WHOLE, Reader
from pivot_core.code.stream import BASE, CALL, DECORATOR, HANDED, IMPORT
from pivot_core.code.vocabulary import AMBIENT, CALLING_BUILTINS, ENGINE, INERT_DECORATORS, under

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Part, Statement
    from pivot_core.code.resolve import Key, Resolution, Resolver

Place = tuple[str, int]  # (module, index of the statement)

AMBIENT_KEY: Final[Key] = ("", "(process)")
_SETTERS: Final = frozenset({"builtins.setattr", "builtins.delattr"})


class World:
    """The modules that are executed, and what their statements change besides their own names."""

    def __init__(self, modules: Modules, resolver: Resolver, reader: Reader, names: frozenset[str]) -> None:
        self._modules = modules
        self._resolver = resolver
        self._reader = reader
        self.modules = modules.closure(names)
        self.attached: dict[Key, list[Place]] = {}
        self._pipelines: dict[Key, bool] = {}
        while True:
            executed = self._fill()
            wider = modules.closure(self.modules | executed)
            if wider == self.modules:
                break
            self.modules = wider

    def is_pipeline(self, key: Key) -> bool:
        """The unit is a Pipeline of ours: what is registered with it isn't changed by that."""
        if key not in self._pipelines:
            module = self._modules.get(key[0])
            statements = module.statements(key[1]) if module is not None else []
            self._pipelines[key] = any(
                module is not None
                and statement.value_kind == "call"
                and self._resolver.resolve(module, statement.value).library
                in (f"{ENGINE}.Pipeline", f"{ENGINE}.pipeline.Pipeline")
                for statement in statements
            )
        return self._pipelines[key]

    def registers(self, called: Resolution) -> bool:
        return called.rest == ("register",) and any(self.is_pipeline(key) for key in called.units)

    def called(self, module: Module, statement: Statement) -> tuple[Key, ...]:
        """Units that the import-time part of a statement may call."""
        head = statement.head
        calling = "unknown_call" in statement.flags
        units: dict[Key, None] = {}
        handed: dict[Key, None] = {}
        registers = False
        for chain, flags in zip(head.slots, head.flags, strict=True):
            if flags & IMPORT:
                continue
            found = self._resolver.resolve(module, chain)
            (handed if flags & HANDED else units).update(dict.fromkeys(found.units))
            if flags & (CALL | DECORATOR | BASE):
                registers = registers or self.registers(found)
                calling = calling or not self._is_inert(found)
        if calling and any(flags & DECORATOR for flags in head.flags):
            units.update(((module.name, name), None) for name in statement.names)
        if not registers:
            units.update(handed)
        return tuple(units) if calling else ()

    def _is_inert(self, called: Resolution) -> bool:
        """Calling it calls nothing of the project."""
        if called.library:
            kind, _, name = called.library.partition(".")
            if kind == "builtins":
                return name.partition(".")[0] not in CALLING_BUILTINS
            return kind == ENGINE or under(called.library, INERT_DECORATORS)
        return self.registers(called)

    # --- filling ---------------------------------------------------------------------------------

    def _fill(self) -> frozenset[str]:
        """Attach all statements; the modules that functions called meanwhile import."""
        attached: dict[Key, dict[Place, None]] = {}
        calls: dict[Place, tuple[Key, ...]] = {}
        for name in sorted(self.modules):
            module = self._modules.get(name)
            for index, statement in enumerate(module.summary.statements if module is not None else ()):
                if module is None or statement.typing_only:
                    continue
                place = (name, index)
                for key in self._targets(module, statement.head):
                    attached.setdefault(key, {})[place] = None
                called = self.called(module, statement)
                if called:
                    calls[place] = called
        changes = _Changes(self, self._modules, self._reader)
        changes.follow(key for called in calls.values() for key in called)
        for place, called in calls.items():
            for key in dict.fromkeys(target for unit in called for target in changes.of(unit)):
                attached.setdefault(key, {})[place] = None
        self.attached = {key: sorted(places) for key, places in attached.items()}
        return frozenset(changes.executed)

    def _targets(self, module: Module, part: Part) -> Iterator[Key]:
        """What the effects of a part change."""
        for kind, chain, by in part.effects:
            if kind == "bind":
                yield module.name, chain
            elif kind == "store":
                found = self._resolver.through(module, chain)
                yield from self._objects(found)
                yield from _library(found)
            elif kind == "pass":
                yield from self._passed(module, chain, by)
            else:
                yield from self._receiver(kind, self._resolver.resolve(module, chain))

    def _receiver(self, kind: str, called: Resolution) -> Iterator[Key]:
        if called.rest:
            yield from called.units
        if not called.library or called.library.startswith("builtins."):
            return
        if kind == "call" or (kind == "decorate" and "register" in called.library.rpartition(".")[2]):
            yield from _library(called)

    def _passed(self, module: Module, chain: str, by: str) -> Iterator[Key]:
        callee = self._resolver.resolve(module, by) if by else None
        if callee is not None:
            if self.registers(callee):
                return
            if callee.library.startswith("builtins.") and callee.library not in _SETTERS:
                return
        found = self._resolver.through(module, chain)
        yield from self._objects(found)
        if callee is not None and callee.units and not callee.rest:
            yield from _library(found)

    def _objects(self, found: Resolution) -> Iterator[Key]:
        """Units behind a value that can be changed in place; those of a module that is itself the value."""
        for owner, name in found.units:
            module = self._modules.get(owner)
            kinds = {statement.value_kind for statement in module.statements(name)} if module else set()
            if not kinds or not kinds <= {"text", "constant"} or found.rest:
                yield owner, name
        for name in found.modules:
            module = self._modules.get(name)
            if module is not None:
                yield from ((name, bound) for bound in module.index)


class _Changes:
    """What functions of the project change when they are called, directly or through others."""

    def __init__(self, world: World, modules: Modules, reader: Reader) -> None:
        self._world = world
        self._modules = modules
        self._reader = reader
        self._found: dict[Key, set[Key]] = {}
        self.executed: set[str] = set()

    def of(self, key: Key) -> Iterable[Key]:
        return sorted(self._found.get(key, ()))

    def follow(self, keys: Iterable[Key]) -> None:
        """Look at the units and all they lead to, then carry what each changes back to its users."""
        users: dict[Key, list[Key]] = {}
        seen = set(keys)
        stack = list(seen)
        while stack:
            key = stack.pop()
            for link in self._look(key):
                users.setdefault(link, []).append(key)
                if link not in seen:
                    seen.add(link)
                    stack.append(link)
        waiting = [key for key in seen if self._found.get(key)]
        while waiting:
            key = waiting.pop()
            for user in users.get(key, ()):
                known = self._found.setdefault(user, set())
                if not self._found[key] <= known:
                    known |= self._found[key]
                    waiting.append(user)

    def _look(self, key: Key) -> set[Key]:
        module = self._modules.get(key[0])
        if module is None:
            return set()
        statements = module.summary.statements if key[1] == WHOLE else module.statements(key[1])
        links: set[Key] = set()
        for statement in statements:
            targets = set(self._world._targets(module, statement.body))
            if targets:
                self._found.setdefault(key, set()).update(targets)
            for reading in self._reader.code(module, statement):
                links.update(reading.links)
                self.executed.update(reading.executed)
        return links


def _library(found: Resolution) -> Iterator[Key]:
    if not found.library or found.library.startswith("builtins."):
        return
    if under(found.library, AMBIENT):
        yield AMBIENT_KEY
    yield from (("", package) for package in found.packages)
