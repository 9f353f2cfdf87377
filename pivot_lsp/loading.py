"""Has ``pipeline.py`` read in a child process when it isn't what was read last: lenses appear by themselves.

Once for each state of the files: what can't be read is read again after something was saved. Never in a
workspace that isn't trusted, and never a ``pipeline.py`` that has nothing to do with Pivot.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from pivot_core.execute.events import ignore
from pivot_core.project import Project
from pivot_core.types import Problem
from pivot_lsp.answers import Known, Unread
from pivot_lsp.documents import project_of
from pivot_lsp.messages import SOON_S, WorkDone
from pivot_lsp.problems import PIPELINE, SLOW
from pivot_lsp.runner import Child, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from pivot_lsp.answers import Answer
    from pivot_lsp.documents import Document, Documents
    from pivot_lsp.session import Session

State: TypeAlias = Literal["idle", "loading", "failed"]
# It prints the graph, which takes the definition and nothing else.
_ARGUMENTS = ("dag", "--json")
_OFTEN, _WITHIN_S = 5, 30.0  # it is read so often in so many seconds, unless a person saves meanwhile
_STUCK_S = 10.0  # what takes longer is said to, and given up when a file changes
_TRY = "run `pivot-core status` in a terminal to see more, or save it to have it read again"
_SLOW = Problem(
    "pipeline.py",
    0,
    "it has been read for 10 s, and that isn't done",
    "what it does when it is imported takes long, or never ends: do that in stages. "
    "To have it read again, save any file of the project",
)
_STOPPED = Problem("pipeline.py", 0, "reading it was stopped", "save it to have it read again")


def is_pipeline(project: Project, documents: Documents) -> bool:
    """Whether a project is one of ours: others have files of that name, too, which nobody wants to be run."""
    if project.home.is_dir():
        return True
    document = documents.at(project.pipeline_file)
    try:
        text = document.text if document is not None else project.pipeline_file.read_text("utf-8", "replace")
    except OSError:
        return False
    return "pivot_core" in text


@dataclass
class _Of:
    """How things are with one project.

    ``unread``: its definition isn't known as it is now. ``tried``: to read it, since a file last changed.
    ``since``: when the child was started (monotonic, s). ``starts``: when others were, not long ago.
    ``seen``: how files were when somebody last told of them.
    """

    state: State = "idle"
    unread: bool = False
    tried: bool = False
    child: Child | None = None
    since: float = 0.0
    starts: list[float] = field(default_factory=list)
    waits: bool = False
    seen: dict[Path, object] = field(default_factory=dict)

    def is_news(self, path: Path | None) -> bool:
        """Whether a file isn't as it was when somebody told of it before: a save is told of twice."""
        if path is None:
            return True
        before, now = self.seen.get(path, ""), _signature(path)
        self.seen[path] = now
        return before != now

    def rest_s(self) -> float:
        """How long not to read it: it may write a file each time that makes it worth reading again."""
        now = time.monotonic()
        self.starts = [start for start in self.starts if now - start < _WITHIN_S]
        return self.starts[0] + _WITHIN_S - now if len(self.starts) >= _OFTEN else 0.0


