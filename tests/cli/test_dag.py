"""``pivot-core dag``: one graph in four formats, with names escaped as each needs it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from pivot_core.cli import drawing
from pivot_core.cli.drawing import ArtifactNode, Drawing, StageNode

if TYPE_CHECKING:
    from conftest import Words

ODD = 'train@"a\\b" #1 <x> & `y`'


def odd() -> Drawing:
    """A stage and a file with names that mean something in Mermaid or Graphviz."""
    stage = StageNode(ODD, "stages.py", 3, deps=(), outs=('out "1".txt',), needs=())
    return Drawing((stage,), (ArtifactNode('out "1".txt', ODD, ()),))


def test_text_shows_what_each_stage_reads_and_writes(words: Words) -> None:
    paragraph = [
        "loud  (stages.py:13)",
        "  ← build/read.txt  from read",
        "  → build/loud.txt  to count",
    ]
    assert "\n".join(paragraph) in words.ok("dag")


def test_stages_only_is_a_line_each(words: Words) -> None:
    assert words.ok("dag", "--stages").splitlines() == ["read", "loud ← read", "count ← loud"]


def test_json_has_stages_artifacts_and_how_they_hang_together(words: Words) -> None:
    document = json.loads(words.ok("dag", "--json"))
    assert document == json.loads(words.ok("dag", "--format", "json"))
    assert document["schema"] == 1
    assert [(stage["name"], stage["needs"]) for stage in document["stages"]] == [
        ("read", []),
        ("loud", ["read"]),
        ("count", ["loud"]),
    ]
    assert {"path": "in.txt", "producer": None, "consumers": ["read"]} in document["artifacts"]
    assert {"path": "build/loud.txt", "producer": "loud", "consumers": ["count"]} in document["artifacts"]


def test_mermaid_has_a_node_each_and_an_edge_each(words: Words) -> None:
    lines = words.ok("dag", "--format", "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    assert '    s1(["loud"])' in lines
    assert sum("-->" in line for line in lines) == 6


def test_mermaid_names_are_escaped() -> None:
    label = "train@#34;a#92;b#34; #35;1 #60;x#62; #38; #96;y#96;"
    assert f's0(["{label}"])' in drawing.mermaid(odd())


def test_dot_names_are_escaped() -> None:
    text = drawing.dot(odd())
    assert r'label="train@\"a\\b\" #1 <x> & `y`"' in text
    assert r'"file:out \"1\".txt"' in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_what_is_written() -> None:
    subprocess.run(["dot", "-Tsvg"], input=drawing.dot(odd()), text=True, check=True, capture_output=True)


def test_a_folder_that_is_read_hangs_on_the_files_written_into_it(folder: Words) -> None:
    folder.write(
        {
            "pipeline.py": "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\n"
            "pipeline.register(stages.write)\npipeline.register(stages.read)\n",
            "stages.py": """
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def write() -> Annotated[str, outputs.Out("parts/one.txt", loaders.Text())]:
    return ""

def read(parts: Annotated[Path, outputs.Dep("parts/", loaders.PathOnly())]) -> Annotated[
    str, outputs.Out("all.txt", loaders.Text())
]:
    return ""
""",
        }
    )
    document = json.loads(folder.ok("dag", "--json"))
    assert {"path": "parts/one.txt", "producer": "write", "consumers": ["read"]} in document["artifacts"]
    assert document["stages"][1]["needs"] == ["write"]
