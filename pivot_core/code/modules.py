"""The project's modules as summaries, with their names looked up: loaded once, when asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import msgspec
import xxhash

from pivot_core.code.records import (
    ENGINE_VERSION,
    WHOLE,
    ModuleSummary,
    SourceError,
    Statement,
    decode,
    encode,
)

if TYPE_CHECKING:
    from pivot_core.code.drafts import Drafts
    from pivot_core.code.sources import Sources


class SummaryCache(Protocol):
    """Where summaries are kept between processes."""

    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, value: bytes) -> None: ...


def kept_summary(cache: SummaryCache, digest: str) -> ModuleSummary | None:
    """The summary of the text with a digest, if it is in the cache."""
    kept = cache.get(_key(digest))
    try:
        return decode(kept) if kept is not None else None
    except msgspec.DecodeError:
        return None  # a damaged entry is made again


def summary_of(cache: SummaryCache, digest: str, read: Callable[[], tuple[str, str]]) -> ModuleSummary:
    """The summary of the text with a digest. ``read`` gives the text and its digest, if it isn't known."""
    kept = kept_summary(cache, digest)
    if kept is not None:
        return kept
    try:
        text, found = read()
    except (OSError, ValueError, LookupError) as error:
        return ModuleSummary(error=SourceError(0, str(error)))
    from pivot_core.code.summary import summarise  # the parser is loaded only when it is needed

    summary = summarise(text)
    with suppress(UnicodeEncodeError):  # a text of it has half a character ("\\ud800"): made again each time
        cache.put(_key(found), encode(summary))  # if the file was written meanwhile, of what it is now
    return summary


def _key(digest: str) -> str:
    return xxhash.xxh3_128_hexdigest(f"{ENGINE_VERSION} {digest}".encode())


