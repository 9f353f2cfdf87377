"""Names that somebody chose badly, or in order to do harm: refused with one message, or working; and nothing
is written outside the project."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

OUTPUT = """
def make() -> Annotated[str, outputs.Out({path!r}, Text)]:
    return "made"

pipeline = Pipeline("p")
pipeline.register(make)
"""
INPUT = """
def make(
    text: Annotated[Path, outputs.Dep({path!r}, loaders.PathOnly())],
) -> Annotated[str, outputs.Out("out.txt", Text)]:
    return "made"

def other() -> Annotated[str, outputs.Out("other.txt", Text)]:
    return "made"

pipeline = Pipeline("p")
pipeline.register(make)
pipeline.register(other)
"""
FOLDER = """
import os

def make() -> Annotated[Path, outputs.DirectoryOut("folder/", loaders.PathOnly())]:
    for name in {names!r}:
        path = os.path.join(b"folder", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").write(name)
    return Path("folder/")

pipeline = Pipeline("p")
pipeline.register(make)
"""


def inside(folder: bytes) -> dict[bytes, bytes]:
    """All files below a folder, by relative path."""
    paths = [at + b"/" + name for at, _, names in os.walk(folder) for name in names]
    return {path[len(folder) + 1 :]: Path(os.fsdecode(path)).read_bytes() for path in paths}


@pytest.mark.parametrize("kind", [OUTPUT, INPUT], ids=["output", "input"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a\nb.txt", r"a\nb.txt\" has a control character"),
        ("a\x1b[31mb.txt", r"a\x1b[31mb.txt\" has a control character"),
        ("a\x9bb", "has a control character"),
        ("a\u2028b", "has a control character"),
        ("a\udcffb", "isn't valid UTF-8"),
        ("n" * 256, "has a name of 256 bytes"),
        ("é" * 128, "has a name of 256 bytes"),
        ("/".join(["d" * 200] * 25), "is longer than"),
        ("../x", "leaves the project's folder"),
        ("/etc/x", "is absolute"),
        (".PIVOT/x", "belongs to Pivot"),
    ],
)
def test_a_path_that_can_be_no_artifact_is_one_message_at_its_line(project, kind, path, why):
    project.pipeline(kind.format(path=path))
    for command in ("run", "status"):
        ended = project.call(command)
        assert ended.code == 2, ended.stdout + ended.stderr
        assert why.replace('\\"', '"') in ended.stderr
        assert ended.stderr.startswith("pipeline.py:")
        assert len(ended.stderr.splitlines()) == 2
        assert "\x1b" not in ended.stderr
    assert not (project.root / ".pivot/stages").exists()


@pytest.mark.parametrize("path", ["n" * 251 + ".txt", "é" * 127, " a ", "a b/ä'\"$x", "-rf"])
def test_an_odd_name_that_file_systems_take_works_in_every_place(project, path):
    project.pipeline(OUTPUT.format(path=path))
    (project.root / path).parent.mkdir(exist_ok=True)
    (project.root / path).write_text("mine")
    project.run()
    assert (project.root / path).read_text() == "made"
    (kept,) = [kept for kept in (project.root / ".pivot/replaced").rglob("*") if kept.is_file()]
    assert kept.read_text() == "mine"
    (project.root / path).unlink()
    assert project.call("checkout").code == 0
    assert project.states() == {"make": "fresh"}
    assert project.run().outcomes == {"make": "skipped"}


def test_files_of_a_directory_may_have_any_names_that_are_text(project):
    names = [b"a\nb", b"c\x1b[31m/d", "é".encode(), b"n" * 255, b"m" * 255 + b"/" + b"k" * 255, b"A", b"a"]
    project.pipeline(FOLDER.format(names=names))
    project.run()
    folder = os.fsencode(project.root / "folder")
    there = inside(folder)
    assert set(there) == set(names)
    shutil.rmtree(folder)
    assert project.call("checkout").code == 0
    assert inside(folder) == there
    assert project.states() == {"make": "fresh"}


@pytest.mark.parametrize(
    "kind", [INPUT.format(path="folder/"), FOLDER.format(names=[b"a\xff"])], ids=["input", "output"]
)
def test_a_name_in_a_directory_that_is_not_text_is_one_message_and_stops_no_other_stage(project, kind):
    if "Dep" in kind:
        (project.root / "folder").mkdir()
        Path(os.fsdecode(os.fsencode(project.root) + b"/folder/a\xff")).write_text("x")
    project.pipeline(kind)
    ended = project.run("-k", ok=False)
    outcomes = ended.outcomes
    assert ended.code == 1
    assert outcomes.pop("make") == "failed"
    assert set(outcomes.values()) <= {"ran"}
    message = ended.of("stage_end", "make")[0]["error"]["message"]
    assert r"b'a\xff'" in message and "isn't valid UTF-8" in message and "rename it" in message


def test_an_undeclared_file_whose_name_is_not_text_is_never_forgotten(project):
    name = os.fsdecode(b"a\xff")
    (project.root / name).write_text("one")
    project.pipeline(
        f"""
        def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
            return open({name!r}).read()

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    (warning,) = project.run().of("warning")
    assert "isn't valid UTF-8" in warning["message"] and "rename" in warning["message"]
    (project.root / name).write_text("two")
    assert project.run().outcomes == {"make": "ran"}
    assert project.read("out.txt") == "two"


def test_a_file_whose_name_is_not_text_decides_the_pipeline_again_each_time(project):
    name = os.fsdecode(b"a\xff")
    (project.root / name).write_text("one.txt")
    project.pipeline(
        f"""
        def make() -> Annotated[str, outputs.Out(open({name!r}).read(), Text)]:
            return "made"

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    project.run()
    (project.root / name).write_text("two.txt")
    project.run()
    assert project.read("two.txt") == "made"


def test_a_message_that_is_not_text_fails_its_stage_only(project):
    project.pipeline(
        """
        def bad() -> Annotated[str, outputs.Out("bad.txt", Text)]:
            print("\\udcff")
            raise ValueError("no file \\udcff\\ud800 here")

        def good() -> Annotated[str, outputs.Out("good.txt", Text)]:
            return "good"

        pipeline = Pipeline("p")
        pipeline.register(bad)
        pipeline.register(good)
        """
    )
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "good": "ran"}
    error = ended.of("stage_end", "bad")[0]["error"]
    assert (error["type"], error["line"]) == ("ValueError", 8)
    assert error["message"].startswith("no file ")


@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), lambda path: path.symlink_to("/dev/zero")])
def test_an_input_that_is_no_file_is_one_stages_error(project, make):
    project.pipeline(INPUT.format(path="in.txt"))
    make(project.root / "in.txt")
    status = project.status()
    assert status["other"]["state"] == "never_run"
    assert status["make"]["state"] == "error"
    (reason,) = status["make"]["reasons"]
    assert (reason["kind"], reason["subject"], reason["path"]) == ("unreadable", "in.txt", "pipeline.py")
    assert "neither a file nor a folder" in reason["detail"]
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"make": "failed", "other": "ran"}
    assert ended.of("stage_end", "make")[0]["error"]["type"] == "UnusableInput"


def test_what_is_no_file_in_the_place_of_an_output_is_moved_and_stops_no_command(project):
    project.pipeline(OUTPUT.format(path="out.txt"))
    project.run()
    (project.root / "out.txt").unlink()
    os.mkfifo(project.root / "out.txt")
    assert project.states() == {"make": "stale"}
    assert project.call("checkout").code == 0
    assert project.read("out.txt") == "made"
    (project.root / "out.txt").unlink()
    os.mkfifo(project.root / "out.txt")
    assert project.run("--force").outcomes == {"make": "ran"}
    assert [path.name for path in (project.root / ".pivot/replaced").rglob("out.txt")] == ["out.txt"] * 2


@pytest.mark.parametrize(
    "discovered", ["", "../../secret", "/etc/passwd", "a/../../x", "a\0b", "@../../x:y", "@/etc/passwd", "@"]
)
def test_a_lock_file_that_says_a_stage_reads_what_none_can_is_unreadable(project, discovered):
    project.pipeline(OUTPUT.format(path="out.txt"))
    project.run()
    lock = project.root / ".pivot/stages/make.lock"
    record = json.loads(lock.read_text())
    record["discovered"] = {discovered: None}
    lock.write_text(json.dumps(record))
    (reason,) = project.status()["make"]["reasons"]
    assert reason["kind"] == "unreadable"
    assert "which none can" in reason["detail"]
    assert project.run().outcomes == {"make": "restored"}
    assert project.states() == {"make": "fresh"}


@pytest.mark.parametrize("to", ["/dev/zero", "/etc/passwd", "nowhere", "."])
def test_a_lock_file_that_is_a_link_is_not_followed(project, tmp_path, to):
    project.pipeline(OUTPUT.format(path="out.txt"))
    project.run()
    lock = project.root / ".pivot/stages/make.lock"
    lock.unlink()
    lock.symlink_to(to)
    (reason,) = project.status()["make"]["reasons"]
    assert (reason["kind"], reason["detail"]) == ("unreadable", "can't be read (it is a link)")
    project.run()
    assert not lock.is_symlink()
    assert project.states() == {"make": "fresh"}


def test_names_in_lock_files_command_no_terminal(project):
    project.pipeline(OUTPUT.format(path="out.txt"))
    project.run()
    lock = project.root / ".pivot/stages/make.lock"
    record = json.loads(lock.read_text())
    evil = "x\x1b]0;title\x07\x1b[2Jy\nerror: no"
    for field in ("units", "deps", "discovered", "environment", "packages", "params", "outs"):
        record[field][evil] = "1"
    lock.write_text(json.dumps(record))
    shown = project.call("status", "--explain").stdout
    assert len(shown.splitlines()) > 5
    assert "\x1b" not in shown and "\x07" not in shown
    assert "\nerror: no" not in shown


# --- links -------------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "out.txt").write_text("theirs")
    (folder / "runs").write_text("theirs")
    return folder


def untouched(outside: Path) -> bool:
    return inside(os.fsencode(outside)) == {b"out.txt": b"theirs", b"runs": b"theirs"}


DEEP = """
import os, shutil

def text() -> Annotated[str, outputs.Out("sub/out.txt", Text)]:
    {body}
    return "made"

pipeline = Pipeline("p")
pipeline.register(text)
"""


def test_a_folder_that_becomes_a_link_out_is_not_written_through_by_run_or_checkout(project, outside):
    project.pipeline(DEEP.format(body="pass"))
    project.run()
    shutil.rmtree(project.root / "sub")
    (project.root / "sub").symlink_to(outside)
    ended = project.call("checkout", "--force")
    assert ended.code == 1
    assert "sub/out.txt  nothing is written at sub/out.txt: it leaves the project's folder" in ended.stderr
    for args in ((), ("--force",)):
        ended = project.run(*args, ok=False)
        assert ended.outcomes == {"text": "failed"}
        message = ended.of("stage_end")[0]["error"]["message"]
        assert "leaves the project's folder through a link" in message
    assert untouched(outside)


def test_a_folder_that_a_stage_makes_a_link_out_is_not_written_through(project, outside):
    link = f'shutil.rmtree("sub"); os.symlink({str(outside)!r}, "sub")'
    project.pipeline(DEEP.format(body=link))
    ended = project.run(ok=False)
    assert ended.outcomes == {"text": "failed"}
    assert "through a link" in ended.of("stage_end")[0]["error"]["message"]
    assert untouched(outside)


@pytest.mark.parametrize(
    ("kind", "loader"), [("Out", "loaders.PathOnly()"), ("IncrementalOut", "loaders.PathOnly()")]
)
def test_putting_back_after_a_failure_touches_nothing_outside(project, outside, kind, loader):
    project.pipeline(
        f"""
        import os, shutil

        def make() -> Annotated[Path, outputs.{kind}("sub/out.txt", {loader})]:
            if os.path.exists("fail"):
                shutil.rmtree("sub")
                os.symlink({str(outside)!r}, "sub")
                raise ValueError("after harm")
            Path("sub/out.txt").write_text("made")
            return Path("sub/out.txt")

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    project.run()
    (project.root / "fail").touch()
    assert project.run("--force", ok=False).outcomes == {"make": "failed"}
    assert untouched(outside)


@pytest.mark.parametrize("kind", ["Out", "DirectoryOut"])
def test_an_output_whose_place_is_a_link_out_replaces_the_link(project, outside, kind):
    if kind == "Out":
        project.pipeline(OUTPUT.format(path="place"))
        (project.root / "place").symlink_to(outside / "out.txt")
    else:
        project.pipeline(FOLDER.format(names=[b"out.txt"]))
        (project.root / "folder").symlink_to(outside)
    project.run()
    place = project.root / ("place" if kind == "Out" else "folder")
    assert not place.is_symlink() and place.exists()
    assert untouched(outside)


@pytest.mark.parametrize("name", ["tmp", "stages", "replaced"])
@pytest.mark.parametrize("command", [["run"], ["commit"], ["checkout"], ["gc"]], ids=lambda args: args[0])
def test_a_folder_of_pivot_that_came_as_a_link_is_refused(project, outside, name, command):
    project.pipeline(OUTPUT.format(path="out.txt"))
    (project.root / ".pivot").mkdir()
    (project.root / ".pivot" / name).symlink_to(outside)
    project.call("status")
    ended = project.call(*command)
    assert ended.code == 2
    assert f".pivot/{name} is a link" in ended.stderr and "remove it" in ended.stderr
    assert untouched(outside)
    assert f".pivot/{name} is a link" in project.call("doctor").stdout


@pytest.mark.parametrize(
    "name", ["tmp/runs", ".gitignore", "state.lmdb/data.mdb", "state.lmdb/lock.mdb", "state.lmdb/as-left"]
)
@pytest.mark.parametrize("to", ["runs", "new"])
def test_a_file_of_pivot_that_came_as_a_link_is_not_written_through(project, outside, name, to):
    project.pipeline(OUTPUT.format(path="out.txt"))
    path = project.root / ".pivot" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(outside / to)
    for command in ("status", "run", "commit", "checkout", "gc", "doctor"):
        ended = project.call(command)
        assert "Traceback" not in ended.stderr
    assert untouched(outside)


def test_a_state_database_that_came_as_a_link_is_replaced_and_what_it_led_to_stays(project, outside):
    import lmdb

    with lmdb.open(str(outside / "db")) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"theirs", b"theirs")
    before = inside(os.fsencode(outside))
    project.pipeline(OUTPUT.format(path="out.txt"))
    (project.root / ".pivot").mkdir()
    (project.root / ".pivot/state.lmdb").symlink_to(outside / "db")
    assert project.states() == {"make": "never_run"}
    project.run()
    assert project.run().outcomes == {"make": "skipped"}
    assert not (project.root / ".pivot/state.lmdb").is_symlink()
    assert inside(os.fsencode(outside)) == before
