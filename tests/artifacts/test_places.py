"""A problem with a path points to the line that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pivot_core.artifacts.places import dep_place, out_place
from pivot_core.types import DepSpec, LoaderSpec, OutSpec, Place, StageSpec

LOADER = LoaderSpec("pivot_core.loaders", "CSV")
REGISTERED = Place("pipeline.py", 7)

STAGES = """from typing import Annotated, TypedDict
from pivot_core import loaders, outputs
from shapes import Shared, Renamed as Other
from pkg.inner import Inner
from . import nothing

MODEL = "model.json"
Rows = Annotated[
    dict,
    outputs.Dep("by/alias.csv", loaders.CSV()),
]

class Outs(TypedDict):
    first: Annotated[dict, outputs.Out("first.json", loaders.JSON())]
    second: Annotated[dict, outputs.Out(MODEL, loaders.JSON())]

class More(Outs):
    third: Annotated[
        dict, outputs.Out("third.json", loaders.JSON()),
    ]

def one(
    rows: Annotated[
        dict, outputs.Dep("./rows.csv", loaders.CSV())
    ],
    *,
    folder: Annotated[dict, outputs.Dep("data//", loaders.CSV())],
    alias: Rows,
) -> Annotated[dict, outputs.Out("one.json", loaders.JSON())]:
    return "rows.csv"

def many() -> More: ...
def shared() -> Shared: ...
def other() -> Other: ...
def inner() -> Inner: ...

class Group:
    @staticmethod
    def method(x: Annotated[dict, outputs.Dep("in/method.csv")]) -> "Outs": ...
"""
SHAPES = """from typing import TypedDict

class Shared(TypedDict):
    key: "ignored"
    value: Annotated[dict, outputs.Out("shared.json")]

class Renamed(TypedDict):
    value: Annotated[dict, outputs.Out("renamed.json")]
"""
INNER = "from ..shapes2 import Deep as Inner\n"
SHAPES2 = "class Deep(TypedDict):\n\n\n    value: Annotated[dict, outputs.Out('deep.json')]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src" / "pkg").mkdir(parents=True)
    (tmp_path / "stages.py").write_text(STAGES)
    (tmp_path / "src" / "shapes.py").write_text(SHAPES)
    (tmp_path / "src" / "pkg" / "__init__.py").touch()
    (tmp_path / "src" / "pkg" / "inner.py").write_text("from .deeper import Inner\n")
    (tmp_path / "src" / "pkg" / "deeper.py").write_text(INNER)
    (tmp_path / "src" / "shapes2.py").write_text(SHAPES2)
    return tmp_path


def _spec(qualname: str, path: str = "stages.py") -> StageSpec:
    return StageSpec("stage", "stages", qualname, path, 1, REGISTERED)


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("qualname", "param", "path", "part"),
    [
        ("one", "rows", "rows.csv", "./rows.csv"),
        ("one", "folder", "data/", "data//"),
        ("one", "alias", "by/alias.csv", "by/alias.csv"),
        ("Group.method", "x", "in/method.csv", "in/method.csv"),
    ],
)
def test_a_dependency_is_where_its_annotation_has_the_path(
    root: Path, qualname: str, param: str, path: str, part: str
) -> None:
    place = dep_place(root, _spec(qualname), DepSpec(param, path, LOADER))
    assert place == Place("stages.py", _line(STAGES, part))


@pytest.mark.parametrize(
    ("qualname", "key", "path", "expected"),
    [
        ("one", "", "one.json", Place("stages.py", _line(STAGES, "one.json"))),
        ("many", "third", "third.json", Place("stages.py", _line(STAGES, "third.json"))),
        ("many", "first", "first.json", Place("stages.py", _line(STAGES, "first.json"))),
        ("many", "second", "model.json", Place("stages.py", _line(STAGES, "MODEL ="))),
        ("shared", "value", "shared.json", Place("src/shapes.py", _line(SHAPES, "shared.json"))),
        ("other", "value", "renamed.json", Place("src/shapes.py", _line(SHAPES, "renamed.json"))),
        ("inner", "value", "deep.json", Place("src/shapes2.py", _line(SHAPES2, "deep.json"))),
    ],
)
def test_an_output_is_where_its_field_or_annotation_has_the_path(
    root: Path, qualname: str, key: str, path: str, expected: Place
) -> None:
    assert out_place(root, _spec(qualname), OutSpec(key, path, "out", LOADER)) == expected


@pytest.mark.parametrize("file", ["stages.py", "absent.py", "broken.py", "binary.py"])
@pytest.mark.parametrize("qualname", ["one", "absent", "Group", "Outs.first"])
def test_what_is_not_found_in_the_text_is_where_it_was_registered(
    root: Path, file: str, qualname: str
) -> None:
    (root / "broken.py").write_text("def one(:")
    (root / "binary.py").write_bytes(b"\0\xff")
    spec = _spec(qualname, file)
    assert dep_place(root, spec, DepSpec("rows", "given/by/register.csv", LOADER)) == REGISTERED
    assert dep_place(root, spec, DepSpec("no_such", "rows.csv", LOADER)) == REGISTERED
    assert out_place(root, spec, OutSpec("", "given/by/register.csv", "out", LOADER)) == REGISTERED
