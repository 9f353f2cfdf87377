"""The stages of this project. Their order doesn't matter: the graph follows from what they read and write."""

from pivot_core import Pipeline

import stages

pipeline = Pipeline("planets")
pipeline.register(stages.read_planets)
pipeline.register(stages.measure, params=stages.DensityParams())
pipeline.register(stages.report)
