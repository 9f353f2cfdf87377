"""What executing code changes besides the names it binds, statement by statement.

``helpers.TABLE["x"] = 1`` changes ``helpers.TABLE`` wherever it stands, ``np.random.seed(0)`` numpy, and a
statement that calls a function of the project while its module is imported (a decorator that registers,
say) whatever that function changes. All of this follows from the text of the modules, so it is worked out
once for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import chain as chained
from typing import TYPE_CHECKING, Final

from pivot_core.code.attributes import Attributes
from pivot_core.code.reading import Reader
from pivot_core.code.records import WHOLE
from pivot_core.code.stream import BASE, BOUND, CALL, DECORATOR, HANDED, IMPORT
from pivot_core.code.values import AMBIENT_KEY, ANY, Values, hands_out_its_own, library_of
from pivot_core.code.vocabulary import (
    CALLING_BUILTINS,
    CHANGING,
    COPYING,
    DRAWING,
    ENGINE,
    ENTERING,
    GIVES_MODULES,
    IMPORTERS,
    INERT_DECORATORS,
    MUTATORS,
    NAMESPACES,
    REMEMBERS_CLASSES,
    REPLACES,
    STATEFUL,
    WRAPPING,
    may_use,
    under,
)

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Part, Statement
    from pivot_core.code.resolve import Key, Resolution, Resolver

IMPORTED: Final = "(import)"  # the key (IMPORTED, module): a function that is called imports the module
EVERYTHING: Final[Key] = (ANY, ANY)
_SETTERS: Final = frozenset({"builtins.setattr", "builtins.delattr", "builtins.next"})


@dataclass(frozen=True, slots=True)
class Change:
    """What one statement of a module changes when it is executed, and the units it may call meanwhile.
    ``asked`` are the objects and libraries that it uses, which may look at other things at that moment."""

    place: float
    targets: tuple[Key, ...]
    called: tuple[Key, ...]
    asked: tuple[Key, ...] = ()


class Effects:
    """The effects of statements and functions, worked out when they are asked for."""

    def __init__(self, modules: Modules, resolver: Resolver, reader: Reader) -> None:
        self._modules = modules
        self._resolver = resolver
        self._reader = reader
        self._changes: dict[str, list[Change]] = {}
        self._values = Values(modules, resolver)
        self._attributes = Attributes(resolver, self._values)
        self._calls = _Calls()
        self._stored: dict[str, dict[Key, list[Statement]]] = {}
        self._libraries: set[Key] = set()

    def of_module(self, name: str) -> list[Change]:
        """The statements of a module that change something else, or call something that may."""
        if name not in self._changes:
            module = self._modules.get(name)
            every = module.placed() if module is not None else ()
            found = (self._of_statement(module, *each) for each in every if module is not None)
            self._changes[name] = [change for change in found if change is not None]
        return self._changes[name]

    def leave_alone(self, module: Module, places: Collection[float], came: Collection[float]) -> bool:
        """Whether statements that came to a module, or went, have no part in what it changes."""
        if any(change.place in places for change in self.of_module(module.name)):
            return False
        return all(self._of_statement(module, place, module.at(place)) is None for place in came)

    def of_calling(self, units: Iterable[Key]) -> list[Key]:
        """What calling the units changes, directly or through what they use; sorted."""
        self.look_at(units)
        return sorted({key for unit in units for key in self._calls.changed.get(unit, ())})

    def users(self, key: Key) -> set[Key]:
        """All units looked at so far that lead to this one, and itself; to a library that another may use."""
        found = {key}
        if not key[0]:
            found.update(used for used in self._libraries if key == AMBIENT_KEY or may_use(used[1], key[1]))
        stack = list(found)
        while stack:
            for user in self._calls.users.get(stack.pop(), ()):
                if user not in found:
                    found.add(user)
                    stack.append(user)
        return found

    @property
    def looked_at(self) -> Set[Key]:
        """Units of which it has been part of an answer what calling them does."""
        return self._calls.seen

    def binds(self, place: tuple[str, float], key: Key) -> bool:
        """Whether a statement gives a name of another module a value: ``conf.N = 2``."""
        module = self._modules.get(place[0])
        if module is None:
            return False
        statement = module.at(place[1])
        stores = (chain for kind, chain, by in statement.head.effects if kind == "store" and not by)
        found = (self._resolver.resolve(module, chain) for chain in stores if "." in chain)
        return any(each.units == (key,) and not each.rest for each in found)

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
                registers = registers or self._values.registers(found)
                calling = calling or not self._is_inert(found)
        if not calling:
            return ()
        reading = self._reader.read(module, head)
        units.update((key, None) for key in reading.links if key[1] == WHOLE)  # ``globals()["f"]()``
        for name in statement.names:  # what a loop binds is no more than the loop
            units.pop((module.name, name), None)
        if any(flags & DECORATOR for flags in head.flags):
            units.update(((module.name, name), None) for name in statement.names)
        if not registers:
            units.update(handed)
        return tuple(key for key in units if not self._values.is_pipeline(key))

    def derived(self, names: Iterable[str]) -> dict[Key, list[Key]]:
        """The classes of some modules by the classes that they are made from."""
        found: dict[Key, list[Key]] = {}
        for module in filter(None, map(self._modules.get, sorted(names))):
            for statement in module.summary.statements:
                head = statement.head
                for chain, flags in zip(head.slots, head.flags, strict=True):
                    if flags & BASE:
                        for key in self._resolver.resolve(module, chain).units:
                            found.setdefault(key, []).extend((module.name, name) for name in statement.names)
        return found

    # --- statements ------------------------------------------------------------------------------

    def _of_statement(self, module: Module, place: float, statement: Statement) -> Change | None:
        if statement.typing_only:
            return None
        targets = self._targets(module, statement.head, statement)
        targets.update(self._targets(module, statement.notes, statement))
        if statement.head.imports or statement.head.named:
            executed = self._reader.read(module, statement.head).executed
            targets.update(((IMPORTED, name), None) for name in executed)
        called = (*self.called(module, statement), *self._called_in_notes(module, statement))
        asked = tuple(dict.fromkeys(self._asks(module, statement)))
        return Change(place, tuple(targets), called, asked) if targets or called or asked else None

    def _called_in_notes(self, module: Module, statement: Statement) -> Iterator[Key]:
        """Annotations are evaluated, too: ``def f(x: register("f"))``."""
        notes = statement.notes
        for chain, flags in zip(notes.slots, notes.flags, strict=True):
            if flags & CALL:
                yield from self._resolver.resolve(module, chain).units

    def _asks(self, module: Module, statement: Statement) -> Iterator[Key]:
        if statement.value_kind == "import":
            return
        for chain, flags in zip(statement.head.slots, statement.head.flags, strict=True):
            if not flags & (IMPORT | BOUND | DECORATOR | BASE):
                found = self._resolver.resolve(module, chain)
                yield from (key for key in found.units if self._values.is_made(key))
                if found.library and not self._is_inert(found):
                    yield from (("", package) for package in found.packages)

    def _targets(self, module: Module, part: Part, statement: Statement) -> dict[Key, None]:
        """What the effects of a part change, and what that is only another way to."""
        found: dict[Key, None] = {}
        drawn: dict[Key, None] = {}
        deep: set[Key] = set()
        for kind, chain, by in part.effects:
            if kind == "use":
                drawn.update(dict.fromkeys(self._drawn_from(self._resolver.through(module, chain))))
                continue
            for key, inside in self._target(module, kind, chain, by):
                found[key] = None
                if inside:
                    deep.add(key)
        found.update(dict.fromkeys(self._entered(module, part)))
        for chain, flags in zip(part.slots, part.flags, strict=True):
            if flags & BASE and under(
                (base := self._resolver.through(module, chain)).library, REMEMBERS_CLASSES
            ):
                found.update(dict.fromkeys(library_of(base)))
        own = ((module.name, chain) for kind, chain, _ in part.effects if kind == "augment")
        if part is statement.head and self._changes_own_variable(module, statement, [*found, *drawn, *own]):
            taken = [*self._values.taken(module, part, libraries=True), *self._asked(module, part)]
            taken += self._called_functions(module, part)
            found.update(dict.fromkeys(taken))
            deep.update(taken)
        waiting = list(found)
        while waiting:
            key = waiting.pop()
            inside = key in deep
            stores = self._stores(module, key) if inside else ()
            put_in = chained.from_iterable(self._values.taken(module, each.head) for each in stores)
            for other in chained(self._behind(key, inside), put_in):
                if other not in found:
                    found[other] = None
                    waiting.append(other)
                    if inside:
                        deep.add(other)
        return found | drawn

    def _target(self, module: Module, kind: str, chain: str, by: str) -> Iterator[tuple[Key, bool]]:
        """What one effect changes, and whether it is something inside of that."""
        if kind == "bind":
            yield (module.name, chain), False
        if kind in ("bind", "relay", "another"):
            return
        if kind == "own":
            yield from ((key, False) for key in self._attributes.of_method(module, chain, by))
            return
        found = self._resolver.through(module, chain)
        if kind == "replace":
            keys, deep = [EVERYTHING] if under(found.library, REPLACES) else [], False
        elif kind == "store":
            keys = [
                *found.units,
                *self._values.changeable(found),
                *library_of(found),
                *_namespace(module, found),
            ]
            deep = by == "deep" or bool(found.rest)
            if found.library.startswith("builtins.") and not deep:
                keys.append(AMBIENT_KEY)  # ``builtins.open = …``
        elif kind == "pass":
            keys, deep = list(self._passed(module, chain, by)), True
        elif kind == "augment":  # ``rows += [1]``: what ``rows`` is another name for
            keys, deep = [*self._behind((module.name, chain), False), *self._imported(module, chain)], True
        elif kind == "give":
            keys, deep = list(self._given(module, found, by)), True
        else:
            keys, deep = list(self._receiver(module, kind, found)), len(found.rest) > 1
        for key in keys:
            yield key, deep
        if (found.rest or deep) and (kind in ("give", "pass") or by == "deep" or len(found.rest) > 1):
            yield from ((key, True) for key in self._attributes.behind(found))

    def _imported(self, module: Module, name: str) -> Iterator[Key]:
        """Objects of elsewhere that a name was bound to by an import, before it was bound anew."""
        chains = [each.value for each in module.statements(name) if each.value_kind == "import"]
        for chain in chains or [f"{star.chain}{name}" for star in module.summary.stars]:
            found = self._resolver.through(module, chain)
            yield from (*self._values.changeable(found), *library_of(found))

    def _entered(self, module: Module, part: Part) -> Iterator[Key]:
        """``stack.enter_context(pd.option_context(…))``, ``options.__enter__()``: what is set stays set."""
        slots = [
            (chain, flags) for chain, flags in zip(part.slots, part.flags, strict=True) if not flags & IMPORT
        ]
        resolved = [(self._resolver.through(module, chain), flags) for chain, flags in slots]
        if not any(flags & CALL and _last(found) in ENTERING for found, flags in resolved):
            return
        for found, flags in resolved:
            yield from library_of(found) if flags & CALL else ()
            for owner, name in found.units:
                of = self._modules.get(owner)
                for statement in of.statements(name) if of is not None else ():
                    if statement.value_kind == "call" and of is not None:
                        yield from library_of(self._resolver.through(of, statement.value))

    def _receiver(self, module: Module, kind: str, called: Resolution) -> Iterator[Key]:
        """What a call changes by itself: the object whose method it is, or that is called."""
        if kind == "bound":
            yield from (key for key in called.units if called.rest and self._values.is_object(key))
            return
        if kind == "method" and under(called.library, ("sys.modules",)):
            yield EVERYTHING
        yield from ((name, ANY) for name in called.modules)  # ``helpers.__dict__.update(…)``
        if called.rest:
            yield from called.units
        elif kind != "method":
            yield from (key for key in called.units if self._values.is_object(key))
        if kind == "call" and called.library == "builtins.exec":
            yield module.name, ANY
        if not called.library or called.library.startswith("builtins."):
            return
        if kind == "call" or (kind == "decorate" and "register" in called.library.rpartition(".")[2]):
            yield from library_of(called)

    def _passed(self, module: Module, chain: str, by: str) -> Iterator[Key]:
        callee = self._resolver.resolve(module, by) if by else None
        if callee is not None:
            if self._values.registers(callee):
                return
            if _leaves_arguments(callee.library):
                return
        found = self._resolver.through(module, chain)
        ours = callee is not None and bool(callee.units) and not callee.rest
        leaves = ours and not self._values.changes_arguments(module, by)
        for key in self._values.changeable(found):
            if self._values.is_object(key) or not leaves or key[1] == ANY:
                yield key
        if ours:
            yield from library_of(found)

    def _given(self, module: Module, found: Resolution, by: str) -> Iterator[Key]:
        """What a call whose value is used changes of what it is given."""
        callee = self._resolver.resolve(module, by).library
        changes = under(callee, CHANGING) or self._values.changes_arguments(module, by)
        yield from (key for key in self._values.changeable(found) if changes or self._values.is_stateful(key))
        if changes:
            yield from library_of(found)

    def _drawn_from(self, called: Resolution) -> Iterator[Key]:
        """Generators, closures and objects that remember: ``rng.random()`` decides what the next call of it
        gives, and may change what it was made of."""
        changes = called.rest[-1:] and called.rest[-1] in MUTATORS  # under another name
        for owner, name in called.units:
            if changes or self._values.is_stateful((owner, name)):
                yield owner, name
                module = self._modules.get(owner)
                for statement in module.statements(name) if module is not None else ():
                    assert module is not None
                    yield from self._values.taken(module, statement.head)
        if under(called.library, DRAWING) and not under(called.library, STATEFUL):
            yield from library_of(called)

    def _is_bound_method(self, found: Resolution) -> bool:
        return bool(found.rest) and (found.rest[-1] in MUTATORS or self._attributes.is_method(found))

    def _changes_own_variable(self, module: Module, statement: Statement, found: Iterable[Key]) -> bool:
        """``for c in (A, B): c.k = 1`` changes what its variable stands for."""
        if statement.kind != "other" or statement.value_kind:
            return False
        own = {(module.name, name) for name in statement.names}
        return any(key in own for key in found)

    def _asked(self, module: Module, part: Part) -> Iterator[Key]:
        """Objects whose methods are called: what ``TABLE.values()`` gives is in the table."""
        for chain, flags in zip(part.slots, part.flags, strict=True):
            if flags & CALL:
                found = self._resolver.through(module, chain)
                yield from (key for key in found.units if found.rest and self._values.is_object(key))

    def _called_functions(self, module: Module, part: Part) -> Iterator[Key]:
        """``with opened() as rows: rows.append(1)``: what is changed is what the function gives."""
        for chain, flags in zip(part.slots, part.flags, strict=True):
            if flags & CALL:
                found = self._resolver.through(module, chain)
                yield from (key for key in found.units if not found.rest)

    def _stores(self, module: Module, key: Key) -> Iterator[Statement]:
        """Statements of a module that put something into a unit's object: ``h.table = T``."""
        if module.name not in self._stored:
            stored: dict[Key, list[Statement]] = {}
            for statement in module.summary.statements:
                for kind, chain, _ in statement.head.effects:
                    if kind in ("store", "method") and not statement.typing_only:
                        units = self._resolver.through(module, chain).units
                        for unit in (unit for unit in units if not self._values.is_pipeline(unit)):
                            stored.setdefault(unit, []).append(statement)
            self._stored[module.name] = stored
        yield from self._stored[module.name].get(key, ())

    def _behind(self, key: Key, deep: bool) -> Iterator[Key]:
        """Objects that a changed name is only a way to: ``d = T["a"]``, or what a function returns. With
        ``deep``, what is changed is inside: a part of a table, or of the class of an object."""
        module = self._modules.get(key[0])
        for statement in module.statements(key[1]) if module is not None else ():
            assert module is not None
            if statement.kind == "other":  # ``A = B = {}``, ``add, run = make()``
                yield from ((key[0], name) for name in statement.names if name != key[1])
            if statement.kind == "function":
                links = self._reader.read(module, statement.body).links
                yield from (link for link in links if self._values.is_object(link))
            elif statement.kind == "class" or statement.value_kind in ("import", "text", "constant"):
                continue
            elif statement.value_kind in ("chain", "inside"):
                found = self._resolver.through(module, statement.value)
                yield from (*self._values.changeable(found), *_namespace(module, found), *library_of(found))
            elif statement.value_kind == "call":
                yield from self._behind_call(module, statement, deep)
            elif deep or statement.value_kind != "new":
                yield from self._values.taken(module, statement.head)

    def _behind_call(self, module: Module, statement: Statement, deep: bool) -> Iterator[Key]:
        called = self._resolver.resolve(module, statement.value)
        if called.library in IMPORTERS and statement.head.imports:
            yield EVERYTHING
        if called.library in NAMESPACES:
            yield module.name, ANY
        if hands_out_its_own(called.library):
            yield from library_of(called)
        if called.library in IMPORTERS or under(called.library, WRAPPING):
            yield from self._values.taken(module, statement.head)
        for owner, name in called.units:
            of = self._modules.get(owner)
            kinds = {found.kind for found in of.statements(name)} if of is not None else set()
            if called.rest[-1:] and called.rest[-1] in COPYING:
                continue
            if called.rest or deep or "class" not in kinds:
                yield owner, name
        if deep and called.units:  # what it was made of
            yield from self._values.taken(module, statement.head)

    def _is_inert(self, called: Resolution) -> bool:
        """Calling it calls nothing of the project."""
        if called.library:
            kind, _, name = called.library.partition(".")
            if kind == "builtins":
                return name.partition(".")[0] not in CALLING_BUILTINS
            return kind == ENGINE or under(called.library, INERT_DECORATORS)
        return self._values.registers(called)

    # --- what calling a unit changes -------------------------------------------------------------

    def look_at(self, units: Iterable[Key]) -> None:
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
            if not key[0]:
                self._libraries.add(key)
            return set()
        statements = module.everything() if key[1] == WHOLE else module.statements(key[1])
        links: set[Key] = set()
        own: set[Key] = set()
        for statement in self._stores(module, key):  # ``o.hook = f``, then ``o.hook()``
            links.update(self._values.taken(module, statement.head))
        for statement in statements:
            if statement.kind == "class":
                own.update(self._attributes.by_bases(module, statement))
            if "changes_arguments" in statement.flags:
                defaults = self._values.taken(module, statement.head) if statement.kind == "function" else ()
                own.update(default for default in defaults if self._values.is_object(default))
            own.update(self._targets(module, statement.body, statement))
            for kind, chain, by in statement.head.effects:
                if kind == "bound":  # ``HOOKS = {"add": T["a"].append}``
                    own.update(key for key, _ in self._target(module, kind, chain, by))
            for part in (statement.head, statement.body):
                reading = self._reader.read(module, part)
                links.update(reading.links)
                links.update(("", package) for package in reading.packages)
                own.update((IMPORTED, name) for name in reading.executed)
                for chain, flags in zip(part.slots, part.flags, strict=True):
                    if not flags & IMPORT:
                        found = self._resolver.through(module, chain)
                        if flags & CALL or self._is_bound_method(found):  # ``HOOKS = [T.append, box.put]``
                            own.update(self._drawn_from(found))
        if own:
            self._calls.changed.setdefault(key, set()).update(own)
        return links


@dataclass(slots=True)
class _Calls:
    """What was found out about calling units: who uses whom, and what each changes."""

    seen: set[Key] = field(default_factory=set)
    users: dict[Key, list[Key]] = field(default_factory=dict)
    changed: dict[Key, set[Key]] = field(default_factory=dict)


def _last(found: Resolution) -> str:
    return found.rest[-1] if found.rest else found.library.rpartition(".")[2]


def _leaves_arguments(library: str) -> bool:
    """A built-in function that changes nothing it is given; ``list.append(X, 1)`` does."""
    return library.startswith("builtins.") and library.count(".") == 1 and library not in _SETTERS


def _namespace(module: Module, found: Resolution) -> Iterator[Key]:
    """``globals()["x"] = 1``, ``sys.modules["m"].x = 1``: any name of the module, or of all."""
    if found.library in NAMESPACES:
        yield module.name, ANY
    elif under(found.library, ("sys.modules",)) or found.library in GIVES_MODULES:
        yield EVERYTHING
