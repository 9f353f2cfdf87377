"""The engine that every front end calls: the terminal, CI and the language server get the same answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pivot_core.execute.events import Event, ignore
from pivot_core.status import Look, StageStatus
from pivot_core.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pivot_core.artifacts.graph import ArtifactGraph
    from pivot_core.artifacts.revisions import Revision
    from pivot_core.artifacts.targets import Targets
    from pivot_core.define.definition import Pipeline
    from pivot_core.execute.checkout import CheckedOut
    from pivot_core.execute.commit import Committed
    from pivot_core.execute.tally import RunSummary
    from pivot_core.memory import Memory
    from pivot_core.project import Project
    from pivot_core.store.links import LinkMode
    from pivot_core.types import Definition, OutKind


class Engine:
    """One project, looked at once. A context manager; closing it saves what was found out.

    ``on_event`` listens to everything that takes time. ``jobs``: how many stages run at once (default: the
    project's configuration, else one a core that this process may use). ``overlay``: logical path -> text
    of unsaved buffers. ``readonly``: look, but write nothing (another process is at work). ``load=False``:
    run none of the project's code, not even in a worker; raise NotLoaded where that would be needed.
    ``memory``: what goes on from one engine to the next, for who looks after each keystroke.
    ``strict``: bug-fix releases of packages count, too; otherwise as the project's configuration says.

    Whatever needs the definition raises InvalidPipeline with all mistakes in it; what takes targets,
    UsageError for one that is nothing.
    """

    def __init__(
        self,
        project: Project,
        on_event: Callable[[Event], None] = ignore,
        jobs: int | None = None,
        *,
        overlay: Mapping[str, str] | None = None,
        readonly: bool = False,
        load: bool = True,
        memory: Memory | None = None,
        strict: bool = False,
    ) -> None:
        self.project = project
        self._memory = memory
        self._workspace = Workspace(project, on_event, jobs, overlay, readonly, load, memory, strict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._memory is not None and exception[0] is not None:
            self._memory.forget()
        self.close()

    def close(self) -> None:
        """End the workers and save the state."""
        self._workspace.close()

    # --- looking -------------------------------------------------------------------------------

    def definition(self) -> Definition:
        """What ``pipeline.py`` defines. Raises InvalidPipeline with all its mistakes, UsageError."""
        return self._workspace.pipeline().definition

    def adopt(self, former: Pipeline) -> None:
        """Go on with the definition as it was when it was last loaded (see NotLoaded): for who has to show
        something in the meantime, and says that it isn't the present one."""
        self._workspace.adopt(former)

    def graph(self) -> ArtifactGraph:
        """The artifact graph of the definition."""
        return self._workspace.pipeline().graph

    def targets(self) -> Targets:
        """Looks up what a person names: stages, outputs, patterns."""
        return self._workspace.targets()

    def status(
        self, targets: Sequence[str] = (), *, explain: bool = False, folders: bool = False
    ) -> list[StageStatus]:
        """The verdicts on these stages, or on those that make these outputs, and on all they need (no
        targets: on all), upstream first. See ``Targets`` for what can be named.

        ``folders``: with the files that changed in folders; ``explain``: with these, the definitions that
        changed, and where code can't be followed.
        """
        last = self._memory.look if self._memory is not None and not targets else None
        return Look(self._workspace, self._workspace.select(targets), last).statuses(
            explain=explain, folders=folders
        )

    def has_work(self, targets: Sequence[str], failed: Mapping[str, str]) -> bool:
        """Whether a run would make anything, apart from stages that ``failed`` on just what they would get
        again (stage -> key of that, as in RunSummary), and what needs those.
        """
        return Look(self._workspace, self._workspace.select(targets)).has_work(failed)

    def outputs_of_kind(self, kind: OutKind, targets: Sequence[str] = ()) -> list[tuple[str, str]]:
        """(stage, path) of all outputs of a kind, or of those that are targets, in order of registration."""
        wanted = set(self.targets().artifacts(targets)) if targets else None
        return [
            (spec.name, out.path)
            for spec in self.definition().stages
            for out in spec.outs
            if out.kind == kind and (wanted is None or out.path in wanted)
        ]

    def revision(self, name: str) -> Revision:
        """The project in a commit. Raises UsageError if ``name`` means none, or there is no repository."""
        from pivot_core.artifacts.revisions import Revision

        return Revision(self.project, self._workspace.cache, name)

    # --- doing: what it takes is imported only then -----------------------------------------------

    def run(
        self,
        targets: Sequence[str] = (),
        *,
        only: bool = False,
        force: bool = False,
        dry_run: bool = False,
        keep_going: bool = False,
        frozen: bool = False,
    ) -> RunSummary:
        """Make these stages or outputs, and what they need, up to date (no targets: all).

        ``only``: not what they need. ``force``: the named stages whatever their verdict. ``dry_run``:
        emit what would happen. ``keep_going``: after a failure go on with what doesn't depend on it.
        ``frozen``: restore, but make nothing; a stage that would have to run ends as ``blocked``.

        Raises KeyboardInterrupt after a clean stop.
        """
        from pivot_core.execute.start import Request, run

        return run(self._workspace, Request(tuple(targets), only, force, dry_run, keep_going, frozen))

    def commit(self, targets: Sequence[str] = (), *, dry_run: bool = False) -> list[Committed]:
        """Record the present state of these stages (no targets: of all) as right, without running."""
        from pivot_core.execute.commit import commit

        return commit(self._workspace, targets, dry_run)

    def checkout(
        self, targets: Sequence[str] = (), *, mode: LinkMode | None = None, force: bool = False
    ) -> list[CheckedOut]:
        """Restore outputs from the cache as the lock files say (no targets: all)."""
        from pivot_core.execute.checkout import checkout

        return checkout(self._workspace, targets, mode, force)
