"""Parameters of a stage: a pydantic model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class StageParams(BaseModel):
    """Base of the params classes: immutable, and an unknown parameter is an error.

    Values have to survive being written as JSON and read back: that is how they reach the stage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, ser_json_inf_nan="strings")
