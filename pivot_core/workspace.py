"""One project with everything that looking at it and working on it share: made once for each command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.artifacts.folders import Folders
from pivot_core.artifacts.hashing import FileHashes
from pivot_core.artifacts.packages import PackageVersions
from pivot_core.code.index import CodeIndex
from pivot_core.config import load_config
from pivot_core.define.definition import Definitions
from pivot_core.execute.events import Progress
from pivot_core.execute.pool import Pool
from pivot_core.execute.record import Recorder
from pivot_core.facts import Gatherer, files_of
from pivot_core.store.cache import ContentCache
from pivot_core.store.lock import Locks, UnreadableLock
from pivot_core.store.state import State
from pivot_core.types import Definition, Lock, Reason, StageSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pivot_core.artifacts.targets import Targets
    from pivot_core.config import Config
    from pivot_core.define.definition import Pipeline
    from pivot_core.execute.events import Event
    from pivot_core.memory import Memory
    from pivot_core.project import Project


class Workspace:
    """The state, the cache, the hashes of files, the code, the records and the workers of one project.

    See :class:`pivot_core.engine.Engine` for the parameters.
    """

    def __init__(
        self,
        project: Project,
        emit: Callable[[Event], None],
        jobs: int | None,
        overlay: Mapping[str, str] | None,
        readonly: bool,
        load: bool,
        memory: Memory | None,
        strict: bool,
    ) -> None:
        self.project = project
        self.emit = emit
        self.config: Config = load_config(project)
        self.state = State(project.state, readonly=readonly, records=memory.records if memory else None)
        self.hashes = FileHashes(project.root, self.state, memory.files if memory else None)
        self.cache = ContentCache(project.cache, project.scratch)
        self.locks = Locks(project.locks, memory.locks if memory else None)
        self.folders = Folders(self.hashes, self.cache)
        self.recorder = Recorder(self.locks, self.state, self.cache, self.folders)
        self.code = CodeIndex(project, self.hashes, self.state, overlay, memory.code if memory else None)
        self.packages = PackageVersions(self.state, memory.packages if memory else None)
        self.pool = Pool(project, jobs or self.config.jobs)
        self._strict = strict or self.config.packages == "exact"
        self._may_load = load
        self._found: Pipeline | None = None

    def close(self) -> None:
        """End the workers and save the state."""
        self.pool.close()
        self.code.save()
        self.flush()
        self.state.close()

    def flush(self) -> None:
        """Save the state, but not what is known of the code."""
        self.hashes.flush()
        self.state.flush()

    def pipeline(self) -> Pipeline:
        """What ``pipeline.py`` defines. Raises InvalidPipeline with all mistakes, UsageError, NotLoaded."""
        if self._found is None:
            definitions = Definitions(self.project, self.code, self.hashes, self.state)
            self._found = definitions.get(self._load_definition) if self._may_load else definitions.kept()
        return self._found

    def adopt(self, pipeline: Pipeline) -> None:
        """Go on with this one, whatever ``pipeline.py`` is now."""
        self._found = pipeline

    def _load_definition(self) -> Callable[[], tuple[Definition, dict[str, str]]]:
        self.emit(Progress(stage=None, text="loading pipeline.py"))
        return self.pool.load_definition()

    def targets(self) -> Targets:
        """Looks up what a person names: stages, outputs, patterns. Raises InvalidPipeline."""
        from pivot_core.artifacts.targets import Targets

        pipeline, project = self.pipeline(), self.project
        names = [spec.name for spec in pipeline.definition.stages]
        return Targets(pipeline.graph, names, project.root, project.start or project.root)

    def select(self, targets: Sequence[str], *, only: bool = False) -> list[StageSpec]:
        """The stages that targets name (none: all), and what these need unless ``only``; upstream first.

        Raises InvalidPipeline, UsageError.
        """
        pipeline = self.pipeline()
        specs = {spec.name: spec for spec in pipeline.definition.stages}
        wanted = set(self.targets().stages(targets) if targets else specs)
        if not only:
            frontier = list(wanted)
            while frontier:
                for name in pipeline.graph.upstream.get(frontier.pop(), ()):
                    if name not in wanted:
                        wanted.add(name)
                        frontier.append(name)
        return [specs[name] for name in pipeline.graph.order if name in wanted]

    def records(self, stages: Iterable[StageSpec]) -> dict[str, Lock | Reason | None]:
        """What was recorded of stages: a Reason where the lock file can't be read, None without one."""
        names = [spec.name for spec in stages]
        locks = self.locks.read_all(names)
        return {name: self._checked(locks.get(name)) for name in names}

    def record(self, stage: str) -> Lock | Reason | None:
        """The record of one stage as it is now: another run may have written it."""
        return self._checked(self.locks.read_all((stage,)).get(stage))

    def _checked(self, found: Lock | UnreadableLock | None) -> Lock | Reason | None:
        if not isinstance(found, UnreadableLock):
            return found
        path = Path(found.path).relative_to(self.project.root).as_posix()
        return Reason("unreadable", "lock file", f"can't be read ({found.why})", path)

    def gatherer(self, stages: Sequence[StageSpec], records: Mapping[str, Lock | Reason | None]) -> Gatherer:
        """What gathers the facts of these stages; it has looked at all their files at once."""
        gatherer = self.new_gatherer()
        gatherer.prefetch(files_of(stages, records.values()))
        return gatherer

    def new_gatherer(self) -> Gatherer:
        """As :meth:`gatherer`, without a look at any file yet."""
        return Gatherer(
            self.project, self.code, self.hashes, self.packages, self.pipeline().digests, self._strict
        )
