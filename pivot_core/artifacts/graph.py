"""The artifact graph: which stage makes what, and who needs it. It emerges from the paths alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pivot_core.artifacts import cycles, paths
from pivot_core.artifacts import missing as lacking
from pivot_core.artifacts.overlap import ByPlace, Outputs, problem_at
from pivot_core.artifacts.places import Places
from pivot_core.errors import InvalidPipeline
from pivot_core.project import PARAMS_FILE, PIPELINE_FILE
from pivot_core.types import DepSpec, Place, Problem, StageSpec

_SUGGESTIONS_AT_MOST = 25  # problems that get a suggestion: each is a search through all that exists


class ArtifactGraph(msgspec.Struct, frozen=True):
    """Stages and the artifacts between them. Plain data, so that it can be stored with the definition.

    ``producer`` maps each output to its stage; ``upstream`` and ``downstream`` each stage to its
    neighbours, in order of registration; ``order`` has every stage after all of its upstream, otherwise
    in order of registration; ``sources`` are the dependencies that no stage makes, sorted.
    """

    producer: dict[str, str]
    upstream: dict[str, tuple[str, ...]]
    downstream: dict[str, tuple[str, ...]]
    order: tuple[str, ...]
    sources: tuple[str, ...]


class _Edge(NamedTuple):
    """``artifact`` as its producer calls it; ``dep`` as the stage that needs it does."""

    artifact: str
    dep: DepSpec


_Edges = Mapping[str, Mapping[str, _Edge]]  # stage -> upstream stage -> one artifact between them


def build(stages: Sequence[StageSpec], root: Path) -> ArtifactGraph:
    """The graph of these stages. Raises InvalidPipeline with every problem that was found."""
    places = Places(root)
    problems = list(_path_problems(stages, root, places))
    outputs = Outputs(places)
    for spec in stages:
        for out in spec.outs:
            outputs.add(spec, out)
    problems.extend(outputs.problems)
    problems.extend(_source_problems(stages, places))
    edges = {spec.name: _upstream(spec, outputs) for spec in stages}
    order, rest = cycles.ordered(edges)
    specs = {spec.name: spec for spec in stages}
    problems.extend(_cycle_problem(cycle, specs, edges, places) for cycle in cycles.cycles(edges, rest))
    if problems:
        raise InvalidPipeline(problems)
    return _graph(stages, outputs, edges, order)


def missing(graph: ArtifactGraph, stages: Sequence[StageSpec], root: Path) -> tuple[Problem, ...]:
    """A problem for every dependency that no stage makes and that isn't there, with what was meant."""
    absent = {path for path in graph.sources if not lacking.is_there(root, path)}
    if not absent:
        return ()
    places = Places(root)
    hints: dict[str, str] = {}
    problems: list[Problem] = []
    for spec in stages:
        for dep in spec.deps:
            if dep.path in absent:
                if dep.path not in hints:
                    hints[dep.path] = _hint(graph, root, dep.path, search=len(hints) < _SUGGESTIONS_AT_MOST)
                message = lacking.told(spec.name, dep.path)
                problems.append(problem_at(places.dep(spec, dep), spec, message, hints[dep.path]))
    return tuple(problems)


def _hint(graph: ArtifactGraph, root: Path, path: str, *, search: bool) -> str:
    candidates = [*graph.producer, *lacking.beside(root, path)] if search else []
    return lacking.hint(path, lacking.nearest(path, candidates))


# --- paths ----------------------------------------------------------------------------------------


def _path_problems(stages: Sequence[StageSpec], root: Path, places: Places) -> Iterator[Problem]:
    # Most paths come twice, and each check asks the file system.
    every = {dep.path for spec in stages for dep in spec.deps}
    every.update(out.path for spec in stages for out in spec.outs)
    wrong = {path: paths.check(path, root) for path in every}
    for spec in stages:
        for dep in spec.deps:
            if (why := wrong[dep.path]) is not None:
                yield _path_problem(
                    places.dep(spec, dep), spec, f'dependency "{paths.shown(dep.path)}" {why}'
                )
        for out in spec.outs:
            if (why := wrong[out.path] or paths.wrong_end(out.path, out.kind)) is not None:
                yield _path_problem(places.out(spec, out), spec, f'output "{paths.shown(out.path)}" {why}')


def _source_problems(stages: Sequence[StageSpec], places: Places) -> Iterator[Problem]:
    """Outputs that would take the place of what the stages are defined in."""
    sources: ByPlace[str] = ByPlace()
    for path in dict.fromkeys((PIPELINE_FILE, PARAMS_FILE, *(spec.path for spec in stages))):
        sources.put(path, path)
    for spec in stages:
        for out in spec.outs:
            if (source := next(sources.touching(out.path), None)) is not None:
                message = f"{spec.name} writes {out.path}, in the place of {source}, which the pipeline needs"
                yield problem_at(places.out(spec, out), spec, message, "give the output a path of its own")


def _path_problem(place: Place, spec: StageSpec, message: str) -> Problem:
    return problem_at(
        place, spec, message, "write a path in the project, like data/rows.csv (a directory: data/)"
    )


# --- edges and cycles -------------------------------------------------------------------------------


def _upstream(spec: StageSpec, outputs: Outputs) -> dict[str, _Edge]:
    found: dict[str, _Edge] = {}
    for dep in spec.deps:
        for maker in outputs.makers(dep.path):
            found.setdefault(maker.spec.name, _Edge(maker.out.path, dep))
    return found


def _cycle_problem(
    cycle: Sequence[str], specs: Mapping[str, StageSpec], edges: _Edges, places: Places
) -> Problem:
    steps = list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    links = [(specs[down], edges[down][up]) for up, down in steps]
    message = cycles.told(cycle, [edge.artifact for _, edge in links])
    where = [places.dep(spec, edge.dep) for spec, edge in links]
    return problem_at(where[-1], links[-1][0], message, cycles.HINT, tuple(where[:-1]))


def _graph(
    stages: Sequence[StageSpec], outputs: Outputs, edges: _Edges, order: Sequence[str]
) -> ArtifactGraph:
    names = [spec.name for spec in stages]
    index = {name: position for position, name in enumerate(names)}
    below: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for other in edges[name]:
            below[other].append(name)
    needed = {dep.path for spec in stages for dep in spec.deps}
    return ArtifactGraph(
        producer={path: output.spec.name for path, output in outputs.producer.items()},
        upstream={name: tuple(sorted(edges[name], key=index.__getitem__)) for name in names},
        downstream={name: tuple(below[name]) for name in names},
        order=tuple(order),
        sources=tuple(sorted(path for path in needed if not any(outputs.makers(path)))),
    )
