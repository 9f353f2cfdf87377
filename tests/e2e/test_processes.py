"""Workers: parallel, isolated, warm, never outdated; and how runs stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pivot_core.engine import Engine
from pivot_core.execute.messages import Defined, Done, Started, Task
from pivot_core.execute.pool import Pool
from pivot_core.project import Project

MEET = """
        import time

        def meet(mine, other):
            Path(mine).write_text("here")
            for _ in range(300):
                if Path(other).exists():
                    return "met"
                time.sleep(0.05)
            raise RuntimeError("ran alone")
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_independent_stages_run_at_the_same_time(project, tmp_path):
    project.pipeline(
        MEET
        + f"""
        def left() -> Annotated[str, outputs.Out("left.txt", Text)]:
            return meet(r"{tmp_path}/l", r"{tmp_path}/r")

        def right() -> Annotated[str, outputs.Out("right.txt", Text)]:
            return meet(r"{tmp_path}/r", r"{tmp_path}/l")

        pipeline = Pipeline("p")
        pipeline.register(left)
        pipeline.register(right)
        """
    )
    ended = project.run()
    assert len({event["pid"] for event in ended.of("stage_start")}) == 2


def test_as_many_stages_run_as_are_asked_for_where_a_process_may_have_few_files_open(project):
    """Unless the system allows no more: the usual limit would end a run on a machine with many cores."""
    project.pipeline(
        """
        import time

        def meet() -> Annotated[str, outputs.Out("out.txt", Text)]:
            Path("met").mkdir(exist_ok=True)
            Path("met", str(time.monotonic_ns())).touch()
            while len(list(Path("met").iterdir())) < 6:
                time.sleep(0.02)
            return "met"

        pipeline = Pipeline("p")
        for number in range(6):
            pipeline.register(meet, name=f"meet@{number}", outs={"return": f"{number}.txt"})
        """
    )
    limited = ("sh", "-c", 'ulimit -Sn 40 && exec "$0" "$@"')
    process = project.popen("run", "-j6", prefix=limited)
    shown, errors = process.communicate(timeout=90)
    assert process.returncode == 0, shown + errors


def test_stages_that_share_a_mutex_never_overlap(project):
    project.pipeline(
        """
        import os, time

        def hold() -> Annotated[str, outputs.Out("unused", Text)]:
            descriptor = os.open("/tmp/pivot-test-%d" % os.getppid(), os.O_CREAT | os.O_EXCL)
            time.sleep(0.2)
            os.close(descriptor)
            os.unlink("/tmp/pivot-test-%d" % os.getppid())
            return "held"

        pipeline = Pipeline("p")
        for n in range(4):
            pipeline.register(hold, name=f"hold@{n}", outs={"return": f"out/{n}.txt"}, mutex=["port"])
        """
    )
    assert set(project.run().outcomes.values()) == {"ran"}


