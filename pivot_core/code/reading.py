"""A part of a statement with its free names resolved: what it says, and what it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as chains
from typing import TYPE_CHECKING, Final

from pivot_core.code.environment import ANY, composed, is_told
from pivot_core.code.records import LOADING, MAIN, WHOLE
from pivot_core.code.resolve import is_standard
from pivot_core.code.stream import BASE, BOUND, CALL, CAUGHT, DECORATOR, HANDED, IMPORT, LITERAL, TALK
from pivot_core.code.vocabulary import (
    ANNOTATION_BLIND,
    BY_FILE,
    DOCS_BLIND,
    ENVIRONMENT,
    IMPORTERS,
    INERT_DECORATORS,
    REACHES_ALL,
    packages_of_loader,
    under,
)
from pivot_core.project import PIPELINE_MODULE
from pivot_core.types import Widening

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Part, Statement
    from pivot_core.code.resolve import Key, Resolution, Resolver


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` covers the form and what each free name in it stands for. ``links`` are the units that it
    leads to; ``valued`` those used as a value, not called; ``executed`` the modules that it imports;
    ``templates`` are those of the environment's variables that can't be told, and ``candidates`` the texts
    that may be in their names. The lines in ``widened`` count from that of the statement."""

    text: str
    links: tuple[Key, ...] = ()
    valued: tuple[Key, ...] = ()
    packages: tuple[str, ...] = ()
    executed: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    decorated: bool = False
    documented: bool = False
    widened: tuple[Widening, ...] = ()


NOTHING: Final = Reading("")


class Reader:
    """Reads the parts of statements; each is read once."""

    def __init__(self, modules: Modules, resolver: Resolver) -> None:
        self._modules = modules
        self._resolver = resolver
        self._memo: dict[str, dict[int, Reading]] = {}  # by module: two names of one file can share parts

    def read(self, module: Module, part: Part) -> Reading:
        if not part.form and not part.slots:
            return NOTHING
        memo = self._memo.setdefault(module.name, {})
        found = memo.get(id(part))  # no part is dropped before it is forgotten here
        if found is None:
            found = memo[id(part)] = _Pass(self._modules, self._resolver, module).read(part)
        return found

    def follow(self, module: Module) -> None:
        """The module is another one than before: keep what was read of the parts that it still has."""
        memo = self._memo.get(module.name, {})
        parts = {id(part) for statement in module.summary.statements for part in statement.parts()}
        self._memo[module.name] = {part: memo[part] for part in parts & memo.keys()}

    def code(self, module: Module, statement: Statement) -> tuple[Reading, Reading]:
        """What a statement's code is: head and body, without annotations and documentation."""
        return self.read(module, statement.head), self.read(module, statement.body)

    def unit(self, module: Module, name: str) -> tuple[Key, ...]:
        """The unit that a name of a module stands for."""
        found = self._resolver.resolve(module, name)
        return found.units if not found.rest else ()

    def program(self, name: str) -> tuple[Key, ...]:
        """The units of a module that is executed as a program."""
        module = self._modules.get(name)
        if module is None:
            return ()
        found = _Pass(self._modules, self._resolver, module)
        found.add_program(name, 1)
        return tuple(found.links)

    def environment(self, module: Module, part: Part) -> tuple[str, ...]:
        """Variables that a part reads by names that can be told."""
        found = _variables(self._modules, self._resolver, module, part)
        return tuple(dict.fromkeys(name for name in found if name and is_told(name)))


