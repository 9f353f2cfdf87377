"""What runs, what is skipped and what comes back from the cache."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import time

import pytest


def test_a_first_run_makes_everything_and_a_second_one_nothing(chain):
    assert chain.run().outcomes == {"first": "ran", "second": "ran", "other": "ran"}
    assert chain.read("out.txt") == "ONE TWO!"
    assert chain.run().outcomes == {"first": "skipped", "second": "skipped", "other": "skipped"}
    assert set(chain.states().values()) == {"fresh"}


def test_an_edited_helper_runs_the_one_stage_that_uses_it_and_says_where(chain):
    chain.run()
    chain.edit("helpers.py", '"!"', '"?"')
    reason = chain.status()["second"]["reasons"][0]
    assert (reason["kind"], reason["subject"], reason["path"], reason["line"]) == (
        "code",
        "helpers.exclaim",
        "helpers.py",
        4,
    )
    assert chain.run().outcomes == {"first": "skipped", "second": "ran", "other": "skipped"}
    assert chain.read("out.txt") == "ONE TWO?"


def test_what_waits_for_a_stale_stage_is_upstream_stale(chain):
    chain.run()
    chain.edit("helpers.py", "text.upper()", "text.title()")
    assert chain.states() == {"first": "stale", "second": "upstream_stale", "other": "fresh"}


def test_a_rerun_with_the_same_bytes_stops_there(chain):
    chain.run()
    chain.edit("helpers.py", "text.upper()", "text.upper().upper()")
    assert chain.run().outcomes == {"first": "ran", "second": "skipped", "other": "skipped"}


def test_an_undone_edit_comes_back_from_the_cache(chain):
    chain.run()
    chain.edit("helpers.py", '"!"', '"?"')
    chain.run()
    chain.edit("helpers.py", '"?"', '"!"')
    assert chain.run().outcomes["second"] == "restored"
    assert chain.read("out.txt") == "ONE TWO!"
    assert set(chain.states().values()) == {"fresh"}


def test_another_branch_brings_its_lock_files_and_the_cache_its_outputs(chain):
    chain.run()
    kept = chain.root / "kept"
    shutil.copytree(chain.root / ".pivot" / "stages", kept)
    chain.write("in.txt", "three\n")
    chain.run()
    chain.write("in.txt", "one two\n")
    shutil.rmtree(chain.root / ".pivot" / "stages")
    kept.rename(chain.root / ".pivot" / "stages")
    assert set(chain.run().outcomes.values()) == {"restored"}
    assert chain.read("out.txt") == "ONE TWO!"


def test_deleted_and_overwritten_outputs_are_restored(chain):
    chain.run()
    (chain.root / "out.txt").unlink()
    (chain.root / "other.txt").unlink()
    chain.write("other.txt", "tampered")
    assert chain.reasons("second") == [("output", "out.txt")]
    assert chain.run().outcomes == {"first": "skipped", "second": "restored", "other": "restored"}
    assert (chain.read("out.txt"), chain.read("other.txt")) == ("ONE TWO!", "2")


LINKS = ["auto", "copy", "hardlink", "symlink"]


@pytest.mark.parametrize("mode", LINKS)
def test_outputs_tampered_with_are_right_after_the_next_run(chain, mode):
    """Also as root, whom file modes don't keep from writing through a link into the cache."""
    chain.write(".pivot/config.yaml", f"cache:\n  mode: {mode}\n")
    chain.run()
    out = chain.root / "out.txt"
    linked = mode in ("hardlink", "symlink")

    out.unlink()
    assert chain.run().outcomes["second"] == "restored"
    out.unlink()
    out.write_text("tampered by another tool")
    assert chain.run().outcomes["second"] == "restored"
    assert chain.read("out.txt") == "ONE TWO!"

    out.chmod(0o644)
    out.write_text("tampered in place")
    assert chain.reasons("second") == [("output", "out.txt")]
    assert chain.run().outcomes["second"] == ("ran" if linked else "restored")
    assert chain.read("out.txt") == "ONE TWO!"
    kept = [path.read_text() for path in (chain.root / ".pivot/replaced").rglob("out.txt")]
    assert sorted(kept) == ["tampered by another tool", "tampered in place"]

    out.unlink()
    assert chain.run().outcomes["second"] == "restored"
    assert chain.read("out.txt") == "ONE TWO!"
    assert set(chain.states().values()) == {"fresh"}


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_an_output_overwritten_through_its_link_and_deleted_is_made_again(chain, mode):
    chain.write(".pivot/config.yaml", f"cache:\n  mode: {mode}\n")
    chain.run()
    out = chain.root / "out.txt"
    before = out.stat()
    out.chmod(0o644)
    out.write_text("one two!")
    os.utime(out, ns=(before.st_atime_ns, before.st_mtime_ns))
    out.unlink()
    ended = chain.run()
    assert ended.outcomes["second"] == "ran"
    assert "set aside" in ended.of("warning", "second")[0]["message"]
    assert chain.read("out.txt") == "ONE TWO!"
    (damaged,) = (chain.root / ".pivot/cache/damaged").iterdir()
    assert damaged.read_text() == "one two!"


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_a_cache_that_was_deleted_is_made_again(chain, mode):
    chain.write(".pivot/config.yaml", f"cache:\n  mode: {mode}\n")
    chain.run()
    shutil.rmtree(chain.root / ".pivot/cache")
    ended = chain.run()
    assert ended.outcomes["second"] == ("skipped" if mode == "hardlink" else "ran")
    assert (chain.read("out.txt"), ended.of("warning")) == ("ONE TWO!", [])


