"""The verdicts on one project's stages, kept up with what is typed.

Whatever may change a verdict is told by :meth:`Verdicts.outdated`, as often as it happens. One look at a
time runs, beside the event loop; what changes meanwhile makes its answer one of an older version, which is
dropped.

    outdated ─► take the texts ─► Engine.status ─► still the newest? ─► answer
                   ▲                                     │ no
                   └──── wait for as long as it took ────┘
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from pivot_core.define.definition import NotLoaded
from pivot_core.engine import Engine
from pivot_core.errors import PivotError
from pivot_core.memory import Memory
from pivot_lsp.answers import Known, Unknown, Unread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Executor

    from pivot_core.project import Project
    from pivot_lsp.answers import Answer

_PAUSE_S = 0.001  # what has arrived together with a keystroke goes first: a question for diagnostics
_RECENT_S = 1.0


def look(
    project: Project,
    overlay: Mapping[str, str],
    memory: Memory | None = None,
    opened: frozenset[str] | None = None,
) -> Answer:
    """The verdicts as the files and these texts are now. Runs none of the project's code, writes nothing.

    ``memory``: what the look before has left. ``opened``: see LiveGraph.
    """
    if memory is not None:
        memory.code.opened = opened
    try:
        with Engine(project, overlay=overlay, readonly=True, load=False, memory=memory) as engine:
            outdated = adopt_former(engine)
            stages = tuple(engine.status())
            return Known(engine.definition().pipeline, stages, engine.graph(), outdated)
    except NotLoaded:
        return Unread()
    except PivotError as error:
        return Unknown(str(error).partition("\n")[0])


def adopt_former(engine: Engine) -> bool:
    """Let an engine that loads nothing go on with what was last loaded; whether that isn't the present.

    Raises NotLoaded if nothing ever was, and whatever else Engine.definition raises.
    """
    try:
        engine.definition()
    except NotLoaded as error:
        if error.former is None:
            raise
        engine.adopt(error.former)
        return True
    return False


class Verdicts:
    """Use from the event loop's thread only.

    ``overlay`` gives the texts at the moment it is called, ``opened`` the logical paths of the files that are
    open. ``changed`` is called with each answer that is another than the one before, ``warm`` when the code
    of the open files is ready for keystrokes, ``failed`` with what went wrong in us. ``shown`` waits for a
    look, and may show a person that it takes long: all inputs may have to be read.
    """

    def __init__(
        self,
        project: Project,
        overlay: Callable[[], Mapping[str, str]],
        opened: Callable[[], frozenset[str]],
        executor: Executor,
        changed: Callable[[Answer], None],
        warm: Callable[[], None],
        failed: Callable[[BaseException], None],
        shown: Callable[[Awaitable[Answer]], Awaitable[Answer]],
    ) -> None:
        self._project = project
        self._overlay = overlay
        self._opened = opened
        self._executor = executor
        self._changed = changed
        self._is_warm = warm
        self._failed = failed
        self._shown = shown
        self._memory = Memory()
        self._warm: frozenset[str] | None = None  # the files that the code graph was made ready for
        self._changes = 1
        self._answered = 0  # the number of changes that the answer is of
        self._answer: Answer | None = None
        self._task: asyncio.Task[None] | None = None
        self._took_s = 0.0
        self._looked_at = 0.0

    def outdated(self) -> None:
        """Something may have changed."""
        self._changes += 1
        self._start()

    async def current(self) -> Answer:
        """The verdicts on the newest texts. Waits for a look, if the last one isn't a recent one."""
        if self._answered == self._changes and time.monotonic() - self._looked_at > _RECENT_S:
            self._changes += 1  # not every change is told: there may be too many files to watch
        while self._answered != self._changes or self._answer is None:
            await asyncio.shield(self._start())
        return self._answer

    def _start(self) -> asyncio.Task[None]:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._keep_up())
            self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    async def _keep_up(self) -> None:
        while self._answered != self._changes:
            # A project that changes all the time gets half a processor at most.
            rest = self._looked_at + self._took_s - time.monotonic()
            await asyncio.sleep(max(_PAUSE_S, rest))
            await self._look()

    async def _look(self) -> None:
        changes, overlay, started = self._changes, self._overlay(), time.monotonic()
        looked = asyncio.get_running_loop().run_in_executor(
            self._executor, look, self._project, overlay, self._memory, self._warm
        )
        answer = await self._shown(looked)
        self._looked_at = time.monotonic()
        self._took_s = self._looked_at - started
        if changes != self._changes:
            return
        before, self._answer, self._answered = self._answer, answer, changes
        if before != answer:
            self._changed(answer)
        if self._warm != self._opened():
            self._warm_up()

    def _warm_up(self) -> None:
        """Look once more, so that the first keystroke finds a code graph, and its file parsed: the answer is
        sooner without."""
        self._warm = self._opened()
        looked = asyncio.get_running_loop().run_in_executor(
            self._executor, look, self._project, self._overlay(), self._memory, self._warm
        )
        looked.add_done_callback(self._warmed_up)

    def _warmed_up(self, looked: asyncio.Future[Answer]) -> None:
        if looked.cancelled():
            return
        if (error := looked.exception()) is not None:
            self._failed(error)
        self._is_warm()
