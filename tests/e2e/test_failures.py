"""Stages that fail, crash, hang, or whose inputs change under them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

THREE = """
        def bad(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("bad.txt", Text)]:
            BODY

        def after(
            text: Annotated[str, outputs.Dep("bad.txt", Text)],
        ) -> Annotated[str, outputs.Out("after.txt", Text)]:
            return text

        def apart(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("apart.txt", Text)]:
            return text

        pipeline = Pipeline("p")
        pipeline.register(bad)
        pipeline.register(after)
        pipeline.register(apart)
"""


def three(project, body: str) -> None:
    project.write("in.txt", "x\n")
    project.pipeline(THREE.replace("BODY", body))


def error_of(ended, stage: str) -> dict:
    return ended.of("stage_end", stage)[0]["error"]


def test_a_failure_blocks_what_needs_it_and_keep_going_makes_the_rest(project):
    three(project, 'raise ValueError("no good")')
    ended = project.run("--keep-going", ok=False)
    assert ended.code == 1
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    error = error_of(ended, "bad")
    assert (error["type"], error["message"], error["path"]) == ("ValueError", "no good", "pipeline.py")
    assert 'raise ValueError("no good")' in project.read("pipeline.py").splitlines()[error["line"] - 1]
    assert "pivot_core" not in error["traceback"]


def test_without_it_nothing_new_starts_after_a_failure(project):
    three(project, 'raise ValueError("no good")')
    ended = project.run("-j1", ok=False)
    assert ended.code == 1
    assert ended.outcomes["bad"] == "failed"
    assert ended.outcomes["after"] == "blocked"


def test_a_failed_stage_keeps_what_it_had_made_before(project):
    three(project, "return text")
    project.run()
    project.edit("pipeline.py", "return text", "raise ValueError()")
    assert project.run(ok=False).code == 1
    assert project.read("bad.txt") == "x\n"
    assert ("failed", "last run") in project.reasons("bad")
    project.edit("pipeline.py", "raise ValueError()", "return text")
    assert project.states()["bad"] == "fresh"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import ctypes; ctypes.string_at(0)", "its process died: SIGSEGV, a crash in native code"),
        ("import os; os.abort()", "its process died: SIGABRT, a crash in native code"),
        (
            "import os; os.kill(os.getpid(), 9)",
            "its process died: SIGKILL, which the system sends when memory runs out",
        ),
        (
            "import os; os.kill(os.getpid(), 15); __import__('time').sleep(60)",
            "its process died: SIGTERM, sent by the stage or by somebody else",
        ),
        (
            "import os; os._exit(0)",
            "its process died: it ended itself with code 0, by os._exit or in native code",
        ),
        (
            "import os; os._exit(3)",
            "its process died: it ended itself with code 3, by os._exit or in native code",
        ),
    ],
)
def test_a_process_that_dies_fails_its_stage_only_and_says_how(project, body, message):
    three(project, body)
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    error = error_of(ended, "bad")
    assert (error["type"], error["message"]) == ("WorkerDied", message)


def test_a_worker_that_dies_takes_no_other_stage_along(project, tmp_path):
    """What costs days isn't begun again because its neighbour crashed."""
    log, crashed = tmp_path / "log", tmp_path / "crashed"
    project.pipeline(
        f"""
        import os, time

        def long() -> Annotated[str, outputs.Out("long.txt", Text)]:
            with open(r"{log}", "a") as log:
                log.write("x")
            while not os.path.exists(r"{crashed}"):
                time.sleep(0.05)
            time.sleep(0.5)
            return "long"

        def crash() -> Annotated[str, outputs.Out("crash.txt", Text)]:
            while not os.path.exists(r"{log}"):
                time.sleep(0.05)
            Path(r"{crashed}").touch()
            os.kill(os.getpid(), 9)
            return "never"

        def more() -> Annotated[str, outputs.Out("more.txt", Text)]:
            return "more"

        pipeline = Pipeline("p")
        for stage in (long, crash, more):
            pipeline.register(stage)
        """
    )
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"long": "ran", "crash": "failed", "more": "ran"}
    assert log.read_text() == "x"
    assert "SIGKILL" in error_of(ended, "crash")["message"]


