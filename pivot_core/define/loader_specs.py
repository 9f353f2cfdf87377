"""Loaders as records: what is wrong with one, and its reference with its options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import NamedTuple

from pivot_core.define.reference import module_level
from pivot_core.loaders import Loader, Reader, Writer
from pivot_core.types import LoaderSpec


class LoaderFault(NamedTuple):
    """What is wrong (the end of a sentence that begins with what the loader is for), what to do."""

    message: str
    hint: str


def fault(loader: object, *, reads: bool, writes: bool) -> LoaderFault | None:
    """What is wrong with a loader that has to read, to write, or both."""
    if isinstance(loader, type):
        return LoaderFault(
            f"has the class {loader.__name__} as its loader", f"make it an instance: {_call(loader)}"
        )
    return _wrong_kind(loader, reads, writes) or _not_a_record(loader)


def spec(loader: Reader[object] | Writer[object]) -> LoaderSpec:
    """The record of a loader that has no fault."""
    cls = type(loader)
    return LoaderSpec(cls.__module__, cls.__qualname__, json.dumps(_options(loader), sort_keys=True))


def _call(cls: type) -> str:
    ours = cls.__module__ == Reader.__module__
    return f"loaders.{cls.__name__}()" if ours else f"{cls.__name__}()"


def _wrong_kind(loader: object, reads: bool, writes: bool) -> LoaderFault | None:
    name = type(loader).__name__
    if not isinstance(loader, Reader | Writer):
        return LoaderFault(
            f"has {loader!r:.60} as its loader, which is none",
            "use one of pivot_core.loaders, such as loaders.JSON()",
        )
    lacks_read = reads and not isinstance(loader, Reader)
    lacks_write = writes and not isinstance(loader, Writer)
    if not lacks_read and not lacks_write:
        return None
    does = "can only write" if lacks_read else "can only read"
    needed = (Loader if reads and writes else Reader if reads else Writer).__name__
    return LoaderFault(f"has the loader {name}, which {does}", f"use a loaders.{needed}")


def _not_a_record(loader: object) -> LoaderFault | None:
    cls = type(loader)
    if cls.__module__ == Reader.__module__:
        return _unwritable(loader)
    if not module_level(cls):
        return LoaderFault(
            f"has the loader {cls.__qualname__}, which isn't defined at module level", "move the class there"
        )
    parameters = cls.__dict__.get("__dataclass_params__")
    if parameters is None or not parameters.frozen:
        return LoaderFault(
            f"has the loader {cls.__name__}, which isn't a frozen dataclass",
            f"decorate the class {cls.__name__} with @dataclass(frozen=True)",
        )
    return _unwritable(loader)


def _unwritable(loader: object) -> LoaderFault | None:
    wrong = [name for name, value in _options(loader).items() if not _is_json(value)]
    if not wrong:
        return None
    return LoaderFault(
        f"has the loader {type(loader).__name__}, whose option {wrong[0]!r} isn't a JSON value",
        "options are None, bool, int, float, str, and lists, tuples and dicts of them",
    )


def _options(loader: object) -> dict[str, object]:
    assert is_dataclass(loader)
    return {field.name: _plain(getattr(loader, field.name)) for field in fields(loader)}


def _plain(value: object) -> object:
    """Any mapping as a dict, for json."""
    return dict(value) if isinstance(value, Mapping) else value


def _is_json(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, float, str)
