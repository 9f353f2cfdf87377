"""Can you tell the sex of a penguin from its measures? Three models try.

The order below doesn't matter: the graph follows from what the stages read and write.
"""

from pivot_core import Pipeline

from penguins import learn, prepare, report

MODELS: list[learn.Model] = ["logistic", "forest", "knn"]

pipeline = Pipeline("penguins")

pipeline.register(prepare.clean)
pipeline.register(prepare.features)
pipeline.register(prepare.split, params=prepare.SplitParams())
pipeline.register(report.summarise)

for model in MODELS:
    pipeline.register(
        learn.train,
        name=f"train@{model}",
        params=learn.TrainParams(model=model),
        outs={"return": f"build/models/{model}.pkl"},
    )
    pipeline.register(
        learn.evaluate,
        name=f"evaluate@{model}",
        deps={"model": f"build/models/{model}.pkl"},
        outs={"scores": f"build/scores/{model}.json", "confusion": f"build/confusion/{model}.png"},
    )

pipeline.register(report.compare)
