"""``pivot-core run``: what it prints, its events, its exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Words

Event = dict[str, object]


def events(text: str) -> list[Event]:
    """Every line has to be an event: nothing else may be on stdout."""
    found: list[Event] = [json.loads(line) for line in text.splitlines()]
    assert all("event" in event and "at" in event for event in found)
    return found


def outcomes(text: str) -> dict[object, object]:
    return {event["stage"]: event["outcome"] for event in events(text) if event["event"] == "stage_end"}


def test_a_line_a_stage_and_a_summary(words: Words) -> None:
    lines = words.ok("run").splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("✓")] == [
        ["✓", "read", "ran"],
        ["✓", "loud", "ran"],
        ["✓", "count", "ran"],
    ]
    assert lines[-1].startswith("ran 3 in ")
    assert "  loud │ so loud" in lines


def test_with_nothing_to_do_it_says_only_that(made: Words) -> None:
    shown = made.ok("run")
    assert shown.startswith("nothing to do: 3 stages are fresh (")
    assert shown.count("\n") == 1


def test_an_edit_runs_what_it_touches_and_says_why(made: Words) -> None:
    made.edit("helpers.py", "!", "?!")
    lines = made.ok("run").splitlines()
    assert any(
        "loud" in line and "helpers.shout changed" in line and "helpers.py:1" in line for line in lines
    )
    assert "ran 2, skipped 1" in lines[-1]


def test_an_undone_edit_comes_back_from_the_cache(made: Words) -> None:
    made.edit("helpers.py", "!", "?!")
    made.ok("run")
    made.edit("helpers.py", "?!", "!")
    shown = made.ok("run")
    assert "restored 2, skipped 1" in shown
    assert (made.root / "build/loud.txt").read_text() == "HELLO\n!"


def test_json_is_events_and_nothing_else(words: Words) -> None:
    found = events(words.ok("run", "--json"))
    assert found[0]["event"] in ("stage_progress", "run_start")
    assert found[-1]["event"] == "run_end"
    assert found[-1]["ok"] is True
    assert found[-1]["counts"] == {"ran": 3}
    output = next(event for event in found if event["event"] == "stage_output")
    assert (output["stage"], output["stream"], output["text"]) == ("loud", "stdout", "so loud\n")


def test_json_events_arrive_while_the_run_goes_on(words: Words) -> None:
    words.edit("stages.py", 'print("so loud")', 'print("so loud"); import time; time.sleep(60)')
    with words.popen("run", "--json") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "stage_output":
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert events(rest)[-1]["event"] == "run_end"
    assert process.returncode == 130


def test_explain_shows_the_kind_of_every_reason(made: Words) -> None:
    made.edit("helpers.py", "!", "?!")
    lines = made.ok("run", "--explain").splitlines()
    assert any(line.split()[:2] == ["code", "helpers.shout"] for line in lines)


@pytest.mark.parametrize("option", ["-n", "--dry-run"])
def test_a_dry_run_changes_nothing(words: Words, option: str) -> None:
    shown = words.ok("run", option)
    assert shown.count("would run") == 3 + 1
    assert not (words.root / "build").exists()


def test_frozen_runs_nothing_and_fails_where_something_would(made: Words) -> None:
    assert made.call("run", "--frozen").returncode == 0
    made.edit("helpers.py", "!", "?!")
    done = made.call("run", "--frozen")
    assert done.returncode == 1
    assert "not fresh" in done.stdout
    assert (made.root / "build/loud.txt").read_text() == "HELLO\n!"


def test_force_runs_the_named_stage_though_it_is_fresh(made: Words) -> None:
    assert outcomes(made.ok("run", "--force", "--json", "loud")) == {"read": "skipped", "loud": "ran"}


def test_only_leaves_out_what_the_stage_needs(made: Words) -> None:
    (made.root / "in.txt").write_text("bye\n")
    made.edit("helpers.py", "!", "?!")
    assert outcomes(made.ok("run", "--only", "--json", "loud")) == {"loud": "ran"}


def test_a_failure_is_told_with_its_own_frames_and_exits_with_1(made: Words) -> None:
    made.edit("helpers.py", 'text.upper() + "!"', "text.lauder()")
    done = made.call("run", "-q")
    assert done.returncode == 1
    assert (
        "✗ loud failed: AttributeError: 'str' object has no attribute 'lauder' (helpers.py:2)" in done.stdout
    )
    assert 'File "stages.py"' in done.stdout
    assert "pivot_core" not in done.stdout
    assert "so loud" in done.stdout, "quiet hides output, but not of a stage that failed"


def test_a_failure_blocks_what_needs_it_and_keep_going_makes_the_rest(made: Words) -> None:
    made.edit("helpers.py", 'text.upper() + "!"', "text.lauder()")
    made.edit("stages.py", "return text\n", 'return text + ""\n')
    done = made.call("run", "--keep-going", "--json")
    assert done.returncode == 1
    assert outcomes(done.stdout) == {"read": "ran", "loud": "failed", "count": "blocked"}
    assert re.search(r"⊘ count +blocked +loud failed", made.call("run", "--keep-going").stdout)


def test_messages_of_several_lines_keep_their_place_beside_them(made: Words) -> None:
    made.write({"helpers.py": "def shout(text):\n    raise ValueError('no:\\nnever')\n"})
    made.edit("pipeline.py", "pipeline.register(stage)", "pipeline.register(stage, retries=1)")
    done = made.call("run")
    assert "warning: loud: failed (ValueError: no:); retry 1 of 1 in 1 s" in done.stderr
    assert "✗ loud failed: ValueError: no: (helpers.py:2)" in done.stdout
    assert "    never" in done.stdout, "the traceback has all of it"


def test_quiet_prints_nothing_when_all_went_well(words: Words) -> None:
    assert words.ok("run", "-q") == ""


def test_verbose_lists_what_was_skipped(made: Words) -> None:
    assert made.ok("run", "-v").count("skipped") == 3


def test_a_typo_in_a_stage_name_is_a_usage_error(made: Words) -> None:
    done = made.call("run", "laud", "--json")
    assert done.returncode == 2
    assert "did you mean 'loud'?" in done.stderr
    assert "laud" in json.loads(done.stdout.splitlines()[-1])["errors"][0]["message"]


def test_without_stages_it_says_where_they_come_from(words: Words) -> None:
    words.write({"pipeline.py": "from pivot_core import Pipeline\npipeline = Pipeline('words')\n"})
    done = words.call("run")
    assert (done.returncode, done.stdout) == (0, "no stages: register some in pipeline.py\n")


def test_a_missing_input_is_told_before_anything_runs(words: Words) -> None:
    (words.root / "in.txt").rename(words.root / "inn.txt")
    done = words.call("run")
    assert done.returncode == 2
    assert "stages.py:" in done.stderr
    assert "inn.txt" in done.stderr
    assert not (words.root / "build").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_cleanly_with_130(words: Words, number: signal.Signals) -> None:
    words.edit("stages.py", 'print("so loud")', 'print("so loud"); import time; time.sleep(60)')
    with words.popen("run") as process:
        assert process.stdout is not None
        while "so loud" not in process.stdout.readline():
            pass
        process.send_signal(number)
        rest, err = process.communicate()
    assert process.returncode == 130
    assert "cancelled 2, ran 1" in rest
    assert "⊘ loud" in rest
    assert "⊘ count" not in rest, "it had not begun: the summary counts it"
    assert "Traceback" not in rest + err
    assert words.call("status", "--check", "read").returncode == 0


def test_a_run_under_nohup_goes_on_when_its_terminal_is_closed(words: Words) -> None:
    words.edit("stages.py", 'print("so loud")', 'print("so loud"); import time; time.sleep(0.5)')
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = words.popen("run")
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        assert process.stdout is not None
        while "so loud" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGHUP)
        rest, _ = process.communicate()
    assert process.returncode == 0
    assert "ran 3" in rest


@pytest.mark.parametrize("args", [["run"], ["run", "--json"], ["status"], ["dag"], ["--help"]])
def test_a_reader_that_went_away_is_no_traceback(words: Words, args: list[str]) -> None:
    """As in ``pivot-core run | head -0``: the pipe is closed before the first line."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "pivot_core", *args],
        cwd=words.root,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.stderr == ""
    if args[0] == "run":
        assert done.returncode == 0
        assert (words.root / "build/count.json").exists(), "the run itself goes on"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_without_standard_streams_is_as_good(words: Words, closed: str) -> None:
    command = f"{sys.executable} -m pivot_core run {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=words.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert words.call("status", "--check").returncode == 0


