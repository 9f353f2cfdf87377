"""What is fuzzed: well-known pure-Python packages as a project's own code, and the example."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

PIPELINE = "import stages\n"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "penguins"
STAGES = Path(__file__).with_name("stages")


@dataclass(frozen=True)
class Subject:
    """``packages`` are copied into the project, with ``stages/<name>.py`` as its stages.py.

    ``preload`` are libraries that the process which executes has loaded already. ``weight``: how much slower
    it is to execute than the others, so that it gets fewer edits.
    """

    name: str
    packages: tuple[str, ...]
    preload: tuple[str, ...] = ()
    weight: float = 1.0

    def lay_out(self, root: Path) -> list[str]:
        """Write the project; the logical paths of what may be edited."""
        (root / "pipeline.py").write_text(PIPELINE)
        shutil.copy(STAGES / f"{self.name}.py", root / "stages.py")
        for package in self.packages:
            shutil.copytree(_installed(package), root / package, ignore=_NO_BYTECODE)
        if self.name == "penguins":
            shutil.copytree(EXAMPLE / "src" / "penguins", root / "penguins", ignore=_NO_BYTECODE)
            shutil.copytree(EXAMPLE / "data", root / "data")
        found = (path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py")))
        return [path for path in found if path != "pipeline.py"]


_NO_BYTECODE = shutil.ignore_patterns("__pycache__")


def _installed(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None, f"{package} isn't installed"
    return Path(spec.origin).parent


SUBJECTS = (
    Subject("markdown", ("markdown_it", "mdurl")),
    Subject("packaging", ("packaging",)),
    Subject("pathspec", ("pathspec",)),
    Subject("pyparsing", ("pyparsing",)),
    Subject("click", ("click",)),
    Subject("dateutil", ("dateutil",)),
    Subject(
        "penguins",
        (),
        preload=(
            "matplotlib.figure",
            "pandas",
            "pivot_core.loaders",
            "pivot_core.params",
            "sklearn.ensemble",
            "sklearn.linear_model",
            "sklearn.metrics",
            "sklearn.model_selection",
            "sklearn.neighbors",
            "sklearn.pipeline",
        ),
        weight=8.0,
    ),
)