def test_a_timeout_ends_what_the_stage_has_started(project):
    three(project, "import subprocess; subprocess.run('sleep 600 & echo $! > pid; wait', shell=True)")
    project.edit("pipeline.py", "register(bad)", "register(bad, timeout=1)")
    ended = project.run("-k", ok=False)
    assert error_of(ended, "bad")["type"] == "StageTimeout"
    command = Path(f"/proc/{project.read('pid').strip()}/cmdline")
    assert not command.exists() or not command.read_bytes(), "it is no zombie"


def test_a_stage_that_exits_the_process_is_a_failure(project):
    three(project, "import sys; sys.exit(3)")
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    assert "sys.exit" in error_of(ended, "bad")["message"]


@pytest.mark.parametrize("where", ["pipeline.py", "helpers.py"])
@pytest.mark.parametrize("what", ["KeyboardInterrupt", "SystemExit(3)"])
def test_what_ends_a_script_is_one_message_when_a_pipeline_does_it(chain, where, what):
    """Also for who only looks, and in the run after one that succeeded."""
    chain.run()
    text = chain.read(where)
    chain.write(where, f"{text}\nraise {what}\n")
    line = len(chain.read(where).splitlines())
    for command in ("run", "status"):
        ended = chain.call(command)
        assert ended.code == 2
        assert ended.stderr.startswith(f"{where}:{line}: error: ")
        assert len(ended.stderr.splitlines()) == 2


def test_an_interrupt_that_a_stage_raises_is_its_failure_and_not_the_users(project):
    three(project, "raise KeyboardInterrupt")
    ended = project.run("-k", ok=False)
    assert ended.code == 1
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    assert error_of(ended, "bad")["type"] == "KeyboardInterrupt"


def test_a_timeout_ends_a_stage_also_in_code_that_ignores_it(project):
    three(project, "import time; time.sleep(600)")
    project.edit("pipeline.py", "register(bad)", "register(bad, timeout=0.3)")
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    assert error_of(ended, "bad")["type"] == "StageTimeout"
    assert error_of(ended, "bad")["traceback"].splitlines()[-1].startswith("StageTimeout: ran longer than")
    stubborn = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})"
    project.edit("pipeline.py", "import time; time.sleep(600)", f"{stubborn}; import time; time.sleep(600)")
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "skipped"}
    assert error_of(ended, "bad")["type"] == "StageTimeout"


def test_retries_try_again(project, tmp_path):
    counter = tmp_path / "count"
    counter.write_text("")
    three(
        project,
        f"""
            with open(r"{counter}", "a") as log: log.write("x")
            if len(open(r"{counter}").read()) < 3: raise OSError("flaky")
            return text""",
    )
    project.edit("pipeline.py", "register(bad)", "register(bad, retries=2)")
    assert project.run().outcomes["bad"] == "ran"
    assert counter.read_text() == "xxx"


def test_an_input_that_changes_while_its_stage_runs_is_not_recorded_as_fresh(project):
    three(project, 'Path("in.txt").write_text("changed\\n"); return text')
    ended = project.run()
    assert any("in.txt changed" in warning["message"] for warning in ended.of("warning", "bad"))
    assert project.states()["bad"] != "fresh"


def test_code_that_changes_between_planning_and_import_is_not_recorded_as_fresh(project):
    """`first` edits the module that `second`, planned from the same start, imports later in the run."""
    project.write("in.txt", "old")
    project.write("late.py", "def f():\n    return 'old'\n")
    project.pipeline(
        """
        def first(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("first.txt", Text)]:
            Path("late.py").write_text(f"def f():\\n    return {text!r}\\n")
            return text

        def second(
            text: Annotated[str, outputs.Dep("first.txt", Text)],
        ) -> Annotated[str, outputs.Out("second.txt", Text)]:
            from late import f
            return f()

        pipeline = Pipeline("p")
        pipeline.register(first)
        pipeline.register(second)
        """
    )
    project.run()
    project.write("in.txt", "new")
    ended = project.run()
    assert any("late.py changed" in warning["message"] for warning in ended.of("warning", "second"))
    assert project.states()["second"] != "fresh"
    project.run()
    assert project.read("second.txt") == "new"
    assert project.states()["second"] == "fresh"