def test_the_coordinator_imports_no_user_module(project):
    """Every module leaves the pid of whoever imports it; none is the coordinator's."""
    mark = "import os\nwith open('marks.log', 'a') as log:\n    log.write(f'{os.getpid()}\\n')\n"
    project.write("helpers.py", mark + "def f():\n    return 'x'\n")
    project.pipeline(
        mark.replace("\n", "\n        ").replace("import os", "\n        import os", 1)
        + """
        import helpers

        def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
            return helpers.f()

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    process = project.popen("run", "--json", "-j1")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    started = [json.loads(line) for line in stdout.splitlines()]
    workers = {event["pid"] for event in started if event["event"] == "stage_start"}
    marks = {int(line) for line in project.read("marks.log").split()}
    assert marks == workers
    assert process.pid not in marks
    (project.root / "marks.log").unlink()
    assert project.states() == {"make": "fresh"}
    assert project.run().outcomes == {"make": "skipped"}
    assert not (project.root / "marks.log").exists(), "nothing to do, yet user code was imported"


class Bench:
    """A pool of one worker, driven without a run: what a process that lives longer sees."""

    def __init__(self, root) -> None:
        self.project = Project(root)
        self.pool = Pool(self.project, 1)
        self.ticket = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        self.pool.close()

    def make(self, spec) -> tuple[int, Done]:
        self.ticket += 1
        keep = {out.path: str(self.project.replaced / "bench" / out.path) for out in spec.outs}
        self.pool.run(Task(self.ticket, spec, "copy", keep))
        while True:
            message = self.pool.inbox.get(timeout=60)
            if isinstance(message, Started):
                pid = message.pid
            elif isinstance(message, Done):
                assert message.error is None, message.error
                return pid, message
            else:
                assert not isinstance(message, Defined)


def test_a_warm_worker_runs_edited_code_and_keeps_third_party_modules(project):
    project.write("constants.py", "N = '1'\n")
    project.write("k.txt", "k1")
    project.pipeline(
        """
        import constants
        import xxhash

        K = open("k.txt").read()

        def make() -> Annotated[str, outputs.Out("out.txt", Text)]:
            return f"{constants.N} {K} {id(xxhash)}"

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    with Engine(Project(project.root)) as engine:
        (spec,) = engine.definition().stages
    with Bench(project.root) as bench:
        first_pid, done = bench.make(spec)
        first = project.read("out.txt").split()
        ((path, line),) = done.import_reads["pipeline.py"]
        assert (path, project.read("pipeline.py").splitlines()[line - 1].strip()[:1]) == ("k.txt", "K")
        project.write("constants.py", "N = '2'\n")
        second_pid, done = bench.make(spec)
        second = project.read("out.txt").split()
        project.write("k.txt", "k2")
        third_pid, _ = bench.make(spec)
        third = project.read("out.txt").split()
    assert first_pid == second_pid == third_pid
    assert (first[:2], second[:2], third[:2]) == (["1", "k1"], ["2", "k1"], ["2", "k2"])
    assert first[2] == second[2] == third[2], "a third-party module was imported again"
    assert done.sources.keys() == {"pipeline.py", "constants.py"}


def test_all_that_a_stage_prints_is_streamed_before_its_end(project):
    project.pipeline(
        """
        import os, subprocess, sys

        def speak() -> Annotated[str, outputs.Out("out.txt", Text)]:
            print("from python")
            print("to stderr", file=sys.stderr)
            os.write(1, b"from a descriptor\\n")
            subprocess.run(["echo", "from a child"], check=True)
            print("no newline", end="")
            return "x"

        pipeline = Pipeline("p")
        pipeline.register(speak)
        """
    )
    events = project.run().events
    said = [e for e in events if e["event"] == "stage_output"]
    assert "".join(e["text"] for e in said if e["stream"] == "stdout") == (
        "from python\nfrom a descriptor\nfrom a child\nno newline"
    )
    assert "".join(e["text"] for e in said if e["stream"] == "stderr") == "to stderr\n"
    assert max(map(events.index, said)) < [e["event"] for e in events].index("stage_end")


SLEEPER = """
        import subprocess, time

        def slow() -> Annotated[Path, outputs.Out("slow.txt", loaders.PathOnly())]:
            Path("slow.txt").write_text("half")
            child = subprocess.Popen(["sleep", "600"])
            Path("child.pid").write_text(str(child.pid))
            time.sleep(SECONDS)
            child.kill()
            Path("slow.txt").write_text("whole")
            return Path("slow.txt")

        def after(
            path: Annotated[Path, outputs.Dep("slow.txt", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("after.txt", Text)]:
            return path.read_text()

        pipeline = Pipeline("p")
        pipeline.register(slow)
        pipeline.register(after)
"""


def started_pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "stage_start":
            return event["pid"]
    raise AssertionError("no stage started")


def child_of(project) -> int:
    """The child that the stage SLEEPER has begun, once it has."""
    pid = project.root / "child.pid"
    assert wait_for(lambda: pid.exists() and pid.read_text())
    return int(pid.read_text())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_everything_and_puts_outputs_back(project, how):
    project.pipeline(SLEEPER.replace("SECONDS", "0.01"))
    project.run()
    project.edit("pipeline.py", "time.sleep(0.01)", "time.sleep(600)")
    (project.root / "child.pid").unlink()
    process = project.popen("run", "--json")
    worker = started_pid(process)
    child = child_of(project)
    assert project.read("slow.txt") == "half"
    process.send_signal(how)
    stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    ends = [json.loads(line) for line in stdout.splitlines()]
    outcomes = {event["stage"]: event["outcome"] for event in ends if event["event"] == "stage_end"}
    assert outcomes == {"slow": "cancelled", "after": "cancelled"}
    assert ends[-1]["event"] == "run_end" and not ends[-1]["ok"]
    assert wait_for(lambda: not alive(worker) and not alive(child))
    assert project.read("slow.txt") == "whole"
    project.edit("pipeline.py", "time.sleep(600)", "time.sleep(0.01)")
    assert set(project.run().outcomes.values()) == {"skipped"}


def test_a_killed_coordinator_takes_its_workers_along_and_the_next_run_is_right(project):
    project.pipeline(SLEEPER.replace("SECONDS", "600"))
    process = project.popen("run", "--json")
    worker = started_pid(process)
    child = child_of(project)
    process.kill()
    process.communicate()
    assert wait_for(lambda: not alive(worker) and not alive(child))
    assert project.states() == {"slow": "never_run", "after": "never_run"}
    project.edit("pipeline.py", "time.sleep(600)", "time.sleep(0.01)")
    assert set(project.run().outcomes.values()) == {"ran"}
    assert project.read("after.txt") == "whole"


ESCAPING = """
        import subprocess, sys, time

        CHILD = "import os, time; os.fork() and os._exit(0); print(os.getpid(), flush=True); time.sleep(600)"

        def escape(where):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD], start_new_session=True, stdout=subprocess.PIPE, text=True
            )
            Path(where).write_text(child.stdout.readline())
"""


@pytest.mark.parametrize("victims", ["coordinator", "worker", "both"])
def test_nothing_that_a_stage_started_survives_its_run(project, victims):
    """Not even a daemon: in a session of its own, its parent gone."""
    project.pipeline(
        ESCAPING
        + """
        def stage() -> Annotated[str, outputs.Out("out.txt", Text)]:
            escape("child.pid")
            Path("ready").write_text("")
            time.sleep(600)
            return "x"

        pipeline = Pipeline("p")
        pipeline.register(stage)
        """
    )
    process = project.popen("run", "--json")
    worker = started_pid(process)
    assert wait_for((project.root / "ready").exists)
    child = int(project.read("child.pid"))
    assert alive(child)
    if victims != "coordinator":
        os.kill(worker, signal.SIGKILL)
    if victims != "worker":
        process.kill()
    process.communicate(timeout=60)
    assert wait_for(lambda: not alive(worker) and not alive(child))


def test_a_daemon_that_a_finished_stage_has_left_ends_with_the_run(project):
    project.pipeline(
        ESCAPING
        + """
        def stage() -> Annotated[str, outputs.Out("out.txt", Text)]:
            escape("child.pid")
            return "x"

        pipeline = Pipeline("p")
        pipeline.register(stage)
        """
    )
    project.run()
    assert not alive(int(project.read("child.pid")))


COUNTED = """
        import os, time

        def make(name, seconds=0.0):
            with open(os.environ["LOG"], "a") as log:
                log.write(name + "\\n")
            time.sleep(seconds)
            return name
"""


def test_two_runs_at_once_share_the_work_and_agree(project, tmp_path):
    """Each stage is made once, whichever run makes it; neither run fails, and both see all of it done."""
    project.pipeline(
        COUNTED
        + """
        def first() -> Annotated[str, outputs.Out("first.txt", Text)]:
            return make("first", 0.5)

        def part(
            text: Annotated[str, outputs.Dep("first.txt", Text)],
        ) -> Annotated[str, outputs.Out("part.txt", Text)]:
            return make("part", 0.2)

        def last(
            one: Annotated[str, outputs.Dep("part/0.txt", Text)],
            other: Annotated[str, outputs.Dep("part/5.txt", Text)],
        ) -> Annotated[str, outputs.Out("last.txt", Text)]:
            return make("last", 0.3)

        pipeline = Pipeline("p")
        pipeline.register(first)
        for n in range(6):
            pipeline.register(part, name=f"part@{n}", outs={"return": f"part/{n}.txt"})
        pipeline.register(last)
        """
    )
    log = tmp_path / "log"
    env = {"LOG": str(log)}
    both = [project.popen("run", "--json", "-j2", env=env) for _ in range(2)]
    outcomes = []
    for process in both:
        stdout, stderr = process.communicate(timeout=90)
        assert process.returncode == 0, stdout + stderr
        ends = [event for event in map(json.loads, stdout.splitlines()) if event["event"] == "stage_end"]
        outcomes.append({event["stage"]: event["outcome"] for event in ends})
    assert sorted(log.read_text().split()) == ["first", "last", *["part"] * 6]
    assert {stage for ran in outcomes for stage, how in ran.items() if how == "ran"} == outcomes[0].keys()
    assert {stage["state"] for stage in project.status(env).values()} == {"fresh"}


def test_a_stage_waits_for_another_run_that_makes_its_input_and_says_so(project):
    project.pipeline(SLEEPER.replace("SECONDS", "1.5"))
    first = project.popen("run", "slow", "--json")
    started_pid(first)
    second = project.run()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert second.outcomes == {"slow": "skipped", "after": "ran"}
    assert "waiting for another run" in [event["text"] for event in second.of("stage_progress", "slow")]
    assert project.read("after.txt") == "whole"


SHARING = """
        import os, time

        def use(letter):
            mine = Path("held", letter)
            mine.touch()
            until = time.monotonic() + 0.4
            with open("most", "a") as log:
                while time.monotonic() < until:
                    log.write(f"{len(os.listdir('held'))}\\n")
                    time.sleep(0.01)
            mine.unlink()
            return letter

        def one(n: Number) -> Annotated[str, outputs.Out("unused", Text)]:
            return use(n.name)

        pipeline = Pipeline("p")
        for letter in "abcdef":
            pipeline.register(
                one, name=letter, params=Number(name=letter), outs={"return": f"out/{letter}"}, HOW
            )
"""


@pytest.mark.parametrize(
    ("how", "config", "most"),
    [
        ('resources={"gpu": 1}', "", 1),
        ('resources={"gpu": 1}', "resources: {gpu: 2}", 2),
        ('resources={"gpu": 5}', "resources: {gpu: 2}", 1),
        ('resources={"cpu": 1}', "resources: {cpu: 1}", 1),
        ('mutex=("port",)', "", 1),
        ('mutex=("*",)', "", 1),
    ],
)
def test_two_runs_at_once_share_resources_and_mutexes(project, how, config, most):
    project.pipeline(
        """
        from pivot_core import StageParams

        class Number(StageParams):
            name: str
        """
        + SHARING.replace("HOW", how)
    )
    project.write(".pivot/config.yaml", config)
    (project.root / "held").mkdir()
    both = [project.popen("run", "--json", "-j3", *names) for names in (("a", "b", "c"), ("d", "e", "f"))]
    for process in both:
        stdout, stderr = process.communicate(timeout=90)
        assert process.returncode == 0, stdout + stderr
        assert stdout.count('"outcome":"ran"') == 3
    assert max(map(int, project.read("most").split())) == most


def test_a_stage_that_waits_for_its_retry_holds_nothing_back(project):
    project.pipeline(
        """
        def flaky() -> Annotated[str, outputs.Out("flaky.txt", Text)]:
            if not Path("quick.txt").exists():
                raise ValueError("not yet")
            return "made"

        def quick() -> Annotated[str, outputs.Out("quick.txt", Text)]:
            return "made"

        pipeline = Pipeline("p")
        pipeline.register(flaky, resources={"gpu": 1}, mutex=("m",), retries=1)
        pipeline.register(quick, resources={"gpu": 1}, mutex=("m",))
        """
    )
    ended = project.run()
    assert ended.outcomes == {"flaky": "ran", "quick": "ran"}
    assert not [event for event in ended.of("stage_progress") if "another run" in event["text"]]


def test_runs_killed_at_any_moment_never_leave_a_wrong_result_that_counts_as_fresh(chain):
    """SIGKILL after ever longer times; whatever is called fresh afterwards is right."""
    wanted = {
        "first": ("mid.txt", "ONE TWO\n"),
        "second": ("out.txt", "ONE TWO!"),
        "other": ("other.txt", "2"),
    }
    for n in range(12):
        process = chain.popen("run", "--json", "--force")
        time.sleep(0.1 + n * 0.07)
        process.kill()
        process.communicate()
        for name, state in chain.states().items():
            path, content = wanted[name]
            assert state != "fresh" or chain.read(path) == content
    assert set(chain.run().outcomes.values()) <= {"ran", "skipped", "restored"}
    assert set(chain.states().values()) == {"fresh"}


def test_authoring_imports_stay_light():
    """What a pipeline.py imports from pivot_core brings no heavy library along."""
    code = "import sys; from pivot_core import Pipeline, loaders, outputs; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"msgspec", "pydantic", "pandas", "numpy", "loky", "lmdb", "yaml"} & set(loaded.split())


def test_nothing_to_do_imports_no_machinery(chain):
    chain.run()
    chain.states()
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pivot_core", "run"],
        cwd=chain.root,
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if "|" in line}
    assert (
        not {
            "loky",
            "rich",
            "pydantic",
            "pygtrie",
            "libcst",
            "yaml",
            "pandas",
            "multiprocessing",
            "importlib.metadata",
        }
        & loaded
    )


