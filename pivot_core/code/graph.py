"""The code graph: from a stage to the fingerprint of all code behind it, without importing any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pivot_core.code.effects import AMBIENT_KEY, Effects
from pivot_core.code.fingerprint import Node, Nodes, Walk, digest_text
from pivot_core.code.modules import Module, Modules, SummaryCache
from pivot_core.code.reading import Reader
from pivot_core.code.resolve import Key, Resolver, is_standard
from pivot_core.code.slice import definition_text
from pivot_core.code.vocabulary import ENGINE
from pivot_core.code.world import World
from pivot_core.project import PIPELINE_MODULE
from pivot_core.types import CodeFact, Unit, Widening

if TYPE_CHECKING:
    from pivot_core.code.sources import Sources
    from pivot_core.code.world import Place

__all__ = ["CodeGraph", "SummaryCache"]


class CodeGraph:
    """Answers for one state of the sources. Make a new one after an edit; summaries come from the cache."""

    def __init__(self, sources: Sources, summaries: SummaryCache) -> None:
        self._modules = Modules(sources, summaries)
        self._resolver = Resolver(self._modules)
        self._reader = Reader(self._modules, self._resolver)
        self._effects = Effects(self._modules, self._resolver, self._reader)
        self._made: dict[tuple[Key, tuple[Place, ...]], Node] = {}
        self._worlds: dict[frozenset[str], Nodes] = {}
        self._surroundings: dict[frozenset[str], _Surroundings] = {}

    def stage(self, roots: Iterable[tuple[str, str]]) -> CodeFact:
        """The code behind a stage, from the (module, qualified name) of its function, params and loaders."""
        keys: list[Key] = []
        packages: set[str] = set()
        for module, qualname in roots:
            if module.partition(".")[0] == ENGINE:
                continue
            found = self._resolver.member(module, [qualname.partition(".")[0]])
            keys.extend(found.units)
            packages.update(found.packages)
        walk = self._walk(keys)
        walk.packages |= packages
        return self._fact(walk)

    def definition(self, module: str = PIPELINE_MODULE) -> str:
        """Fingerprint of what decides the pipeline's definition: what importing ``module`` evaluates."""
        nodes = self._nodes(frozenset())
        return digest_text(definition_text(module, self._modules, self._reader, self._effects, nodes))

    def decided_at(self, path: str, line: int) -> frozenset[str] | None:
        """The units (as in ``CodeFact.units``) that the top-level statement there binds or changes.

        None when that can't be told: of a file that isn't a module, or a statement that does neither.
        """
        module = self._modules.at(path)
        if module is None or module.error is not None:
            return None
        statements = module.summary.statements
        index = max((i for i, each in enumerate(statements) if each.line <= line), default=None)
        return None if index is None else self._decided(module, index)

    def _decided(self, module: Module, index: int) -> frozenset[str] | None:
        keys = {(module.name, name) for name in module.summary.statements[index].names}
        for change in self._effects.of_module(module.name):
            if change.index == index:
                keys.update(change.targets, self._effects.of_calling(change.called))
        return frozenset(f"{owner}.{name}" if owner else name for owner, name in keys) or None

    # --- walking ---------------------------------------------------------------------------------

    def _walk(self, keys: list[Key]) -> Walk:
        """Walk in the world of the modules that get executed, which the walk itself may widen."""
        own = frozenset(module for module, _ in keys if module)
        while True:
            nodes = self._nodes(own)
            walk = Walk(nodes)
            walk.start([*keys, AMBIENT_KEY] if AMBIENT_KEY in nodes.world.attached else keys)
            executed = frozenset({key[0] for key in walk.reached if key[0]} | walk.executed)
            if self._modules.closure(executed) <= nodes.world.modules:
                return walk
            own |= executed

    def _nodes(self, names: frozenset[str]) -> Nodes:
        whole = self._modules.closure(names | {PIPELINE_MODULE})
        if whole not in self._worlds:
            world = World(self._modules, self._effects, whole)
            self._worlds[whole] = Nodes(self._modules, self._reader, world, self._made)
        return self._worlds[whole]

    # --- the fact --------------------------------------------------------------------------------

    def _fact(self, walk: Walk) -> CodeFact:
        executed = frozenset({key[0] for key in walk.reached if key[0]} | walk.executed)
        around = self._around(self._modules.closure(executed))
        found = walk.units()
        parts = [f"{node.name}={digest}" for node, digest in found]
        parts += [f"!{path}={digest}" for path, digest in around.unreadable]
        if "source" in walk.reads:
            parts += [f"source {path}={digest}" for path, digest in around.texts]
        environment = {name for node, _ in found for name in node.environment}
        if "environment" in walk.reads:  # by a helper that is given the name, say
            environment.update(name for node, _ in found for name in node.capitals)
        names = {node.name for node, _ in found}
        for variables, decided in around.environment:
            if decided is None or not decided.isdisjoint(names):
                environment |= variables
        widened = dict.fromkeys(item for node, _ in found for item in node.widened)
        return CodeFact(
            fingerprint=digest_text("\n".join(parts)),
            units={node.name: Unit(digest, node.path, node.line) for node, digest in found if node.text},
            modules=around.paths,
            environment=tuple(sorted(environment)),
            packages=tuple(sorted(p for p in walk.packages if p and p != ENGINE and not is_standard(p))),
            widened=(*widened, *around.widened),
        )

    def _around(self, names: frozenset[str]) -> _Surroundings:
        if names not in self._surroundings:
            self._surroundings[names] = _Surroundings(self._modules, self._reader, names, self._decided)
        return self._surroundings[names]


class _Surroundings:
    """What executing a set of modules adds to a fact.

    ``environment``: variables that top-level statements read, and the units that those decide.
    """

    def __init__(
        self,
        modules: Modules,
        reader: Reader,
        names: frozenset[str],
        decided: Callable[[Module, int], frozenset[str] | None],
    ) -> None:
        found = [module for module in map(modules.get, sorted(names)) if module is not None]
        self.texts = sorted((module.path, module.digest) for module in found)
        self.paths = tuple(sorted({module.path for module in found}))
        self.unreadable = [(module.path, module.digest) for module in found if module.error is not None]
        self.widened = [
            Widening(
                module.path, module.error.line, f"can't be read: {module.error.message}", "its whole text"
            )
            for module in found
            if module.error is not None
        ]
        self.environment = [
            (set(reader.environment(module, statement.head)), decided(module, index))
            for module in found
            for index, statement in enumerate(module.summary.statements)
            if not statement.typing_only and statement.head.environment
        ]