def test_a_missing_input_is_an_error_with_its_place_before_anything_runs(project):
    three(project, "return text")
    (project.root / "in.txt").unlink()
    project.write("in.text", "x\n")
    ended = project.call("run")
    assert ended.code == 2
    assert "pipeline.py:7: " in ended.stderr
    assert "in.text" in ended.stderr
    status = project.status()
    assert {name: stage["state"] for name, stage in status.items()} == {
        "bad": "error",
        "after": "never_run",
        "apart": "error",
    }
    assert status["bad"]["reasons"][0]["line"] == 7
    assert not (project.root / "apart.txt").exists()


def test_all_mistakes_are_told_at_once_with_file_and_line(project):
    project.pipeline(
        """
        def make_stage(n):
            def inner() -> Annotated[str, outputs.Out("x.txt", Text)]:
                return str(n)
            return inner

        def bare(x) -> Annotated[str, outputs.Out("y.txt", Text)]:
            return x

        def nothing(text: Annotated[str, outputs.Dep("in.txt", Text)]):
            return None

        def wrong(
            text: Annotated[str, outputs.Dep("in.txt", loaders.CSV)],
        ) -> Annotated[str, outputs.Out("w.txt", Text)]:
            return text

        pipeline = Pipeline("p")
        for stage in (make_stage(1), bare, nothing, wrong):
            pipeline.register(stage)
        pipeline.register(wrong)
        """
    )
    ended = project.call("run")
    assert ended.code == 2
    assert "Traceback" not in ended.stderr
    for line in (7, 11, 14, 18, 25):
        assert f"pipeline.py:{line}: " in ended.stderr, ended.stderr
    told = json.loads(project.call("status", "--json").stdout)["errors"]
    assert len(told) == 5


def test_a_cycle_is_shown_whole(project):
    project.pipeline(
        """
        def a(x: Annotated[str, outputs.Dep("c.txt", Text)]) -> Annotated[str, outputs.Out("a.txt", Text)]:
            return x

        def b(x: Annotated[str, outputs.Dep("a.txt", Text)]) -> Annotated[str, outputs.Out("b.txt", Text)]:
            return x

        def c(x: Annotated[str, outputs.Dep("b.txt", Text)]) -> Annotated[str, outputs.Out("c.txt", Text)]:
            return x

        pipeline = Pipeline("p")
        for stage in (a, b, c):
            pipeline.register(stage)
        """
    )
    ended = project.call("status")
    assert ended.code == 2
    assert all(part in ended.stderr for part in ("a.txt", "b.txt", "c.txt", "cycle"))


def test_a_file_read_undeclared_that_changes_while_the_stage_runs_is_not_recorded_as_fresh(project):
    project.write("settings.txt", "1")
    project.write("own.txt", "1")
    project.pipeline(
        """
        def during() -> Annotated[str, outputs.Out("during.txt", Text)]:
            import subprocess
            text = Path("settings.txt").read_text()
            subprocess.run(["sh", "-c", "echo 2 > settings.txt"], check=True)
            return text

        def own() -> Annotated[str, outputs.Out("own_out.txt", Text)]:
            text = Path("own.txt").read_text()
            Path("own.txt").write_text("2")
            return text

        pipeline = Pipeline("p")
        pipeline.register(during)
        pipeline.register(own)
        """
    )
    ended = project.run()
    assert [w["path"] for w in ended.of("warning", "during") if "changed while" in w["message"]]
    assert project.states() == {"during": "never_run", "own": "fresh"}


def test_a_file_read_undeclared_is_recorded_as_it_was_read_and_not_as_the_run_found_it(project):
    project.write("in.txt", "1")
    project.write("settings.txt", "old")
    project.pipeline(
        """
        def first(
            t: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[str, outputs.Out("m.txt", Text)]:
            import subprocess
            subprocess.run(["sh", "-c", "printf new > settings.txt"], check=True)
            return t

        def second(
            t: Annotated[str, outputs.Dep("m.txt", Text)],
        ) -> Annotated[str, outputs.Out("o.txt", Text)]:
            return Path("settings.txt").read_text()

        pipeline = Pipeline("p")
        pipeline.register(first)
        pipeline.register(second)
        """
    )
    project.run()
    project.write("settings.txt", "old")
    project.write("in.txt", "2")
    project.run()
    project.write("settings.txt", "old")
    assert project.read("o.txt") == "new"
    assert project.reasons("second") == [("discovered_input", "settings.txt")]


