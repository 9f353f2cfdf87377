"""The coordinator's side of the definition: ask a worker when the one that is kept doesn't hold any more.

It holds while all this is unchanged: the slice of code that defines the pipeline, ``params.yaml``, and the
files, folders and variables that were read while ``pipeline.py`` was loaded.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_128_hexdigest

from pivot_core.artifacts.graph import ArtifactGraph
from pivot_core.artifacts.paths import NOT_TEXT
from pivot_core.errors import InvalidPipeline, PivotError, UsageError
from pivot_core.store.state import DEFINITION
from pivot_core.types import Definition, DepSpec, OutSpec, StageSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from pivot_core.artifacts.hashing import FileHashes
    from pivot_core.code.index import CodeIndex
    from pivot_core.project import Project
    from pivot_core.store.state import State

_KEY = "pipeline"
_VERSION = 1


class Pipeline(msgspec.Struct, frozen=True):
    """A definition that was checked, with all that follows from it alone.

    ``digests`` maps a stage to the digest of what it declares to read and write.
    """

    definition: Definition
    graph: ArtifactGraph
    digests: dict[str, str]


class NotLoaded(PivotError):  # noqa: N818 - named for what is so
    """``pipeline.py`` wasn't loaded as it is now, and may not be. ``former``: what was loaded last."""

    def __init__(self, former: Pipeline | None = None) -> None:
        self.former = former
        since = "the pipeline's definition changed since it was read" if former else "nobody has read it yet"
        super().__init__(f"pipeline.py: {since}\n    read it with: pivot-core status")


class _Kept(msgspec.Struct, frozen=True):
    version: int
    python: str
    code: str
    reads: dict[str, str | None]
    environment: dict[str, str | None]
    pipeline: Pipeline


_decode = msgspec.msgpack.Decoder(_Kept).decode


class Definitions:
    """Finds the pipeline of a project, from the state or from a worker."""

    def __init__(self, project: Project, code: CodeIndex, hashes: FileHashes, state: State) -> None:
        self._project = project
        self._code = code
        self._hashes = hashes
        self._state = state

    def get(self, load: Callable[[], Callable[[], tuple[Definition, dict[str, str]]]]) -> Pipeline:
        """The pipeline as the files are now.

        ``load`` starts a worker on ``pipeline.py`` and returns what waits for it: meanwhile the code is
        read here. Raises InvalidPipeline with all mistakes, UsageError without a pipeline.py.
        """
        self._require_file()
        kept = self._kept()
        if kept is not None and self._holds(kept):
            return kept.pipeline
        wait = load()
        code = self._code.definition()
        definition, sources = wait()
        if definition.problems:
            raise InvalidPipeline(definition.problems)
        pipeline = self._check(definition)
        nameless = any(NOT_TEXT in path for path in definition.reads)  # nobody can look at these again
        if not nameless and all(self._hashes.digest(path) == digest for path, digest in sources.items()):
            self._keep(code, pipeline)
        return pipeline

    def kept(self) -> Pipeline:
        """The pipeline as it was last loaded, for who must not run the project's code.

        Raises NotLoaded if it never was or doesn't hold any more, UsageError without a pipeline.py.
        """
        self._require_file()
        kept = self._kept()
        if kept is None:
            raise NotLoaded
        if not self._holds(kept):
            raise NotLoaded(kept.pipeline)
        return kept.pipeline

    def _require_file(self) -> None:
        if not self._project.pipeline_file.exists():
            raise UsageError(
                f"there is no pipeline.py in {self._project.root} (a project by its .pivot/ folder)\n"
                "    write one, or scaffold an example with: pivot-core init"
            )

    def _check(self, definition: Definition) -> Pipeline:
        from pivot_core.artifacts.graph import build

        graph = build(definition.stages, self._project.root)
        return Pipeline(definition, graph, {spec.name: _digest(spec) for spec in definition.stages})

    def _kept(self) -> _Kept | None:
        return self._state.get_as(DEFINITION, _KEY, _decode)

    def _holds(self, kept: _Kept) -> bool:
        return (
            kept.version == _VERSION
            and kept.python == sys.version
            and kept.code == self._code.definition()
            and all(os.environ.get(name) == value for name, value in kept.environment.items())
            and all(self._read(path) == digest for path, digest in kept.reads.items())
        )

    def _keep(self, code: str, pipeline: Pipeline) -> None:
        reads = {*pipeline.definition.reads, self._project.params_file.name}
        kept = _Kept(
            _VERSION,
            sys.version,
            code,
            {path: self._read(path) for path in reads},
            {name: os.environ.get(name) for name in pipeline.definition.environment},
            pipeline,
        )
        self._state.put(DEFINITION, _KEY, msgspec.msgpack.encode(kept))

    def _read(self, path: str) -> str | None:
        return self._hashes.listing(path) if path.endswith("/") else self._hashes.digest(path)


class _Declared(msgspec.Struct, frozen=True):
    """What of a stage's definition can change its result, apart from code and params (facts of their own)."""

    deps: tuple[DepSpec, ...]
    outs: tuple[OutSpec, ...]
    incremental: dict[str, str]
    params: str | None


_encoder = msgspec.json.Encoder(order="deterministic")


def _digest(spec: StageSpec) -> str:
    declared = _Declared(
        tuple(sorted(spec.deps, key=lambda dep: dep.param)),
        tuple(sorted(spec.outs, key=lambda out: out.key)),
        spec.incremental,
        spec.params_arg,
    )
    return xxh3_128_hexdigest(_encoder.encode(declared))
