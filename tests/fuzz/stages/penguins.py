"""What is executed of the subject ``penguins``."""

import pandas as pd
from penguins import learn, prepare, report


def s(text):
    notes = pd.read_csv("data/penguins-raw.csv")
    clean = prepare.clean(notes)
    parts = prepare.split(prepare.features(clean), prepare.SplitParams())
    model = learn.train(parts["train"], learn.TrainParams(model="logistic"))
    scores = learn.evaluate(model, parts["test"])
    summary = report.summarise(clean)
    labels = [text.get_text() for text in summary["plot"].legends[0].get_texts()]
    return clean.describe().round(6).to_csv(), scores["scores"], summary["counts"], labels
