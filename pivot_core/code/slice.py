"""The slice of code that decides a pipeline's definition: what importing ``pipeline.py`` evaluates.

That is, of every module imported on the way: its statements, class bodies, decorators, defaults and
annotations; and in full each function and class that any of this may call. What is only handed to
``register`` isn't called, so the bodies of stages and the helpers that only they use are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pivot_core.code.effects import Effects
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.reading import Reader
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key
    from pivot_core.code.world import World


class Evaluated(NamedTuple):
    """Statements as text, the units that count in full, and whether any of it reads source text."""

    texts: list[str]
    called: list[Key]
    by_text: bool


class _Shell(NamedTuple):
    """What is evaluated of one statement when its module is imported, and its signature."""

    text: str
    called: tuple[Key, ...]
    by_text: bool


class Slice:
    """What of each module is evaluated when it is imported; each statement is looked at once."""

    def __init__(self, modules: Modules, reader: Reader, effects: Effects) -> None:
        self._modules = modules
        self._reader = reader
        self._effects = effects
        self._found: dict[str, Evaluated] = {}
        self._shells: dict[str, dict[float, _Shell | None]] = {}  # by module, and place of the statement

    def of(self, name: str, world: World) -> Evaluated:
        """All that importing a module evaluates."""
        names = sorted(self._modules.closure({name, *world.modules}))
        parts = [self._module(module) for module in map(self._modules.get, names) if module is not None]
        called = dict.fromkeys(key for part in parts for key in part.called)
        texts = [text for part in parts for text in part.texts]
        return Evaluated(texts, list(called), any(part.by_text for part in parts))

    def forget(self, name: str, places: Iterable[float]) -> None:
        """The statements at these places of a module came or went, or say something else."""
        for place in places:
            self._found.pop(name, None)
            self._shells.get(name, {}).pop(place, None)

    def _module(self, module: Module) -> Evaluated:
        if module.name not in self._found:
            self._found[module.name] = self._read(module)
        return self._found[module.name]

    def _read(self, module: Module) -> Evaluated:
        if module.error is not None:
            return Evaluated([f"!{module.name}={module.digest}"], [], False)
        known = self._shells.setdefault(module.name, {})
        shells = []
        for place, statement in module.placed():
            if place not in known:
                known[place] = self._shell(module, statement)
            if (shell := known[place]) is not None:
                shells.append(shell)
        called = dict.fromkeys(key for shell in shells for key in shell.called)
        text = f"{module.name}:" + "\x1d".join(sorted(shell.text for shell in shells))
        return Evaluated([text], list(called), any(shell.by_text for shell in shells))

    def _shell(self, module: Module, statement: Statement) -> _Shell | None:
        if statement.typing_only or _only_binds_a_module_name(statement):
            return None
        head, notes = self._reader.read(module, statement.head), self._reader.read(module, statement.notes)
        called = (
            *self._effects.called(module, statement),
            *_annotated(module, statement, self._reader),
        )
        return _Shell(f"{' '.join(statement.names)} {head.text} {notes.text}", called, "source" in head.reads)


def _annotated(module: Module, statement: Statement, reader: Reader) -> Iterator[Key]:
    """Classes in annotations: loaders, params, outputs. Defining a stage makes or asks them."""
    yield from reader.read(module, statement.notes).links
    if statement.kind == "class":
        yield from reader.read(module, statement.head).links


def _only_binds_a_module_name(statement: Statement) -> bool:
    """An import is in what its names are used for."""
    return statement.value_kind == "import" and not statement.guarded
