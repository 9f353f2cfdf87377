"""From the field notes to a training set and a test set."""

from typing import Annotated, TypedDict

import pandas as pd
from pivot_core import StageParams, loaders, outputs
from sklearn.model_selection import train_test_split

from penguins import columns

Table = pd.DataFrame


def clean(
    notes: Annotated[Table, outputs.Dep("data/penguins-raw.csv", loaders.CSV())],
) -> Annotated[Table, outputs.Out("build/penguins.csv", loaders.CSV())]:
    """One row a penguin whose sex and measures are known; short names, units in the column names."""
    penguins = notes.rename(columns=columns.SHORT_NAMES)[list(columns.SHORT_NAMES.values())]
    penguins = penguins.dropna().reset_index(drop=True)
    penguins["species"] = penguins["species"].map(first_word)
    penguins["sex"] = penguins["sex"].str.lower()
    return penguins


def first_word(species: str) -> str:
    """``Adelie Penguin (Pygoscelis adeliae)`` -> ``adelie``."""
    return species.split()[0].lower()


def features(
    penguins: Annotated[Table, outputs.Dep("build/penguins.csv", loaders.CSV())],
) -> Annotated[Table, outputs.Out("build/features.csv", loaders.CSV(float_format="%.6g"))]:
    """Numbers only: measures, two ratios, one column a species; and the target, ``female``."""
    table = penguins[columns.MEASURES].copy()
    table["bill_ratio"] = table["bill_length_mm"] / table["bill_depth_mm"]
    table["grams_per_flipper_mm"] = table["body_mass_g"] / table["flipper_length_mm"]
    species = pd.get_dummies(penguins["species"], prefix="is", dtype=int)
    return table.join(species).assign(**{columns.TARGET: (penguins["sex"] == "female").astype(int)})


class SplitParams(StageParams):
    """``test_share`` of the penguins are kept for the test."""

    test_share: float = 0.3
    seed: int = 0


class Split(TypedDict):
    train: Annotated[Table, outputs.Out("build/train.csv", loaders.CSV())]
    test: Annotated[Table, outputs.Out("build/test.csv", loaders.CSV())]


def split(
    table: Annotated[Table, outputs.Dep("build/features.csv", loaders.CSV())],
    params: SplitParams,
) -> Split:
    """At random, with as many females in both parts."""
    train, test = train_test_split(
        table, test_size=params.test_share, random_state=params.seed, stratify=table[columns.TARGET]
    )
    return {"train": train, "test": test}
