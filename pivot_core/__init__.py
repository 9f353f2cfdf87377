"""What the author of a pipeline imports::

    from pivot_core import Pipeline, StageParams, loaders, outputs

Everything is imported when it is first used, so that the command line, which needs none of it,
doesn't pay for it, and pydantic is loaded only where there are params.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from pivot_core import loaders as loaders
    from pivot_core import outputs as outputs
    from pivot_core import progress as progress
    from pivot_core.params import StageParams
    from pivot_core.pipeline import Pipeline

__all__ = ["Pipeline", "StageParams", "loaders", "outputs", "progress"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "Pipeline":
        return import_module("pivot_core.pipeline").Pipeline
    if name == "StageParams":
        return import_module("pivot_core.params").StageParams
    if name in __all__:
        return import_module(f"pivot_core.{name}")
    raise AttributeError(f"module 'pivot_core' has no attribute {name!r}")
