"""What is kept of a module: records only, so that reading a summary imports no parser.

They are many, and hold no cycles: tuples and ``gc=False`` keep them out of the garbage collector's way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from pivot_core.code.stream import IMPORT

# Part of every cache key: a summary made by another version of the engine is made again.
ENGINE_VERSION = f"20:{sys.version_info[0]}.{sys.version_info[1]}"

WHOLE: Final = "*"  # the name of the unit that is a whole module
LOADING: Final = "(import)"  # of what can fail in a module while it is imported
PROCESS: Final = "(process)"  # of what modules set for all code of the process: the environment, say
MAIN: Final = "(main)"  # of what a module does only when it is executed as a program

ValueKind = Literal["", "import", "chain", "inside", "call", "new", "text", "constant"]


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One stream of a statement: the digest of its tokens, and its free names (see stream.py).

    Lines count from that of the statement, so that a part is the same wherever the statement stands.
    """

    form: str = ""
    slots: tuple[str, ...] = ()
    flags: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    effects: tuple[tuple[str, str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    imports: tuple[tuple[str, str, int], ...] = ()
    candidates: tuple[str, ...] = ()
    named: tuple[tuple[str, int], ...] = ()


EMPTY = Part()


class Statement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One top-level statement, with the guards around it in ``head``.

    ``value`` tells what the one name is bound to: an import chain, another name, something inside of
    another name's object, a call of a name, an object made on the spot, the value of a text constant;
    "constant" is any other value that can't be changed in place. ``typing_only``: it stands under
    ``if TYPE_CHECKING``, so it isn't executed. ``flags`` are what the writer noticed: ``reads_docs``,
    ``reads_annotations``, ``reads_subclasses``, ``unknown_call``, ``unknown_decorator``,
    ``changes_arguments``, ``keeps_state`` (of a closure, generator or object).
    """

    line: int
    names: tuple[str, ...]
    head: Part
    body: Part = EMPTY
    notes: Part = EMPTY
    docs: str = ""
    kind: Literal["function", "class", "other"] = "other"
    value_kind: ValueKind = ""
    value: str = ""
    typing_only: bool = False
    guarded: bool = False
    flags: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)  # first and last line, with the decorators
    shared: tuple[str, ...] = ()  # attributes of a class that its objects share and that can be changed
    methods: tuple[str, ...] = ()  # of a class

    def parts(self) -> Iterator[Part]:
        yield self.head
        yield self.body
        yield self.notes

    def imports(self) -> Iterator[str]:
        """Chains of what it imports when it is executed."""
        for chain, flags in zip(self.head.slots, self.head.flags, strict=True):
            if chain[0] == "@" and flags & IMPORT:
                yield chain


class Star(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``from module import *`` as the import chain, and the index of the statement that it is (or is in)."""

    chain: str
    place: int
    guarded: bool = False


class SourceError(msgspec.Struct, frozen=True, array_like=True):
    """Why a text is no Python module."""

    line: int
    message: str


class ModuleSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A module as the graph needs it.

    ``stars`` are its star imports in order. ``exports`` is ``__all__`` where that is literal;
    ``exports_all`` when it can't be told. ``rebound`` are module names that functions bind.
    """

    statements: tuple[Statement, ...] = ()
    stars: tuple[Star, ...] = ()
    exports: tuple[str, ...] | None = None
    exports_all: bool = False
    rebound: tuple[str, ...] = ()
    error: SourceError | None = None


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(ModuleSummary).decode
