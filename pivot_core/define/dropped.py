"""Keys of ``params.yaml`` that a model inside of the params would drop without a word.

Pydantic ignores what a model doesn't know, unless it is told otherwise. StageParams are told so; models,
dataclasses and TypedDicts in their fields often aren't, and a misspelt key would leave the default in force.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    PlainValidator,
    RootModel,
    WrapValidator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

Path = tuple[str | int, ...]


class Dropped(NamedTuple):
    """A key at ``path``, which isn't among the ``known`` ones of ``owner``. None: of a TypedDict, whose name
    nobody knows."""

    path: Path
    owner: str | None
    known: tuple[str, ...] = ()


def dropped(given: object, made: object, path: Path = ()) -> Iterator[Dropped]:
    """Compare what was ``given`` with what validation ``made`` of it.

    What a validator sees before the model does, or a model with a setting of its own for ``extra`` ignores,
    is nobody's mistake.
    """
    if isinstance(made, RootModel):
        yield from dropped(given, made.root, path)
    elif isinstance(made, list | tuple) and isinstance(given, list | tuple):
        for index, (one, value) in enumerate(zip(given, made, strict=False)):
            yield from dropped(one, value, (*path, index))
    elif not isinstance(given, dict):
        return
    elif isinstance(made, BaseModel):
        yield from _of_model(given, made, path)
    elif dataclasses.is_dataclass(made) and not isinstance(made, type):
        names = {field.name: field.name for field in dataclasses.fields(made) if field.init}
        config: Mapping[str, object] = getattr(type(made), "__pydantic_config__", None) or {}
        silent = "extra" not in config
        yield from _of_names(given, made, names, path, silent=silent)
    elif isinstance(made, dict):
        # Fewer than were given: a TypedDict. Else keys may have become others (1 of "1").
        for key in given:
            if key in made:
                yield from dropped(given[key], made[key], (*path, key))
            elif len(made) < len(given):
                yield Dropped((*path, key), None)


def _of_model(given: Mapping[str, object], made: BaseModel, path: Path) -> Iterator[Dropped]:
    model = type(made)
    decorators = model.__pydantic_decorators__
    if any(each.info.mode != "after" for each in decorators.model_validators.values()):
        return
    before = {
        name
        for each in decorators.field_validators.values()
        if each.info.mode != "after"
        for name in each.info.fields
    }
    names: dict[str, str | None] = {}
    for name, keys in keys_of(model).items():
        seen_before = name in before or "*" in before or _seen_before(model.model_fields[name])
        names.update(dict.fromkeys(keys, None if seen_before else name))
    yield from _of_names(given, made, names, path, silent="extra" not in model.model_config)


def _of_names(
    given: Mapping[str, object], made: object, names: Mapping[str, str | None], path: Path, *, silent: bool
) -> Iterator[Dropped]:
    """``names``: keys, and the attributes that they set (None: not to be compared)."""
    for key, value in given.items():
        name = names.get(key)
        if name is not None:
            yield from dropped(value, getattr(made, name), (*path, key))
        elif key not in names and silent:
            yield Dropped((*path, key), type(made).__name__, tuple(names))


def keys_of(model: type[BaseModel]) -> dict[str, list[str]]:
    """What each field can be called in what is given: by its name, if that is allowed, and by its aliases."""
    config = model.model_config
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    return {name: list(_keys(name, field, by_name)) for name, field in model.model_fields.items()}


def _keys(name: str, field: FieldInfo, by_name: bool) -> Iterator[str]:
    alias = field.validation_alias or field.alias
    if alias is None or by_name:
        yield name
    for one in alias.choices if isinstance(alias, AliasChoices) else [alias]:
        first = one.path[0] if isinstance(one, AliasPath) else one
        if isinstance(first, str):
            yield first


def _seen_before(field: FieldInfo) -> bool:
    return any(isinstance(one, BeforeValidator | PlainValidator | WrapValidator) for one in field.metadata)