def test_an_input_edited_with_its_size_and_mtime_kept_is_seen(chain):
    chain.run()
    path = chain.root / "in.txt"
    before = path.stat()
    path.write_text("one six\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert chain.reasons("first") == [("input", "in.txt")]


def test_code_edited_with_its_size_and_mtime_kept_is_run_as_it_is_now(chain):
    chain.run()
    path = chain.root / "helpers.py"
    before = path.stat()
    chain.edit("helpers.py", '"!"', '"?"')
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    chain.run()
    assert chain.read("out.txt") == "ONE TWO?"


def test_verdicts_do_not_depend_on_state_or_cache(chain):
    chain.run()
    shutil.rmtree(chain.root / ".pivot" / "state.lmdb")
    shutil.rmtree(chain.root / ".pivot" / "cache")
    assert set(chain.states().values()) == {"fresh"}
    chain.edit("helpers.py", '"!"', '"?"')
    shutil.rmtree(chain.root / ".pivot" / "state.lmdb")
    assert chain.reasons("second") == [("code", "helpers.exclaim")]


def test_lock_files_are_the_same_bytes_on_another_machine(chain, tmp_path):
    chain.run()
    locks = {path.name: path.read_bytes() for path in (chain.root / ".pivot" / "stages").iterdir()}
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(chain.root, elsewhere, ignore=shutil.ignore_patterns(".pivot", "*.txt", "__pycache__"))
    shutil.copy(chain.root / "in.txt", elsewhere)
    type(chain)(elsewhere).run()
    assert locks == {path.name: path.read_bytes() for path in (elsewhere / ".pivot" / "stages").iterdir()}


def test_a_lock_file_with_conflict_markers_makes_its_stage_stale_and_no_other(chain):
    chain.run()
    lock = chain.root / ".pivot" / "stages" / "second.lock"
    lock.write_text("<<<<<<< ours\n" + lock.read_text())
    assert chain.reasons("second") == [("unreadable", "lock file")]
    assert chain.run().outcomes == {"first": "skipped", "second": "restored", "other": "skipped"}


def test_a_parameter_given_in_params_yaml_makes_its_stage_stale(project):
    project.pipeline(
        """
        from pivot_core import StageParams

        class Params(StageParams):
            times: int = 1

        def make(params: Params) -> Annotated[str, outputs.Out("out.txt", Text)]:
            return "x" * params.times

        pipeline = Pipeline("p")
        pipeline.register(make, params=Params(times=2))
        """
    )
    project.run()
    assert project.read("out.txt") == "xx"
    project.write("params.yaml", "make:\n  times: 3\n")
    assert project.reasons("make") == [("params", "times")]
    project.run()
    assert project.read("out.txt") == "xxx"


def test_a_file_read_undeclared_is_an_input_and_a_warning(project):
    project.write("extra.txt", "1")
    project.pipeline(
        """
        def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
            return Path("extra.txt").read_text()

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    ended = project.run()
    assert "extra.txt" in ended.of("warning")[0]["message"]
    project.write("extra.txt", "2")
    assert project.reasons("make") == [("discovered_input", "extra.txt")]


def test_a_pipeline_that_lists_a_folder_or_reads_a_variable_is_defined_again(project):
    project.write("data/a.txt", "a")
    project.pipeline(
        """
        import os

        def copy(
            text: Annotated[str, outputs.PlaceholderDep(Text)],
        ) -> Annotated[str, outputs.Out("o", Text)]:
            return text

        pipeline = Pipeline("p")
        for path in sorted(Path("data").glob("*.txt")):
            name = os.environ.get("PREFIX", "copy") + "@" + path.stem
            pipeline.register(copy, name=name, deps={"text": str(path)}, outs={"return": f"out/{path.name}"})
        """
    )
    assert project.run().outcomes == {"copy@a": "ran"}
    project.write("data/b.txt", "b")
    assert project.run().outcomes == {"copy@a": "skipped", "copy@b": "ran"}
    assert project.run(env={"PREFIX": "x"}).outcomes == {"x@a": "restored", "x@b": "restored"}


def test_what_a_stage_finds_in_a_folder_is_an_input(project):
    """Files that are added later, a .py file that is read as data, a file opened to be updated."""
    project.write("parts/a.txt", "a")
    project.write("table.py", "1")
    project.write("state.txt", "s")
    project.pipeline(
        """
        def names() -> Annotated[str, outputs.Out("out/names.txt", Text)]:
            return ",".join(sorted(path.name for path in Path("parts").iterdir()))

        def source() -> Annotated[str, outputs.Out("out/source.txt", Text)]:
            return Path("table.py").read_text()

        def state() -> Annotated[str, outputs.Out("out/state.txt", Text)]:
            with open("state.txt", "r+") as file:
                return file.read()

        pipeline = Pipeline("p")
        for stage in (names, source, state):
            pipeline.register(stage)
        """
    )
    project.run()
    assert set(project.states().values()) == {"fresh"}
    project.write("parts/b.txt", "b")
    project.write("table.py", "2")
    project.write("state.txt", "t")
    assert set(project.states().values()) == {"stale"}
    project.run()
    assert project.read("out/names.txt") == "a.txt,b.txt"


def test_a_pipeline_that_lists_the_root_is_defined_again(project):
    project.write("a.csv", "a")
    project.pipeline(
        """
        def copy(
            text: Annotated[str, outputs.PlaceholderDep(Text)],
        ) -> Annotated[str, outputs.Out("o", Text)]:
            return text

        pipeline = Pipeline("p")
        for path in sorted(Path().glob("*.csv")):
            out = {"return": f"out/{path.stem}"}
            pipeline.register(copy, name=path.stem, deps={"text": str(path)}, outs=out)
        """
    )
    assert project.run().outcomes == {"a": "ran"}
    project.write("b.csv", "b")
    assert project.run().outcomes == {"a": "skipped", "b": "ran"}


def test_a_feature_release_of_a_package_makes_stale_and_a_bug_fix_only_where_asked(chain, tmp_path):
    """Both say which versions; ``--strict`` and the configuration make any other version count."""
    site = tmp_path / "site-packages"
    env = {"PYTHONPATH": str(site)}

    def install(version: str) -> None:
        shutil.rmtree(site, ignore_errors=True)
        info = site / f"shades-{version}.dist-info"
        info.mkdir(parents=True)
        (site / "shades.py").write_text("def dark(text):\n    return text\n")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shades\nVersion: {version}\n")
        (info / "RECORD").write_text("shades.py,,\n")

    def verdict(*args: str) -> tuple[str, list[str]]:
        ended = chain.call("status", "--json", "--explain", *args, env=env)
        entry = next(each for each in json.loads(ended.stdout)["stages"] if each["name"] == "second")
        return entry["state"], [reason["detail"] for reason in (*entry["reasons"], *entry["notes"])]

    install("1.2.3")
    chain.edit("helpers.py", "def exclaim", "import shades\n\n\ndef exclaim")
    chain.edit("helpers.py", '"!"', 'shades.dark("!")')
    chain.run(env=env)
    assert verdict() == ("fresh", [])
    install("1.2.4")
    note = "version 1.2.3, now 1.2.4: a bug-fix release, which --strict counts"
    assert verdict() == ("fresh", [note])
    assert verdict("--strict") == ("stale", ["version 1.2.3, now 1.2.4"])
    chain.write(".pivot/config.yaml", "packages: exact\n")
    assert verdict() == ("stale", ["version 1.2.3, now 1.2.4"])
    chain.write(".pivot/config.yaml", "")
    install("1.3.0")
    assert verdict() == ("stale", ["version 1.2.3, now 1.3.0"])
    assert chain.run(env=env).outcomes["second"] == "ran"
    assert verdict() == ("fresh", [])


def test_a_package_that_is_used_where_it_is_edited_counts_by_its_code(chain, tmp_path):
    """Its version, if it has one, stays: an editable install, or a folder on PYTHONPATH."""
    (tmp_path / "shared").mkdir()
    module = tmp_path / "shared/shades.py"
    module.write_text("def dark(text):\n    return text\n")
    env = {"PYTHONPATH": str(tmp_path / "shared")}
    chain.edit("helpers.py", "def exclaim", "import shades\n\n\ndef exclaim")
    chain.edit("helpers.py", '"!"', 'shades.dark("!")')
    assert chain.run(env=env).outcomes["second"] == "ran"
    assert set(chain.run(env=env).outcomes.values()) == {"skipped"}
    module.write_text("def dark(text):\n    return text * 2\n")
    ended = chain.call("status", "--json", env=env)
    second = next(each for each in json.loads(ended.stdout)["stages"] if each["name"] == "second")
    assert [(reason["kind"], reason["subject"]) for reason in second["reasons"]] == [("package", "shades")]
    assert chain.run(env=env).outcomes["second"] == "ran"
    assert set(chain.run(env=env).outcomes.values()) == {"skipped"}


ASKING = """
    import os
    import subprocess
    {head}

    def asking(
        text: Annotated[str, outputs.Dep("in.txt", Text)],
    ) -> Annotated[str, outputs.Out("out.txt", Text)]:
        {body}

    pipeline = Pipeline("p")
    pipeline.register(asking)
    """


OUTSIDE = """
    import sys
    sys.path.append("../shared")
    import shades

    def reading(
        text: Annotated[str, outputs.Dep("in.txt", Text)],
    ) -> Annotated[str, outputs.Out("out.txt", Text)]:
        Path("../shared/made.txt").write_text("made")
        Path("../shared/made.txt").read_text()
        return text + BODY + shades.K

    pipeline = Pipeline("p")
    pipeline.register(reading)
    """


def test_what_a_stage_reads_outside_of_the_project_is_told_since_nobody_sees_it_change(project):
    """Also code, whoever has imported it before; not what the stage has written itself."""
    shared = project.root.parent / "shared"
    shared.mkdir()
    (shared / "shades.py").write_text("K = 'dark'\n")
    (shared / "rows.txt").write_text("rows")
    (project.root / "in.txt").symlink_to("../shared/rows.txt")

    def told(body: str, **env: str) -> list[str]:
        project.pipeline(OUTSIDE.replace("BODY", body))
        return [warning["message"] for warning in project.run(env=env).of("warning")]

    code = shared / "shades.py"
    for body in ("'1'", "'2'"):
        (message,) = told(body)
        assert message.startswith(f"reads {code} outside of the project")
    (message,) = told("open('../shared/rows.txt').read()")
    assert message.startswith(f"reads {code} and 1 more outside")
    assert "where nobody sees what changes" in message
    assert told("'3'", PYTHONPATH=str(shared)) == [], "its code counts"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "return str(Path('flag').exists())"),
        ("", "return str(os.path.isfile('flag'))"),
        ("", "return str(os.access('flag', os.R_OK))"),
        ("FLAG = Path('flag').exists()", "return str(FLAG)"),
        ("def there(name): return os.path.lexists(name)", "return str(there('flag'))"),
    ],
)
def test_a_file_that_a_stage_looks_for_in_vain_is_an_input(project, head, body):
    """It may be there the next time. Nobody is told to declare what isn't there."""
    project.write("in.txt", "in")
    project.pipeline(ASKING.format(head=head, body=body))
    assert not project.run().of("warning")
    assert project.states() == {"asking": "fresh"}
    project.write("flag", "two")
    assert project.reasons("asking") == [("discovered_input", "flag")]
    before = project.read("out.txt")
    assert project.run().outcomes == {"asking": "ran"}
    assert project.read("out.txt") != before
    assert project.states() == {"asking": "fresh"}


@pytest.mark.parametrize(
    "body",
    [
        "return subprocess.run(['cat', 'extra.txt'], capture_output=True, text=True).stdout",
        "return subprocess.run('cat <extra.txt', shell=True, capture_output=True, text=True).stdout",
        "return subprocess.check_output(['dd', 'if=extra.txt', 'status=none'], text=True)",
        "return subprocess.check_output(['cat', 'extra.txt'], cwd=Path.cwd(), text=True)",
        "return os.popen('cat extra.txt').read()",
        "os.system('cp extra.txt copy.txt')\n        return Path('copy.txt').read_text()",
        "return str(Path('extra.txt').stat().st_size)",
        "import sqlite3\n        db = sqlite3.connect('extra.txt')\n        return 'opened'",
    ],
)
def test_a_file_that_a_child_process_is_given_is_an_input(project, body):
    """Or that is looked at by other means than opening it."""
    project.write("in.txt", "in")
    project.write("extra.txt", "one")
    project.pipeline(ASKING.format(head="", body=body))
    assert "reads extra.txt undeclared" in str(project.run().of("warning"))
    assert project.states() == {"asking": "fresh"}
    project.write("extra.txt", "other")
    assert ("discovered_input", "extra.txt") in project.reasons("asking")


@pytest.mark.parametrize(
    "body",
    [
        "if not Path('made').exists():\n            os.makedirs('made')\n        return 'a'",
        "os.makedirs('made', exist_ok=True)\n        Path('made/log').write_text('x')\n        return 'a'",
        "subprocess.run(['cp', 'in.txt', 'made'])\n        return 'a'",
        "subprocess.run('date +%N > made', shell=True)\n        return 'a'",
        "return str(Path(__file__).resolve().name)",
        "return str(Path('out.txt').exists())",
        "import tempfile\n        return tempfile.TemporaryFile().mode",
    ],
)
def test_what_a_stage_makes_is_no_input_of_it(project, body):
    """Also where it looks first, or has it made by a child process: else it would never be fresh."""
    project.write("in.txt", "in")
    project.pipeline(ASKING.format(head="", body=body))
    for text in ("in", "other"):
        project.write("in.txt", text)
        assert not project.run().of("warning")
        assert project.states() == {"asking": "fresh"}


def test_what_an_earlier_stage_left_in_a_cache_is_an_input_of_the_next(project):
    """Both use the function that read the file once; a function that keeps nothing isn't blamed."""
    project.write("in.txt", "in")
    project.write("extra.txt", "one")
    project.write("own.txt", "own")
    project.write(
        "helpers.py",
        """
        import functools
        from pathlib import Path

        def text_of(name):
            return Path(name).read_text()

        @functools.cache
        def extra():
            return text_of("extra.txt")
        """,
    )
    project.pipeline(
        """
        import helpers

        def one(t: Annotated[str, outputs.Dep("in.txt", Text)]) -> Annotated[str, outputs.Out("1.txt", Text)]:
            return helpers.extra() + helpers.text_of("own.txt")

        def two(t: Annotated[str, outputs.Dep("1.txt", Text)]) -> Annotated[str, outputs.Out("2.txt", Text)]:
            return helpers.extra()

        def late(t: Annotated[str, outputs.Dep("2.txt", Text)]) -> Annotated[str, outputs.Out("3.txt", Text)]:
            return helpers.text_of("in.txt")

        pipeline = Pipeline("p")
        for stage in (one, two, late):
            pipeline.register(stage)
        """
    )
    project.run("-j1")
    project.write("extra.txt", "two")
    project.write("own.txt", "other")
    assert {name: project.reasons(name)[:1] for name in ("two", "late")} == {
        "two": [("discovered_input", "extra.txt")],
        "late": [("upstream", "two")],
    }


def test_code_in_a_folder_that_is_put_on_sys_path_is_an_input(project):
    project.write("lib/tidy.py", "def f(x): return x + 'one'\n")
    project.write("a.txt", "a")
    project.pipeline(
        """
        import sys
        sys.path.insert(0, "lib")
        from tidy import f
        Out = TypedDict("Out", {"x": Annotated[str, outputs.Out("b.txt", Text)]})
        def s(x: Annotated[str, outputs.Dep("a.txt", Text)]) -> Out:
            return {"x": f(x)}
        pipeline = Pipeline("p")
        pipeline.register(s)
        """
    )
    project.run()
    assert project.run().outcomes == {"s": "skipped"}
    project.edit("lib/tidy.py", "one", "two")
    assert project.run().outcomes == {"s": "ran"}
    assert project.read("b.txt") == "atwo"


def test_what_modules_set_when_they_are_imported_holds_for_every_stage_of_a_worker(project):
    project.write("lib/more.py", "X = 'x'\n")
    project.pipeline(
        """
        import os, sys
        sys.path.insert(0, "lib")
        os.environ["MODE"] = "set"
        One = TypedDict("One", {"x": Annotated[str, outputs.Out("1.txt", Text)]})
        Two = TypedDict("Two", {"x": Annotated[str, outputs.Out("2.txt", Text)]})
        def one() -> One:
            os.environ["MODE"] = "of one"
            return {"x": "1"}
        def two() -> Two:
            import more
            return {"x": os.environ["MODE"] + more.X}
        pipeline = Pipeline("p")
        pipeline.register(one)
        pipeline.register(two)
        """
    )
    project.run()
    (project.root / "1.txt").unlink()
    (project.root / "2.txt").unlink()
    project.edit("pipeline.py", '"1"', '"11"')
    project.edit("pipeline.py", "more.X}", "more.X + '!'}")
    project.run("-j", "1")  # the definition holds, so the first stage is what imports the modules
    assert project.read("2.txt") == "setx!"


def test_variables_whose_names_are_made_up_are_inputs(project):
    """By a literal beginning, told by the code; by nothing in the text, seen when the stage runs."""
    project.write(
        "settings.py",
        """
        import os

        class Settings:
            def __getattr__(self, name):
                return os.environ.get(name.upper(), "unset")

        at_import = Settings().chosen
    """,
    )
    project.pipeline(
        """
        import os
        import settings

        def told(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("told", Text)]:
            return os.environ.get(f"CASE_{text}", "unset")

        def seen() -> Annotated[str, outputs.Out("seen", Text)]:
            return settings.Settings().wanted

        def imported() -> Annotated[str, outputs.Out("imported", Text)]:
            return settings.at_import

        def copied() -> Annotated[str, outputs.Out("copied", Text)]:
            return str(len({**os.environ}) > 1)

        pipeline = Pipeline("p")
        for stage in (told, seen, imported, copied):
            pipeline.register(stage)
        """
    )
    project.write("in.txt", "FLAG")
    project.run()
    assert set(project.states().values()) == {"fresh"}
    reasons = {
        name: [(reason["kind"], reason["subject"]) for reason in stage["reasons"]]
        for name, stage in project.status(env={"CASE_FLAG": "1", "WANTED": "1", "CHOSEN": "1"}).items()
    }
    assert reasons == {
        "told": [("environment", "CASE_FLAG")],
        "seen": [("environment", "WANTED")],
        "imported": [("environment", "CHOSEN")],
        "copied": [],
    }
    assert project.run(env={"CASE_FLAG": "1", "WANTED": "1"}).outcomes == {
        "told": "ran",
        "seen": "ran",
        "imported": "skipped",
        "copied": "skipped",
    }
    assert (project.read("told"), project.read("seen")) == ("1", "1")
    assert project.run().outcomes == {
        "told": "restored",
        "seen": "restored",
        "imported": "skipped",
        "copied": "skipped",
    }


def test_code_that_only_a_pickle_leads_to_counts(project):
    """The stage that asks a model names no class; which one it asks is in the pickle."""
    project.write(
        "models.py",
        """
        def scale(x):
            return 2 * x

        class Model:
            def predict(self, x):
                return scale(x)

        class Other:
            def predict(self, x):
                return 0
        """,
    )
    project.write("training.py", "import models\n\ndef fit():\n    return models.Model()\n")
    project.pipeline(
        """
        import training

        def train() -> Annotated[object, outputs.Out("model.pkl", loaders.Pickle())]:
            return training.fit()

        def ask(
            model: Annotated[object, outputs.Dep("model.pkl", loaders.Pickle())],
        ) -> Annotated[str, outputs.Out("answer.txt", Text)]:
            return str(model.predict(21))

        pipeline = Pipeline("p")
        pipeline.register(train)
        pipeline.register(ask)
        """
    )
    project.run()
    assert project.read("answer.txt") == "42"
    assert set(project.states().values()) == {"fresh"}
    project.edit("models.py", "return 0", "return 1")
    assert set(project.states().values()) == {"fresh"}
    project.edit("models.py", "2 * x", "3 * x")
    assert ("code", "models.Model") in project.reasons("ask")
    assert project.run().outcomes["ask"] == "ran"
    assert project.read("answer.txt") == "63"
    assert set(project.states().values()) == {"fresh"}
    assert project.run().outcomes["ask"] == "skipped"


def test_the_package_of_an_unpickled_object_counts(project):
    project.pipeline(
        """
        import msgspec

        class Maker:
            def __reduce__(self):
                return msgspec.json.Decoder, ()

        def make() -> Annotated[object, outputs.Out("thing.pkl", loaders.Pickle())]:
            return Maker()

        def use(
            thing: Annotated[object, outputs.Dep("thing.pkl", loaders.Pickle())],
        ) -> Annotated[str, outputs.Out("used.txt", Text)]:
            return type(thing).__name__

        pipeline = Pipeline("p")
        pipeline.register(make)
        pipeline.register(use)
        """
    )
    project.run()
    lock = json.loads(project.read(".pivot/stages/use.lock"))
    assert lock["discovered"] == {"@msgspec": importlib.metadata.version("msgspec")}
    assert project.run().outcomes == {"make": "skipped", "use": "skipped"}


def test_an_output_that_is_edited_while_it_is_recorded_is_not_fresh(project):
    """By a process that waits for the listing in the cache: the folder has been hashed then."""
    project.write(
        "later.py",
        """
        import glob, time
        pattern = ".pivot/cache/files/*/*.dir"
        known = set(glob.glob(pattern))
        open("ready", "w").close()
        while set(glob.glob(pattern)) == known:
            pass
        with open("parts/0.txt", "w") as file:
            file.write("edited")
        open("done", "w").close()
        """,
    )
    project.pipeline(
        """
        import os, subprocess, sys, time

        def make() -> Annotated[Path, outputs.DirectoryOut("parts/")]:
            for number in range(100):
                Path(f"parts/{number}.txt").write_text(str(number))
            subprocess.Popen([sys.executable, "later.py"], start_new_session=True)
            while not os.path.exists("ready"):
                time.sleep(0.01)
            return Path("parts")

        def wait() -> Annotated[str, outputs.Out("out.txt", Text)]:
            while not os.path.exists("done"):
                time.sleep(0.01)
            return ""

        pipeline = Pipeline("p")
        pipeline.register(make)
        pipeline.register(wait, timeout=20)
        """
    )
    assert project.run().outcomes == {"make": "ran", "wait": "ran"}
    assert project.reasons("make") == [("output", "parts/")]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_input_that_was_another_while_the_stage_ran_is_not_recorded(project, tmp_path, kind):
    """Another branch is checked out, say, and the former again."""
    dep, file = {"file": ("raw.txt", "raw.txt"), "folder": ("raw/", "raw/one.txt")}[kind]
    project.write(file, "as it is")
    project.pipeline(
        f"""
        import time
        outside = Path({str(tmp_path)!r})

        def wait(name):
            while not (outside / name).exists():
                time.sleep(0.01)

        def read(
            raw: Annotated[Path, outputs.Dep({dep!r}, loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("out.txt", Text)]:
            (outside / "begun").touch()
            wait("edited")
            text = Path({file!r}).read_text()
            (outside / "read").touch()
            wait("taken back")
            return text

        pipeline = Pipeline("p")
        pipeline.register(read, timeout=30)
        """
    )
    process = project.popen("run")
    for awaited, text, told in (("begun", "edited", "edited"), ("read", "as it is", "taken back")):
        while process.poll() is None and not (tmp_path / awaited).exists():
            time.sleep(0.01)
        project.write(file, text)
        (tmp_path / told).touch()
    _, stderr = process.communicate()
    assert f"{dep} changed while the stage ran: it will run again" in stderr
    assert project.read("out.txt") == "edited"
    assert project.states() == {"read": "never_run"}
    project.run()
    assert project.read("out.txt") == "as it is"
    assert project.states() == {"read": "fresh"}


def test_an_input_that_becomes_no_file_while_the_stage_runs_ends_no_run(project):
    project.write("raw.txt", "text")
    project.pipeline(
        """
        import os

        def read(
            raw: Annotated[Path, outputs.Dep("raw.txt", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("out.txt", Text)]:
            raw.unlink()
            os.mkfifo(raw)
            return ""

        def other() -> Annotated[str, outputs.Out("other.txt", Text)]:
            return ""

        pipeline = Pipeline("p")
        pipeline.register(read)
        pipeline.register(other)
        """
    )
    ended = project.run("-j1")
    assert ended.outcomes == {"read": "ran", "other": "ran"}
    assert "raw.txt changed while the stage ran" in ended.of("warning")[0]["message"]


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_an_input_that_is_a_link_to_what_the_cache_uses_meanwhile_is_none_that_changed(
    project, tmp_path, mode
):
    project.write(".pivot/config.yaml", f"cache: {{mode: {mode}}}\n")
    project.pipeline(
        f"""
        import time
        outside = Path({str(tmp_path)!r})

        def one() -> Annotated[str, outputs.Out("1.txt", Text)]:
            return "the same"

        def read(
            one: Annotated[Path, outputs.Dep("1.txt", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("out.txt", Text)]:
            (outside / "begun").touch()
            while not Path("2.txt").exists():
                time.sleep(0.01)
            return one.read_text()

        def two() -> Annotated[str, outputs.Out("2.txt", Text)]:
            while not (outside / "begun").exists():
                time.sleep(0.01)
            return "the same"

        pipeline = Pipeline("p")
        for stage in (one, read, two):
            pipeline.register(stage, timeout=30)
        """
    )
    ended = project.run()
    assert set(ended.outcomes.values()) == {"ran"}
    assert not [each for each in ended.of("warning") if "changed while" in each["message"]]
