"""An exception from user code as a Problem at the user's own line."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.code.encoding import NotTextError, decode
from pivot_core.define.mistakes import did_you_mean
from pivot_core.project import PIPELINE_MODULE
from pivot_core.types import Place, Problem

if TYPE_CHECKING:
    from pivot_core.project import Project

_LONGEST = 400


def at_fault(error: BaseException, project: Project) -> Place | None:
    """The deepest place in the project that an exception came from; None if from none."""
    return _syntax_place(error, project) or _deepest(error, project)


def blame(error: BaseException, project: Project) -> Problem:
    """One problem, where the error came from, or else for the pipeline as a whole."""
    place = at_fault(error, project) or Place(project.pipeline_file.name)
    if isinstance(error, ModuleNotFoundError) and error.name == PIPELINE_MODULE and not place.line:
        return Problem(place.path, 0, "there is no pipeline.py", "write one, or start with: pivot-core init")
    if isinstance(error, SyntaxError) and (other := _not_text(project.root / place.path)) is not None:
        return Problem(place.path, other.line, other.why, other.hint)
    return Problem(place.path, place.line, _message(error), _hint(error))


def _syntax_place(error: BaseException, project: Project) -> Place | None:
    if not isinstance(error, SyntaxError) or error.filename is None:
        return None
    path = Path(error.filename)
    return (
        Place(path.relative_to(project.root).as_posix(), error.lineno or 0) if project.is_own(path) else None
    )


def _deepest(error: BaseException, project: Project) -> Place | None:
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if project.is_own(path):
            found = Place(path.relative_to(project.root).as_posix(), line)
    return found


def _not_text(path: Path) -> NotTextError | None:
    """Why Python takes no text from a file, if it doesn't: its own message tells neither what to do nor,
    mostly, where."""
    try:
        decode(path.read_bytes())
    except NotTextError as error:
        return error
    except OSError:
        return None
    return None


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({error.code!r}) was called while the pipeline was imported"
    # Of a SyntaxError only the last line: the rest repeats file and line.
    if (refused := _refused(error)) is not None:
        return refused
    text = traceback.format_exception_only(error)
    shown = " ".join((text[-1] if isinstance(error, SyntaxError) else "".join(text)).split())
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …"


def _refused(error: BaseException) -> str | None:
    """What pydantic says of values, each on no more than a line."""
    pydantic = sys.modules.get("pydantic")  # nobody has to wait for it here
    if pydantic is None or not isinstance(error, pydantic.ValidationError):
        return None
    found = [(".".join(map(str, one["loc"])), one) for one in error.errors(include_url=False)]
    said = [f"{name}={one['input']!r:.60}: {one['msg']}" if name else one["msg"] for name, one in found]
    return f"{error.title}: {'; '.join(said)}"


def _hint(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return 'put what is meant for running the file as a script under if __name__ == "__main__":'
    if isinstance(error, ModuleNotFoundError):
        return f"install what provides {error.name!r} in this environment, or correct the name"
    if isinstance(error, ImportError):
        return "correct the name, or break the circle if two modules import one another"
    if isinstance(error, SyntaxError):
        if (error.text or "").startswith(("<<<<<<<", "=======", ">>>>>>>")):
            return "resolve the merge conflict there"
        return "correct the syntax there or just above"
    if isinstance(error, TypeError) and "non-frozen dataclass" in str(error):
        return "loaders are frozen: decorate the class with @dataclass(frozen=True)"
    if isinstance(error, AttributeError) and isinstance(error.name, str):
        return did_you_mean(error.name, dir(error.obj), _TO_RUN)
    if _refused(error) is not None:
        return "give the values that it takes"
    return _TO_RUN


_TO_RUN = "pipeline.py is imported to find the stages: this line has to run without an error"
