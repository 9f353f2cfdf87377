"""What executing code changes besides the names it binds, statement by statement.

``helpers.TABLE["x"] = 1`` changes ``helpers.TABLE`` wherever it stands, ``np.random.seed(0)`` numpy, and a
statement that calls a function of the project while its module is imported (a decorator that registers,
say) whatever that function changes. All of this follows from the text of the modules, so it is worked out
once for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pivot_core.code.reading import WHOLE, Reader
from pivot_core.code.stream import BASE, CALL, DECORATOR, HANDED, IMPORT
from pivot_core.code.vocabulary import AMBIENT, CALLING_BUILTINS, ENGINE, INERT_DECORATORS, under

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Part, Statement
    from pivot_core.code.resolve import Key, Resolution, Resolver

AMBIENT_KEY: Final[Key] = ("", "(process)")
IMPORTED: Final = "(import)"  # the key (IMPORTED, module): a function that is called imports the module
_SETTERS: Final = frozenset({"builtins.setattr", "builtins.delattr"})
_PIPELINES: Final = frozenset({f"{ENGINE}.Pipeline", f"{ENGINE}.pipeline.Pipeline"})


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement of a module changes when it is executed, and the units it may call meanwhile."""

    index: int
    targets: tuple[Key, ...]
    called: tuple[Key, ...]


