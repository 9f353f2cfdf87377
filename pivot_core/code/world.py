"""A set of modules that get executed, and the statements in them that belong to names they don't bind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from pivot_core.code.effects import EVERYTHING, IMPORTED
from pivot_core.code.values import AMBIENT_KEY, ANY
from pivot_core.code.vocabulary import may_use
from pivot_core.project import PIPELINE_MODULE

if TYPE_CHECKING:
    from pivot_core.code.effects import Effects
    from pivot_core.code.modules import Modules
    from pivot_core.code.resolve import Key

Place = tuple[str, float]  # (module, that of the statement in it: see Module)


class World:
    """``modules`` is closed under import, also by functions that are called while a module is imported;
    ``bits`` are the same modules (see ``Modules.bits``).
    ``attached`` are, for each unit or package, the statements elsewhere that change it, as executed;
    ``derived`` the classes made from each class."""

    def __init__(self, modules: Modules, effects: Effects, names: frozenset[str]) -> None:
        self._effects = effects
        self._modules = modules
        self.modules = modules.closure(names)
        self._imported_by_calls: dict[Place, list[str]] = {}
        self._asking: dict[Place, tuple[Key, ...]] = {}
        while True:
            attached, executed = self._fill()
            wider = modules.closure(self.modules | executed)
            if wider == self.modules:
                break
            self.modules = wider
        self.bits = 0
        for name in self.modules:
            self.bits |= modules.bits(name)
        self.attached: dict[Key, tuple[Place, ...]] = {
            key: self._in_order(places) for key, places in attached.items()
        }
        self._loose = any(key[1] == ANY for key in self.attached)

    @cached_property
    def unsteady(self) -> dict[Key, list[Key]]:
        """What is changed after it was made, by the units whose calling tells what it is meanwhile; a package
        by its key."""
        found: dict[Key, list[Key]] = {}
        for key in sorted(self.attached):
            if key[0] and self.before(key, ("", 0))[1] < 2:
                continue
            for user in self._effects.users(key):
                found.setdefault(user, []).append(key)
        return found

    def read_at(self, place: Place) -> set[Key]:
        """What is changed after it was made, of all that a statement may look at by what it uses."""
        if not self.unsteady:
            return set()
        return {key for unit in self._asking.get(place, ()) for key in self.unsteady.get(unit, ())}

    def places(self, key: Key) -> tuple[Place, ...]:
        """The statements that change a unit, or any name of its module, or any name at all."""
        found = self.attached.get(key, ())
        if not key[0] or not self._loose:
            return found
        more = [*self.attached.get((key[0], ANY), ()), *self.attached.get(EVERYTHING, ())]
        return self._in_order({*found, *more}) if more else found

    def before(self, key: Key, here: Place) -> tuple[int, int]:
        """How many of the statements that bind or change a unit are executed before one, and how many
        there are."""
        changing = self.places(key)
        module = self._modules.get(key[0])
        if not changing and key[0] != here[0]:
            return 0, 0
        own = module.index(key[1]) if module is not None else ()
        places = {*((key[0], at) for at in own), *changing}
        return sum(self.is_before(place, here) for place in places), len(places)

    def is_before(self, place: Place, other: Place) -> bool:
        """Whether one statement is executed before another."""
        if place[0] == other[0]:
            return place[1] < other[1]
        last = len(self._turns)
        return self._turns.get(place, last) < self._turns.get(other, last)

    @cached_property
    def replaced(self) -> dict[Key, list[Place]]:
        """The units that statements of other modules bind: ``conf.N = 2``."""
        found: dict[Key, list[Place]] = {}
        for key, places in self.attached.items():
            elsewhere = [at for at in places if key[0] and at[0] != key[0] and self._effects.binds(at, key)]
            if elsewhere:
                found[key] = elsewhere
        return found

    def states(self, package: str) -> list[Key]:
        """The libraries that statements change (``np.random.seed(1)``), of those that a package may use."""
        return [key for key in self._changed if may_use(package, key[1])]

    @cached_property
    def _changed(self) -> list[Key]:
        return [key for key in self.attached if not key[0] and key != AMBIENT_KEY]

    @cached_property
    def derived(self) -> dict[Key, list[Key]]:
        return self._effects.derived(self.modules)

    def _in_order(self, places: set[Place]) -> tuple[Place, ...]:
        """As they are executed: the last of two that set the same thing wins."""
        if len({module for module, _ in places}) < 2:
            return tuple(sorted(places))
        last = len(self._turns)
        return tuple(sorted(places, key=lambda place: (self._turns.get(place, last), place)))

    def rearranged(self) -> None:
        """Statements came or went that change nothing; the others are executed in the same order."""
        self.__dict__.pop("_turns", None)

    @cached_property
    def _turns(self) -> dict[Place, int]:
        """When each top-level statement has been executed, from the first of ``pipeline.py`` on."""
        turns: dict[Place, int] = {}
        entered: set[str] = set()
        for start in (PIPELINE_MODULE, *sorted(self.modules)):
            stack = [self._enter(start, entered)]
            while stack:
                step = next(stack[-1], None)
                if step is None:
                    stack.pop()
                elif isinstance(step, str):
                    stack.append(self._enter(step, entered))
                else:
                    turns[step] = len(turns)
        return turns

    def _enter(self, name: str, entered: set[str]) -> Iterator[str | Place]:
        """Execute a module that isn't loaded yet: first what a statement imports, then the statement."""
        module = None if name in entered else self._modules.get(name)
        entered.add(name)
        for place, statement in module.placed() if module is not None else ():
            assert module is not None
            if not statement.typing_only:
                for chain in statement.imports():
                    yield from self._modules.executed_by(module, chain)
                yield from self._imported_by_calls.get((name, place), ())
                yield name, place

    def _fill(self) -> tuple[dict[Key, set[Place]], set[str]]:
        attached: dict[Key, set[Place]] = {}
        executed: set[str] = set()
        self._imported_by_calls.clear()
        self._asking.clear()
        for name in self.modules:
            for change in self._effects.of_module(name):
                asked = self._asking[(name, change.place)] = (*change.called, *change.asked)
                self._effects.look_at(asked)
                keys = [*change.targets, *self._effects.of_calling(change.called)]
                for key in keys:
                    if key[0] == IMPORTED:
                        executed.add(key[1])
                        self._imported_by_calls.setdefault((name, change.place), []).append(key[1])
                    else:
                        attached.setdefault(key, set()).add((name, change.place))
        return attached, executed
