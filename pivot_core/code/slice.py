"""The slice of code that decides a pipeline's definition: what importing ``pipeline.py`` evaluates.

That is, of every module imported on the way: its statements, class bodies, decorators, defaults and
annotations; and in full each function and class that any of this may call. What is only handed to
``register`` isn't called, so the bodies of stages and the helpers that only they use are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
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


class Slice:
    """What of each module is evaluated when it is imported; looked at once a module."""

    def __init__(self, modules: Modules, reader: Reader, effects: Effects) -> None:
        self._modules = modules
        self._reader = reader
        self._effects = effects
        self._found: dict[str, Evaluated] = {}

    def of(self, name: str, world: World) -> Evaluated:
        """All that importing a module evaluates."""
        names = sorted(self._modules.closure({name, *world.modules}))
        parts = [self._module(module) for module in map(self._modules.get, names) if module is not None]
        called = dict.fromkeys(key for part in parts for key in part.called)
        texts = [text for part in parts for text in part.texts]
        return Evaluated(texts, list(called), any(part.by_text for part in parts))

    def forget(self, name: str) -> None:
        self._found.pop(name, None)

    def _module(self, module: Module) -> Evaluated:
        if module.name not in self._found:
            self._found[module.name] = self._read(module)
        return self._found[module.name]

    def _read(self, module: Module) -> Evaluated:
        if module.error is not None:
            return Evaluated([f"!{module.name}={module.digest}"], [], False)
        shells = []
        by_text = False
        called: dict[Key, None] = {}
        for statement in module.summary.statements:
            if not statement.typing_only and not _only_binds_a_module_name(statement):
                shells.append(_shell(module, statement, self._reader))
                by_text = by_text or "source" in self._reader.read(module, statement.head).reads
                called.update(dict.fromkeys(self._effects.called(module, statement)))
                called.update(dict.fromkeys(_annotated(module, statement, self._reader)))
        return Evaluated([f"{module.name}:" + "\x1d".join(sorted(shells))], list(called), by_text)


def _shell(module: Module, statement: Statement, reader: Reader) -> str:
    """What is evaluated of a statement when its module is imported, and its signature."""
    head, notes = reader.read(module, statement.head), reader.read(module, statement.notes)
    return f"{' '.join(statement.names)} {head.text} {notes.text}"


def _annotated(module: Module, statement: Statement, reader: Reader) -> Iterator[Key]:
    """Classes in annotations: loaders, params, outputs. Defining a stage makes or asks them."""
    yield from reader.read(module, statement.notes).links
    if statement.kind == "class":
        yield from reader.read(module, statement.head).links


def _only_binds_a_module_name(statement: Statement) -> bool:
    """An import is in what its names are used for."""
    return statement.value_kind == "import" and not statement.guarded