def test_colours_are_for_terminals_unless_asked_for(made: Words) -> None:
    assert "\x1b[" not in made.ok("run")
    assert "\x1b[32m" in made.ok("run", FORCE_COLOR="1")
    assert "\x1b[" not in made.ok("run", FORCE_COLOR="1", NO_COLOR="1")


def on_a_terminal(root: Path, *args: str, **env: str) -> tuple[str, int]:
    """What a command writes to a terminal, and its exit code."""
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pivot_core", *args],
        cwd=root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **env},
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux says that the other end is closed
        while data := os.read(ours, 65536):
            shown += data
    os.close(ours)
    return shown.decode(), process.wait()


def test_on_a_terminal_what_runs_now_is_shown_live(words: Words) -> None:
    words.edit("stages.py", 'print("so loud")', 'print("so loud"); import time; time.sleep(0.5)')
    shown, code = on_a_terminal(words.root, "run")
    assert code == 0
    assert "/3 stages" in shown, "the count of the live display"
    assert "\x1b[?25l" in shown, "the cursor is hidden while it is on"
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "and shown again"
    assert "so loud" in shown
    assert "ran 3 in" in shown.splitlines()[-1]


def test_on_a_terminal_it_says_about_how_long_a_run_takes_that_ran_before(words: Words) -> None:
    words.edit("stages.py", 'print("so loud")', 'print("so loud"); import time; time.sleep(1.5)')
    shown, _ = on_a_terminal(words.root, "run")
    assert " left" not in shown
    shown, _ = on_a_terminal(words.root, "run", "--force", "loud")
    assert re.search(r"1/2 stages, about \d s left", shown)


def test_on_a_terminal_with_nothing_to_do_there_is_no_live_display(made: Words) -> None:
    shown, code = on_a_terminal(made.root, "run")
    assert code == 0
    assert "\x1b[?25l" not in shown
    assert "nothing to do" in shown


def test_no_color_means_none_on_a_terminal_too(words: Words) -> None:
    shown, _ = on_a_terminal(words.root, "run", NO_COLOR="1")
    assert "\x1b[3" not in shown


def test_frozen_and_force_contradict_each_other(made: Words) -> None:
    done = made.call("run", "--frozen", "--force")
    assert done.returncode == 2
    assert "--force doesn't go with it" in done.stderr
