"""Every loader: what it writes it reads back, with the same bytes for the same value."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from pivot_core import loaders
from pivot_core.errors import PivotError

ROUND_TRIPS = [
    (loaders.Text(), "ä\r\n"),
    (loaders.Text("latin-1"), "ä"),
    (loaders.JSON(), {"b": [1, None, "ä"], "a": 0.1}),
    (loaders.JSON(indent=None), [1, 2]),
    (loaders.JSONL(), [{"a": 1}, [2], "ä\u2028"]),
    (loaders.YAML(), {"b": [1, None, "ä"], "a": 0.1}),
    (loaders.Pickle(), {"a": (1, 2)}),
]


@pytest.mark.parametrize(("loader", "value"), ROUND_TRIPS)
def test_a_value_comes_back_and_is_written_the_same_again(tmp_path, loader, value):
    first, second = tmp_path / "1", tmp_path / "2"
    loader.save(value, first)
    loader.save(loader.load(first) if not isinstance(loader, loaders.Text) else value, second)
    assert first.read_bytes() == second.read_bytes()
    if not isinstance(loader, loaders.Text):
        assert loader.load(first) == value


def test_text_keeps_its_line_ends_and_is_read_with_plain_ones(tmp_path):
    loaders.Text().save("a\r\nb\n", tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == b"a\r\nb\n"
    assert loaders.Text().load(tmp_path / "t") == "a\nb\n"


def test_text_refuses_what_is_none(tmp_path):
    with pytest.raises(TypeError, match="a dict can't be written as text"):
        loaders.Text().save({}, tmp_path / "x")


def test_json_takes_the_numbers_of_numpy(tmp_path):
    np = pytest.importorskip("numpy")
    value = {"n": np.int64(3), "x": np.float32(0.5), "a": np.arange(3), "yes": np.bool_(True)}
    loaders.JSON().save(value, tmp_path / "j")
    assert loaders.JSON().load(tmp_path / "j") == {"n": 3, "x": 0.5, "a": [0, 1, 2], "yes": True}


def test_json_refuses_what_it_cannot_write(tmp_path):
    with pytest.raises(TypeError, match="a set can't be written as JSON"):
        loaders.JSON().save({1}, tmp_path / "j")


def test_yaml_builds_no_objects(tmp_path):
    import yaml

    (tmp_path / "y").write_text("!!python/object/apply:os.getcwd []")
    with pytest.raises(yaml.YAMLError):
        loaders.YAML().load(tmp_path / "y")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
@pytest.mark.parametrize("loader", [loaders.CSV(), loaders.CSV(sep="\t", index=True, dtype={"a": "int32"})])
def test_a_table_comes_back_from_csv(tmp_path, loader, name):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", 'y"\n']})
    frame = frame.astype(dict(loader.dtype or {}))
    loader.save(frame, tmp_path / name)
    pd.testing.assert_frame_equal(loader.load(tmp_path / name), frame)
    folder = tmp_path / "again"
    folder.mkdir()
    loader.save(frame, folder / f"other-{name}")
    assert (folder / f"other-{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_csv_reads_dates(tmp_path):
    pd = pytest.importorskip("pandas")
    (tmp_path / "t").write_text("at\n2026-01-02\n")
    assert loaders.CSV(parse_dates=("at",)).load(tmp_path / "t")["at"][0] == pd.Timestamp(2026, 1, 2)


def test_a_table_comes_back_from_parquet(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[3, 5])
    for name in "1", "2":
        loaders.Parquet().save(frame, tmp_path / name)
    pd.testing.assert_frame_equal(loaders.Parquet().load(tmp_path / "1"), frame)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "jpg"])
def test_a_figure_is_written_the_same_each_time_and_closed(tmp_path, kind):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    for name in "1", "2":
        figure, axes = pyplot.subplots()
        axes.plot([1, 3, 2])
        axes.set_title("title")
        loaders.MatplotlibFigure(dpi=50).save(figure, tmp_path / f"{name}.{kind}")
        assert not pyplot.fignum_exists(figure.number)
    assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_path_only_is_the_path(tmp_path):
    path = tmp_path / "x"
    path.write_text("x")
    assert loaders.PathOnly().load(path) == path
    loaders.PathOnly().save(str(path), path)


def test_path_only_wants_the_declared_path_and_something_there(tmp_path):
    with pytest.raises(PivotError, match="its output is"):
        loaders.PathOnly().save(tmp_path / "y", tmp_path / "x")
    with pytest.raises(PivotError, match="nothing there"):
        loaders.PathOnly().save(tmp_path / "x", tmp_path / "x")
    with pytest.raises(PivotError, match="not a dict"):
        loaders.PathOnly().save({}, tmp_path / "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("library", "call", "extra"),
    [
        ("pandas", "loaders.CSV().load(Path('x'))", "pivot-core[pandas]"),
        ("pyarrow", "loaders.Parquet().load(Path('x'))", "pivot-core[pandas]"),
        ("matplotlib", "loaders.MatplotlibFigure().save(None, Path('x'))", "pivot-core[matplotlib]"),
    ],
)
def test_a_missing_library_is_named_with_the_extra_to_install(tmp_path, library, call, extra):
    code = f"""
import sys
from pathlib import Path
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {library!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Missing())
from pivot_core import loaders
from pivot_core.errors import PivotError
try:
    {call}
except PivotError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"needs {library}" in done.stdout
    assert extra in done.stdout


def test_every_loader_is_a_frozen_dataclass():
    for cls in vars(loaders).values():
        if isinstance(cls, type) and issubclass(cls, loaders.Reader | loaders.Writer):
            assert is_dataclass(cls)
    with pytest.raises(AttributeError):
        loaders.CSV().sep = ";"  # type: ignore[misc]
    assert loaders.CSV() == loaders.CSV()
    assert loaders.JSONL() != loaders.Pickle()


def test_a_loader_without_its_method_cannot_be_made():
    class Half(loaders.Loader[str, str]):
        def load(self, path: Path) -> str:
            return ""

    with pytest.raises(TypeError, match="save"):
        Half()  # type: ignore[abstract]


def test_each_loader_has_an_empty_value_of_its_kind():
    pandas = pytest.importorskip("pandas")
    assert loaders.Text().empty() == ""
    assert (loaders.JSON().empty(), loaders.YAML().empty(), loaders.JSONL().empty()) == ({}, {}, [])
    assert loaders.Pickle().empty() is None
    for table in (loaders.CSV(), loaders.Parquet()):
        assert isinstance(table.empty(), pandas.DataFrame)
        assert table.empty().empty
    first = loaders.JSON().empty()
    assert first is not loaders.JSON().empty(), "a stage may change what it is given"
