"""All that the source of one project says about its stages: modules together, names followed across them.

Only modules that the pipeline imports, or that are open in the editor, are read; none is ever imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pivot_core.code.encoding import NotTextError, decode
from pivot_core.project import PIPELINE_MODULE
from pivot_core.store.lock import Locks
from pivot_core.types import Lock
from pivot_lsp.source.feeding import feeding
from pivot_lsp.source.files import Files, Origin
from pivot_lsp.source.module import Module, mentions_pivot
from pivot_lsp.source.registered import stages_in
from pivot_lsp.source.scopes import Imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pivot_core.project import Project
    from pivot_lsp.source.feeding import Fed
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.scopes import Binding
    from pivot_lsp.source.toplevel import TopLevel

T = TypeVar("T")
PIPELINE = f"{PIPELINE_MODULE}.py"
_DEEP = 20  # re-exports that are followed, at most


class Bound(NamedTuple):
    """Where a name leads: the module that binds it, not by an import, and the binding there."""

    module: Module
    name: str
    binding: Binding


class Sources:
    """A project's source as it is now: files, and in their place the texts of the editor. Not thread-safe.

    ``project`` is None for texts that are in none: then there is nothing but these.
    """

    def __init__(self, project: Project | None) -> None:
        self.project = project
        self._files = Files(project)
        self._texts: dict[str, str] = {}  # of the editor, by logical path
        self._included: set[str] = set()
        self._modules: dict[str, Module | None] = {}  # None: not there, or never could be parsed
        self._all: list[Module] | None = None
        self._stages: tuple[Stage, ...] | None = None
        self._feeding: dict[int, Fed] | None = None
        self._answers: dict[object, object] = {}
        self._imported: dict[tuple[str, str], Module | None] = {}  # by full name, and who imports it
        self._former: tuple[Stage, ...] = ()
        self._seen: dict[str, frozenset[str]] = {}
        self.state = 0  # another number for each state of the texts

    # --- texts

    def put(self, path: str, text: str) -> None:
        """The editor has this text. While it can't be parsed, what was read before counts."""
        if self._texts.get(path) == text:
            return
        self._texts[path] = text
        self._changed()
        module = self._modules.get(path)
        if module is None:
            self._modules.pop(path, None)
            return
        try:
            module.edit(text)
        except SyntaxError:
            return

    def add(self, path: str, text: str) -> None:
        """As :meth:`put`, but raises SyntaxError for what Python wouldn't take."""
        module = Module(path, text, self._root)
        self.put(path, text)
        self._modules[path] = module

    def forget(self, path: str) -> None:
        """The editor doesn't have it any more, or the file has changed: what is on the disk counts."""
        self._texts.pop(path, None)
        self._modules.pop(path, None)
        self._files.forget()
        self.refresh()

    def include(self, paths: Iterable[str]) -> None:
        """These files may be about stages, though nothing that is known imports them."""
        self._included.update(paths)
        self._changed()

    def refresh(self) -> None:
        """Other files than sources may have changed."""
        self._seen.clear()
        self._changed()

    def copy(self) -> Sources:
        """The same texts, to try something out with."""
        made = Sources(self.project)
        made._texts = dict(self._texts)
        made._included = set(self._included)
        return made

    def module(self, path: str) -> Module | None:
        """A module by logical path; None if there is none, or it can't be parsed."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    @property
    def _root(self) -> Path | None:
        return self.project.root if self.project is not None else None

    def _read(self, path: str) -> Module | None:
        text = self._texts.get(path)
        try:
            if text is None:
                if self.project is None:
                    return None
                text = decode((self.project.root / path).read_bytes())
            return Module(path, text, self._root)
        except (OSError, SyntaxError, NotTextError):  # gone, half-typed, no text
            return None

    # --- names across modules

    def find(self, module: Module, dotted: tuple[str, ...]) -> Bound | None:
        """Where a dotted name that is used in a module is bound: that module, its name there, the binding.

        Imports are followed. None for what is bound several times, and what isn't the project's.
        """
        return self.follow(module, dotted, module.only(dotted[0]))

    def follow(self, module: Module, dotted: tuple[str, ...], binding: Binding) -> Bound | None:
        """As :meth:`find`, where the first name is bound so in the module: in a function, perhaps."""
        name, rest = dotted[0], dotted[1:]
        for _ in range(_DEEP):
            if not isinstance(binding, Imported):
                return Bound(module, name, binding) if binding is not None and not rest else None
            origin = self._origin(".".join([binding.chain, *rest]), module)
            inner = self.module(origin.path) if origin is not None and origin.rest else None
            if origin is None or inner is None:
                return None
            module, name, rest = inner, origin.rest[0], origin.rest[1:]
            binding = module.only(name)
        return None

    def origin(self, module: Module, dotted: tuple[str, ...]) -> Origin | None:
        """Which file of the project an imported name that is used in a module comes from."""
        binding = module.only(dotted[0])
        if not isinstance(binding, Imported):
            return None
        return self._origin(".".join([binding.chain, *dotted[1:]]), module)

    def _origin(self, chain: str, importer: Module) -> Origin | None:
        """As :meth:`Files.origin`, but a name that a package binds is that, and no module in its folder:
        after ``from .clean import clean`` there, ``package.clean`` is the function."""
        origin = self._files.origin(chain, importer.path)
        if origin is None or origin.rest:
            return origin
        own = origin.path.removesuffix(".py").removesuffix("/__init__")
        folder, _, name = own.rpartition("/")
        package = self.module(f"{folder}/__init__.py") if folder else None
        bindings = package.names.get(name, ()) if package is not None else ()
        if package is None or all(self._is_import_of(origin, bound, package) for bound in bindings):
            return origin
        return Origin(package.path, (name,))

    def _is_import_of(self, origin: Origin, binding: Binding, module: Module) -> bool:
        return isinstance(binding, Imported) and self._files.origin(binding.chain, module.path) == origin

    def imported_module(self, chain: str, importer: Module) -> Module | None:
        """The module of the project that a full name, as a module uses it, stands for."""
        key = (chain, importer.path)
        if key not in self._imported:
            origin = self._origin(chain, importer)
            found = self.module(origin.path) if origin is not None and not origin.rest else None
            self._imported[key] = found
        return self._imported[key]

    def has_package(self, name: str) -> bool:
        """Whether the project has a folder of this name to import from."""
        folders = self.project.search_path if self.project is not None else ()
        return any(folder.joinpath(*name.split(".")).is_dir() for folder in folders)

    def absolute(self, chain: str, importer: Module) -> str | None:
        """A dotted name without dots in front; None for one above the top."""
        return self._files.absolute(chain, importer.path)

    def import_name(self, module: Module) -> str:
        """The dotted name that a module is imported by."""
        return ".".join(self._files.module_name(module.path))

    def imported(self, module: Module) -> Iterator[str]:
        """The project's modules that a module imports, at its top level or in a function: by their paths."""
        for part in module.parts:
            for chain in part.imports:
                origin = self._files.origin(chain, module.path)
                if origin is not None:
                    yield origin.path

    def is_own(self, chain: str, module: Module) -> bool:
        """Whether a dotted name that a module imports is the project's."""
        return self._files.origin(chain, module.path) is not None

    @property
    def modules(self) -> list[Module]:
        """``pipeline.py``, all that it imports, and what these import and mentions Pivot; such modules of the
        editor, and those that were included."""
        if self._all is None:
            self._all = list(self._reached())
        return self._all

    def _reached(self) -> Iterator[Module]:
        seen: set[str] = set()
        waiting = [PIPELINE, *(path for path, text in self._texts.items() if mentions_pivot(text))]
        waiting += sorted(self._included)
        for path in waiting:  # grows
            module = self.module(path) if path not in seen else None
            if module is not None:
                seen.add(path)
                yield module
                # A stage without an annotation doesn't mention Pivot, nor does a package of stages.
                every = path == PIPELINE or path.endswith("__init__.py")
                for other in dict.fromkeys(self.imported(module)):
                    found = self.module(other) if other not in seen else None
                    if found is not None and (every or mentions_pivot(found.text)):
                        waiting.append(other)

    # --- what they say together

    def _changed(self) -> None:
        self.state += 1
        self._all = self._stages = self._feeding = None
        self._answers.clear()
        self._imported.clear()

    def answer(self, question: Callable[[Sources], Iterable[T]]) -> tuple[T, ...]:
        """What a function says of all sources, asked once for each state of them."""
        if question not in self._answers:
            self._answers[question] = tuple(question(self))
        found = self._answers[question]
        assert isinstance(found, tuple)
        return found

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages that are registered in the text, in order."""
        if self._stages is None:
            self._stages = self._former = stages_in(self, self._former)
        return self._stages

    def seen(self, stage: str) -> frozenset[str]:
        """What a stage was seen to read undeclared when it last succeeded, by the record of that."""
        if stage not in self._seen:
            found = Locks(self.project.locks).read_all((stage,)).get(stage) if self.project else None
            there = found.discovered.items() if isinstance(found, Lock) else ()
            self._seen[stage] = frozenset(path for path, digest in there if digest is not None)
        return self._seen[stage]

    @property
    def feeding(self) -> dict[int, Fed]:
        """The statements that feed stages, by their ids."""
        if self._feeding is None:
            self._feeding = feeding(self)
        return self._feeding

    def feeds(self, top: TopLevel) -> bool:
        """Whether a stage uses what a statement defines, however indirectly."""
        return id(top) in self.feeding
