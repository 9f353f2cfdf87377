"""Whether a built-in loader can have anything to do with the annotated type.

Types are compared by name, so that nothing is imported for it, and only where it is clear: a type that
no built-in loader is about, and anything but a plain class, passes.
"""

from __future__ import annotations

from typing import get_origin

from pivot_core import loaders

_PLAIN = frozenset({"builtins.dict", "builtins.list", "builtins.tuple", "builtins.str", "builtins.int"}) | {
    "builtins.float",
    "builtins.bool",
    "builtins.NoneType",
}
_TABLE = frozenset({"pandas.DataFrame"})
_ITEMS = frozenset({"builtins.list", "builtins.tuple"})

_FITTING: dict[type, frozenset[str]] = {
    loaders.Text: frozenset({"builtins.str"}),
    loaders.JSON: _PLAIN,
    loaders.YAML: _PLAIN,
    loaders.JSONL: _ITEMS,
    loaders.CSV: _TABLE,
    loaders.Parquet: _TABLE,
    loaders.MatplotlibFigure: frozenset({"matplotlib.Figure"}),
}
_OTHERS = frozenset({"builtins.bytes", "builtins.set", "builtins.frozenset", "pandas.Series"}) | {
    "numpy.ndarray",
    "polars.DataFrame",
}
_KNOWN = _OTHERS.union(*_FITTING.values())
_PATH_ONLY_IS_NOT = _KNOWN - {"builtins.str"}

_SUGGESTED = {
    "builtins.str": ("Text",),
    "pandas.DataFrame": ("CSV", "Parquet"),
    "matplotlib.Figure": ("MatplotlibFigure",),
    "builtins.dict": ("JSON",),
    "builtins.list": ("JSON",),
    "builtins.int": ("JSON",),
    "builtins.float": ("JSON",),
}


def disagree(loader: type, name: str) -> bool:
    """Whether a value of the type that :func:`type_name` calls so can't be the loader's."""
    if loader is loaders.PathOnly:
        return name in _PATH_ONLY_IS_NOT
    fitting = _FITTING.get(loader)
    return fitting is not None and name in _KNOWN and name not in fitting


def suggestions(name: str) -> tuple[str, ...]:
    """The names in ``loaders`` that fit a type, the first one best; none for a type that isn't known here."""
    return _SUGGESTED.get(name, ("Pickle",)) if name in _KNOWN else ()


def type_name(annotated: object) -> str:
    """``package.Class``; packages move their classes between submodules, so those are left out."""
    if annotated is None:
        return "builtins.NoneType"
    cls = get_origin(annotated) or annotated
    if not isinstance(cls, type) or "__required_keys__" in vars(cls):
        return ""
    return f"{cls.__module__.partition('.')[0]}.{cls.__qualname__}"
