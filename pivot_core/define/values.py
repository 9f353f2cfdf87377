"""The params of a stage: what ``register`` gave, with what ``params.yaml`` overrides, as JSON.

JSON is how they travel to the stage, so they have to come back from it unchanged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, get_args

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import PydanticSerializationError

from pivot_core.define.dropped import Dropped, dropped, keys_of
from pivot_core.define.mistakes import CALL, Mistake, did_you_mean, listed
from pivot_core.define.reference import module_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pivot_core.define.overrides import Keys
    from pivot_core.params import StageParams
    from pivot_core.types import JSON, Place

Cls = type["StageParams"]


class Values(NamedTuple):
    """The params of one stage. ``cls`` is that of the instance given, or the annotated one."""

    cls: Cls
    json: dict[str, JSON]


def given_mistake(given: object, annotated: Cls, param: str) -> Mistake | None:
    """What is wrong with the ``params`` argument of ``register``."""
    if isinstance(given, annotated):
        cls = type(given)
        if module_level(cls):
            return None
        return Mistake(
            CALL, f"the params class {cls.__qualname__} isn't defined at module level", "move it there"
        )
    call = f"params={annotated.__name__}(…)"
    if isinstance(given, type):
        return Mistake(
            CALL, f"params is the class {given.__name__}", f"give an instance: params={given.__name__}()"
        )
    return Mistake(
        CALL, f"params is a {type(given).__name__}, but {param!r} is a {annotated.__name__}", f"give {call}"
    )


def make(
    base: StageParams | None, cls: Cls, overrides: Mapping[str, object], place: Callable[[Keys], Place]
) -> Values | tuple[Mistake, ...]:
    """The values, or all mistakes. ``base`` may be None: then the defaults of ``cls``.

    ``place`` tells where what these keys lead to is overridden.
    """
    cls = cls if base is None else type(base)
    try:
        params = _instance(base, cls, overrides)
    except ValidationError as error:
        return tuple(_mistakes(error, cls, overrides, place))
    if unknown := tuple(_unknown(cls, one, place) for one in dropped(overrides, params)):
        return unknown
    try:
        values = dump(params)
    except PydanticSerializationError as error:
        return (Mistake(CALL, f"the params {cls.__name__} can't be written as JSON: {error}", _JSON_ONLY),)
    if not _comes_back(params, values):
        return (
            Mistake(CALL, f"the params {cls.__name__} change when written as JSON and read back", _AND_NAMES),
        )
    return Values(cls, values)


_JSON_ONLY = "give the fields types that pydantic can write as JSON and read back"
_AND_NAMES = f"{_JSON_ONLY}; a model with aliases that is inside of them needs populate_by_name=True"


def dump(params: BaseModel) -> dict[str, JSON]:
    """As JSON; sets sorted, since their order changes from process to process."""
    # By way of text: only there is infinity written so that it comes back.
    values: dict[str, JSON] = json.loads(params.model_dump_json(round_trip=True))
    _sort_sets(params, values)
    return values


def load(cls: Cls, values: Mapping[str, JSON]) -> StageParams:
    """The reverse of ``dump``."""
    return cls.model_validate_json(json.dumps(values))


def _instance(base: StageParams | None, cls: Cls, overrides: Mapping[str, object]) -> StageParams:
    if not overrides:
        return cls() if base is None else base
    return cls.model_validate(_merged(_defaults(cls) if base is None else base, overrides))


def _defaults(cls: Cls) -> StageParams | None:
    try:
        return cls()
    except ValidationError:  # something is required: told of by whoever validates the whole
        return None


def _merged(base: BaseModel | None, overrides: Mapping[str, object]) -> dict[str, object]:
    """Field values of ``base`` with ``overrides`` over them, also in the models in its fields."""
    merged = dict(overrides)
    for name, keys in {} if base is None else keys_of(type(base)).items():
        inner = getattr(base, name)
        key = next((key for key in keys if key in overrides), None)
        value = None if key is None else overrides[key]
        if key is None:
            merged[keys[0]] = inner
        elif isinstance(inner, BaseModel) and not isinstance(inner, RootModel) and isinstance(value, dict):
            merged[key] = _merged(inner, value)
    return merged


def _comes_back(params: StageParams, values: Mapping[str, JSON]) -> bool:
    try:
        back = load(type(params), values)
    except ValidationError:
        return False
    return back == params or repr(back) == repr(params)  # NaN isn't equal to itself


def _sort_sets(value: object, dumped: JSON) -> None:
    if isinstance(value, BaseModel) and isinstance(dumped, dict):
        for name in type(value).model_fields:
            _sort_sets(getattr(value, name), dumped.get(name))
    elif isinstance(value, set | frozenset) and isinstance(dumped, list):
        dumped.sort(key=json.dumps)


def _mistakes(
    error: ValidationError, cls: Cls, overrides: Mapping[str, object], place: Callable[[Keys], Place]
) -> Iterator[Mistake]:
    for one in error.errors(include_url=False):
        name = ".".join(str(part) for part in one["loc"])
        top = str(one["loc"][0]) if one["loc"] else ""
        at = place(one["loc"]) if top in overrides else None
        if one["type"] == "missing":
            message = f"the params {cls.__name__} need a value for {name!r}"
            hint = f"give it: params={cls.__name__}({top}=…), or in params.yaml"
        elif one["type"] == "extra_forbidden":
            model = _model_at(cls, one["loc"][:-1])
            known = () if model is None else tuple(model.model_fields)
            yield _unknown(cls, Dropped(one["loc"], None if model is None else model.__name__, known), place)
            continue
        else:
            message = f"wrong value {one['input']!r:.60} for {name or cls.__name__!r}: {one['msg']}"
            hint = f"see the fields of {cls.__name__}"
        yield Mistake(CALL, message, hint, at)


def _unknown(cls: Cls, key: Dropped, place: Callable[[Keys], Place]) -> Mistake:
    name = str(key.path[-1])
    if key.owner is None:
        message = f"there is no parameter {'.'.join(str(part) for part in key.path)!r}"
        return Mistake(CALL, message, f"see the fields of {cls.__name__}", place(key.path))
    hint = did_you_mean(name, key.known, f"it has: {listed(key.known)}")
    return Mistake(CALL, f"{key.owner} has no parameter {name!r}", hint, place(key.path))


def _model_at(cls: type[BaseModel], keys: Keys) -> type[BaseModel] | None:
    """The model whose field a value at ``keys`` is; None where the types name more than one, or none."""
    found = cls
    for key in keys:
        field = found.model_fields.get(str(key))
        models = list(_models_in(field.annotation)) if field is not None else []
        if field is None and isinstance(key, int):
            continue  # an item of a list: what it can be was said with the list
        if len(models) != 1:
            return None
        (found,) = models
    return found


def _models_in(hint: object) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _models_in(part)