class Loading:
    """Of all projects. Use from the event loop's thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._projects: defaultdict[Path, _Of] = defaultdict(_Of)
        self._on_change: list[Callable[[Path], None]] = []
        session.on_change(self._opened)
        session.on_verdicts(self._answered)
        session.on_files(self._files_changed)
        session.on_settings(self._trusted)

    def on_change(self, listener: Callable[[Path], None]) -> None:
        """Call it with the root of a project when its state is another."""
        self._on_change.append(listener)

    def state(self, root: Path) -> State:
        """Whether the definition is being read, or couldn't be."""
        of = self._projects.get(root)
        return of.state if of is not None else "idle"

    @property
    def roots(self) -> list[Path]:
        """Those of the projects that are looked after."""
        return list(self._projects)

    def forget(self, root: Path) -> None:
        """Nobody is interested in a project any more."""
        of = self._projects.pop(root, None)
        if of is not None and of.child is not None:
            of.child.stop()

    def _opened(self, document: Document) -> None:
        """Look at a project as soon as a file of it is open: mistakes are shown also without lenses."""
        project = project_of(document.path)
        if project is None or project.root in self._projects or not project.is_own(document.path):
            return
        if is_pipeline(project, self._session.documents):
            self._projects[project.root] = _Of()
            self._watch(self._look(project.root))

    def _answered(self, root: Path, answer: Answer) -> None:
        """This is what is known of a project."""
        of = self._projects[root]
        if isinstance(answer, Known) and not answer.outdated:
            of.unread = False
            self._session.problems.put(PIPELINE, root, ())
            self._set(root, "idle")
        elif isinstance(answer, Known | Unread):
            of.unread = True
            self._try(root)

    def _files_changed(self, path: Path | None) -> None:
        """A file may have another content (None: any)."""
        for root, of in list(self._projects.items()):
            if (path is not None and not _may_define(root, path)) or not of.is_news(path):
                continue
            if path is not None and self._session.documents.at(path) is not None:
                of.starts.clear()
            if not of.tried and not of.waits:
                continue
            of.tried = False
            if of.child is not None:
                if time.monotonic() - of.since > _STUCK_S:  # perhaps it will never end
                    of.child.stop()
            elif of.unread:  # perhaps for the same answer as before, which nobody would be told
                self._watch(self._look(root))

    def _trusted(self) -> None:
        """Perhaps, now; or perhaps no more."""
        for root, of in list(self._projects.items()):
            if not self._session.trusted and of.child is not None:
                of.child.stop()
                of.tried = False
            self._try(root)

    def _try(self, root: Path) -> None:
        of, project = self._projects[root], Project(root)
        if not of.unread or of.tried or of.child is not None or not self._session.trusted:
            return
        if (rest_s := of.rest_s()) > 0:
            if not of.waits:
                of.waits = True
                asyncio.get_running_loop().call_later(rest_s, self._rested, root)
            return
        if is_pipeline(project, self._session.documents):
            of.tried = True
            of.starts.append(time.monotonic())
            of.child, of.since = Child(root, _ARGUMENTS, ignore), time.monotonic()
            self._set(root, "loading")
            self._watch(self._load(root, of.child))

    def _rested(self, root: Path) -> None:
        if root in self._projects:
            self._projects[root].waits = False
            self._try(root)

    async def _look(self, root: Path) -> None:
        self._answered(root, await self._session.verdicts(Project(root)).current())

    async def _load(self, root: Path, child: Child) -> None:
        progress = WorkDone(self._session.server)
        work = asyncio.ensure_future(child.run())
        if not (await asyncio.wait([work], timeout=SOON_S))[0]:
            await progress.begin("Pivot: reading pipeline.py", child.stop)
        if not (await asyncio.wait([work], timeout=_STUCK_S))[0]:
            self._session.problems.put(SLOW, root, [_SLOW])
        try:
            ended = await work
        except OSError as error:  # it can't be started
            ended = Ended(127, None, str(error))
        progress.end("")
        if root not in self._projects:
            return  # nobody is interested any more
        self._projects[root].child = None
        self._session.problems.put(SLOW, root, ())
        problems = [_STOPPED] if child.is_stopped and ended.code != 0 else _problems(ended)
        self._session.problems.put(PIPELINE, root, problems)
        self._set(root, "idle" if ended.code == 0 else "failed")
        self._session.outdated(root / ".pivot")
        await self._look(root)

    def _set(self, root: Path, state: State) -> None:
        if self.state(root) != state:
            self._projects[root].state = state
            for listener in self._on_change:
                listener(root)

    def _watch(self, work: Coroutine[object, object, None]) -> None:
        self._session.server.watch(asyncio.get_running_loop().create_task(work))


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _may_define(root: Path, path: Path) -> bool:
    return path.is_relative_to(root) and not path.is_relative_to(root / ".pivot")


def _problems(ended: Ended) -> list[Problem]:
    """Each mistake in its place; and if it isn't known what went wrong, that at least."""
    if ended.code == 0 or ended.problems:
        return ended.problems
    if ended.errors is not None:
        first = ended.errors.errors[0]
        return [Problem("pipeline.py", 0, first.message, first.hint)]
    # What a process that was killed has said, or others after its death, isn't why.
    hint = ended.stderr if ended.code > 0 and ended.stderr else _TRY
    return [Problem("pipeline.py", 0, f"it can't be read: {ended.how}", hint)]
