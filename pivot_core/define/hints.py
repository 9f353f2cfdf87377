"""Annotations of a function or TypedDict, evaluated; where that fails, which one and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FunctionType

# Hints are whatever an annotation can be: object here. Any is for typeshed's sake only.


class Hints(NamedTuple):
    """``values`` by name ("return" too), and for each that can't be evaluated, the error."""

    values: dict[str, object]
    errors: dict[str, Exception]


def hints_of(owner: FunctionType | type) -> Hints:
    """All annotations of ``owner``."""
    try:
        return Hints(get_type_hints(owner, include_extras=True), {})
    except Exception:  # noqa: BLE001 - evaluating an annotation can raise anything; told one by one
        return _one_by_one(owner)


def unpacked(hint: object) -> tuple[object, tuple[object, ...]]:
    """The type in an ``Annotated`` and its metadata; aliases of the ``type`` statement are looked through,
    and so are ``Required``, ``NotRequired`` and ``ReadOnly``."""
    found: tuple[object, ...] = ()
    while True:
        if type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__  # type: ignore[attr-defined]  # Python 3.12
        elif get_origin(hint) is Annotated:
            hint, *metadata = get_args(hint)
            found = (*metadata, *found)
        elif qualifier(hint) is not None:
            (hint,) = get_args(hint)
        else:
            return hint, found


def qualifier(hint: object) -> str | None:
    """ "Required", "NotRequired" or "ReadOnly" (typing's or typing_extensions') if the hint is one."""
    name = getattr(get_origin(hint), "_name", None)
    return name if name in ("Required", "NotRequired", "ReadOnly") else None


def is_typed_dict(cls: object) -> bool:
    """Also for typing_extensions' own, which typing.is_typeddict doesn't know."""
    return isinstance(cls, type) and issubclass(cls, dict) and "__required_keys__" in vars(cls)


def _one_by_one(owner: FunctionType | type) -> Hints:
    scope = vars(sys.modules[owner.__module__]) if owner.__module__ in sys.modules else {}
    result = Hints({}, {})
    for name, annotation in _raw(owner).items():

        def one() -> None: ...

        one.__annotations__ = {name: annotation}
        try:
            result.values.update(get_type_hints(one, globalns=scope, include_extras=True))
        except Exception as error:  # noqa: BLE001 - as above; kept, and told by the caller
            result.errors[name] = error
    return result


def _raw(owner: FunctionType | type) -> Mapping[str, Any]:
    try:
        return owner.__annotations__
    except NameError:  # Python 3.14 evaluates them only now
        from annotationlib import Format, get_annotations  # type: ignore[import-not-found,unused-ignore]

        raw: Mapping[str, Any] = get_annotations(owner, format=Format.STRING)
        return raw