class Module:
    """One project module. ``places`` are those of its statements, in order. ``asked``: the names that have
    been looked up in it, whether or not it has them; WHOLE if all have. ``unsaved_error``: why the text in
    the editor can't be read; the summary is that of an earlier one."""

    def __init__(
        self,
        name: str,
        path: str,
        package: bool,
        digest: str,
        summary: ModuleSummary,
        unsaved_error: SourceError | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.package = package
        self.digest = digest
        self.summary = summary
        self.unsaved_error = unsaved_error
        self.asked: set[str] = set()
        self._rebound = frozenset(summary.rebound)
        self._arrange(tuple(range(len(summary.statements))))

    def follow(self, older: Module, places: tuple[float, ...]) -> None:
        """It is what became of another one; its statements stand at these places."""
        self.asked = older.asked
        if places != self.places:
            self._arrange(places)

    def _arrange(self, places: tuple[float, ...]) -> None:
        self.places = places
        self._index: dict[str, list[float]] = {}
        for place, statement in self.placed():
            for bound in statement.names:
                self._index.setdefault(bound, []).append(place)
        self._at = dict(self.placed())
        self._places = {id(statement): place for place, statement in self.placed()}
        self._aliases = dict(self._find_aliases())

    def placed(self) -> Iterator[tuple[float, Statement]]:
        """All its statements with their places, in order."""
        return zip(self.places, self.summary.statements, strict=True)

    @property
    def error(self) -> SourceError | None:
        return self.summary.error

    def everything(self) -> Sequence[Statement]:
        """All its statements, for who depends on which there are."""
        self.asked.add(WHOLE)
        return self.summary.statements

    def index(self, name: str) -> Sequence[float]:
        """The places of the statements that bind a name."""
        self.asked.add(name)
        return self._index.get(name, ())

    def statements(self, name: str) -> list[Statement]:
        return [self._at[place] for place in self.index(name)]

    def alias(self, name: str) -> str | None:
        """The chain of what a name stands for that the module imports and does nothing else with."""
        self.asked.add(name)
        return self._aliases.get(name)

    def binds(self, name: str) -> bool:
        return bool(self.index(name)) or name in self._rebound

    def at(self, place: float) -> Statement:
        return self._at[place]

    def place(self, statement: Statement) -> float:
        """The place of one of its statements."""
        return self._places[id(statement)]

    def index_of(self, place: float) -> int:
        """How many of its statements stand before a place."""
        return bisect_left(self.places, place)

    def absolute(self, source: str) -> str:
        """Absolute name of the module that an import names; "" for one above the top."""
        level = len(source) - len(source.lstrip("."))
        if not level:
            return source
        parts = self.name.split(".")
        if not self.package:
            parts.pop()
        if level - 1 > len(parts):
            return ""
        parts = parts[: len(parts) - level + 1]
        return ".".join([*parts, *filter(None, [source[level:]])])

    def executed_imports(self) -> Iterator[str]:
        """Chains of the imports that are executed while the module is."""
        for statement in self.summary.statements:
            if not statement.typing_only:
                yield from statement.imports()

    def _find_aliases(self) -> Iterator[tuple[str, str]]:
        for name, places in self._index.items():
            found = [self._at[place] for place in places]
            chains = {statement.value for statement in found}
            if name in self._rebound or len(chains) > 1:
                continue
            if all(
                statement.value_kind == "import" and (statement.typing_only or not statement.guarded)
                for statement in found
            ):
                yield name, chains.pop()


class Modules:
    """The modules of a project by name.

    ``drafts``: what is kept of the buffers that are edited, for who asks again after each keystroke.
    """

    def __init__(self, sources: Sources, cache: SummaryCache, drafts: Drafts | None = None) -> None:
        self.sources = sources
        self._cache = cache
        self._drafts = drafts
        self._readable = {} if drafts is None else drafts.readable
        self._loaded: dict[str, Module | None] = {}
        self._direct: dict[str, tuple[str, ...]] = {}
        self._closures: dict[str, frozenset[str]] = {}
        self._bits: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def get(self, name: str) -> Module | None:
        """The module, None if the project has no such file (a namespace package has none)."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def at(self, path: str) -> Module | None:
        """The module in a file; None if none of that file has been asked for."""
        found = (module for module in self._loaded.values() if module is not None and module.path == path)
        return next(found, None)

    def exists(self, name: str) -> bool:
        return self.sources.locate(name) is not None

    def executed_by(self, module: Module, chain: str) -> list[str]:
        """Project modules that executing an import executes, its packages first."""
        source, _, attribute = chain[1:].partition(":")
        name = module.absolute(source)
        found = []
        if self.sources.locate(name.partition(".")[0]) is not None:
            parts = name.split(".")
            found = [".".join(parts[: i + 1]) for i in range(len(parts))]
            target = self.get(name)
            own = name == module.name  # a package that imports its own submodule binds its name by that
            if attribute and (own or target is None or not target.binds(attribute)):
                found.append(f"{name}.{attribute}")
        return [name for name in found if self.exists(name)]

    def imported(self, name: str) -> tuple[str, ...]:
        """Project modules that a module imports while it is imported; its packages too."""
        if name not in self._direct:
            found: dict[str, None] = {}
            parts = name.split(".")
            found.update((".".join(parts[:i]), None) for i in range(1, len(parts)))
            module = self.get(name)
            if module is not None:
                for chain in dict.fromkeys(module.executed_imports()):
                    found.update((other, None) for other in self.executed_by(module, chain))
            self._direct[name] = tuple(found)
        return self._direct[name]

    def course(self, module: Module, places: Collection[float]) -> list[str | float]:
        """What happens while a module is executed, in order: each project module when it is first imported,
        and the statements at some places."""
        found: dict[str | float, None] = {}
        for place, statement in module.placed():
            for chain in statement.imports() if not statement.typing_only else ():
                found.update(dict.fromkeys(self.executed_by(module, chain)))
            if place in places:
                found[place] = None
        return list(found)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """The modules and all that importing them imports (of the project)."""
        seen: set[str] = set()
        for name in names:
            if name not in seen and self.exists(name):
                seen |= self._closure_of(name)
        return frozenset(seen)

    def bits(self, name: str) -> int:
        """The closure of one module as a set of bits, which are cheap to unite; see ``named``."""
        if name not in self._bits:
            bits = 0
            for other in self._closure_of(name) if self.exists(name) else ():
                bits |= 1 << self._numbers.setdefault(other, len(self._numbers))
            self._bits[name] = bits
        return self._bits[name]

    def named(self, bits: int) -> frozenset[str]:
        """The names of the modules in a set of bits."""
        return frozenset(name for name, number in self._numbers.items() if bits & 1 << number)

    def _closure_of(self, name: str) -> frozenset[str]:
        if name not in self._closures:
            seen: set[str] = set()
            stack = [name]
            while stack:
                other = stack.pop()
                if other in seen:
                    continue
                known = self._closures.get(other)
                if known is None:
                    seen.add(other)
                    stack.extend(self.imported(other))
                else:
                    seen |= known
            self._closures[name] = frozenset(seen)
        return self._closures[name]

    def take(self, sources: Sources, cache: SummaryCache) -> None:
        """Go on with another state of the sources; what differs there has to be reloaded."""
        self.sources = sources
        self._cache = cache

    def reload(self, path: str) -> Iterator[tuple[Module, Module]]:
        """Read a file again: each module that it is, as it was and as it is now."""
        for name, old in list(self._loaded.items()):
            if old is not None and old.path == path:
                new = self._loaded[name] = self._load(name)
                assert new is not None
                yield old, new

    def undrafted(self) -> list[str]:
        """The paths of modules that may be edited, and would be read as a whole then."""
        drafts = self._drafts
        if drafts is None:
            return []
        return [
            each.path for each in self.loaded() if each.path in drafts.opened and not drafts.begun(each.path)
        ]

    def loaded(self) -> list[Module]:
        return [module for module in self._loaded.values() if module is not None]

    def _load(self, name: str) -> Module | None:
        located = self.sources.locate(name)
        if located is None or not located.path:
            return None
        path = located.path
        digest = self.sources.digest(path) or ""
        summary = self._summary(path, digest)
        error = None
        if self.sources.is_unsaved(path):
            if summary.error is None:
                self._readable[path] = summary
            elif (readable := self._last_readable(path)) is not None:
                summary, error = readable, summary.error
        else:
            self._readable.pop(path, None)
        return Module(name, path, bool(located.folders), digest, summary, error)

    def _last_readable(self, path: str) -> ModuleSummary | None:
        """What to go by while a line is half typed: what the editor had before, else the file."""
        if path not in self._readable:
            digest = self.sources.saved_digest(path)
            saved = self._summary(path, digest, saved=True) if digest is not None else None
            if saved is None or saved.error is not None:
                return None
            self._readable[path] = saved
        return self._readable[path]

    def _summary(self, path: str, digest: str, saved: bool = False) -> ModuleSummary:
        drafts = self._drafts
        if drafts is not None and (known := drafts.known(path, digest)) is not None:
            return known
        if drafts is not None and not saved and path in drafts.opened:
            with suppress(OSError, ValueError, LookupError):  # what can't be read is told below
                text, found = self.sources.text(path)
                return drafts.read(path, found, text)
        read = self.sources.saved_text if saved else self.sources.text
        return summary_of(self._cache, digest, lambda: read(path))
