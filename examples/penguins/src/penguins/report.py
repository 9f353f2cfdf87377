"""What people look at: the data, and which model is best."""

import json
from pathlib import Path
from typing import Annotated, TypedDict

import pandas as pd
from matplotlib.figure import Figure
from pivot_core import loaders, outputs

SPECIES_COLOURS = {"adelie": "tab:orange", "chinstrap": "tab:purple", "gentoo": "tab:cyan"}


class Summary(TypedDict):
    counts: Annotated[dict[str, int], outputs.Metric("build/counts.json")]
    plot: Annotated[Figure, outputs.Plot("build/bills.png")]


class Comparison(TypedDict):
    table: Annotated[pd.DataFrame, outputs.Out("build/comparison.csv", loaders.CSV(index=True))]
    best: Annotated[dict[str, str | float], outputs.Metric("build/best.json")]
    plot: Annotated[Figure, outputs.Plot("build/comparison.png")]


def summarise(penguins: Annotated[pd.DataFrame, outputs.Dep("build/penguins.csv", loaders.CSV())]) -> Summary:
    """How many there are of each species, and how their bills differ."""
    counts = penguins["species"].value_counts().sort_index()
    return {"counts": {str(name): int(count) for name, count in counts.items()}, "plot": bills(penguins)}


def bills(penguins: pd.DataFrame) -> Figure:
    """Bill length against depth: filled markers are females."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for (species, sex), group in penguins.groupby(["species", "sex"]):
        colour = SPECIES_COLOURS[str(species)]
        axes.scatter(
            group["bill_length_mm"],
            group["bill_depth_mm"],
            s=18,
            edgecolors=colour,
            facecolors=colour if sex == "female" else "none",
            label=f"{species}, {sex}",
        )
    axes.set(xlabel="bill length (mm)", ylabel="bill depth (mm)")
    figure.legend(loc="outside right upper")
    return figure


def compare(folder: Annotated[Path, outputs.Dep("build/scores/", loaders.PathOnly())]) -> Comparison:
    """All models side by side, best first. Reads whatever scores there are: a new model just shows up."""
    scores = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    table = pd.DataFrame.from_dict(scores, orient="index").rename_axis("model")
    table = table.sort_values("roc_auc", ascending=False)
    best = table.iloc[0]
    return {
        "table": table,
        "best": {"model": str(best.name), "accuracy": best["accuracy"], "roc_auc": best["roc_auc"]},
        "plot": bars(table),
    }


def bars(table: pd.DataFrame) -> Figure:
    """One group of bars a model."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = table.plot.bar(ax=figure.subplots(), rot=0, legend=False)
    axes.set(ylim=(0.5, 1), xlabel="", ylabel="score on the test set")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
