"""What a name means: from a chain ``name.attribute…`` in a module to the units and packages behind it."""

# ruff: noqa: SIM905  # long lists of words read better as text
from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from pivot_core.code.stream import BOUND
from pivot_core.code.vocabulary import (
    ATTRIBUTES,
    OF_CODE,
    READS_ANNOTATIONS,
    READS_DOCS,
    READS_ENVIRONMENT,
    READS_SOURCE,
    SHELLS,
    WIDENING,
    under,
)

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Statement

Key = tuple[str, str]  # (module, name); ("", package) for a library

_BUILTINS: Final = frozenset(dir(builtins))
_OF_MODULES: Final = frozenset(
    """
    __name__ __file__ __package__ __spec__ __loader__ __path__ __builtins__ __cached__
    __annotations__
    """.split()
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """``text`` stands for the target in forms: the same however it was spelled.

    ``units`` are the project's units behind it, ``rest`` the attributes after the first of them; ``modules``
    are project modules that are the value itself; ``library`` is the full name of what isn't the project's.
    """

    text: str
    units: tuple[Key, ...] = ()
    rest: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    library: str = ""
    reads: frozenset[str] = field(default=frozenset())


_CYCLE = Resolution("?cycle")
_NOT_CUT: Final = 1 << 30
_MOST_STEPS: Final = 20_000


class _Brought(NamedTuple):
    """A name that a star import brings from ``source``. ``certain``: it can't but bring it; else
    ``decided_by`` are the units that tell whether it does."""

    source: str
    place: float
    certain: bool
    decided_by: tuple[Key, ...]


class Resolver:
    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._memo: dict[str, dict[str, Resolution]] = {}
        self._open: dict[Key, int] = {}  # what is being looked up, and how far down
        self._cut = _NOT_CUT  # the highest of these that an answer was cut off at
        self._steps = 0

    def resolve(self, module: Module, chain: str) -> Resolution:
        """What a chain means in a module."""
        memo = self._memo.setdefault(module.name, {})
        found = memo.get(chain)
        if found is not None:
            return found
        place = (module.name, chain)
        if not self._enter(place):
            return _CYCLE
        found = self._resolve(module, chain)
        if self._leave(place):
            memo[chain] = found
        return found

    def _enter(self, place: Key) -> bool:
        """Begin to look something up; False if that is what is being looked up already."""
        if place in self._open:
            self._cut = min(self._cut, self._open[place])
            return False
        if not self._open:
            self._steps = 0
        self._steps += 1
        self._open[place] = len(self._open)
        return True

    def _leave(self, place: Key) -> bool:
        """Whether the answer is one for good: no part of it was cut off because that is being looked up
        further up, so that it would depend on what was asked first. (Webs of modules that all import each
        other's names have too many ways through; there the first answer stays.)"""
        depth = self._open.pop(place)
        if self._cut < depth:
            return self._steps > _MOST_STEPS
        self._cut = _NOT_CUT
        return True

    def through(self, module: Module, chain: str) -> Resolution:
        """As ``resolve``, and on through names that are only another name for something (``T = h.TABLE``)."""
        found = self.resolve(module, chain)
        for _ in range(10):
            other = self._other_name(found)
            if other is None:
                break
            found = other
        return found

    def member(self, name: str, attributes: Sequence[str]) -> Resolution:
        """What ``name.attribute…`` means where ``name`` is a module (by absolute name)."""
        followed: set[Key] = set()
        while True:
            located = self._modules.sources.locate(name) if name else None
            if located is None:
                return self._outside(name, attributes)
            if not attributes:
                packages = () if located.path else (name.partition(".")[0],)
                return Resolution(f"m:{name}", modules=(name,), packages=packages)
            module = self._modules.get(name)
            target = None if module is None else _imported_as(module, attributes)
            if target is None:
                break
            if (name, attributes[0]) in followed:
                return _CYCLE
            followed.add((name, attributes[0]))
            name, attributes = target
        if module is not None:
            found = self._bound(module, attributes)
            if found is not None:
                return found
        return self._below(name, module, attributes)

    def _below(self, name: str, module: Module | None, attributes: Sequence[str]) -> Resolution:
        """A submodule, where the package itself binds no such name."""
        below = f"{name}.{attributes[0]}"
        if self._modules.exists(below):
            return self.member(below, attributes[1:])
        if module is None:  # a folder that only looks like a package: there may be an installed one
            return self._outside(name, attributes, elsewhere=True)
        return self._missing(module, attributes)

    # --- the steps -------------------------------------------------------------------------------

    def _resolve(self, module: Module, chain: str) -> Resolution:
        if chain[0] == "@":
            source, _, rest = chain[1:].partition(":")
            return self.member(module.absolute(source) or f"?{source}", rest.split(".") if rest else ())
        names = chain.split(".")
        target = _imported_as(module, names)
        if target is not None:
            return self.member(*target)
        found = self._bound(module, names)
        if found is not None:
            return found
        if names[0] in _OF_MODULES:
            return _of_module(module, names)
        if self._has_submodule(module, names[0]):
            return self.member(f"{module.name}.{names[0]}", names[1:])
        stars = tuple(dict.fromkeys(self._foreign_stars(module)))
        foreign = tuple(dict.fromkeys(star.partition(".")[0] for star in stars))
        if names[0] in _BUILTINS:
            return Resolution(
                f"b:{chain}",
                library=f"builtins.{chain}",
                packages=foreign,
                reads=_reads(f"builtins.{chain}"),
            )
        if foreign:
            return Resolution(
                f"x:{'|'.join(foreign)}.*.{chain}",
                packages=foreign,
                library=f"{stars[0]}.{chain}",
                reads=frozenset().union(*(_reads(f"{star}.{chain}") for star in stars)),
            )
        return _unit(module.name, names)

    def _bound(self, module: Module, names: Sequence[str]) -> Resolution | None:
        """A name that the module binds, itself or by star imports; both may set one name."""
        own = self._own(module, names)
        stars = self._stars(module, names[0], set()) if module.summary.stars else []
        place = (module.name, f"*{names[0]}")
        if not stars or not self._enter(place):  # modules may import each other's names
            return own
        brought = [self.member(star.source, names) for star in stars]
        self._leave(place)
        if own is None and stars[-1].certain:
            return brought[-1]
        candidates = [*([own] if own else []), *brought]
        if own is not None and all(each == own for each in brought):
            return own  # the same, whichever is the last
        return _together(self._order(module, names, stars), candidates)

    def _own(self, module: Module, names: Sequence[str]) -> Resolution | None:
        """A name that the module itself binds."""
        name = names[0]
        if module.error is not None:
            return _unit(module.name, names)
        alias = module.alias(name)
        if alias is not None:
            source, _, attribute = alias[1:].partition(":")
            if attribute == name and module.absolute(source) == module.name:
                return self.member(f"{module.name}.{name}", names[1:])  # its own submodule
            return self.resolve(module, _joined(alias, names[1:]))
        if not module.binds(name):
            return None
        unit = _unit(module.name, names)
        candidates = [
            self.resolve(module, _joined(chain, names[1:]))
            for statement in module.statements(name)
            for chain in _imports(statement)
        ]
        return _together(unit, candidates) if candidates else unit

    def _order(self, module: Module, names: Sequence[str], stars: Sequence[_Brought]) -> Resolution:
        """The name as the module's own, with all that decides which of several bindings is the last."""
        places = [(place, "=") for place in module.index(names[0])]
        places += [(star.place, star.source) for star in stars]
        units = [(module.name, names[0]), *(unit for star in stars for unit in star.decided_by)]
        order = " ".join(f"{source}*" for _, source in sorted(places))
        return replace(
            _unit(module.name, names), text=f"u:{module.name}.{'.'.join(names)} {order}", units=tuple(units)
        )

    def _stars(self, module: Module, name: str, seen: set[str]) -> list[_Brought]:
        """The star imports that bring a name, in order; after a certain one, those before don't matter."""
        found: list[_Brought] = []
        seen = {*seen, module.name}
        for star in module.summary.stars:
            source = self._modules.get(module.absolute(star.chain[1:-1]))
            if source is None or source.name in seen or not self._exports(source, name, seen):
                continue
            told = not source.summary.exports_all
            if told and not star.guarded:
                found.clear()
            place = module.places[star.place]
            decided_by = [(module.name, f"*{star.chain}")] if star.guarded else []
            if not told:
                decided_by.append((source.name, "__all__"))
            found.append(_Brought(source.name, place, told and not star.guarded, tuple(decided_by)))
        return found

    def _exports(self, module: Module, name: str, seen: set[str]) -> bool:
        summary = module.summary
        if module.error is not None:
            return True
        if summary.exports is not None and not summary.exports_all:
            return name in summary.exports
        if name.startswith("_") and not summary.exports_all:
            return False
        if module.binds(name) or self._stars(module, name, seen):
            return True
        below = f"{module.name}.{name}"
        return self._has_submodule(module, name) or (summary.exports_all and self._modules.exists(below))

    def _has_submodule(self, module: Module, name: str) -> bool:
        """A package that imports a submodule has it as an attribute, whether or not it binds the name."""
        below = f"{module.name}.{name}"
        if not module.package or not self._modules.exists(below):
            return False
        return below in self._modules.closure(frozenset({module.name}))

    def _foreign_stars(self, module: Module) -> Iterable[str]:
        """Modules that aren't the project's, and of which all names are imported."""
        for imported in module.summary.stars:
            name = module.absolute(imported.chain[1:-1])
            if not self._modules.exists(name):
                yield name
            else:
                source = self._modules.get(name)
                if source is not None and source is not module:
                    yield from (
                        other
                        for other in (source.absolute(star.chain[1:-1]) for star in source.summary.stars)
                        if not self._modules.exists(other)
                    )

    def _missing(self, module: Module, names: Sequence[str]) -> Resolution:
        if names[0] in ("__dict__", "__getattribute__"):
            return Resolution(f"m:{module.name}", modules=(module.name,))
        if names[0] in _OF_MODULES:
            return _of_module(module, names)
        if module.binds("__getattr__"):
            found = _unit(module.name, names)
            return _together(found, [_unit(module.name, ["__getattr__"])])
        return _unit(module.name, names)

    def _outside(self, name: str, attributes: Sequence[str], elsewhere: bool = False) -> Resolution:
        full = ".".join([name, *attributes])
        top = name.partition(".")[0]
        if name.startswith("?") or (self._modules.exists(top) and self._modules.get(top) and not elsewhere):
            return Resolution(f"?{full}")  # it ought to be in the project and isn't
        return Resolution(f"x:{full}", packages=(top,), library=full, reads=_reads(full))

    def _other_name(self, found: Resolution) -> Resolution | None:
        if len(found.units) != 1 or found.rest:
            return None
        owner, name = found.units[0]
        module = self._modules.get(owner)
        statements = module.statements(name) if module is not None else []
        if module is None or len(statements) != 1 or statements[0].value_kind != "chain":
            return None
        return self.resolve(module, statements[0].value)


def is_standard(package: str) -> bool:
    return package in sys.stdlib_module_names


def _of_module(module: Module, names: Sequence[str]) -> Resolution:
    """What every module has. Its annotations are those of all its variables."""
    text = f"d:{module.name}.{'.'.join(names)}"
    if names[0] == "__annotations__":
        return Resolution(text, units=((module.name, "*"),), reads=frozenset({"annotations"}))
    return Resolution(text)


def _imported_as(module: Module, names: Sequence[str]) -> tuple[str, list[str]] | None:
    """(module, attributes) that a name stands for which the module imports and does nothing else with."""
    alias = module.alias(names[0]) if module.error is None else None
    if alias is None or module.summary.stars:  # which may bring the name, too
        return None
    source, _, attribute = alias[1:].partition(":")
    owner = module.absolute(source)
    if attribute == names[0] and owner == module.name:
        return None  # a package that imports its own submodule
    return owner or f"?{source}", [*attribute.split("."), *names[1:]] if attribute else [*names[1:]]


def _unit(module: str, names: Sequence[str]) -> Resolution:
    rest = tuple(names[1:])
    reads = frozenset(
        ATTRIBUTES[name]
        for name, following in zip(names, (*names[1:], ""), strict=True)
        if name in ATTRIBUTES and following not in OF_CODE
    )
    return Resolution(f"u:{module}.{'.'.join(names)}", ((module, names[0]),), rest, reads=reads)


def _together(unit: Resolution, others: Sequence[Resolution]) -> Resolution:
    """One name with several candidates behind it: all of them count."""
    units = dict.fromkeys(unit.units)
    for other in others:
        units.update(dict.fromkeys(other.units))
    return Resolution(
        unit.text,
        tuple(units),
        unit.rest,
        tuple(name for other in others for name in other.modules),
        tuple(name for other in others for name in other.packages),
        next((other.library for other in others if other.library), ""),
        unit.reads.union(*(other.reads for other in others)),
    )


def _imports(statement: Statement) -> list[str]:
    """What a statement imports under its names; all that a compound one does."""
    if statement.value_kind == "import":
        return [statement.value]
    if statement.kind != "other":
        return []
    head = statement.head
    return [chain for chain, flags in zip(head.slots, head.flags, strict=True) if flags & BOUND]


def _joined(chain: str, attributes: Sequence[str]) -> str:
    if not attributes:
        return chain
    rest = ".".join(attributes)
    return chain + rest if chain.endswith(":") else f"{chain}.{rest}"


def _reads(name: str) -> frozenset[str]:
    found = set()
    for what, prefixes in (
        ("docs", READS_DOCS),
        ("annotations", READS_ANNOTATIONS),
        ("source", READS_SOURCE),
        ("environment", READS_ENVIRONMENT),
        ("shell", SHELLS),
        ("any name", WIDENING),
    ):
        if under(name, prefixes):
            found.add(what)
    if name.endswith(".__subclasses__"):  # ``type.__subclasses__(Base)``
        found.add("subclasses")
    return frozenset(found)