class _Pass:
    """One reading in the making."""

    def __init__(self, modules: Modules, resolver: Resolver, module: Module) -> None:
        self.modules = modules
        self.resolver = resolver
        self.module = module
        self.links: dict[Key, None] = {}
        self.valued: dict[Key, None] = {}
        self.packages: dict[str, None] = {}
        self.executed: dict[str, None] = {}
        self.reads: set[str] = set()
        self.widened: list[Widening] = []
        self.decorated = False
        self.documented = False
        self.variables = 0  # uses of what has the environment's variables
        self.loaded: list[int] = []  # lines of uses of sys.modules

    def read(self, part: Part) -> Reading:
        texts = [part.form]
        resolve, module = self.resolver.resolve, self.module
        for chain, flags, line in zip(part.slots, part.flags, part.lines, strict=True):
            if flags & IMPORT:
                texts.append(self._import(chain, bool(flags & CAUGHT)))
                continue
            found = resolve(module, chain)
            texts.append(found.text)
            for key in found.units:
                self.links[key] = None
                if not flags & (CALL | DECORATOR | BASE | HANDED):
                    self.valued[key] = None
            if found.packages:
                self.packages.update(dict.fromkeys(found.packages))
            if found.reads:
                self.reads |= found.reads - {"source"} if flags & TALK else found.reads
            if "__dict__" in found.rest and self._is_class(found):
                self.reads.add("docs")
            if found.modules and not flags & BOUND:
                self._module_value(found.modules, line)
            if found.library:
                self._library(found, flags, line)
            if flags & (DECORATOR | BASE):
                self._looked_at(found, flags)
        for function, prefix, line in part.imports:
            self._dynamic_import(function, prefix, line)
        if self.loaded:
            self._loaded_modules(part)
        for text, line in part.named:
            self._named(text, line)
        environment, templates = self._environment(part)
        return Reading(
            "\x1f".join(texts),
            tuple(self.links),
            tuple(self.valued),
            tuple(self.packages),
            tuple(self.executed),
            environment,
            templates,
            tuple(part.candidates),
            frozenset(self.reads),
            self.decorated,
            self.documented,
            tuple(self.widened),
        )

    def _import(self, chain: str, caught: bool) -> str:
        executed = self.modules.executed_by(self.module, chain)
        if executed:
            if caught:  # whether it fails decides what happens
                self.links.update(((name, LOADING), None) for name in executed)
            self.executed.update(dict.fromkeys(executed))
            return f"i:{executed[-1]}"
        source = self.module.absolute(chain[1:].partition(":")[0])
        if not self.modules.exists(source.partition(".")[0]):
            self.packages[source.partition(".")[0]] = None
        return f"i:{source}"

    def _module_value(self, names: tuple[str, ...], line: int) -> None:
        for name in names:
            self._widen(name, line, f"the module {name} is used as a value")
            around = self.modules.closure({PIPELINE_MODULE, self.module.name})
            for below in sorted(other for other in around if other.startswith(f"{name}.")):
                self.links[(below, WHOLE)] = None  # it is an attribute of the package
                self.executed[below] = None

    def _library(self, found: Resolution, flags: int, line: int) -> None:
        library = found.library
        self.packages.update(dict.fromkeys(sorted(packages_of_loader(library))))
        if under(library, ENVIRONMENT):
            self.variables += 1
        if under(library, BY_FILE):
            self._any_module("", "code is executed by the path of its file", line)
        elif under(library, REACHES_ALL):
            self._any_module("", f"{library} can reach any module", line)
        elif under(library, ("sys.modules",)):
            self.loaded.append(line)
        elif library in IMPORTERS and not flags & (CALL | BOUND):
            self._any_module("", f"{library} is used as a value", line)
        elif "any name" in found.reads and not flags & LITERAL:
            self._widen(self.module.name, line, f"{library.removeprefix('builtins.')} can reach any name")

    def _looked_at(self, by: Resolution, flags: int) -> None:
        """A decorator or base class may read the annotations, and a library's the documentation."""
        package = (by.library or self._made_of(by)).partition(".")[0]
        if flags & DECORATOR or (by.library and package not in ANNOTATION_BLIND):
            self.decorated = self.decorated or not under(by.library, INERT_DECORATORS)
        if package and package not in DOCS_BLIND and not is_standard(package):
            self.documented = True

    def _made_of(self, found: Resolution) -> str:
        """What an object of the project is made by: ``app = typer.Typer()``."""
        for owner, name in found.units:
            module = self.modules.get(owner)
            for statement in module.statements(name) if module is not None else ():
                if module is not None and statement.value_kind == "call":
                    return self.resolver.resolve(module, statement.value).library
        return ""

    def _is_class(self, found: Resolution) -> bool:
        modules = [(self.modules.get(owner), name) for owner, name in found.units]
        return any(
            statement.kind == "class"
            for module, name in modules
            if module is not None
            for statement in module.statements(name)
        )

    def _dynamic_import(self, function: str, prefix: str, line: int) -> None:
        if self.resolver.through(self.module, function).library not in IMPORTERS:
            return
        prefix = self.module.absolute(prefix) if prefix.startswith(".") else prefix
        if prefix:
            folder = prefix.rpartition(".")[0]
            if folder and not self.modules.exists(folder):
                self.packages[folder.partition(".")[0]] = None
                return
        self._any_module(prefix, "a module is imported by a name that isn't literal", line)

    def _loaded_modules(self, part: Part) -> None:
        """``sys.modules["m"]``: the module, or any if that can't be told."""
        line = self.loaded[0]
        keys = [
            template
            for chain, template in part.environment
            if under(self.resolver.through(self.module, chain).library, ("sys.modules",))
        ]
        told = [self.module.name if key == "\0__name__\0" else key for key in keys]
        if len(told) < len(self.loaded) or any("\0" in name for name in told):
            self._any_module("", "sys.modules is used with a name that isn't literal", line)
        self._module_value(tuple(filter(self.modules.exists, filter(None, told))), line)

    def _named(self, text: str, line: int) -> None:
        """``"helpers.f"`` may be imported by its name, ``"tool.py"`` and ``"-m tool"`` executed by Python.

        A module's own name counts only with a dot in it: too many texts are single words.
        """
        if text.endswith(".py"):
            name = text.removeprefix("./").removeprefix("src/").removesuffix(".py").replace("/", ".")
            self.add_program(name, line)
        elif text.startswith("-m "):
            self.add_program(text.removeprefix("-m "), line)
            self.add_program(f"{text.removeprefix('-m ')}.__main__", line)
        elif self.modules.exists(text):
            self.links[(text, WHOLE)] = None
            self.executed[text] = None
        else:
            self._attribute(text.replace(":", ".").split("."))

    def _attribute(self, parts: list[str]) -> None:
        for count in range(len(parts) - 1, 0, -1):
            name = ".".join(parts[:count])
            if self.modules.exists(name):
                module = self.modules.get(name)
                if module is not None and module.binds(parts[count]):
                    self.links.update(dict.fromkeys(self.resolver.member(name, parts[count:]).units))
                    self.executed[name] = None
                return

    def add_program(self, name: str, line: int) -> None:
        """A module that another Python executes, with what stands beside it."""
        module = self.modules.get(name) if self.modules.exists(name) else None
        if module is None or (name, MAIN) in self.links:
            return
        self._widen(name, line, f"{module.path} can be executed as a program")
        self.links[(name, MAIN)] = None
        folder = name.rpartition(".")[0]
        executed = (statement for statement in module.everything() if not statement.typing_only)
        for chain in chains.from_iterable(statement.imports() for statement in executed) if folder else ():
            self.add_program(f"{folder}.{chain[1:].partition(':')[0].partition('.')[0]}", line)

    def _environment(self, part: Part) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The variables that it reads, and the templates of those that can't be told."""
        names = list(_variables(self.modules, self.resolver, self.module, part))
        told = tuple(dict.fromkeys(name for name in names if name and is_told(name)))
        templates = dict.fromkeys(name for name in names if not is_told(name))
        if self.variables > len(names) or "environment" in self.reads:
            templates[ANY] = None
        return told, tuple(templates)

    def _any_module(self, prefix: str, why: str, line: int) -> None:
        for name in self.modules.sources.all_modules(prefix):
            self.links[(name, WHOLE)] = None
            self.executed[name] = None
        self.widened.append(
            Widening(self.module.path, line, why, f"{prefix}*" if prefix else "all modules of the project")
        )

    def _widen(self, name: str, line: int, why: str) -> None:
        self.links[(name, WHOLE)] = None
        self.executed[name] = None
        self.widened.append(Widening(self.module.path, line, why, f"{name} and what it imports"))


def _variables(modules: Modules, resolver: Resolver, module: Module, part: Part) -> Iterator[str]:
    """The name of each single variable that a part reads, as a pattern if need be; empty where it is set."""
    for chain, template in part.environment:
        if under(resolver.through(module, chain).library, ENVIRONMENT):
            yield composed(template, lambda constant: _constant(modules, resolver, module, constant))


def _constant(modules: Modules, resolver: Resolver, module: Module, chain: str) -> str:
    target = resolver.through(module, chain)
    if len(target.units) != 1 or target.rest:
        return ""
    owner = modules.get(target.units[0][0])
    statements = owner.statements(target.units[0][1]) if owner is not None else []
    if len(statements) == 1 and statements[0].value_kind == "text":
        return statements[0].value
    return ""
