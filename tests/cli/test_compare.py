"""``params``, ``metrics`` and ``plots``: as they are, and beside a commit."""

from __future__ import annotations

import json
import subprocess
from html.parser import HTMLParser

import pytest

PIPELINE = """
from typing import Annotated, TypedDict
from pivot_core import Pipeline, StageParams, loaders, outputs

Text = loaders.Text()

class Rates(StageParams):
    rate: float = 0.5
    layers: list[int] = [3, 4]

class Results(TypedDict):
    scores: Annotated[object, outputs.Metric("scores.json")]
    table: Annotated[str, outputs.Metric("table.csv", Text)]
    curve: Annotated[str, outputs.Plot("curve.csv", Text)]
    picture: Annotated[str, outputs.Plot("picture.svg", Text)]

def train(params: Rates) -> Results:
    rows = "".join(f"{n},{n * params.rate}\\n" for n in range(5))
    return {
        "scores": {"a": {"b": params.rate}, "list": [1, True]},
        "table": "step,loss\\n1,0.5\\n2,0.25\\n",
        "curve": "epoch,<script>alert(1)</script>\\n" + rows,
        "picture": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(2)</script></svg>",
    }

def plain() -> Annotated[str, outputs.Out("plain.txt", Text)]:
    return "x"

pipeline = Pipeline("p")
pipeline.register(train, params=Rates())
pipeline.register(plain)
"""


class Project:
    def __init__(self, words) -> None:
        self.words = words
        words.write({"pipeline.py": PIPELINE, ".gitignore": "*.json\n*.csv\n*.svg\n.pivot/cache\n"})

    def git(self, *args: str) -> str:
        own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.check_output(["git", *own, *args], cwd=self.words.root, text=True).strip()

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def json(self, *args: str) -> dict:
        return json.loads(self.words.ok(*args, "--json"))

    def refused(self, *args: str) -> str:
        done = self.words.call(*args)
        assert done.returncode == 2
        return done.stderr


@pytest.fixture
def project(folder) -> Project:
    return Project(folder)


@pytest.fixture
def compared(project) -> Project:
    """A commit with rate 0.5, and then a run with 0.75."""
    project.git("init", "-q")
    project.words.ok("run")
    project.commit()
    project.words.edit("pipeline.py", "rate: float = 0.5", "rate: float = 0.75")
    project.words.ok("run")
    return project


def test_params_are_those_that_a_run_would_give(project):
    project.words.write({"params.yaml": "train: {rate: 2}\n"})
    (train,) = project.json("params")["params"]
    assert train["now"] == {"rate": 2.0, "layers.0": 3, "layers.1": 4}
    assert "rate      2" in project.words.ok("params", "train")
    assert "none of these has parameters" in project.words.ok("params", "plain")


def test_params_beside_a_commit_are_what_the_stage_succeeded_with(compared):
    (train,) = compared.json("params", "--diff", "HEAD")["params"]
    assert (train["was"]["rate"], train["now"]["rate"]) == (0.5, 0.75)
    assert "+0.25" in compared.words.ok("params", "--diff", "HEAD")


def test_metrics_are_the_values_in_their_files(project):
    assert "make it with pivot-core run train" in project.words.ok("metrics")
    project.words.ok("run")
    scores, table = project.json("metrics")["metrics"]
    assert scores["now"] == {"a.b": 0.5, "list.0": 1, "list.1": True}
    assert table["now"] == {"step": 2, "loss": 0.25}
    (only,) = project.json("metrics", "table.csv")["metrics"]
    assert only == table
    (project.words.root / "scores.json").write_text("{")
    assert "can't be read as values" in project.words.ok("metrics", "scores.json")


def test_metrics_of_a_commit_come_from_the_cache_where_git_has_no_file(compared):
    document = compared.json("metrics", "--diff", "HEAD")
    assert document["revision"] == compared.git("rev-parse", "HEAD")
    scores = document["metrics"][0]
    assert (scores["was"]["a.b"], scores["now"]["a.b"]) == (0.5, 0.75)
    assert "+0.25" in compared.words.ok("metrics", "--diff", "HEAD")
    for path in (compared.words.root / ".pivot/cache/files").rglob("*"):
        if path.is_file() and path.read_bytes().startswith(b'{\n  "a": {\n    "b": 0.5'):
            path.unlink()
    assert "neither in git nor in the cache" in compared.words.ok("metrics", "scores.json", "--diff", "HEAD")
    compared.words.write({".gitignore": ".pivot/cache\n"})
    compared.commit()
    assert compared.json("metrics", "scores.json", "--diff", "HEAD")["metrics"][0]["was"]["a.b"] == 0.75


def test_content_that_was_damaged_is_no_answer(compared):
    for path in (compared.words.root / ".pivot/cache/files").rglob("*"):
        if path.is_file() and b'"b": 0.5' in path.read_bytes():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"0.5", b"0.9"))
    (scores,) = compared.json("metrics", "scores.json", "--diff", "HEAD")["metrics"]
    assert scores["was"] is None
    assert scores["problem"].startswith("HEAD: the cache's content")


def test_a_revision_has_to_be_one(project):
    assert "in no git repository" in project.refused("metrics", "--diff", "HEAD")
    project.git("init", "-q")
    project.commit()
    assert "knows no revision 'nope'" in project.refused("params", "--diff", "nope")
    assert "is no git revision" in project.refused("params", "--diff", "--output=x")
    assert "it has no record in HEAD" in project.words.ok("params", "--diff", "HEAD")


def test_a_project_may_be_a_folder_of_its_repository(compared):
    inner = compared.words.root
    outer = inner.parent / "outer"
    outer.mkdir()
    inner.rename(outer / "inner")
    (outer / "inner/.git").rename(outer / ".git")
    subprocess.run(["git", "-C", outer, "add", "-A"], check=True)
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *own, "-C", outer, "commit", "-qm", "moved"], check=True)
    inner.symlink_to(outer / "inner")
    (train,) = compared.json("params", "--diff", "HEAD")["params"]
    assert train["was"] == train["now"]


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.texts.append(data)


def test_plots_are_one_page_that_needs_nothing_else_and_executes_nothing(compared):
    compared.words.ok("plots", "--diff", "HEAD", "-o", "out/page.html")
    text = (compared.words.root / "out/page.html").read_text()
    page = Tags(text)
    tags = [tag for tag, _ in page.found]
    assert "script" not in tags
    assert "link" not in tags
    assert tags.count("polyline") == 2
    assert tags.count("img") == 2
    assert all(
        attrs["src"].startswith("data:image/svg+xml;base64,") for tag, attrs in page.found if tag == "img"
    )
    assert "<script>alert(1)</script>" in page.texts  # as text, the column's name
    assert page.texts.count("unchanged") == 1  # the picture
    assert "http" not in text.replace("http-equiv", "")


def test_a_page_says_what_it_cannot_show(project):
    project.words.ok("plots")
    text = (project.words.root / "plots.html").read_text()
    assert text.count("make it with pivot-core run train") == 2
    project.words.ok("run")
    (project.words.root / "curve.csv").write_text("a\nx\n")
    project.words.ok("plots", "curve.csv")
    assert "curve.csv has no column of numbers" in (project.words.root / "plots.html").read_text()
