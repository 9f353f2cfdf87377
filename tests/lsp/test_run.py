"""Stages are run from the editor: in a child process, with all that happens shown, and nothing left over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio]

CLEAN, COUNT = 11, 17  # the lines of the stages in stages.py


@pytest.fixture
def options() -> dict[str, object]:
    return {"runEvents": True}


def happened(editor: Editor, event: str) -> list[dict[str, Any]]:
    return [item["event"] for item in editor.client.events if item["event"]["event"] == event]


async def run(editor: Editor, *targets: str, **how: object) -> dict[str, Any]:
    """Until it has ended."""
    ended = len(happened(editor, "ended"))
    begun = await editor.execute("pivot.run", {"targets": targets, **how})
    assert begun["run"] is not None
    await editor.until(lambda: len(happened(editor, "ended")) > ended)
    return happened(editor, "ended")[-1]


async def the_end(editor: Editor) -> tuple[int | None, str | None]:
    """How the only run ended: a run says so once, in whatever way it does, and nothing after that."""
    await editor.until(lambda: happened(editor, "ended"))
    (ended,) = happened(editor, "ended")
    assert editor.client.events[-1]["event"] is ended
    return ended["code"], ended["message"]


def body(project: Project, code: str) -> str:
    """stages.py, with other code in `clean`."""
    return project.text("stages.py").replace("return helpers.normalise(raw)", code)


async def test_run_with_upstream_makes_all_fresh(project: Project, editor: Editor) -> None:
    project.write("stages.py", body(project, 'print("hello from clean"); return raw'))
    project.pivot("status")
    editor.open("stages.py")
    assert await editor.titles("stages.py") == ["never run", "never run"]
    assert await editor.offered("stages.py", CLEAN) == ["Run"]
    assert await editor.offered("stages.py", COUNT) == ["Run with upstream"]

    begun = await editor.press("stages.py", COUNT, "Run with upstream")
    assert begun == {"run": 1, "why": None}
    assert await the_end(editor) == (0, None)
    await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert (project.root / "count.txt").exists()
    assert [event["stage"] for event in happened(editor, "stage_start")] == ["clean", "count"]
    assert "[clean] hello from clean" in editor.log
    assert editor.messages == []
    await editor.until(lambda: editor.progress[-1].kind == "end")
    assert editor.progress[-1].message == "ran 2"
    assert (editor.progress[0].title, editor.progress[0].cancellable) == ("Pivot: run count", True)


async def test_run_alone_leaves_upstream_as_it_is(ran: Project, editor: Editor) -> None:
    ran.write("raw.txt", "other")
    editor.open("stages.py")
    text = ran.text("stages.py").replace("str(len(text))", 'str(len(text)) + "!"')
    editor.save("stages.py", text)
    assert await editor.titles("stages.py") == ["stale: raw.txt changed", "stale: stages.count changed"]
    assert await editor.offered("stages.py", COUNT) == ["Run", "Run with upstream"]

    await editor.press("stages.py", COUNT, "Run")
    await editor.until(lambda: happened(editor, "run_end"))
    await editor.until_titles("stages.py", ["stale: raw.txt changed", "waiting for clean"])
    assert await editor.offered("stages.py", COUNT) == ["Run with upstream"]


async def test_what_is_fresh_is_run_again_only_if_that_is_asked_for(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    await run(editor, "clean")
    assert await the_end(editor) == (0, "nothing to do: clean is fresh")
    assert await editor.offered("stages.py", CLEAN) == ["Run again"]

    await editor.press("stages.py", CLEAN, "Run again")
    await editor.until(lambda: len(happened(editor, "run_end")) == 2)
    assert happened(editor, "run_end")[-1]["counts"] == {"ran": 1}


async def test_a_failure_is_shown_at_its_line_until_the_code_is_another(ran: Project, editor: Editor) -> None:
    ran.write("helpers.py", "def normalise(text):\n    return text.nothing\n")
    editor.open("stages.py")
    editor.open("helpers.py")
    await run(editor, "count")
    (found,) = await editor.until_problems("helpers.py")
    assert found.message.startswith("clean failed: AttributeError: 'str' object has no attribute 'nothing'")
    assert found.range.start.line == 1
    (caller,) = found.related_information
    assert (caller.location.uri, caller.location.range.start.line) == (ran.uri("stages.py"), 13)
    _, message = await the_end(editor)
    assert message == (
        "clean failed with AttributeError: 'str' object has no attribute 'nothing' (helpers.py:2)"
    )
    assert editor.messages == []  # a client that hears how runs end shows it, with buttons of its own
    assert "Traceback" in editor.log

    editor.type("helpers.py", "# a comment\n" + ran.text("helpers.py"))
    await editor.titles("stages.py")
    await editor.until_problems("helpers.py", lines=[2])
    editor.save("helpers.py", "def normalise(text):\n    return text.strip()\n")
    await editor.titles("stages.py")
    await editor.until_problems("helpers.py", lines=[])


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize("options", [{}], ids=["no events"])
async def test_a_client_that_hears_of_no_events_is_told_how_a_run_ended(ran: Project, editor: Editor) -> None:
    ran.write("helpers.py", "def normalise(text):\n    return text.nothing\n")
    editor.open("stages.py")
    await editor.execute("pivot.run", {"targets": ["clean"]})
    (message,) = await editor.until(lambda: editor.messages)
    assert message.startswith("Pivot: clean failed with AttributeError: ")
    assert editor.client.events == []


async def test_a_failure_goes_when_the_stage_is_run_again(ran: Project, editor: Editor) -> None:
    ran.write("stages.py", body(ran, 'return raw + Path("there").read_text()  # pivot: ignore[PVT306]'))
    editor.open("stages.py")
    await run(editor, "clean")
    await editor.until_problems("stages.py", lines=[13])
    ran.write("there", "")
    await run(editor, "clean")
    await editor.until_problems("stages.py", lines=[])


@pytest.mark.parametrize("way", ["lens", "progress"])
async def test_a_run_is_cancelled_cleanly(ran: Project, editor: Editor, way: str) -> None:
    ran.write("stages.py", body(ran, "import time; time.sleep(100); return raw"))
    editor.open("stages.py")
    await editor.press("stages.py", COUNT, "Run with upstream")
    await editor.until(lambda: happened(editor, "stage_start"))
    first, second = await editor.titles("stages.py")
    assert first.startswith("running… ")
    assert second == "queued"
    assert await editor.offered("stages.py", COUNT) == ["Cancel"]

    if way == "lens":
        assert await editor.press("stages.py", CLEAN, "Cancel") == {"cancelled": 1}
    else:
        (token,) = editor.client.progress_reports
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    assert await the_end(editor) == (130, None)
    assert happened(editor, "run_end")[0]["counts"] == {"cancelled": 2}
    (pid,) = {event["pid"] for event in happened(editor, "stage_start")}
    await editor.until(lambda: is_gone(pid))
    stale = "stale: stages.clean changed, and 1 more"
    await editor.until_titles("stages.py", [stale, "waiting for clean"])
    assert editor.messages == []
    assert (ran.root / "clean.txt").read_text() == "hello"


@pytest.mark.parametrize("way", ["client", "settings"])
async def test_what_runs_is_stopped_when_trust_is_taken(ran: Project, editor: Editor, way: str) -> None:
    ran.write("stages.py", body(ran, "import time; time.sleep(100); return raw"))
    editor.open("stages.py")
    await editor.press("stages.py", COUNT, "Run with upstream")
    await editor.until(lambda: happened(editor, "stage_start"))
    if way == "client":
        editor.client.protocol.notify("pivot/trust", {"trusted": False})
    else:
        editor.client.set_configuration({"pivot": {"trusted": False}})
        editor.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"pivot": {"trusted": False}})
        )
    assert await the_end(editor) == (130, None)
    (pid,) = {event["pid"] for event in happened(editor, "stage_start")}
    await editor.until(lambda: is_gone(pid))
    assert await editor.offered("stages.py", CLEAN) == []


async def test_an_editor_that_waits_for_silence_sees_lenses_while_a_stage_tells_how_far_it_is(
    ran: Project, editor: Editor
) -> None:
    code = "import time; from pivot_core import progress"
    slow = f"{code}; [time.sleep(0.02) for _ in progress.track(range(150))]; return raw"
    ran.write("stages.py", body(ran, slow))
    editor.open("stages.py")
    refreshes = editor.client.refreshes
    await run(editor, "clean", only=True)
    reports = len(happened(editor, "stage_progress"))
    assert reports > 15
    assert editor.client.refreshes - refreshes < reports / 2


async def test_a_second_click_on_a_stage_that_runs_is_told_so(ran: Project, editor: Editor) -> None:
    ran.write("stages.py", body(ran, "import time; time.sleep(100); return raw"))
    editor.open("stages.py")
    begun = [await editor.execute("pivot.run", {"targets": [name]}) for name in ("count", "count")]
    await editor.until(lambda: happened(editor, "stage_start"))
    begun.append(await editor.execute("pivot.run", {"targets": ["clean"]}))
    assert begun == [
        {"run": 1, "why": None},
        {"run": None, "why": "count is running already"},
        {"run": None, "why": "clean is running already"},
    ]
    assert editor.messages == ["Pivot: count is running already", "Pivot: clean is running already"]
    await editor.execute("pivot.cancel")


async def test_edits_that_are_not_saved_are_asked_about_once(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    editor.open("helpers.py")
    for name in ("stages.py", "helpers.py"):
        editor.type(name, ran.text(name) + "\n# not saved\n")
    begun = await editor.execute("pivot.run", {"targets": ["clean"]})
    assert begun == {"run": None, "why": "not saved: stages.py, helpers.py"}
    (question,) = editor.client.questions
    assert question == "Pivot: stages.py, helpers.py have edits that aren't saved; a run doesn't see them"

    editor.client.answer = "Run what is saved"
    await run(editor, "clean", force=True)
    assert happened(editor, "run_end")[0]["counts"] == {"ran": 1}


@pytest.mark.parametrize(
    "crash",
    ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getppid(), 9)"],
)
async def test_whatever_a_stage_does_the_server_stays(ran: Project, editor: Editor, crash: str) -> None:
    text = ran.text("stages.py")
    ran.write("stages.py", body(ran, f"{crash}; return raw"))
    editor.open("stages.py")
    await editor.execute("pivot.run", {"targets": ["clean"]})
    code, message = await the_end(editor)
    assert message is not None
    assert "clean failed" in message or "the run was lost (killed by signal 9)" in message
    assert code == (-9 if "killed" in message else 1)
    editor.save("stages.py", text)
    await run(editor, "count")
    await editor.until_titles("stages.py", ["fresh", "fresh"])


async def test_a_flood_of_output_costs_neither_the_server_nor_the_editor_much(
    ran: Project, editor: Editor
) -> None:
    """60 MB, of which the editor gets a few; and the server goes on answering."""
    flood = 'for n in range(60):\n        print(("x" * 99 + "\\n") * 10_000, end="")\n    return raw'
    ran.write("stages.py", body(ran, flood))
    editor.open("stages.py")
    await editor.execute("pivot.run", {"targets": ["clean"]})
    while not happened(editor, "run_end"):
        await editor.titles("stages.py")
    assert happened(editor, "run_end")[0]["ok"]
    assert "characters left out" in editor.log
    assert len(editor.log) < 30_000_000
    assert editor.client._server is not None
    assert peak_memory(editor.client._server.pid) < 300_000_000


async def test_all_processes_end_with_a_server_that_is_killed(ran: Project, editor: Editor) -> None:
    ran.write("stages.py", body(ran, "import time; time.sleep(100); return raw"))
    editor.open("stages.py")
    await editor.execute("pivot.run", {"targets": ["clean"]})
    await editor.until(lambda: happened(editor, "stage_start"))
    assert editor.client._server is not None
    server = editor.client._server.pid
    started = descendants(server)
    assert len(started) > 1
    os.kill(server, signal.SIGKILL)
    await editor.client._server.wait()
    await editor.until(lambda: all(is_gone(pid) for pid in started))


async def test_a_target_that_is_nothing_is_told(ran: Project, editor: Editor) -> None:
    editor.open("stages.py")
    await editor.execute("pivot.run", {"targets": ["claen"]})
    code, message = await the_end(editor)
    assert code == 2 and message is not None
    assert message.startswith("can't run: no stage is named")
    assert "did you mean 'clean'?" in message


@pytest.mark.parametrize("lint", [True, False], ids=["lint", "no lint"])
async def test_a_missing_input_is_told_and_shown_once_where_it_is_declared(
    ran: Project, editor: Editor, lint: bool
) -> None:
    (ran.root / "raw.txt").unlink()
    if not lint:
        silenced = ran.text("stages.py").replace("Text())],\n", "Text())],  # pivot: ignore[PVT302]\n", 1)
        ran.write("stages.py", silenced)
    editor.open("stages.py")
    await editor.execute("pivot.run", {})
    _, message = await the_end(editor)
    assert message is not None
    assert message.startswith("can't run: stages.py:12: clean needs raw.txt")
    (found,) = await editor.until_problems("stages.py")
    assert found.message.startswith("clean needs raw.txt, which isn't there")
    assert found.code == ("PVT302" if lint else None)
    ran.write("raw.txt", "  Hello \n")
    editor.told_of_change("raw.txt")
    await editor.until_problems("stages.py", lines=[])


async def test_an_editor_that_asks_while_runs_go_on_in_terminals_disturbs_none(
    ran: Project, editor: Editor
) -> None:
    """Never a word about a lock, never a stage made twice, and its verdicts are theirs."""
    made = 'import time; time.sleep(0.3); open("made.log", "a").write("."); return raw'
    ran.write("stages.py", body(ran, made))
    editor.open("stages.py")
    for number in range(4):
        ran.write("raw.txt", f"words {number}")
        editor.told_of_change("raw.txt")
        runs = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pivot_core", "run"),
                cwd=ran.root,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            for _ in range(2)
        ]
        ends = asyncio.gather(*(each.communicate() for each in runs))
        asked = 0
        while not ends.done():
            assert len(await editor.titles("stages.py")) == 2
            await editor.ask("pivot/pipeline", {"root": str(ran.root)})
            asked += 1
        assert asked > 1
        assert [each.returncode for each in runs] == [0, 0], await ends
        assert not any("lock" in out.decode() for out, _ in await ends)
        editor.told_of_change("raw.txt")
        await editor.until_titles("stages.py", ["fresh", "fresh"])
    assert ran.text("made.log") == "...."
    assert editor.messages == []


async def test_arguments_that_make_no_sense_are_refused(ran: Project, editor: Editor) -> None:
    for given in ({"targets": "clean"}, {"root": "/nowhere"}, {"nonsense": 1}):
        with pytest.raises(Exception, match=r"(?i)expected|no pipeline|nonsense"):
            await editor.execute("pivot.run", given)


def is_gone(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def descendants(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal():
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found += [int(entry.name), *descendants(int(entry.name))]
    return found


def peak_memory(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) * 1024
