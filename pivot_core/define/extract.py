"""From a Pipeline object to its Definition: every registration as a record, every mistake as a Problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pivot_core.artifacts.paths import logical
from pivot_core.define import options, reference
from pivot_core.define.loader_specs import spec as loader_spec
from pivot_core.define.mistakes import CALL, Mistake, did_you_mean, listed
from pivot_core.define.overrides import Overrides
from pivot_core.define.places import Places
from pivot_core.define.signature import Input, Params, Signature, is_params_class, read
from pivot_core.outputs import Dep, IncrementalOut, PlaceholderDep
from pivot_core.types import Definition, DepSpec, OutSpec, Place, Problem, StageSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_core.define.values import Values
    from pivot_core.pipeline import Pipeline, Registration
    from pivot_core.project import Project

SINGLE = "return"  # what register(outs=…) calls an output that has no key


def extract(pipeline: Pipeline, project: Project) -> Definition:
    """The stages in order of registration, and all problems."""
    extraction = _Extraction(project)
    stages = [extraction.stage(registration) for registration in pipeline.registrations]
    extraction.finish()
    return Definition(
        str(pipeline.name), tuple(stage for stage in stages if stage is not None), tuple(extraction.problems)
    )


class _Extraction:
    def __init__(self, project: Project) -> None:
        self._places = Places(project)
        self._overrides = Overrides(project.params_file)
        self._names: dict[str, tuple[str, Place]] = {}  # by name in lower case
        self.problems = list(self._overrides.problems)

    def stage(self, registration: Registration) -> StageSpec | None:
        """The record of a registration; None if it has mistakes, which are told."""
        func = registration.func
        name = registration.name if registration.name is not None else getattr(func, "__name__", None)
        before = len(self.problems)
        self._tell(registration, name, options.mistakes(registration))
        place = self._place(registration, name)
        if registration.name is not None or place is not None:  # what isn't a function has no name of its own
            self._tell(registration, name, options.name_mistakes(name))
            self._take_name(registration, name)
        if place is None:
            return None
        signature = read(func)
        self._tell(registration, name, signature.mistakes)
        self._tell(registration, name, _path_mistakes(registration, signature))
        values = self._values(registration, signature, str(name))
        if len(self.problems) > before:
            return None
        return self._spec(registration, str(name), place, signature, values)

    def _place(self, registration: Registration, name: object) -> Place | None:
        """Where the function's def is; None, and told, if it can't be a stage at all."""
        func = registration.func
        fault = reference.fault(func)
        place = None if fault else self._places.of_def(func)
        if fault is None and place is None:
            outside = f"{func.__qualname__} is defined outside the project (module {func.__module__})"
            fault = Mistake(CALL, outside, "call it from a function in the project")
        if fault is not None:
            self._tell(registration, name, [fault])
        return place

    def finish(self) -> None:
        """Tell what can only be told once all stages are known."""
        names = [name for name, _ in self._names.values()]
        for name in self._overrides.unknown(names):
            place = self._overrides.place(name)
            hint = did_you_mean(name, names, f"the stages are: {listed(names[:20])}")
            self.problems.append(Problem(place.path, place.line, f"there is no stage {name!r}", hint))
        self.problems.sort(key=self._reading_order)

    def _reading_order(self, problem: Problem) -> tuple[bool, int]:
        """Those in ``params.yaml`` after the others, as they come in it and not as stages are registered."""
        of_params = problem.path == self._overrides.path
        return of_params, problem.line if of_params else 0

    def _tell(self, registration: Registration, name: object, mistakes: Iterable[Mistake]) -> None:
        """Add problems; a function that is registered in a loop has its own mistakes told once."""
        for mistake in mistakes:
            place = mistake.place or self._places.find(mistake.at, registration)
            stage = name if isinstance(name, str) else None
            problem = Problem(place.path, place.line, mistake.message, mistake.hint, stage)
            same = (problem.path, problem.line, problem.message)
            if all((one.path, one.line, one.message) != same for one in self.problems):
                self.problems.append(problem)

    def _take_name(self, registration: Registration, name: object) -> None:
        if not isinstance(name, str):
            return
        place = self._places.of_call(registration)
        first, there = self._names.setdefault(name.lower(), (name, place))
        if there is place:
            return
        how = (
            "two stages are called"
            if first == name
            else f"{first!r} is a stage; only case distinguishes it from"
        )
        hint = f"register one under another name: name={name + '@2'!r}"
        self.problems.append(Problem(place.path, place.line, f"{how} {name!r}", hint, name, (there,)))

    def _values(self, registration: Registration, signature: Signature, name: str) -> Values | None:
        given, takes = registration.params, signature.params
        override = self._overrides.stages.get(name)
        if takes is None:
            self._tell(registration, name, self._unwanted(registration, name))
            return None
        from pivot_core.define import values  # pydantic: only where there are params

        wrong = None if given is None else values.given_mistake(given, takes.cls, takes.param)
        if wrong is not None:
            self._tell(registration, name, [wrong])
            return None
        base = takes.default if given is None else given
        made = values.make(
            base,
            takes.cls,
            {} if override is None else override.values,
            lambda keys: self._overrides.place(name, keys),
        )
        if isinstance(made, values.Values):
            return made
        self._tell(registration, name, made)
        return None

    def _unwanted(self, registration: Registration, name: str) -> Iterator[Mistake]:
        func = reference.title(registration.func)
        hint = "give it a parameter annotated with its params class, or give no params"
        if registration.params is not None:
            if not is_params_class(type(registration.params)):
                kind = type(registration.params).__name__
                hint = f"a {kind} isn't params: derive a class from StageParams, and take it as a parameter"
            yield Mistake(CALL, f"{func} takes no params, but params are given", hint)
        if name in self._overrides.stages and self._overrides.stages[name].values:
            yield Mistake(CALL, f"stage {name!r} takes no params", hint, self._overrides.place(name))

    def _spec(
        self, registration: Registration, name: str, place: Place, signature: Signature, values: Values | None
    ) -> StageSpec:
        func = registration.func
        params: Params | None = signature.params
        outs = registration.outs or {}
        return StageSpec(
            name=name,
            module=func.__module__,
            qualname=func.__qualname__,
            path=place.path,
            line=place.line,
            registered=self._places.of_call(registration),
            deps=tuple(_deps(signature, registration.deps or {})),
            outs=tuple(_outs(signature, outs)),
            incremental=dict(_incremental(signature, outs)),
            params_arg=None if params is None else params.param,
            params_class=None if values is None else (values.cls.__module__, values.cls.__qualname__),
            params={} if values is None else values.json,
            mutex=tuple(registration.mutex),
            resources={name: float(amount) for name, amount in (registration.resources or {}).items()},
            retries=registration.retries,
            timeout=None if registration.timeout is None else float(registration.timeout),
        )


def _path_mistakes(registration: Registration, signature: Signature) -> Iterator[Mistake]:
    """Mistakes in ``deps`` and ``outs`` of the call."""
    func = reference.title(registration.func)
    deps = [one.param for one in signature.inputs if not isinstance(one.marker, IncrementalOut)]
    keys = [one.key or SINGLE for one in signature.outputs]
    yield from _mapping_mistakes("deps", registration.deps, deps, f"{func} has no dependency")
    yield from _mapping_mistakes("outs", registration.outs, keys, f"{func} has no output")
    given = registration.deps if isinstance(registration.deps, Mapping) else {}
    for one in signature.inputs:
        if isinstance(one.marker, PlaceholderDep) and one.param not in given:
            yield Mistake(
                CALL,
                f"{func} needs a path for its dependency {one.param!r}",
                f'give it: deps={{{one.param!r}: "path"}}',
            )


def _mapping_mistakes(argument: str, given: object, known: list[str], lacks: str) -> Iterator[Mistake]:
    if given is None:
        return
    if not isinstance(given, Mapping):
        example = known[0] if known else "name"
        yield Mistake(
            CALL, f"{argument}={given!r:.60} isn't a dict", f'give {argument}={{{example!r}: "path"}}'
        )
        return
    for name, path in given.items():
        if name not in known:
            yield Mistake(
                CALL, f"{lacks} {name!r}", did_you_mean(str(name), known, f"it has: {listed(known)}")
            )
        if not isinstance(path, str):
            yield Mistake(
                CALL, f"the path of {name!r} is {path!r:.60}, which isn't a str", "write it as a str"
            )


def _deps(signature: Signature, given: Mapping[str, str]) -> Iterator[DepSpec]:
    for one in signature.inputs:
        if isinstance(one.marker, Dep | PlaceholderDep):
            path = given.get(one.param, _own_path(one))
            yield DepSpec(one.param, logical(path), loader_spec(one.marker.loader))


def _own_path(one: Input) -> str:
    return "" if isinstance(one.marker, PlaceholderDep) else one.marker.path


def _outs(signature: Signature, given: Mapping[str, str]) -> Iterator[OutSpec]:
    for one in signature.outputs:
        path = given.get(one.key or SINGLE, one.marker.path)
        yield OutSpec(one.key, logical(path), one.marker.kind, loader_spec(one.marker.loader))


def _incremental(signature: Signature, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    paths = {one.marker.path: given.get(one.key or SINGLE, one.marker.path) for one in signature.outputs}
    for one in signature.inputs:
        if isinstance(one.marker, IncrementalOut):
            yield one.param, logical(paths[one.marker.path])