def test_a_stage_may_spoil_its_streams_and_leave_threads_and_children(project):
    project.pipeline(
        """
        import os, subprocess, sys, threading, time

        def close() -> Annotated[str, outputs.Out("a.txt", Text)]:
            os.close(1)
            sys.stderr.close()
            sys.stdout = None
            return "x"

        def speak(
            text: Annotated[str, outputs.Dep("a.txt", Text)],
        ) -> Annotated[str, outputs.Out("b.txt", Text)]:
            print("still here")
            Path("child.pid").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
            threading.Thread(target=time.sleep, args=(600,)).start()
            return "x"

        pipeline = Pipeline("p")
        pipeline.register(close)
        pipeline.register(speak)
        """
    )
    ended = project.run("-j1")
    assert ended.outcomes == {"close": "ran", "speak": "ran"}
    assert [event["text"] for event in ended.of("stage_output", "speak")] == ["still here\n"]
    assert wait_for(lambda: not alive(int(project.read("child.pid"))))


def test_every_worker_has_what_only_the_pipeline_imports(chain):
    """A plugin that pipeline.py imports is there, too, in a worker that never loaded the definition."""
    chain.write("registry.py", "TABLE = {}\n")
    chain.write("plugin.py", "import registry\nregistry.TABLE['k'] = 'plugged'\n")
    chain.write(
        "stages.py",
        """
        from typing import Annotated
        from pivot_core import loaders, outputs
        import registry

        def make() -> Annotated[str, outputs.Out("made.txt", loaders.Text())]:
            return registry.TABLE["k"]
        """,
    )
    chain.pipeline(
        """
        import plugin
        import stages

        pipeline = Pipeline("p")
        pipeline.register(stages.make)
        """
    )
    assert chain.status()["make"]["state"] == "never_run"  # the definition is kept from here on
    assert chain.run().outcomes == {"make": "ran"}
    assert chain.read("made.txt") == "plugged"


def test_a_stage_tells_how_far_it_is(project):
    """Also from a thread, but not from a fork; and outside of a run it does nothing."""
    project.pipeline(
        """
        import multiprocessing, threading
        from pivot_core import progress

        def stage() -> Annotated[str, outputs.Out("out.txt", Text)]:
            forked = multiprocessing.get_context("fork").Process(target=progress.report, args=(7, 7, "fork"))
            forked.start()
            forked.join()
            thread = threading.Thread(target=progress.report, args=(1, 1, "thread"))
            thread.start()
            thread.join()
            return "".join(progress.track("abc", text="letters"))

        pipeline = Pipeline("p")
        pipeline.register(stage)

        if __name__ == "__main__":
            print(*progress.track([1, 2]))
        """
    )
    told = [(e["text"], e["done"], e["total"]) for e in project.run().of("stage_progress", "stage")]
    assert told[0] == ("thread", 1, 1)
    assert told[-1] == ("letters", 3, 3)
    assert "fork" not in [text for text, _, _ in told]
    assert subprocess.check_output([sys.executable, "pipeline.py"], cwd=project.root, text=True) == "1 2\n"
