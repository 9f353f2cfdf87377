"""What executing modules adds to the facts about a stage, besides the units that it uses of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pivot_core.types import Widening

if TYPE_CHECKING:
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.reading import Reader

Deciding = tuple[frozenset[str], frozenset[str] | None]  # variables, and the units that they decide


@dataclass(slots=True)
class _Around:
    """Of one set of modules."""

    names: list[str]
    paths: tuple[str, ...]
    unreadable: list[str]
    environment: list[Deciding]


class Surroundings:
    """Sets of modules are bits, as of ``Modules.bits``. ``decided``: what a top-level statement decides."""

    def __init__(
        self,
        modules: Modules,
        reader: Reader,
        decided: Callable[[Module, float], frozenset[str] | None],
    ) -> None:
        self._modules = modules
        self._reader = reader
        self._decided = decided
        self._found: dict[int, _Around] = {}
        self._deciding: dict[str, list[Deciding]] = {}

    def paths(self, bits: int) -> tuple[str, ...]:
        """Logical paths of the modules, sorted."""
        return self._around(bits).paths

    def environment(self, bits: int) -> list[Deciding]:
        """Variables that top-level statements read."""
        return self._around(bits).environment

    def unreadable(self, bits: int) -> list[str]:
        """Modules that aren't Python: their whole texts count."""
        return self._around(bits).unreadable

    def texts(self, bits: int) -> list[str]:
        """All texts, for code that reads its own source."""
        return sorted(f"source {module.path}={module.digest}" for module in self._modules_of(bits))

    def widened(self, bits: int) -> list[Widening]:
        found = []
        for module in self._modules_of(bits):
            if module.error is not None:
                why, to = f"can't be read: {module.error.message}", "its whole text"
                found.append(Widening(module.path, module.error.line, why, to))
            elif module.unsaved_error is not None:
                why = f"can't be read as it is now: {module.unsaved_error.message}"
                found.append(Widening(module.path, module.unsaved_error.line, why, "its last readable text"))
        return found

    def _modules_of(self, bits: int) -> list[Module]:
        return [module for module in map(self._modules.get, self._around(bits).names) if module is not None]

    def _around(self, bits: int) -> _Around:
        found = self._found.get(bits)
        if found is None:
            names = sorted(self._modules.named(bits))
            modules = [module for module in map(self._modules.get, names) if module is not None]
            found = self._found[bits] = _Around(
                [module.name for module in modules],
                tuple(sorted({module.path for module in modules})),
                [f"!{module.path}={module.digest}" for module in modules if module.error is not None],
                [each for module in modules for each in self._decides(module)],
            )
        return found

    def _decides(self, module: Module) -> list[Deciding]:
        if module.name not in self._deciding:
            self._deciding[module.name] = [
                (frozenset(self._reader.environment(module, statement.head)), self._decided(module, place))
                for place, statement in module.placed()
                if not statement.typing_only and statement.head.environment
            ]
        return self._deciding[module.name]
