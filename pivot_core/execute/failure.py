"""Turns what a stage raised into what a person reads: the user's frames only, and the place."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.errors import PivotError
from pivot_core.execute.events import StageError

if TYPE_CHECKING:
    from pivot_core.project import Project


def describe(raised: BaseException, project: Project) -> StageError:
    """The failure of a stage. Frames of the engine and of packages are left out of the traceback."""
    whole = traceback.TracebackException.from_exception(raised)
    last = None
    each: traceback.TracebackException | None = whole
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        own = [frame for frame in each.stack if project.is_own(Path(frame.filename))]
        if each is whole and own:
            last = own[-1]
        each.stack[:] = [_shown(frame, project.root) for frame in own]
        each = each.__cause__ or each.__context__
    message = str(raised) or "no message"
    if isinstance(raised, SystemExit):
        message = f"the stage ended the process with sys.exit({raised.code!r}); return or raise instead"
    return StageError(
        type=type(raised).__name__,
        message=message,
        # Our own errors say all there is to say, unless user code is on the way to them.
        traceback="" if isinstance(raised, PivotError) and last is None else "".join(whole.format()),
        path=None if last is None else Path(last.filename).relative_to(project.root).as_posix(),
        line=None if last is None else last.lineno,
    )


def _shown(frame: traceback.FrameSummary, root: Path) -> traceback.FrameSummary:
    name = Path(frame.filename).relative_to(root).as_posix()
    return traceback.FrameSummary(name, frame.lineno, frame.name, lookup_line=False, line=frame.line)
