"""A set of modules that get executed, and the statements in them that belong to names they don't bind."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pivot_core.code.effects import ANY, EVERYTHING, IMPORTED

if TYPE_CHECKING:
    from pivot_core.code.effects import Effects
    from pivot_core.code.modules import Modules
    from pivot_core.code.resolve import Key

Place = tuple[str, int]  # (module, index of the statement)


class World:
    """``modules`` is closed under import, also by functions that are called while a module is imported.
    ``attached`` are, for each unit or package, the statements elsewhere that change it, in order;
    ``derived`` the classes made from each class."""

    def __init__(self, modules: Modules, effects: Effects, names: frozenset[str]) -> None:
        self._effects = effects
        self.modules = modules.closure(names)
        while True:
            attached, executed = self._fill()
            wider = modules.closure(self.modules | executed)
            if wider == self.modules:
                break
            self.modules = wider
        self.attached: dict[Key, tuple[Place, ...]] = {
            key: tuple(sorted(places)) for key, places in attached.items()
        }
        self._loose = any(key[1] == ANY for key in self.attached)

    def places(self, key: Key) -> tuple[Place, ...]:
        """The statements that change a unit, or any name of its module, or any name at all."""
        found = self.attached.get(key, ())
        if not key[0] or not self._loose:
            return found
        more = [*self.attached.get((key[0], ANY), ()), *self.attached.get(EVERYTHING, ())]
        return tuple(sorted({*found, *more})) if more else found

    @cached_property
    def derived(self) -> dict[Key, list[Key]]:
        return self._effects.derived(self.modules)

    def _fill(self) -> tuple[dict[Key, set[Place]], set[str]]:
        attached: dict[Key, set[Place]] = {}
        executed: set[str] = set()
        for name in self.modules:
            for change in self._effects.of_module(name):
                keys = [*change.targets, *self._effects.of_calling(change.called)]
                for key in keys:
                    if key[0] == IMPORTED:
                        executed.add(key[1])
                    else:
                        attached.setdefault(key, set()).add((name, change.index))
        return attached, executed
