"""At run time: from a stage's record to the call of its function, and from what it returned to outputs.

The loaders are the instances in the annotations, the paths those of the record.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pivot_core.define.signature import Signature, read
from pivot_core.errors import PivotError
from pivot_core.loaders import PathOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pivot_core.loaders import Reader, Writer
    from pivot_core.types import OutKind, StageSpec

# Loaders are of Any here: which type belongs to which artifact is only known to the stage's own annotations.


class BoundDep(NamedTuple):
    """A parameter and what is loaded for it. ``optional``: if nothing is there yet, the empty value."""

    param: str
    path: str
    reader: Reader[Any]
    optional: bool = False


class BoundOut(NamedTuple):
    """``key`` is the TypedDict's, or "" for a single output."""

    key: str
    path: str
    kind: OutKind
    writer: Writer[Any]


class Binding(NamedTuple):
    """A stage ready to be called. Paths are logical: relative to the current directory, the root."""

    function: Callable[..., object]
    spec: StageSpec
    deps: tuple[BoundDep, ...]
    outs: tuple[BoundOut, ...]

    def load_arguments(self) -> dict[str, object]:
        """Read all dependencies and make the params: the keyword arguments of the function.

        Raises whatever a reader raises, with a note that says what was read for which parameter.
        """
        arguments = {dep.param: _load(dep, self.spec.name) for dep in self.deps}
        if self.spec.params_arg is not None and self.spec.params_class is not None:
            from pivot_core.define.values import load

            module, qualname = self.spec.params_class
            arguments[self.spec.params_arg] = load(
                getattr(importlib.import_module(module), qualname), self.spec.params
            )
        return arguments

    def split_result(self, value: object) -> dict[str, object]:
        """What the function returned, by output key.

        Raises PivotError if that isn't exactly what the stage declares.
        """
        keys = [out.key for out in self.outs]
        if keys == [""]:
            return {"": value}
        name = self.spec.name
        if not isinstance(value, dict):
            raise PivotError(
                f"{name} returned {_kind(value)}, but declares the outputs {_listed(keys)}\n"
                f"    return a dict with these keys"
            )
        missing = [key for key in keys if key not in value]
        extra = [str(key) for key in value if key not in keys]
        if missing or extra:
            raise PivotError(_difference(name, missing, extra))
        return value


def bind(function: Callable[..., object], spec: StageSpec) -> Binding:
    """Bind a stage's function, as it is imported now, to its record.

    Raises PivotError if they don't belong together (the code changed since it was defined).
    """
    signature = read(function)
    try:
        return Binding(function, spec, _deps(signature, spec), _outs(signature, spec))
    except KeyError as error:
        raise PivotError(
            f"{spec.name} has changed since the pipeline was defined: {error} isn't in its annotations\n"
            "    run again"
        ) from error


def _deps(signature: Signature, spec: StageSpec) -> tuple[BoundDep, ...]:
    # An incremental output's loader is one that reads, too: it was checked when the stage was defined.
    readers: Mapping[str, Any] = {one.param: one.marker.loader for one in signature.inputs}
    deps = [BoundDep(dep.param, dep.path, readers[dep.param]) for dep in spec.deps]
    for param, path in spec.incremental.items():
        optional = not isinstance(readers[param], PathOnly)
        deps.append(BoundDep(param, path, readers[param], optional))
    return tuple(deps)


def _outs(signature: Signature, spec: StageSpec) -> tuple[BoundOut, ...]:
    writers: Mapping[str, Writer[Any]] = {one.key: one.marker.loader for one in signature.outputs}
    return tuple(BoundOut(out.key, out.path, out.kind, writers[out.key]) for out in spec.outs)


def _load(dep: BoundDep, stage: str) -> object:
    path = Path(dep.path)
    if dep.optional and not path.exists():
        empty: object = dep.reader.empty()  # type: ignore[attr-defined]  # it is a Loader: see read()
        return empty
    try:
        return dep.reader.load(path)
    except Exception as error:
        error.add_note(
            f"while {type(dep.reader).__name__} read {dep.path} for parameter {dep.param!r} of {stage}"
        )
        raise


def _difference(name: str, missing: list[str], extra: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"{name} didn't return its output {_listed(missing)}")
    if extra:
        parts.append(f"{name} returned {_listed(extra)}, which it doesn't declare")
    return "; ".join(parts) + "\n    return exactly the keys of its return annotation"


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
