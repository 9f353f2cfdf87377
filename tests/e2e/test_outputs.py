"""Every kind of output: written, cached, restored, and never at the cost of somebody's file."""

from __future__ import annotations

import json


def test_an_incremental_output_starts_from_a_private_copy_of_its_last_content(project):
    project.write("in.txt", "a")
    project.write(".pivot/config.yaml", "cache:\n  mode: hardlink\n")
    project.pipeline(
        """
        Seen = outputs.IncrementalOut("seen.json", loaders.JSON())

        def gather(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
            seen: Annotated[list | None, Seen],
        ) -> Annotated[list, Seen]:
            return [*(seen or []), text]

        pipeline = Pipeline("p")
        pipeline.register(gather)
        """
    )
    project.run()
    for text in "bc":
        project.write("in.txt", text)
        assert project.run().outcomes == {"gather": "ran"}
    assert json.loads(project.read("seen.json")) == ["a", "b", "c"]
    assert (project.root / "seen.json").stat().st_nlink == 1
    project.write("in.txt", "a")  # as in the first run: what was gathered since must not be rolled back
    assert project.run().outcomes == {"gather": "ran"}
    assert json.loads(project.read("seen.json")) == ["a", "b", "c", "a"]


def test_an_incremental_file_that_the_stage_updates_in_place(project):
    project.write("in.txt", "a")
    project.pipeline(
        """
        Log = outputs.IncrementalOut("log.txt", loaders.PathOnly())

        def note(
            text: Annotated[str, outputs.Dep("in.txt", Text)], log: Annotated[Path, Log],
        ) -> Annotated[Path, Log]:
            with log.open("a") as handle:
                handle.write(text)
            if text == "bad":
                raise ValueError
            return log

        pipeline = Pipeline("p")
        pipeline.register(note)
        """
    )
    project.write("log.txt", "mine,")  # there before Pivot was
    project.run()
    assert project.read("log.txt") == "mine,a"
    project.write("in.txt", "bad")
    assert project.run(ok=False).outcomes == {"note": "failed"}
    assert project.read("log.txt") == "mine,a"
    project.write("in.txt", "b")
    project.run()
    assert project.read("log.txt") == "mine,ab"


def test_a_directory_is_one_output_and_comes_back_whole(project):
    project.write("in.txt", "2")
    project.pipeline(
        """
        def spread(
            text: Annotated[str, outputs.Dep("in.txt", Text)],
        ) -> Annotated[Path, outputs.DirectoryOut("parts/")]:
            for n in range(int(text)):
                (Path("parts") / f"{n}.txt").write_text(str(n))
            return Path("parts")

        def gather(
            parts: Annotated[Path, outputs.Dep("parts/", loaders.PathOnly())],
        ) -> Annotated[str, outputs.Out("all.txt", Text)]:
            return ",".join(path.read_text() for path in sorted(parts.iterdir()))

        pipeline = Pipeline("p")
        pipeline.register(spread)
        pipeline.register(gather)
        """
    )
    project.run()
    assert project.read("all.txt") == "0,1"
    project.write("in.txt", "3")
    project.run()
    assert project.read("all.txt") == "0,1,2"
    project.write("in.txt", "2")
    assert set(project.run().outcomes.values()) == {"restored"}
    assert not (project.root / "parts/2.txt").exists()
    project.write("parts/stray.txt", "?")
    assert project.reasons("spread") == [("output", "parts/")]
    assert project.run().outcomes == {"spread": "restored", "gather": "skipped"}
    assert sorted(path.name for path in (project.root / "parts").iterdir()) == ["0.txt", "1.txt"]