def test_what_the_system_refuses_is_told_with_the_place_that_a_person_knows(project):
    three(project, "return text")
    (project.root / ".pivot/stages/bad.lock").mkdir(parents=True)
    ended = project.run("-k", ok=False)
    assert ended.outcomes == {"bad": "failed", "after": "blocked", "apart": "ran"}
    error = error_of(ended, "bad")
    assert (error["message"], error["traceback"]) == ("Is a directory: .pivot/stages/bad.lock", "")


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="modes mean nothing for root")
def test_who_may_not_write_in_a_project_is_told_what_and_can_look(project):
    three(project, "return text")
    project.run()
    tmp, state = project.root / ".pivot/tmp", project.root / ".pivot/state.lmdb"
    shutil.rmtree(tmp)
    for path in (state / "lock.mdb", state, tmp.parent):
        path.chmod(0o555)
    ran, looked = project.unprivileged("run"), project.unprivileged("status")
    tmp.parent.chmod(0o755)
    state.chmod(0o755)
    assert ran.code == 1
    assert "error: Permission denied: .pivot" in ran.stderr
    assert "see who may write there" in ran.stderr
    assert looked.code == 0
    assert "3 stages, all fresh" in looked.stdout
    assert looked.stderr.partition("\n")[0].count(str(state)) == 1


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="modes mean nothing for root")
@pytest.mark.parametrize(
    ("folder", "where"), [(".", "bad.txt"), (".pivot/stages", ".pivot/stages"), (".pivot/cache/files", None)]
)
def test_a_folder_that_may_only_be_read_fails_the_stage_and_leaves_what_was_there(project, folder, where):
    three(project, "return text")
    project.run()
    project.write("in.txt", "y\n")
    (project.root / folder).chmod(0o555)
    ended = project.unprivileged("run", "--json", "-k", "-j2")
    (project.root / folder).chmod(0o755)
    assert ended.code == 1
    error = error_of(ended, "bad")
    assert error["type"] == "PermissionError"
    assert error["message"].startswith("Permission denied: " + (where or ".pivot/cache/files/"))
    assert error["traceback"] == ""
    if folder != ".pivot/stages":  # else the output is there, and only the record of it isn't
        assert project.read("bad.txt") == "x\n"
    assert project.run().outcomes["after"] == "ran"
    assert project.read("after.txt") == "y\n"


def test_a_stage_that_stops_for_a_debugger_fails_and_says_where_to_debug(project):
    three(project, "breakpoint(); return text")
    assert "needs a terminal" in error_of(project.run(ok=False), "bad")["message"]


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs a file system of its own",
)
def test_a_disk_that_is_too_small_for_an_output_is_told_with_the_output(project):
    """The value fits where it is saved first, but not in its place, which is on another disk."""
    project.pipeline(
        """
        def big() -> Annotated[str, outputs.Out("out/big.txt", Text)]:
            return "x" * 300_000

        pipeline = Pipeline("p")
        pipeline.register(big)
        """
    )
    script = f"""
mkdir out && mount -t tmpfs -o size=100k none out || exit 77
{sys.executable} -m pivot_core run --json
"""
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=project.root, capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("mounting isn't allowed here")
    assert done.returncode == 1
    assert '"message":"No space left on device: out/big.txt"' in done.stdout


def test_a_value_that_can_not_be_written_is_told_with_the_output(project):
    project.pipeline(
        """
        def bad() -> Annotated[object, outputs.Out("bad.json", loaders.JSON())]:
            return object()

        pipeline = Pipeline("p")
        pipeline.register(bad)
        """
    )
    error = error_of(project.run(ok=False), "bad")
    assert (error["type"], error["traceback"]) == ("TypeError", "while JSON wrote bad.json of bad")


@pytest.mark.parametrize(
    ("stands", "told"), [("a file", "is a file and no folder"), ("a link", "is a link to what isn't there")]
)
def test_an_input_in_whose_place_something_else_is_says_what(project, stands, told):
    project.pipeline(
        """
        def read(
            data: Annotated[Path, outputs.Dep("data/", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("out.txt", Text)]:
            return "done"

        pipeline = Pipeline("p")
        pipeline.register(read)
        """
    )
    if stands == "a file":
        project.write("data", "")
    else:
        (project.root / "data").symlink_to("nowhere")
    (reason,) = project.status()["read"]["reasons"]
    assert reason["detail"] == told
