"""Rules about paths, where they depend on the folder that the project is in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.lint.engine import Linter
from pivot_lsp.lint.fixes import applied, changes
from pivot_lsp.lint.rule import Finding, Invalid
from pivot_lsp.lint.rules import RULES
from pivot_lsp.source.sources import Sources

# About what keeps a pipeline from being used, or run.
TOLD = [
    (rule.code, example)
    for rule in RULES
    for example in rule.invalid
    if rule.code in ("PVT301", "PVT302", "PVT303", "PVT304", "PVT305") and "pipeline.py" in example.files
]
OPENED = next(rule.invalid[0] for rule in RULES if rule.code == "PVT306")

ROWS = """
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("PATH", loaders.Text())]) -> None: ...
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    (folder.parent / "link").symlink_to(folder)
    return folder


def the_finding(root: Path, text: str) -> Finding:
    linter = Linter(Sources(Project(root)))
    linter.sources.put("stages.py", text)
    (finding,) = linter.findings("stages.py")
    return finding


@pytest.mark.parametrize(
    "path", ["{root}/data/x.csv", "{root}/../link/data/./x.csv", "../project/data/x.csv"]
)
def test_a_path_out_of_the_project_and_in_again_is_mended_to_a_relative_one(root: Path, path: str) -> None:
    text = ROWS.replace("PATH", path.format(root=root))
    finding = the_finding(root, text)
    assert finding.code == "PVT304"
    assert finding.fix is not None
    assert finding.fix.safe
    assert applied(text, changes(finding.fix)) == ROWS.replace("PATH", "data/x.csv")


@pytest.mark.parametrize(
    "path",
    [
        "{root}/.pivot/x.csv",
        "{root}",
        "{root}-backup/x.csv",
        "../x.csv",
        "https://example.org/x.csv",
        "/x\\0y",
    ],
)
def test_what_is_outside_has_no_relative_path(root: Path, path: str) -> None:
    finding = the_finding(root, ROWS.replace("PATH", path.format(root=root)))
    assert finding.code == "PVT304"
    assert finding.fix is None


STAGE = """
from typing import Annotated
from pivot_core import loaders, outputs

def STAGE(
    it: Annotated[str, outputs.Dep("IN", loaders.Text())],
) -> Annotated[str, outputs.Out("OUT", loaders.Text())]: ...
"""


def add_stage(root: Path, name: str, reads: str, writes: str) -> None:
    text = STAGE.replace("STAGE", name).replace("IN", reads).replace("OUT", writes)
    (root / f"{name}.py").write_text(text)


def register(root: Path, *names: str) -> None:
    lines = ["from pivot_core import Pipeline", f"import {', '.join(names)}", 'pipeline = Pipeline("demo")']
    lines += [f"pipeline.register({name}.{name})" for name in names]
    (root / "pipeline.py").write_text("\n".join(lines))


def test_every_edge_of_a_cycle_is_told(root: Path) -> None:
    add_stage(root, "one", "c", "a")
    add_stage(root, "two", "a", "b")
    add_stage(root, "three", "b", "c")
    register(root, "one", "two", "three")
    linter = Linter(Sources(Project(root)))
    (finding,) = linter.findings("one.py")
    assert finding.code == "PVT303"
    assert finding.message == "these stages are in a cycle: one → a → two → b → three → c → one"
    edges = [(other.path, other.span.line, other.message) for other in finding.related]
    assert edges == [("two.py", 6, "two needs a"), ("three.py", 6, "three needs b")]
    assert [linter.findings(path) for path in ("two.py", "three.py", "pipeline.py")] == [(), (), ()]


def test_an_output_that_overlaps_another_tells_the_other_one(root: Path) -> None:
    (root / "in").touch()
    add_stage(root, "one", "in", "data/x")
    add_stage(root, "two", "in", "data")
    register(root, "one", "two")
    (finding,) = Linter(Sources(Project(root))).findings("two.py")
    assert finding.code == "PVT301"
    assert [(other.path, other.span.line) for other in finding.related] == [("one.py", 7)]


def test_a_dependency_is_missing_until_it_is_there(root: Path) -> None:
    add_stage(root, "one", "in", "out")
    register(root, "one")
    linter = Linter(Sources(Project(root)))
    assert [finding.code for finding in linter.findings("one.py")] == ["PVT302"]
    (root / "in").touch()
    linter.sources.refresh()
    assert linter.findings("one.py") == ()


def test_a_dependency_is_missing_until_a_stage_makes_it(root: Path) -> None:
    add_stage(root, "one", "in", "out")
    add_stage(root, "two", "pipeline.py", "in")
    register(root, "one")
    linter = Linter(Sources(Project(root)))
    assert [finding.code for finding in linter.findings("one.py")] == ["PVT302"]
    text = (root / "pipeline.py").read_text()
    linter.sources.put("pipeline.py", text + "\nimport two\npipeline.register(two.two)")
    assert linter.findings("one.py") == ()


# --- the lint and Pivot


def write(root: Path, example: Invalid) -> Linter:
    for path, text in {**example.files, example.path: example.text}.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Linter(Sources(Project(root)))


def said(root: Path, command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pivot_core", command],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(("code", "example"), TOLD, ids=lambda value: value if isinstance(value, str) else "")
def test_pivot_says_the_same_of_the_pipeline(root: Path, code: str, example: Invalid) -> None:
    (finding,) = write(root, example).findings(example.path)
    assert finding.message in said(root, "run" if code == "PVT302" else "status")


def test_a_run_warns_of_the_file_that_is_found_and_no_longer_after_the_fix(root: Path) -> None:
    linter = write(root, OPENED)
    (finding,) = linter.findings("stages.py")
    assert finding.message == "train reads config.json undeclared"
    assert "reads config.json undeclared" in said(root, "run")
    assert finding.fix is not None
    (root / "stages.py").write_text(applied(OPENED.text, changes(finding.fix)), encoding="utf-8")
    told = said(root, "run")
    assert "undeclared" not in told
    assert "ran 1" in told
