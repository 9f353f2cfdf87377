"""Rules about paths, where they depend on the folder that the project is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.lint import Finding, Linter
from pivot_lsp.lint.fixes import applied, changes
from pivot_lsp.source.sources import Sources

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
