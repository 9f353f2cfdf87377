"""What a person may name: stages, outputs, folders, patterns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pivot_core.artifacts.graph import ArtifactGraph
from pivot_core.artifacts.targets import Targets
from pivot_core.errors import UsageError

ROOT = Path("/project")
PRODUCER = {
    "clean.csv": "clean",
    "models/iris/model.json": "train@iris",
    "models/iris/score.json": "train@iris",
    "models/wine/model.json": "train@wine",
    "plots/": "draw",
    "train": "odd",
}
GRAPH = ArtifactGraph(PRODUCER, {}, {}, (), ("raw.csv",))
STAGES = ["clean", "train@iris", "train@wine", "draw", "odd", "train"]


def stages(*targets: str, start: str = "") -> list[str]:
    return Targets(GRAPH, STAGES, ROOT, ROOT / start).stages(targets)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("clean", ["clean"]),
        ("clean.csv", ["clean"]),
        ("./models//iris/score.json", ["train@iris"]),
        ("models/iris", ["train@iris"]),
        ("models/", ["train@iris", "train@wine"]),
        ("plots", ["draw"]),
        ("plots/loss.png", ["draw"]),
        ("train@*", ["train@iris", "train@wine"]),
        ("models/*/model.json", ["train@iris", "train@wine"]),
        ("**/score.json", ["train@iris"]),
        ("train", ["train"]),  # the stage, though a file has this name
        ("[cd]*", ["clean", "draw"]),
    ],
)
def test_a_target_is_a_stage_or_what_a_stage_makes(target, found):
    assert stages(target) == found


def test_paths_are_relative_to_where_one_is_and_else_to_the_root():
    assert stages("model.json", start="models/wine") == ["train@wine"]
    assert stages("../iris/model.json", start="models/wine") == ["train@iris"]
    assert stages("*/model.json", start="models") == ["train@iris", "train@wine"]
    assert stages("clean.csv", start="models") == ["clean"]
    assert stages(".", start="models/wine") == ["train@wine"]


def test_several_targets_keep_their_order_and_count_once():
    assert stages("draw", "clean.csv", "clean") == ["draw", "clean"]


def test_artifacts_are_the_outputs_named_or_of_the_stages_named():
    targets = Targets(GRAPH, STAGES, ROOT, ROOT)
    assert targets.artifacts(["train@iris"]) == ["models/iris/model.json", "models/iris/score.json"]
    assert targets.artifacts(["**/score.json", "draw"]) == ["models/iris/score.json", "plots/"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("claen", "did you mean 'clean'?"),
        ("models/iris/modle.json", "did you mean 'models/iris/model.json'?"),
        ("raw.csv", "it is an input"),
        ("../raw.csv", "no stage makes"),
        ("nope/*.png", "nothing matches"),
        ("plots/*/x", "nothing matches"),
        ("/etc/passwd", "no stage makes"),
    ],
)
def test_what_is_nothing_is_refused_with_what_to_do(target, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        stages(target)


def test_all_targets_that_are_nothing_are_told_at_once():
    targets = Targets(GRAPH, STAGES, ROOT, ROOT)
    for look_up in (targets.stages, targets.artifacts):
        with pytest.raises(UsageError) as raised:
            look_up(["claen", "clean", "raw.csv", "nope/*.png", "claen"])
        said = [message.partition("\n")[0] for message in raised.value.messages]
        assert said == [
            "no stage is named 'claen', and none makes it",
            "no stage makes raw.csv: it is an input",
            "nothing matches 'nope/*.png': no stage's name and no output",
        ]
