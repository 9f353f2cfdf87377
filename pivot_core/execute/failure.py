"""Turns what a stage raised into what a person reads: the user's frames only, and the place."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.artifacts.paths import shown
from pivot_core.execute.events import StageError
from pivot_core.store.atomic import is_scratch

if TYPE_CHECKING:
    from pivot_core.project import Project


def describe(raised: BaseException, project: Project) -> StageError:
    """The failure of a stage. Frames of the engine and of packages are left out of the traceback; without any
    of the user's the message says all that there is to say."""
    whole = traceback.TracebackException.from_exception(raised)
    last, is_ours = None, True
    each: traceback.TracebackException | None = whole
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        own = [frame for frame in each.stack if project.is_own(Path(frame.filename))]
        is_ours = is_ours and not own
        if each is whole and own:
            last = own[-1]
        each.stack[:] = [_shown(frame, project.root) for frame in own]
        each = each.__cause__ or each.__context__
    message = str(raised) or "no message"
    if isinstance(raised, SystemExit):
        message = f"the stage ended the process with sys.exit({raised.code!r}); return or raise instead"
    elif type(raised).__name__ == "BdbQuit":
        message = (
            "breakpoint() needs a terminal, and a run has none; call the function itself, or debug the stage"
        )
        message += " in the editor"
    elif isinstance(raised, OSError) and is_ours:
        message = of_the_system(raised, project.root)
    return StageError(
        type=type(raised).__name__,
        message=message,
        traceback="\n".join(getattr(raised, "__notes__", ())) if is_ours else "".join(whole.format()),
        path=None if last is None else Path(last.filename).relative_to(project.root).as_posix(),
        line=None if last is None else last.lineno,
    )


def of_the_system(error: OSError, root: Path) -> str:
    """What the system says to something of ours, and where: of two paths the one that means something to a
    person, and never that of a half-made file."""
    names = [os.fsdecode(name) for name in (error.filename2, error.filename) if isinstance(name, str | bytes)]
    paths = [Path(name) for name in names]
    real = [path for path in paths if not is_scratch(path.name)] or [path.parent for path in paths]
    said = error.strerror or str(error)
    if not real:
        return said
    if real[0] == root:
        return f"{said}: the folder of the project"
    path = real[0].relative_to(root) if real[0].is_relative_to(root) else real[0]
    return f"{said}: {shown(path.as_posix())}"


def _shown(frame: traceback.FrameSummary, root: Path) -> traceback.FrameSummary:
    name = Path(frame.filename).relative_to(root).as_posix()
    return traceback.FrameSummary(name, frame.lineno, frame.name, lookup_line=False, line=frame.line)
