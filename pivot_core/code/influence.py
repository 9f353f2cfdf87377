"""Which answers each statement has a part in, kept between processes.

While edits change only what statements say (see edit.py), an answer that none of them has a part in stays
as it is: nobody has to walk through its code again. It is the rule by which a live graph follows edits.

    statement ── places ──> units ── users ──> units ── … ──> units that a label leads to: its answer
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from pivot_core.code.records import WHOLE

if TYPE_CHECKING:
    from pivot_core.code.records import Statement
    from pivot_core.code.resolve import Key


class Influence(msgspec.Struct, array_like=True):
    """What a graph has seen, of all answers that are kept. More than that does no harm: it only drops more.

    Units are spelled ``module:name``. ``modules``: the names of the module in a file. ``places``: by module
    and index of the statement, the units that it is part of. ``users``: by unit, those that refer to it.
    ``leads``: by label, where its answer begins. ``looked_at``: what calling these units does is part of
    what importing modules does. ``named``: constants name environment variables.
    """

    modules: dict[str, set[str]] = {}
    places: dict[str, dict[int, set[str]]] = {}
    users: dict[str, set[str]] = {}
    leads: dict[str, set[str]] = {}
    looked_at: set[str] = set()
    named: bool = False

    def entangled(self, modules: Iterable[str], statement: Statement) -> bool:
        """Whether what the statement's functions do is part of what importing modules does."""
        bound = (*statement.names, WHOLE)
        return any(_spelled((name, each)) in self.looked_at for name in modules for each in bound)

    def affected(self, edited: Iterable[tuple[str, int]]) -> set[str]:
        """The labels of the answers that these statements have a part in."""
        stack = [unit for name, index in edited for unit in self.places.get(name, {}).get(index, ())]
        seen = set(stack)
        while stack:
            for user in self.users.get(stack.pop(), ()):
                if user not in seen:
                    seen.add(user)
                    stack.append(user)
        return {label for label, units in self.leads.items() if not seen.isdisjoint(units)}

    def add(
        self,
        modules: Iterable[tuple[str, str]],
        places: Iterable[tuple[tuple[str, int], Iterable[Key]]],
        users: Iterable[Mapping[Key, Iterable[Key]]],
        looked_at: Iterable[Key],
        named: bool,
    ) -> None:
        """Add what a graph has seen; ``modules`` are (path, name)."""
        for path, name in modules:
            self.modules.setdefault(path, set()).add(name)
        for (name, index), keys in places:
            self.places.setdefault(name, {}).setdefault(index, set()).update(map(_spelled, keys))
        for graph in users:
            for key, referring in graph.items():
                self.users.setdefault(_spelled(key), set()).update(map(_spelled, referring))
        self.looked_at.update(map(_spelled, looked_at))
        self.named = self.named or named

    def lead(self, label: str, keys: Iterable[Key]) -> None:
        """An answer begins at these units."""
        self.leads[label] = set(map(_spelled, keys))


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Influence).decode


def _spelled(key: Key) -> str:
    return f"{key[0]}:{key[1]}"