class Effects:
    """The effects of statements and functions, worked out when they are asked for."""

    def __init__(self, modules: Modules, resolver: Resolver, reader: Reader) -> None:
        self._modules = modules
        self._resolver = resolver
        self._reader = reader
        self._changes: dict[str, list[Change]] = {}
        self._pipelines: dict[Key, bool] = {}
        self._calls = _Calls()

    def of_module(self, name: str) -> list[Change]:
        """The statements of a module that change something else, or call something that may."""
        if name not in self._changes:
            module = self._modules.get(name)
            found = [] if module is None else list(self._of_statements(module))
            self._changes[name] = found
        return self._changes[name]

    def of_calling(self, units: Iterable[Key]) -> list[Key]:
        """What calling the units changes, directly or through what they use; sorted."""
        self._follow(units)
        return sorted({key for unit in units for key in self._calls.changed.get(unit, ())})

    def called(self, module: Module, statement: Statement) -> tuple[Key, ...]:
        """Units that the import-time part of a statement may call. What is registered isn't called."""
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
                registers = registers or self._registers(found)
                calling = calling or not self._is_inert(found)
        if not calling:
            return ()
        for name in statement.names:  # what a loop binds is no more than the loop
            units.pop((module.name, name), None)
        if any(flags & DECORATOR for flags in head.flags):
            units.update(((module.name, name), None) for name in statement.names)
        if not registers:
            units.update(handed)
        return tuple(key for key in units if not self._is_pipeline(key))

    # --- statements ------------------------------------------------------------------------------

    def _of_statements(self, module: Module) -> Iterator[Change]:
        for index, statement in enumerate(module.summary.statements):
            if statement.typing_only:
                continue
            targets = self._targets(module, statement.head, statement)
            called = self.called(module, statement)
            if targets or called:
                yield Change(index, tuple(targets), called)

    def _targets(self, module: Module, part: Part, statement: Statement) -> dict[Key, None]:
        """What the effects of a part change, and what that is only another way to."""
        found: dict[Key, None] = {}
        for kind, chain, by in part.effects:
            found.update(dict.fromkeys(self._target(module, kind, chain, by)))
        if part is statement.head and self._changes_own_variable(module, statement, found):
            for chain, flags in zip(part.slots, part.flags, strict=True):
                if not flags & (IMPORT | CALL | DECORATOR | BASE | HANDED):
                    found.update(dict.fromkeys(self._objects(self._resolver.through(module, chain))))
        waiting = list(found)
        while waiting:
            for key in self._behind(waiting.pop()):
                if key not in found:
                    found[key] = None
                    waiting.append(key)
        return found

    def _target(self, module: Module, kind: str, chain: str, by: str) -> Iterator[Key]:
        if kind == "bind":
            yield module.name, chain
        elif kind == "store":
            found = self._resolver.through(module, chain)
            yield from self._objects(found)
            yield from _library(found)
        elif kind == "pass":
            yield from self._passed(module, chain, by)
        elif kind == "give":
            if self._changes_arguments(module, by):
                yield from self._objects(self._resolver.through(module, chain))
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
            if self._registers(callee):
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

    def _changes_own_variable(self, module: Module, statement: Statement, found: Iterable[Key]) -> bool:
        """``for c in (A, B): c.k = 1`` changes what its variable stands for."""
        if statement.kind != "other" or statement.value_kind:
            return False
        own = {(module.name, name) for name in statement.names}
        return any(key in own for key in found)

    def _changes_arguments(self, module: Module, chain: str) -> bool:
        found = self._resolver.resolve(module, chain)
        return not found.rest and any(
            "changes_arguments" in statement.flags
            for owner, name in found.units
            if (of := self._modules.get(owner)) is not None
            for statement in of.statements(name)
        )

    def _behind(self, key: Key) -> Iterator[Key]:
        """Objects that a changed name is only a way to: ``d = T["a"]``, or what a function returns."""
        module = self._modules.get(key[0])
        for statement in module.statements(key[1]) if module is not None else ():
            assert module is not None
            if statement.value_kind in ("chain", "inside"):
                yield from self._objects(self._resolver.through(module, statement.value))
            elif statement.value_kind == "call":
                found = self._resolver.resolve(module, statement.value)
                if found.rest or self._is_function(found):
                    yield from self._objects(found)
            elif statement.kind == "function":
                for owner, name in self._reader.read(module, statement.body).links:
                    of = self._modules.get(owner)
                    if of is not None and all(s.kind == "other" for s in of.statements(name)):
                        yield owner, name

    def _is_function(self, found: Resolution) -> bool:
        return any(
            statement.kind == "function"
            for owner, name in found.units
            if (of := self._modules.get(owner)) is not None
            for statement in of.statements(name)
        )

    # --- pipelines -------------------------------------------------------------------------------

    def _is_pipeline(self, key: Key) -> bool:
        """The unit is a Pipeline of ours: what is registered with it isn't changed by that."""
        if key not in self._pipelines:
            module = self._modules.get(key[0])
            self._pipelines[key] = module is not None and any(
                statement.value_kind == "call"
                and self._resolver.resolve(module, statement.value).library in _PIPELINES
                for statement in module.statements(key[1])
            )
        return self._pipelines[key]

    def _registers(self, called: Resolution) -> bool:
        return called.rest == ("register",) and any(self._is_pipeline(key) for key in called.units)

    def _is_inert(self, called: Resolution) -> bool:
        """Calling it calls nothing of the project."""
        if called.library:
            kind, _, name = called.library.partition(".")
            if kind == "builtins":
                return name.partition(".")[0] not in CALLING_BUILTINS
            return kind == ENGINE or under(called.library, INERT_DECORATORS)
        return self._registers(called)

    # --- what calling a unit changes -------------------------------------------------------------

    def _follow(self, units: Iterable[Key]) -> None:
        """Look at the units and all they lead to, then carry what each changes back to its users."""
        calls = self._calls
        stack = [key for key in units if key not in calls.seen]
        calls.seen.update(stack)
        waiting: set[Key] = set()
        while stack:
            key = stack.pop()
            links = self._look(key)
            if calls.changed.get(key):
                waiting.add(key)
            for link in links:
                calls.users.setdefault(link, []).append(key)
                if link in calls.seen:
                    waiting.add(link)
                else:
                    calls.seen.add(link)
                    stack.append(link)
        while waiting:
            key = waiting.pop()
            changed = calls.changed.get(key)
            for user in calls.users.get(key, ()) if changed else ():
                known = calls.changed.setdefault(user, set())
                if changed and not changed <= known:
                    known |= changed
                    waiting.add(user)

    def _look(self, key: Key) -> set[Key]:
        module = self._modules.get(key[0])
        if module is None:
            return set()
        statements = module.summary.statements if key[1] == WHOLE else module.statements(key[1])
        links: set[Key] = set()
        own: set[Key] = set()
        for statement in statements:
            own.update(self._targets(module, statement.body, statement))
            for reading in self._reader.code(module, statement):
                links.update(reading.links)
                own.update((IMPORTED, name) for name in reading.executed)
        if own:
            self._calls.changed.setdefault(key, set()).update(own)
        return links


@dataclass(slots=True)
class _Calls:
    """What was found out about calling units: who uses whom, and what each changes."""

    seen: set[Key] = field(default_factory=set)
    users: dict[Key, list[Key]] = field(default_factory=dict)
    changed: dict[Key, set[Key]] = field(default_factory=dict)


def _library(found: Resolution) -> Iterator[Key]:
    if not found.library or found.library.startswith("builtins."):
        return
    if under(found.library, AMBIENT):
        yield AMBIENT_KEY
    yield from (("", package) for package in found.packages)
