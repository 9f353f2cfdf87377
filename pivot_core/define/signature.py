"""What the annotations of a stage function say: the one reading that definition and run share."""

from __future__ import annotations

import sys
from inspect import Parameter, signature, unwrap
from types import FunctionType, UnionType
from typing import TYPE_CHECKING, NamedTuple, TypeGuard, Union, get_args, get_origin
from weakref import WeakKeyDictionary

from pivot_core.define.agreement import disagree, suggestions, type_name
from pivot_core.define.hints import Hints, hints_of, is_typed_dict, qualifier, unpacked
from pivot_core.define.loader_specs import fault as loader_fault
from pivot_core.define.mistakes import DEF, RETURNS, At, Mistake
from pivot_core.define.reference import module_level
from pivot_core.loaders import Loader, PathOnly
from pivot_core.outputs import Dep, IncrementalOut, Out, PlaceholderDep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pivot_core.params import StageParams

Marker = Dep | PlaceholderDep | Out
EXAMPLE = 'Annotated[<type>, outputs.Dep("path", loaders.JSON())]'
OUT_EXAMPLE = 'Annotated[<type>, outputs.Out("path", loaders.JSON())]'


class Input(NamedTuple):
    """A parameter that an artifact goes into."""

    param: str
    marker: Dep | PlaceholderDep | IncrementalOut


class Output(NamedTuple):
    """``key``: the TypedDict's, or "" for a single output."""

    key: str
    marker: Out
    at: At


class Params(NamedTuple):
    """The parameter that takes the params; ``default`` is the signature's own, if it has one."""

    param: str
    cls: type[StageParams]
    default: StageParams | None


