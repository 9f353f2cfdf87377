"""What stands behind a name: an object that can be changed or remembers, code that changes its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pivot_core.code.records import PROCESS
from pivot_core.code.resolve import Resolution
from pivot_core.code.stream import BASE, CALL, DECORATOR, HANDED, IMPORT
from pivot_core.code.vocabulary import AMBIENT, ENGINE, STATEFUL, WRAPPING, under

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Part, Statement
    from pivot_core.code.resolve import Key, Resolver

AMBIENT_KEY: Final[Key] = ("", PROCESS)
ANY: Final = "(any)"  # the key (module, ANY): any name of the module
_PIPELINES: Final = frozenset({f"{ENGINE}.Pipeline", f"{ENGINE}.pipeline.Pipeline"})


class Values:
    """Answers about the values of units, from the text of their modules."""

    def __init__(self, modules: Modules, resolver: Resolver) -> None:
        self._modules = modules
        self._resolver = resolver
        self._pipelines: dict[Key, bool] = {}

    def is_object(self, key: Key) -> bool:
        """The unit is neither a function nor a class, so calling it may change it."""
        module = self._modules.get(key[0])
        return module is not None and any(
            statement.kind == "other" and statement.value_kind != "import"
            for statement in module.statements(key[1])
        )

    def is_made(self, key: Key) -> bool:
        """The unit is an object that code of the project makes."""
        module = self._modules.get(key[0])
        return module is not None and any(
            statement.value_kind == "call" and self._resolver.resolve(module, statement.value).units
            for statement in module.statements(key[1])
        )

    def is_stateful(self, key: Key) -> bool:
        module = self._modules.get(key[0])
        for statement in module.statements(key[1]) if module is not None else ():
            if module is not None and statement.value_kind == "call":
                maker = self._resolver.resolve(module, statement.value)
                keeps = "changes_arguments" if under(maker.library, WRAPPING) else "keeps_state"
                made_by = self.code(_unit(key))
                if under(maker.library, STATEFUL) or any(keeps in code.flags for _, code in made_by):
                    return True
        return False

    def changes_arguments(self, module: Module, chain: str, seen: frozenset[Key] = frozenset()) -> bool:
        """A function or method that is called changes what it is given, or hands it on to one that does."""
        found = self._resolver.resolve(module, chain)
        if not seen.isdisjoint(found.units):
            return False
        for of, statement in self.code(found):
            if "changes_arguments" in statement.flags:
                return True
            relays = (by for kind, by, _ in statement.body.effects if kind == "relay")
            if any(self.changes_arguments(of, by, seen.union(found.units)) for by in relays):
                return True
        return False

    def code(self, found: Resolution) -> Iterator[tuple[Module, Statement]]:
        """Functions and classes that a name stands for, or that made its object."""
        waiting, seen = list(found.units), set(found.units)
        while waiting:
            owner, name = waiting.pop()
            module = self._modules.get(owner)
            for statement in module.statements(name) if module is not None else ():
                assert module is not None
                if statement.kind != "other" or statement.value_kind == "new":  # a lambda, that is
                    yield module, statement
                elif statement.value_kind == "call":
                    made = self._resolver.resolve(module, statement.value)
                    more = made.units or self.taken(module, statement.head)  # ``functools.partial(f)``
                    waiting += [key for key in more if key not in seen]
                    seen.update(waiting)

    def changeable(self, found: Resolution) -> Iterator[Key]:
        """Units behind a value that can be changed in place; those of a module that is itself the value."""
        for owner, name in found.units:
            module = self._modules.get(owner)
            kinds = {statement.value_kind for statement in module.statements(name)} if module else set()
            if not kinds or not kinds <= {"text", "constant"} or found.rest:
                yield owner, name
        yield from ((name, ANY) for name in found.modules)

    def taken(self, module: Module, part: Part, *, libraries: bool = False) -> Iterator[Key]:
        """Units whose value a part takes, other than by calling them; libraries, if they count."""
        for chain, flags in zip(part.slots, part.flags, strict=True):
            if not flags & (IMPORT | CALL | DECORATOR | BASE | HANDED):
                found = self._resolver.through(module, chain)
                yield from self.changeable(found)
                if libraries:
                    yield from library_of(found)

    def is_pipeline(self, key: Key) -> bool:
        """The unit is a Pipeline of ours: what is registered with it isn't changed by that."""
        if key not in self._pipelines:
            module = self._modules.get(key[0])
            self._pipelines[key] = module is not None and any(
                statement.value_kind == "call"
                and self._resolver.resolve(module, statement.value).library in _PIPELINES
                for statement in module.statements(key[1])
            )
        return self._pipelines[key]

    def registers(self, called: Resolution) -> bool:
        return called.rest == ("register",) and any(self.is_pipeline(key) for key in called.units)


def _unit(key: Key) -> Resolution:
    return Resolution(f"{key[0]}.{key[1]}", (key,))


def library_of(found: Resolution) -> Iterator[Key]:
    if found.text.startswith("x:builtins."):  # set from outside, so seen by all
        yield AMBIENT_KEY
    if not found.library or found.library.startswith("builtins."):
        return
    if under(found.library, AMBIENT):
        yield AMBIENT_KEY
    yield from (("", package) for package in found.packages)


def hands_out_its_own(library: str) -> bool:
    """``decimal.getcontext()``: what it gives is the library's, and changing it changes the library."""
    return library.rpartition(".")[2].startswith("get") and library not in ("", "logging.getLogger")
