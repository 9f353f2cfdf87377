"""What is kept between processes: after an edit of the layout only, no fact is worked out again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.code.index import CodeIndex
from pivot_core.store.state import State
from pivot_core.types import CodeFact, Place, StageSpec

FILES = {
    "pipeline.py": "import stages\n",
    "stages.py": "import helpers\ndef s(x):\n    return helpers.f(x)\ndef t(x):\n    return helpers.text()\n",
    "helpers.py": "import inspect\ndef f(x):\n    return x + 1\ndef text(): return inspect.getsource(f)\n",
}


def spec(name: str) -> StageSpec:
    return StageSpec(name, "stages", name, "stages.py", 1, Place("pipeline.py", 1))


class Asked:
    """What a new process is told, and whether it had to look at the code for that."""

    def __init__(self, code) -> None:
        with State(code.project.root / ".pivot/state.lmdb") as state:
            hashes = FileHashes(code.project.root, state)
            index = CodeIndex(code.project, hashes, state)
            self.definition = index.definition()
            self.facts: dict[str, CodeFact] = {name: index.fact(spec(name)) for name in "st"}
            index.save()
            hashes.flush()
            state.flush()


@pytest.mark.parametrize(
    ("old", "new"),
    [("def f", "# note\n\ndef f"), ("x + 1", "(x+1)"), ("import inspect\n", "import inspect\n\n\n")],
)
def test_after_an_edit_of_the_layout_only_the_facts_stay(code, old, new):
    """Except those of a stage whose code reads its own source."""
    code.write(FILES)
    before = Asked(code)
    code.write({"helpers.py": FILES["helpers.py"].replace(old, new)})
    after = Asked(code)
    assert after.definition == before.definition
    assert after.facts["s"] == before.facts["s"]
    assert after.facts["t"] != before.facts["t"]
    assert Asked(code).facts == after.facts


def test_the_facts_are_those_of_the_code_as_it_is_now(code):
    """Whatever was edited before: layout, then meaning, then back."""
    code.write(FILES)
    first = Asked(code)
    code.write({"helpers.py": "# note\n" + FILES["helpers.py"]})
    assert Asked(code).facts["s"] == first.facts["s"]
    code.write({"helpers.py": "# note\n" + FILES["helpers.py"].replace("x + 1", "x + 2")})
    edited = Asked(code)
    assert edited.facts["s"] != first.facts["s"]
    code.write({"helpers.py": FILES["helpers.py"].replace("x + 1", "x + 2")})
    assert Asked(code).facts["s"] == edited.facts["s"]
    code.write(FILES)
    assert Asked(code).facts == first.facts


def test_a_pipeline_that_reads_its_source_is_defined_again(code):
    code.write({**FILES, "pipeline.py": "import inspect, stages\nTEXT = inspect.getsource(stages)\n"})
    before = Asked(code).definition
    code.write({"stages.py": "# note\n" + FILES["stages.py"]})
    assert Asked(code).definition != before


PROBE = """
import sys
from pathlib import Path
from pivot_core.artifacts.hashing import FileHashes
from pivot_core.code.index import CodeIndex
from pivot_core.project import Project
from pivot_core.store.state import State
from pivot_core.types import Place, StageSpec
root = Path(sys.argv[1])
with State(root / ".pivot/state.lmdb") as state:
    index = CodeIndex(Project(root), FileHashes(root, state), state)
    index.definition()
    index.fact(StageSpec("s", "stages", "s", "stages.py", 1, Place("pipeline.py", 1)))
print(*sorted(set(sys.modules) & {"pivot_core.code.resolve", "pivot_core.code.canonical"}))
"""


@pytest.mark.parametrize(
    ("edit", "loaded"),
    [
        ({}, ""),
        ({"helpers.py": "# note\n" + FILES["helpers.py"]}, "pivot_core.code.canonical"),
        (
            {"helpers.py": FILES["helpers.py"].replace("x + 1", "x + 2")},
            "pivot_core.code.canonical pivot_core.code.resolve",
        ),
    ],
)
def test_no_more_is_done_than_has_to_be(code, edit, loaded):
    """Nothing edited: nothing is parsed. The layout: one file is, and no name is looked up."""
    code.write(FILES)
    Asked(code)
    code.write(edit)
    command = [sys.executable, "-c", PROBE, str(code.project.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == loaded