class Signature(NamedTuple):
    """A stage's function, read. With mistakes, the rest is what could be made out."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    params: Params | None
    mistakes: tuple[Mistake, ...]


_read: WeakKeyDictionary[Callable[..., object], Signature] = WeakKeyDictionary()


def read(func: Callable[..., object]) -> Signature:
    """The signature of a function that ``reference.fault`` has nothing against."""
    known = _read.get(func)
    if known is None:
        plain = unwrap(func)
        assert isinstance(plain, FunctionType)
        known = _read[func] = _Reading(plain).result()
    return known


class _Reading:
    """One function's reading; collects its mistakes."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        self._name = function.__name__
        self._mistakes: list[Mistake] = []

    def result(self) -> Signature:
        hints = hints_of(self._function)
        inputs: list[Input] = []
        params: list[Params] = []
        for parameter in signature(self._function).parameters.values():
            found = self._parameter(parameter, hints)
            if isinstance(found, Input):
                inputs.append(found)
            elif found is not None:
                params.append(found)
        for extra in params[1:]:
            self._wrong(
                At("parameter", extra.param),
                f"{self._name} takes params twice: {params[0].param!r} and {extra.param!r}",
                "put all parameters into one class",
            )
        outputs = tuple(self._outputs(hints))
        self._check_incremental(inputs, outputs)
        return Signature(tuple(inputs), outputs, params[0] if params else None, tuple(self._mistakes))

    def _wrong(self, at: At, message: str, hint: str) -> None:
        self._mistakes.append(Mistake(at, message, hint))

    # --- parameters

    def _parameter(self, parameter: Parameter, hints: Hints) -> Input | Params | None:
        name = parameter.name
        at, what = At("parameter", name), f"parameter {name!r} of {self._name}"
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is Parameter.VAR_POSITIONAL else "**"
            self._wrong(at, f"{self._name} takes {stars}{name}", "name and annotate each parameter")
        elif parameter.kind is Parameter.POSITIONAL_ONLY:
            self._wrong(at, f"{what} is positional-only", "remove the / from the signature")
        elif name in hints.errors:
            self._unreadable(at, what, hints.errors[name])
        elif name not in hints.values:
            self._wrong(at, f"{what} has no annotation", f"say where it comes from: {name}: {EXAMPLE}")
        else:
            return self._annotated(parameter, hints.values[name], what)
        return None

    def _annotated(self, parameter: Parameter, hint: object, what: str) -> Input | Params | None:
        at = At("parameter", parameter.name)
        cls, metadata = unpacked(hint)
        marker = self._marker(at, what, metadata)
        if isinstance(marker, Dep | PlaceholderDep | IncrementalOut):
            self._check_marker(at, what, marker, cls)
            return Input(parameter.name, marker)
        if marker is not None:
            kind = type(marker).__name__
            self._wrong(
                at, f"{what} is marked as {kind}", f"outputs are what a stage returns; here: {EXAMPLE}"
            )
        elif is_params_class(cls):
            return self._params(parameter, cls, at)
        elif not self._mistaken(at):
            self._wrong(at, f"{what} is neither a Dep nor params", _hint_for(cls, hint))
        return None

    def _params(self, parameter: Parameter, cls: type[StageParams], at: At) -> Params:
        if not module_level(cls):
            self._wrong(
                at,
                f"the params class {cls.__qualname__} isn't defined at module level",
                "move it to module level",
            )
        default = parameter.default if isinstance(parameter.default, cls) else None
        return Params(parameter.name, cls, default)

    # --- outputs

    def _outputs(self, hints: Hints) -> Iterator[Output]:
        what = f"what {self._name} returns"
        if "return" in hints.errors:
            self._unreadable(RETURNS, what, hints.errors["return"])
            return
        if "return" not in hints.values:
            self._wrong(
                DEF, f"{self._name} has no return annotation: it would write nothing", f"-> {OUT_EXAMPLE}"
            )
            return
        cls, metadata = unpacked(hints.values["return"])
        marker = self._marker(RETURNS, what, metadata)
        if marker is None and is_typed_dict(cls):
            assert isinstance(cls, type)
            yield from self._fields(cls)
        else:
            yield from self._output("", RETURNS, what, cls, marker)

    def _fields(self, cls: type) -> Iterator[Output]:
        name = cls.__name__
        if not module_level(cls):
            self._wrong(
                RETURNS, f"the TypedDict {cls.__qualname__} isn't defined at module level", "move it there"
            )
        hints = hints_of(cls)
        for key, error in hints.errors.items():
            self._unreadable(At("field", key, cls), f"the output {key!r} in {name}", error)
        optional: frozenset[str] = getattr(cls, "__optional_keys__", frozenset())
        for key, hint in hints.values.items():
            at, what = At("field", key, cls), f"the output {key!r} in {name}"
            if key in optional or qualifier(hint) == "NotRequired":
                self._wrong(
                    at,
                    f"{what} may be missing",
                    "a stage writes all its outputs: no NotRequired, no total=False",
                )
            value, metadata = unpacked(hint)
            yield from self._output(key, at, what, value, self._marker(at, what, metadata))
        if not hints.values and not hints.errors:
            self._wrong(RETURNS, f"{name} has no outputs", f"give it fields: <key>: {OUT_EXAMPLE}")

    def _output(self, key: str, at: At, what: str, cls: object, marker: Marker | None) -> Iterator[Output]:
        if isinstance(marker, Out):
            self._check_marker(at, what, marker, cls)
            yield Output(key, marker, at)
        elif marker is not None:
            self._wrong(at, f"{what} is marked as {type(marker).__name__}", f"an output is: {OUT_EXAMPLE}")
        elif not self._mistaken(at):
            several = "" if key else "; for several outputs, a TypedDict at module level"
            self._wrong(at, f"{what} has no Out: it would not be written", f"mark it: {OUT_EXAMPLE}{several}")

    def _check_incremental(self, inputs: list[Input], outputs: tuple[Output, ...]) -> None:
        returned = {one.marker.path: one.marker for one in outputs if isinstance(one.marker, IncrementalOut)}
        for one in inputs:
            if not isinstance(one.marker, IncrementalOut):
                continue
            self._check_empty(one, one.marker)
            if one.marker == returned.get(one.marker.path):
                continue
            at, path = At("parameter", one.param), one.marker.path
            what = f"parameter {one.param!r} of {self._name}"
            if path in returned:
                self._wrong(
                    at,
                    f"{path!r} has another loader as a parameter than as an output",
                    "use the same for both",
                )
            else:
                self._wrong(
                    at,
                    f"{what} is the incremental output {path!r}, which isn't returned",
                    f"return it too: Annotated[<type>, outputs.IncrementalOut({path!r}, …)]",
                )

    def _check_empty(self, one: Input, marker: IncrementalOut) -> None:
        kind = type(marker.loader)
        if getattr(kind, "empty", None) is Loader.empty and not issubclass(kind, PathOnly):
            self._wrong(
                At("parameter", one.param),
                f"{kind.__name__} has no empty value: {one.param!r} of {self._name} is that in the first run",
                f"define it: class {kind.__name__}: def empty(self): return …",
            )

    # --- what is inside Annotated

    def _marker(self, at: At, what: str, metadata: tuple[object, ...]) -> Marker | None:
        """The one marker of an annotation; tells of classes given for instances, and of several."""
        for one in metadata:
            if isinstance(one, type) and issubclass(one, Marker):
                self._wrong(
                    at,
                    f"{what} is marked with the class {one.__name__}",
                    f'call it: {one.__name__}("path", …)',
                )
        markers = [one for one in metadata if isinstance(one, Marker)]
        if len(markers) > 1:
            names = ", ".join(type(one).__name__ for one in markers)
            self._wrong(at, f"{what} has several markers: {names}", "keep one")
        return markers[0] if markers else None

    def _check_marker(self, at: At, what: str, marker: Marker, cls: object) -> None:
        if not isinstance(marker, PlaceholderDep) and not isinstance(marker.path, str):
            self._wrong(at, f"{what} has the path {marker.path!r}, which isn't a str", "write it as a str")
        is_output = isinstance(marker, Out)
        reads = not is_output or isinstance(marker, IncrementalOut)
        found = loader_fault(marker.loader, reads=reads, writes=is_output)
        if found is not None:
            self._wrong(at, f"{what} {found.message}", found.hint)
        elif disagree(type(marker.loader), type_name(cls)):
            loader, shown = type(marker.loader).__name__, getattr(cls, "__name__", cls)
            fitting = " or ".join(f"loaders.{name}" for name in suggestions(type_name(cls)))
            self._wrong(
                at,
                f"{what} is a {shown}, but its loader is {loader}",
                f"use {fitting}, or annotate what {loader} handles",
            )

    def _unreadable(self, at: At, what: str, error: Exception) -> None:
        self._wrong(
            at,
            f"the annotation of {what} can't be evaluated: {type(error).__name__}: {error}",
            "its names must be there when the module runs (not only under TYPE_CHECKING) and at module level",
        )

    def _mistaken(self, at: At) -> bool:
        return any(one.at == at for one in self._mistakes)


def is_params_class(cls: object) -> TypeGuard[type[StageParams]]:
    """Whether ``cls`` is a StageParams. pydantic isn't imported to find that it can't be."""
    params = sys.modules.get("pivot_core.params")
    return params is not None and isinstance(cls, type) and issubclass(cls, params.StageParams)


def _hint_for(cls: object, hint: object) -> str:
    if get_origin(hint) in (Union, UnionType) and any(unpacked(one)[1] for one in get_args(hint)):
        return "put Annotated outermost: Annotated[A | None, …]"
    if hasattr(cls, "model_fields"):
        return f"derive {getattr(cls, '__name__', cls)} from StageParams"
    return f"annotate it: {EXAMPLE}; a plain value belongs in a class derived from StageParams"
