"""``verify``: what comes out of a stage that runs again."""

from __future__ import annotations

import json
import time


def results(project, *args: str, code: int = 0) -> dict[str, dict]:
    ended = project.call("verify", "--json", *args)
    assert ended.code == code, ended.stdout + ended.stderr
    return {each["stage"]: each for each in json.loads(ended.stdout)["stages"]}


def files(project) -> dict[str, tuple[bytes, int]]:
    found = (path for path in project.root.rglob("*") if path.is_file() and "state.lmdb" not in str(path))
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def test_stages_that_give_the_same_again_are_verified_and_nothing_is_touched(chain):
    chain.run()
    before = files(chain)
    assert {name: each["result"] for name, each in results(chain).items()} == {
        "first": "same",
        "second": "same",
        "other": "same",
    }
    after = {path: kept for path, kept in files(chain).items() if not path.endswith("tmp/runs")}
    assert after == {path: kept for path, kept in before.items() if not path.endswith("tmp/runs")}
    assert set(results(chain, "out.txt")) == {"second"}


def test_what_comes_out_otherwise_is_named_with_its_first_difference(project):
    project.pipeline(
        """
        import uuid

        def chance() -> Annotated[str, outputs.Out("chance.txt", Text)]:
            return f"same\\n{uuid.uuid4()}\\n"

        def after(
            text: Annotated[str, outputs.Dep("chance.txt", Text)],
        ) -> Annotated[str, outputs.Out("after.txt", Text)]:
            return text.upper()

        def adds(
            old: Annotated[str, outputs.IncrementalOut("log.txt", Text)],
        ) -> Annotated[str, outputs.IncrementalOut("log.txt", Text)]:
            return old + "x"

        pipeline = Pipeline("p")
        for stage in (chance, after, adds):
            pipeline.register(stage)
        """
    )
    project.run()
    kept = project.read("chance.txt")
    found = results(project, code=1)
    assert (found["chance"]["result"], found["after"]["result"]) == ("different", "same")
    (difference,) = found["chance"]["differences"]
    assert difference["path"] == "chance.txt"
    assert difference["detail"].startswith(f"line 2: '{kept.splitlines()[1]}'")
    assert found["adds"]["result"] == "skipped"
    assert project.read("chance.txt") == kept
    said = project.call("verify", "chance").stdout
    assert "set its seeds" in said
    project.edit("pipeline.py", "text.upper()", "text.title()")
    assert "run after first" in results(project, "after")["after"]["why"]


def test_links_and_hidden_folders_are_in_the_copy_and_what_they_lead_to_is_untouched(project, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/rows.txt").write_text("far")
    project.write("inner/near.txt", "near")
    project.write(".hidden/declared.txt", "hidden")
    project.write(".hidden/asked.txt", "asked")
    for name, target in (("data", tmp_path / "outside"), ("folder", "inner"), ("file", "inner/near.txt")):
        (project.root / name).symlink_to(target)
    project.pipeline(
        """
        def reads(
            data: Annotated[Path, outputs.Dep("data/", loaders.PathOnly())],
            near: Annotated[str, outputs.Dep("folder/near.txt", Text)],
            hidden: Annotated[str, outputs.Dep(".hidden/declared.txt", Text)],
        ) -> Annotated[str, outputs.Out("reads.txt", Text)]:
            asked = Path(".hidden/asked.txt").read_text()
            return (data / "rows.txt").read_text() + near + hidden + asked + Path("file").read_text()

        def writes() -> Annotated[str, outputs.Out("writes.txt", Text)]:
            for path in ("folder/log.txt", "inner/log.txt"):
                with open(path, "a") as log:
                    log.write("x")
            return "written"

        pipeline = Pipeline("p")
        pipeline.register(reads)
        pipeline.register(writes)
        """
    )
    project.run()
    assert project.read("inner/log.txt") == "xx"
    assert {name: each["result"] for name, each in results(project).items()} == {
        "reads": "same",
        "writes": "same",
    }
    assert project.read("inner/log.txt") == "xx"


def test_a_script_that_a_stage_starts_can_be_started_in_the_copy(project):
    project.write("count.sh", "#!/bin/sh\nwc -c < in.txt > out.txt\n").chmod(0o755)
    project.write("in.txt", "four")
    project.pipeline(
        """
        def count(
            script: Annotated[Path, outputs.Dep("count.sh", loaders.PathOnly())],
            text: Annotated[Path, outputs.Dep("in.txt", loaders.PathOnly())],
        ) -> Annotated[Path, outputs.Out("out.txt", loaders.PathOnly())]:
            import subprocess
            subprocess.run([script.resolve()], check=True)
            return Path("out.txt")

        pipeline = Pipeline("p")
        pipeline.register(count)
        """
    )
    project.run()
    assert results(project)["count"]["result"] == "same"


def test_the_copy_of_a_killed_verify_is_told_and_one_under_way_is_not_swept(project):
    project.pipeline(
        """
        import time

        def slow() -> Annotated[str, outputs.Out("slow.txt", Text)]:
            if Path("../..").resolve().name == "tmp":
                Path("begun").touch()
                time.sleep(600)
            return "slow"

        pipeline = Pipeline("p")
        pipeline.register(slow)
        """
    )
    project.run()
    verify = project.popen("verify")
    end = time.monotonic() + 60
    while not list((project.root / ".pivot/tmp").glob("*/project/begun")):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert project.call("gc").code == 2
    verify.kill()
    verify.communicate()
    assert "1 half-made file" in project.call("doctor").stdout
    assert project.call("gc").code == 0