def test_a_file_that_pivot_did_not_make_is_kept_when_an_output_takes_its_place(project):
    project.pipeline(
        """
        def make() -> Annotated[str, outputs.Out("precious.txt", Text)]:
            return "new"

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    project.write("precious.txt", "years of work")
    ended = project.run()
    assert project.read("precious.txt") == "new"
    (kept,) = (project.root / ".pivot/replaced").rglob("precious.txt")
    assert kept.read_text() == "years of work"
    assert kept.relative_to(project.root).as_posix() in ended.of("warning", "make")[0]["message"]


def test_several_outputs_are_published_together_or_not_at_all(project):
    project.write("in.txt", "1")
    project.pipeline(
        """
        class Outs(TypedDict):
            a: Annotated[str, outputs.Out("a.txt", Text)]
            b: Annotated[object, outputs.Out("b.json", loaders.JSON())]

        def make(text: Annotated[str, outputs.Dep("in.txt", Text)]) -> Outs:
            return {"a": text, "b": text if text == "1" else object()}

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    project.run()
    project.write("in.txt", "2")
    assert project.run(ok=False).outcomes == {"make": "failed"}
    assert (project.read("a.txt"), json.loads(project.read("b.json"))) == ("1", "1")


def test_a_result_that_is_not_what_is_declared_is_one_clear_message(project):
    project.pipeline(
        """
        class Outs(TypedDict):
            a: Annotated[str, outputs.Out("a.txt", Text)]
            b: Annotated[str, outputs.Out("b.txt", Text)]

        def lacks() -> Outs:
            return {"a": "x"}

        def elsewhere() -> Annotated[Path, outputs.Out("here.txt", loaders.PathOnly())]:
            Path("there.txt").write_text("x")
            return Path("there.txt")

        def unwritten() -> Annotated[Path, outputs.Out("never.txt", loaders.PathOnly())]:
            return Path("never.txt")

        pipeline = Pipeline("p")
        for stage in (lacks, elsewhere, unwritten):
            pipeline.register(stage)
        """
    )
    ended = project.run("-k", ok=False)
    messages = {event["stage"]: event["error"]["message"] for event in ended.of("stage_end")}
    assert "b" in messages["lacks"]
    assert "there.txt" in messages["elsewhere"] and "here.txt" in messages["elsewhere"]
    assert "never.txt" in messages["unwritten"]


def test_metrics_and_plots_are_outputs_with_loaders_of_their_own(project):
    project.pipeline(
        """
        class Outs(TypedDict):
            score: Annotated[dict, outputs.Metric("metrics.json")]
            plot: Annotated[object, outputs.Plot("plot.png")]

        def evaluate() -> Outs:
            from matplotlib.figure import Figure
            figure = Figure()
            figure.subplots().plot([1, 2, 3])
            return {"score": {"accuracy": 0.5}, "plot": figure}

        pipeline = Pipeline("p")
        pipeline.register(evaluate)
        """
    )
    project.run()
    assert json.loads(project.read("metrics.json")) == {"accuracy": 0.5}
    first = (project.root / "plot.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    project.run("--force")
    assert (project.root / "plot.png").read_bytes() == first


def test_a_stage_that_changes_the_folder_changes_nothing_there(project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "model.txt").write_text("precious")
    project.pipeline(
        f"""
        def returns() -> Annotated[str, outputs.Out("out.txt", Text)]:
            os.chdir({str(elsewhere)!r})
            return "x"

        def fails() -> Annotated[Path, outputs.Out("model.txt", loaders.PathOnly())]:
            os.chdir({str(elsewhere)!r})
            raise ValueError

        import os
        pipeline = Pipeline("p")
        pipeline.register(returns)
        pipeline.register(fails)
        """
    )
    assert project.run("-k", ok=False).outcomes == {"returns": "ran", "fails": "failed"}
    assert project.states()["returns"] == "fresh"
    assert [path.read_text() for path in elsewhere.iterdir()] == ["precious"]


def test_a_crash_puts_back_in_the_project_and_not_where_the_command_was_started(project):
    project.write("below/model.txt", "precious")
    project.pipeline(
        """
        import os

        def crashes() -> Annotated[Path, outputs.Out("model.txt", loaders.PathOnly())]:
            Path("model.txt").write_text("half")
            os._exit(1)

        pipeline = Pipeline("p")
        pipeline.register(crashes)
        """
    )
    (project.root / ".pivot").mkdir()
    below = type(project)(project.root / "below")
    assert below.run(ok=False).outcomes == {"crashes": "failed"}
    assert project.read("below/model.txt") == "precious"
    assert not (project.root / "model.txt").exists()


def test_a_file_in_the_place_of_a_folder_is_kept(project):
    project.pipeline(
        """
        def make() -> Annotated[Path, outputs.DirectoryOut("parts/")]:
            Path("parts/1.txt").write_text("1")
            return Path("parts")

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    project.write("parts", "years of work")
    assert len(project.run().of("warning", "make")) == 1
    assert project.read("parts/1.txt") == "1"
    (kept,) = (project.root / ".pivot/replaced").rglob("parts")
    assert kept.read_text() == "years of work"
    (project.root / "parts/1.txt").unlink()
    (project.root / "parts").rmdir()
    project.write("parts", "more work")
    ended = project.run()
    assert (ended.outcomes, len(ended.of("warning", "make"))) == ({"make": "restored"}, 1)
    assert len(list((project.root / ".pivot/replaced").rglob("parts"))) == 2


def test_a_failing_stage_leaves_a_foreign_file_where_it_was(project):
    project.write("precious.txt", "years of work")
    project.pipeline(
        """
        def make() -> Annotated[str, outputs.Out("precious.txt", Text)]:
            raise ValueError

        pipeline = Pipeline("p")
        pipeline.register(make)
        """
    )
    assert project.run(ok=False).outcomes == {"make": "failed"}
    assert project.read("precious.txt") == "years of work"
