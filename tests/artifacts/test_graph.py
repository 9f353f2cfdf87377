"""The graph emerges from the paths; all mistakes are told at once, each with its place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from pivot_core.artifacts.graph import ArtifactGraph, build, missing
from pivot_core.errors import InvalidPipeline
from pivot_core.types import DepSpec, LoaderSpec, OutKind, OutSpec, Place, Problem, StageSpec

LOADER = LoaderSpec("pivot_core.loaders", "Text")
_lines = iter(range(1, 10**6))


def _out(path: str, kind: OutKind | None = None) -> OutSpec:
    return OutSpec("", path, kind or ("directory" if path.endswith("/") else "out"), LOADER)


def _stage(name: str, deps: str = "", outs: str = "") -> StageSpec:
    """Paths separated by spaces. Its place is the registration in pipeline.py, a new line each."""
    return StageSpec(
        name=name,
        module="stages",
        qualname=name,
        path="stages.py",
        line=1,
        registered=Place("pipeline.py", next(_lines)),
        deps=tuple(DepSpec(f"d{at}", path, LOADER) for at, path in enumerate(deps.split())),
        outs=tuple(_out(path) for path in outs.split()),
    )


def _problems(stages: Sequence[StageSpec], root: Path) -> tuple[Problem, ...]:
    with pytest.raises(InvalidPipeline) as caught:
        build(stages, root)
    return caught.value.problems


def test_stages_are_wired_by_their_artifacts(tmp_path: Path) -> None:
    graph = build(
        [
            _stage("report", "model.json rows.csv", "report.md"),
            _stage("train", "rows.csv", "model.json"),
            _stage("read", "raw.csv", "rows.csv"),
        ],
        tmp_path,
    )
    assert graph.producer == {"report.md": "report", "model.json": "train", "rows.csv": "read"}
    assert graph.upstream == {"report": ("train", "read"), "train": ("read",), "read": ()}
    assert graph.downstream == {"report": (), "train": ("report",), "read": ("report", "train")}
    assert graph.order == ("read", "train", "report")
    assert graph.sources == ("raw.csv",)


def test_order_is_that_of_registration_where_the_graph_leaves_a_choice(tmp_path: Path) -> None:
    stages = [_stage("z", "", "z.out"), _stage("b", "a.out", "b.out"), _stage("a", "", "a.out"), _stage("m")]
    assert build(stages, tmp_path).order == ("z", "a", "b", "m")


def test_a_dependency_on_a_directory_waits_for_all_that_is_written_in_it(tmp_path: Path) -> None:
    graph = build(
        [
            _stage("one", "", "data/x.csv"),
            _stage("two", "", "data/sub/y.csv"),
            _stage("three", "", "data/parts/"),
            _stage("no", "", "data-backup/x.csv"),
            _stage("nor", "", "data.csv"),
            _stage("all", "data/"),
        ],
        tmp_path,
    )
    assert graph.upstream["all"] == ("one", "two", "three")
    assert graph.sources == ()


def test_a_dependency_in_a_directory_waits_for_who_writes_the_directory(tmp_path: Path) -> None:
    graph = build(
        [_stage("write", "", "data/"), _stage("x", "data/x.csv"), _stage("no", "data-backup/x.csv data.csv")],
        tmp_path,
    )
    assert graph.upstream == {"write": (), "x": ("write",), "no": ()}
    assert graph.sources == ("data-backup/x.csv", "data.csv")


def test_a_dependency_on_a_directory_without_its_slash_is_found(tmp_path: Path) -> None:
    assert build([_stage("a", "", "data/"), _stage("b", "data")], tmp_path).upstream["b"] == ("a",)


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        ("x.csv", "x.csv", "b writes x.csv, and so does a"),
        ("data/", "data/x.csv", "b writes data/x.csv, which overlaps data/ of a"),
        ("data/sub/x.csv", "data/", "b writes data/, which overlaps data/sub/x.csv of a"),
        ("data/", "data", "b writes data, which overlaps data/ of a"),
        ("Data/x.csv", "data/X.csv", "b writes data/X.csv, which some systems take for Data/x.csv of a"),
        ("caf\u00e9.csv", "cafe\u0301.csv", "which some systems take for"),
    ],
)
def test_outputs_that_overlap_are_one_problem_with_both_places(
    tmp_path: Path, one: str, two: str, message: str
) -> None:
    stages = [_stage("a", "", one), _stage("b", "", two)]
    (problem,) = _problems(stages, tmp_path)
    assert message in problem.message
    assert problem.stage == "b"
    assert Place(problem.path, problem.line) == stages[1].registered
    assert problem.related == (stages[0].registered,)
    assert problem.hint


def test_a_stage_may_not_write_one_path_twice(tmp_path: Path) -> None:
    (problem,) = _problems([_stage("a", "", "x.csv x.csv")], tmp_path)
    assert problem.message == "a writes x.csv, and so does a"


@pytest.mark.parametrize("path", ["stages.py", "pipeline.py", "params.yaml", "lib/", "LIB/steps.py"])
def test_an_output_takes_no_place_of_what_the_pipeline_is_defined_in(tmp_path: Path, path: str) -> None:
    other = msgspec.structs.replace(_stage("b"), path="lib/steps.py")
    (problem,) = _problems([_stage("a", "", path), other], tmp_path)
    assert problem.message.startswith(f"a writes {path}, in the place of ")
    assert problem.hint


def test_neighbours_do_not_overlap(tmp_path: Path) -> None:
    build([_stage("a", "", "data/ data-backup/ data.csv"), _stage("b", "", "datb/x datb/xy")], tmp_path)


def test_a_cycle_is_shown_whole_with_its_artifacts(tmp_path: Path) -> None:
    stages = [
        _stage("a", "rows.csv", "model.pkl"),
        _stage("b", "model.pkl", "rows.csv"),
        _stage("c", "rows.csv"),
    ]
    (problem,) = _problems(stages, tmp_path)
    assert problem.message.endswith("a → model.pkl → b → rows.csv → a")
    assert Place(problem.path, problem.line) == stages[0].registered
    assert problem.related == (stages[1].registered,)


def test_a_stage_that_needs_its_own_output_is_a_cycle_of_one(tmp_path: Path) -> None:
    (problem,) = _problems([_stage("a", "data/x.csv", "data/")], tmp_path)
    assert problem.message == "a needs its own output, a cycle of one: a → data/ → a"
    assert "IncrementalOut" in problem.hint


def test_an_incremental_output_is_no_cycle(tmp_path: Path) -> None:
    spec = msgspec.structs.replace(
        _stage("a"), outs=(_out("seen.json", "incremental"),), incremental={"seen": "seen.json"}
    )
    assert build([spec], tmp_path).order == ("a",)


def test_every_cycle_is_told_and_the_longest_chain_is_no_matter(tmp_path: Path) -> None:
    stages = [_stage(f"s{n}", f"{n - 1}.txt" if n else "", f"{n}.txt") for n in range(2000)]
    assert build(stages, tmp_path).order[-1] == "s1999"
    stages[0] = _stage("s0", "1999.txt", "0.txt")
    stages += [_stage("x", "y.txt", "x.txt"), _stage("y", "x.txt", "y.txt")]
    long, short = _problems(stages, tmp_path)
    assert len(long.related) == 1999
    assert short.message.endswith("x → x.txt → y → y.txt → x")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    stages = [
        _stage("a", "../secret /etc/passwd", "x.csv"),
        _stage("b", "c.out", "x.csv b.out .pivot/b"),
        _stage("c", "b.out", "c.out"),
        msgspec.structs.replace(_stage("d"), outs=(_out("folder/", "out"), _out("file", "directory"))),
    ]
    messages = [problem.message for problem in _problems(stages, tmp_path)]
    assert messages == [
        'dependency "../secret" leaves the project\'s folder',
        'dependency "/etc/passwd" is absolute; write it relative to the project\'s folder',
        'output ".pivot/b" is inside .pivot/, which belongs to Pivot',
        'output "folder/" ends in /, which only a DirectoryOut does',
        'output "file" is a DirectoryOut, so it has to end in /',
        "b writes x.csv, and so does a",
        "these stages are in a cycle: b → b.out → c → c.out → b",
    ]


def test_a_graph_can_be_stored_and_read_without_pygtrie(tmp_path: Path) -> None:
    graph = build([_stage("a", "raw.csv", "a.out"), _stage("b", "a.out")], tmp_path)
    data = msgspec.msgpack.encode(graph)
    assert msgspec.msgpack.decode(data, type=ArtifactGraph) == graph
    script = (
        "import sys, msgspec; from pivot_core.artifacts.graph import ArtifactGraph\n"
        f"msgspec.msgpack.decode({data!r}, type=ArtifactGraph)\n"
        "print([name for name in ('pygtrie', 'difflib', 'lmdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_missing_input_is_told_with_what_was_probably_meant(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "penguins.csv").touch()
    stages = [
        _stage("a", "data/penguin.csv data/penguins.csv", "rows.csv"),
        _stage("b", "row.csv nothing/like/it"),
        _stage("c", "data/penguins.csv/"),
    ]
    graph = build(stages, tmp_path)
    problems = missing(graph, stages, tmp_path)
    assert [(problem.stage, problem.hint) for problem in problems] == [
        ("a", "did you mean data/penguins.csv?"),
        ("b", "did you mean rows.csv?"),
        ("b", "put nothing/like/it there, or register the stage that makes it"),
        ("c", "did you mean data/penguins.csv?"),
    ]
    assert problems[0].message == "a needs data/penguin.csv, which isn't there and which no stage makes"
    assert Place(problems[0].path, problems[0].line) == stages[0].registered


def test_nothing_is_missing_where_all_is_there(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    stages = [_stage("a", "raw/ raw", "rows.csv"), _stage("b", "rows.csv")]
    assert missing(build(stages, tmp_path), stages, tmp_path) == ()
