"""The slice of code that decides a pipeline's definition: what importing ``pipeline.py`` evaluates.

That is, of every module imported on the way: its statements, class bodies, decorators, defaults and
annotations; and in full each function and class that any of this may call. What is only handed to
``register`` isn't called, so the bodies of stages and the helpers that only they use are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pivot_core.code.fingerprint import Nodes, Walk
from pivot_core.code.reading import Reader

if TYPE_CHECKING:
    from pivot_core.code.effects import Effects
    from pivot_core.code.modules import Module, Modules
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key


def definition_text(name: str, modules: Modules, reader: Reader, effects: Effects, nodes: Nodes) -> str:
    """All that the definition depends on, as text to be hashed."""
    texts: list[str] = []
    called: dict[Key, None] = {}
    names = modules.closure(frozenset({name}) | nodes.world.modules)
    for module in filter(None, map(modules.get, sorted(names))):
        if module.error is not None:
            texts.append(f"!{module.name}={module.digest}")
            continue
        shells = []
        for statement in module.summary.statements:
            if not statement.typing_only and not _only_binds_a_module_name(statement):
                shells.append(_shell(module, statement, reader))
                called.update(dict.fromkeys(effects.called(module, statement)))
                called.update(dict.fromkeys(_annotated(module, statement, reader)))
        texts.append(f"{module.name}:" + "\x1d".join(sorted(shells)))
    walk = Walk(nodes)
    walk.start(called)
    texts += [f"{node.name}={digest}" for node, digest in walk.units()]
    return "\x1e".join(texts)


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
