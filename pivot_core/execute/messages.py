"""What travels between coordinator and workers: references and plain data, as MessagePack bytes.

loky carries the task there; everything that comes back comes over one socket, in order, so that a
stage's output can never arrive after its end.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from pivot_core.artifacts.paths import NOT_TEXT
from pivot_core.execute.events import StageError
from pivot_core.store.links import LinkMode
from pivot_core.types import Definition, StageSpec

_SURROGATE = re.compile("[\ud800-\udfff]")


class Task(msgspec.Struct, frozen=True):
    """Run one stage. ``ticket`` is unique in the run: a retry has another.

    ``keep`` maps all outputs to where somebody else's file goes that stands, or comes to stand, in its place.
    ``there`` maps the outputs in whose places something stands to its digest, if the cache has it; ``known``
    to the signature of that. ``aside`` maps those that the stage writes itself to where they wait until it
    has: so they come back without needing any room on the disk. ``start`` maps incremental outputs to the
    content that they start from.
    """

    ticket: int
    spec: StageSpec
    mode: LinkMode
    keep: dict[str, str]
    there: dict[str, str | None] = {}
    known: dict[str, bytes] = {}
    aside: dict[str, str] = {}
    start: dict[str, str] = {}


class Started(msgspec.Struct, frozen=True, tag=True):
    ticket: int
    pid: int


class Output(msgspec.Struct, frozen=True, tag=True):
    ticket: int
    stream: Literal["stdout", "stderr"]
    text: str


class Advanced(msgspec.Struct, frozen=True, tag=True):
    """A stage says how far it is."""

    ticket: int
    done: int
    total: int | None
    text: str


Reads: TypeAlias = dict[str, tuple[tuple[str, int], ...]]  # module's path -> files, and lines that read them


class Done(msgspec.Struct, frozen=True, tag=True):
    """A stage has ended. ``outs`` maps logical paths to digests, all of them published, ``signatures`` to the
    signatures that went with these.

    ``reads`` are the project files it opened undeclared. ``import_reads`` are those its worker's modules
    opened while they were imported: by module file, path and line of the statement (0: not known).
    ``call_reads`` are those that were opened while a module's function was called, by any stage so far.
    ``changed`` are those of all that were changed since, by somebody else than the stage.
    ``sources`` are the digests of all modules the worker has. ``kept`` are outputs in whose places files of
    somebody else stood, each with where that is now. ``executed`` are those of the reads that were executed
    as modules, by other loaders than the worker's. ``outside`` are files that the stage has read
    outside of the project, ``imported`` those of the modules that its worker has from there; absolute.
    """

    ticket: int
    duration_s: float
    error: StageError | None = None
    outs: dict[str, str] = {}
    signatures: dict[str, bytes] = {}
    reads: tuple[str, ...] = ()
    import_reads: Reads = {}
    call_reads: Reads = {}
    changed: tuple[str, ...] = ()
    sources: dict[str, str] = {}
    kept: tuple[tuple[str, str], ...] = ()
    executed: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    imported: dict[str, str] = {}


class Defined(msgspec.Struct, frozen=True, tag=True):
    """``pipeline.py`` was loaded. ``sources`` as in Done; ``output`` is what it printed."""

    ticket: int
    definition: Definition
    sources: dict[str, str]


class Crashed(msgspec.Struct, frozen=True):
    """The worker that had a task died."""

    ticket: int
    detail: str


class Restored(msgspec.Struct, frozen=True):
    """A restoring thread of the coordinator has ended; ``error`` when it couldn't be had. ``kept`` and
    ``signatures`` (of what it has restored) as in Done."""

    ticket: int
    error: str | None = None
    kept: tuple[tuple[str, str], ...] = ()
    signatures: dict[str, bytes] = {}


# What comes over the socket, and what can lie in the coordinator's inbox.
Message: TypeAlias = Started | Output | Advanced | Done | Defined
Delivery: TypeAlias = Message | Crashed | Restored

decode_message = msgspec.msgpack.Decoder(Message).decode
decode_task = msgspec.msgpack.Decoder(Task).decode


def encode(message: Message | Task) -> bytes:
    """The bytes of a message. What isn't valid UTF-8 in its texts (the name of a file, perhaps, or a part of
    a stage's message) comes out as ``NOT_TEXT``."""
    try:
        return msgspec.msgpack.encode(message)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_mended(msgspec.to_builtins(message, builtin_types=(bytes,))))


def _mended(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATE.sub(NOT_TEXT, value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list | tuple) else value
