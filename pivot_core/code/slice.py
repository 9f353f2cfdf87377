"""The slice of code that decides a pipeline's definition: what importing ``pipeline.py`` evaluates.

That is, of every module imported on the way: its statements, class bodies, decorators, defaults and
annotations; and in full each function and class that any of this may call. What is only handed to
``register`` isn't called, so the bodies of stages and the helpers that only they use are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pivot_core.code.effects import Effects
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.reading import Reader
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key
    from pivot_core.code.world import World


class Slice:
    """What of each module is evaluated when it is imported; looked at once a module."""

    def __init__(self, modules: Modules, reader: Reader, effects: Effects) -> None:
        self._modules = modules
        self._reader = reader
        self._effects = effects
        self._found: dict[str, tuple[str, list[Key]]] = {}

    def of(self, name: str, world: World) -> tuple[list[str], list[Key]]:
        """All that importing a module evaluates, as text, and the units that count in full."""
        texts: list[str] = []
        called: dict[Key, None] = {}
        for other in sorted(self._modules.closure({name, *world.modules})):
            module = self._modules.get(other)
            if module is not None:
                text, keys = self._module(module)
                texts.append(text)
                called.update(dict.fromkeys(keys))
        return texts, list(called)

    def forget(self, name: str) -> None:
        self._found.pop(name, None)

    def _module(self, module: Module) -> tuple[str, list[Key]]:
        if module.name not in self._found:
            self._found[module.name] = self._read(module)
        return self._found[module.name]

    def _read(self, module: Module) -> tuple[str, list[Key]]:
        if module.error is not None:
            return f"!{module.name}={module.digest}", []
        shells = []
        called: dict[Key, None] = {}
        for statement in module.summary.statements:
            if not statement.typing_only and not _only_binds_a_module_name(statement):
                shells.append(_shell(module, statement, self._reader))
                called.update(dict.fromkeys(self._effects.called(module, statement)))
                called.update(dict.fromkeys(_annotated(module, statement, self._reader)))
        return f"{module.name}:" + "\x1d".join(sorted(shells)), list(called)


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
