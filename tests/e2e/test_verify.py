"""``verify``: what comes out of a stage that runs again."""

from __future__ import annotations

import json


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
