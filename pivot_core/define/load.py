"""Import ``pipeline.py`` and turn its Pipeline into a Definition. Only a worker process calls this."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from pivot_core.define.blame import at_fault, blame
from pivot_core.define.extract import extract
from pivot_core.pipeline import Pipeline
from pivot_core.project import PIPELINE_MODULE, Project
from pivot_core.types import Definition, Problem

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def define(root: Path) -> Definition:
    """The definition of the project at ``root``: all its stages, or all its problems.

    Expects ``root`` to be the current directory and first on ``sys.path``. Raises nothing for mistakes
    of the user; ``reads`` and ``environment`` are left empty.
    """
    project = Project(root)
    try:
        module = importlib.import_module(PIPELINE_MODULE)
    except BaseException as error:  # noqa: BLE001 - whatever user code raises is the user's to mend
        return Definition(problems=(blame(error, project),))
    pipeline = _find(module, project)
    if isinstance(pipeline, Problem):
        return Definition(problems=(pipeline,))
    try:
        return extract(pipeline, project)
    except BaseException as error:
        if at_fault(error, project) is None:  # a defect of ours; else a validator of a params class, say
            raise
        return Definition(problems=(blame(error, project),))


def _find(module: ModuleType, project: Project) -> Pipeline | Problem:
    """The attribute ``pipeline``, else the only Pipeline in the module. One beside it may have no stages:
    nobody would ever run them."""
    found = {id(value): (name, value) for name, value in vars(module).items() if isinstance(value, Pipeline)}
    named = getattr(module, "pipeline", None)
    if isinstance(named, Pipeline):
        idle = [name for name, other in found.values() if other is not named and other.registrations]
        if not idle:
            return named
    elif len(found) == 1:
        return next(iter(found.values()))[1]
    what = f"several pipelines: {', '.join(name for name, _ in found.values())}" if found else "no pipeline"
    hint = 'it needs one at module level, with all stages: pipeline = Pipeline("name")'
    return Problem(project.pipeline_file.name, 0, f"pipeline.py has {what}", hint)
