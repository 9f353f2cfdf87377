"""Packages that are used where they are edited: their content counts, since their version stays."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pivot_core.artifacts.packages import Before, PackageVersions
from pivot_core.store.state import State

FINDER = """
import importlib.util
import sys

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "shapes":
            return importlib.util.spec_from_file_location(name, {file!r})

sys.meta_path.append(Finder)
"""


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path, with a package and a module."""
    folder = tmp_path / "shared"
    (folder / "shapes/deep").mkdir(parents=True)
    (folder / "shapes/__init__.py").write_text("K = 1\n")
    (folder / "shapes/deep/more.py").write_text("K = 1\n")
    (folder / "single.py").write_text("K = 1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return folder


@pytest.fixture
def state(tmp_path: Path):
    with State(tmp_path / "state.lmdb") as found:
        yield found


@pytest.mark.parametrize(
    ("name", "edited"),
    [("shapes", "shapes/__init__.py"), ("shapes", "shapes/deep/more.py"), ("single", "single.py")],
)
def test_each_edit_of_a_package_on_the_import_path_is_another_version(shared, state, name, edited) -> None:
    before = Before()
    first = PackageVersions(state, before)
    was, signature = first.of([name]), first.signature()
    assert was[name].startswith("0+source.")
    assert PackageVersions(state, before).of([name]) == was
    (shared / edited).write_text("K = 2\n")
    assert first.of([name]) == was, "what a worker has imported it keeps"
    second = PackageVersions(state, before)
    assert second.signature() != signature
    assert second.of([name]) != was
    (shared / edited).write_text("K = 1\n")
    assert PackageVersions(state).of([name]) == was, "it tells nothing but what the code is"


def test_a_file_that_comes_or_goes_counts_and_what_is_no_code_does_not(shared, state) -> None:
    was = PackageVersions(state).of(["shapes"])
    (shared / "shapes/notes.txt").write_text("x")
    (shared / "shapes/__pycache__").mkdir()
    (shared / "shapes/__pycache__/x.py").write_text("x")
    (shared / "shapes/.#more.py").symlink_to("nowhere")
    assert PackageVersions(state).of(["shapes"]) == was
    (shared / "shapes/new.py").symlink_to("nowhere")
    assert PackageVersions(state).of(["shapes"]) == was
    (shared / "shapes/new.py").unlink()
    (shared / "shapes/new.py").write_text("")
    assert PackageVersions(state).of(["shapes"]) != was


def test_what_an_editable_install_maps_is_found_and_nothing_is_imported(shared, state, monkeypatch) -> None:
    file = shared / "elsewhere/shapes/__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text("raise SystemExit\n")
    (shared / "__editable___shapes_finder.py").write_text(FINDER.format(file=str(file)))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    __import__("__editable___shapes_finder")
    sys.path.remove(str(shared))
    was = PackageVersions(state).of(["shapes"])
    file.write_text("raise SystemExit(1)\n")
    now = PackageVersions(state).of(["shapes"])
    assert was["shapes"] != now["shapes"]
    assert "shapes" not in sys.modules


def test_an_installed_package_and_a_missing_one_stay_as_they_are(state) -> None:
    found = PackageVersions(state).of(["click", "pydantic", "no_such_package_anywhere"])
    assert found.keys() == {"click", "pydantic"}
    assert not any("source" in version for version in found.values())
