"""The authoring API: cheap to import, and it only takes down what it is told."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import pivot_core
from pivot_core import Pipeline, StageParams, loaders, outputs, progress


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    found = modules_after("import pivot_core")
    assert not found & {"typing", "dataclasses", "inspect", "msgspec", "pydantic", "yaml", "pandas", "click"}


def test_authoring_imports_nothing_that_only_some_stages_need():
    found = modules_after("from pivot_core import Pipeline, loaders, outputs")
    assert not found & {
        "msgspec",
        "pydantic",
        "yaml",
        "json",
        "pandas",
        "numpy",
        "matplotlib",
        "pathlib",
        "click",
    }


def test_all_names_are_there():
    assert {getattr(pivot_core, name) for name in pivot_core.__all__} == {
        Pipeline,
        StageParams,
        loaders,
        outputs,
        progress,
    }
    with pytest.raises(AttributeError, match="no attribute 'Stage'"):
        _ = pivot_core.Stage


def test_register_has_the_signature_of_the_contract():
    parameters = inspect.signature(Pipeline.register).parameters.values()
    assert [(one.name, one.default) for one in parameters][2:] == [
        ("name", None),
        ("params", None),
        ("deps", None),
        ("outs", None),
        ("mutex", ()),
        ("resources", None),
        ("retries", 0),
        ("timeout", None),
    ]


def test_register_returns_the_function_and_notes_where_it_was_called():
    def train() -> None: ...

    pipeline = Pipeline("demo")
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    assert pipeline.register(train, retries=2) is train
    (registration,) = pipeline.registrations
    assert (registration.func, registration.retries) == (train, 2)
    assert (registration.file, registration.line) == (__file__, line)


def test_register_accepts_nonsense_so_that_all_of_it_is_told_at_once():
    pipeline = Pipeline("demo")
    pipeline.register(3, name=4, mutex=5)  # type: ignore[type-var,arg-type]
    assert len(pipeline.registrations) == 1


def test_markers_are_values():
    assert outputs.Metric("a") == outputs.Metric("a", loaders.JSON())
    assert outputs.Metric("a") != outputs.Out("a", loaders.JSON())
    assert outputs.Plot("a").loader == loaders.MatplotlibFigure()
    assert outputs.DirectoryOut("a/").loader == loaders.PathOnly()
    assert repr(outputs.Metric("a")) == "Metric(path='a', loader=JSON(indent=2))"
    kinds = [outputs.Out, outputs.Metric, outputs.Plot, outputs.IncrementalOut, outputs.DirectoryOut]
    assert [kind.kind for kind in kinds] == ["out", "metric", "plot", "incremental", "directory"]
    with pytest.raises(AttributeError):
        outputs.Metric("a").path = "b"  # type: ignore[misc]


def test_params_are_frozen_and_know_their_names():
    class P(StageParams):
        rate: float = 0.1

    with pytest.raises(ValueError, match="frozen"):
        P().rate = 0.2
    with pytest.raises(ValueError, match="Extra"):
        P(rat=1)  # type: ignore[call-arg]
