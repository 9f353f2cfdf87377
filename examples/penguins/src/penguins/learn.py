"""Training and evaluation. ``pipeline.py`` registers both once for each model."""

from typing import Annotated, Literal, TypedDict

import pandas as pd
from matplotlib.figure import Figure
from pivot_core import StageParams, loaders, outputs
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, f1_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from penguins.columns import TARGET


Model = Literal["logistic", "forest", "knn"]


class TrainParams(StageParams):
    """Which model, and what only one of them looks at."""

    model: Model
    seed: int = 0
    penalty: float = 1.0  # logistic: strength of the regularisation
    trees: int = 100  # forest
    neighbours: int = 5  # knn


class Scores(TypedDict):
    accuracy: float
    f1: float
    roc_auc: float


class Evaluation(TypedDict):
    scores: Annotated[Scores, outputs.Metric("build/scores/model.json")]
    confusion: Annotated[Figure, outputs.Plot("build/confusion/model.png")]


def train(
    table: Annotated[pd.DataFrame, outputs.Dep("build/train.csv", loaders.CSV())],
    params: TrainParams,
) -> Annotated[Pipeline, outputs.Out("build/models/model.pkl", loaders.Pickle())]:
    """A fitted pipeline: scaling, then the model."""
    pipeline = make_pipeline(StandardScaler(), untrained(params))
    return pipeline.fit(table.drop(columns=TARGET), table[TARGET])


def untrained(params: TrainParams) -> ClassifierMixin:
    """The model that the params describe."""
    if params.model == "logistic":
        return LogisticRegression(C=1 / params.penalty, random_state=params.seed)
    if params.model == "forest":
        return RandomForestClassifier(n_estimators=params.trees, random_state=params.seed)
    return KNeighborsClassifier(n_neighbors=params.neighbours)


def evaluate(
    model: Annotated[Pipeline, outputs.PlaceholderDep(loaders.Pickle())],
    table: Annotated[pd.DataFrame, outputs.Dep("build/test.csv", loaders.CSV())],
) -> Evaluation:
    """How well the model does on penguins it hasn't seen."""
    truth, measures = table[TARGET], table.drop(columns=TARGET)
    guess, chance = model.predict(measures), model.predict_proba(measures)[:, 1]
    return {
        "scores": {
            "accuracy": round(accuracy_score(truth, guess), 4),
            "f1": round(f1_score(truth, guess), 4),
            "roc_auc": round(roc_auc_score(truth, chance), 4),
        },
        "confusion": confusion(truth, guess),
    }


def confusion(truth: pd.Series, guess: pd.Series) -> Figure:
    """Right and wrong guesses, by sex."""
    figure = Figure(figsize=(4, 4), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        truth, guess, display_labels=["male", "female"], colorbar=False, ax=figure.subplots()
    )
    return figure
