"""The state keeps bytes by prefix and key; where it can't, it is as good as empty and never fails."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pivot_core.store.state import LAST_RUNS, Records, State


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with State(tmp_path / ".pivot" / "state.lmdb") as state:
        assert state.get("file", "a") is None
        assert state.get_many("file", ["a", "b"]) == {}
        assert list(state.scan("file")) == []
        state.flush()
    assert list(tmp_path.iterdir()) == []


def test_what_is_put_is_seen_at_once_and_stored_by_flush(tmp_path: Path) -> None:
    with State(tmp_path / "s") as state:
        state.put("file", "a", b"1")
        assert state.get("file", "a") == b"1"
    with State(tmp_path / "s") as state:
        assert state.get("file", "a") is None
        state.put("file", "a", b"1")
        state.put("tree", "a", b"2")
        state.flush()
        assert state.get("file", "a") == b"1"
    with State(tmp_path / "s") as state:
        assert state.get_many("file", ["a", "b"]) == {"a": b"1"}
        state.delete("file", "a")
        assert state.get("file", "a") is None
        state.flush()
    with State(tmp_path / "s") as state:
        assert state.get("file", "a") is None
        assert state.get("tree", "a") == b"2"


def test_scan_gives_one_prefix_sorted_with_what_is_not_flushed(tmp_path: Path) -> None:
    long = "k" * 2000
    with State(tmp_path / "s") as state:
        for key in ("b", "a", long):
            state.put("run", key, key.encode())
        state.put("runs", "x", b"another prefix")
        state.put("ru", "x", b"another prefix")
        state.flush()
        state.put("run", "c", b"c")
        state.delete("run", "b")
        assert dict(state.scan("run")) == {"a": b"a", "c": b"c", long: long.encode()}
        assert [key for key, _ in state.scan("run")][:2] != ["b", "a"]


@pytest.mark.parametrize("length", [1, 500, 505, 506, 507, 511, 512, 5000])
def test_keys_of_any_length_are_kept_apart(tmp_path: Path, length: int) -> None:
    """LMDB takes 511 bytes."""
    with State(tmp_path / "s") as state:
        state.put("file", "k" * length + "1", b"1")
        state.put("file", "k" * length + "2", b"2" * 10_000)
        state.flush()
    with State(tmp_path / "s") as state:
        assert state.get("file", "k" * length + "1") == b"1"
        assert state.get("file", "k" * length + "2") == b"2" * 10_000
        assert state.get("file", "k" * length) is None
        state.delete("file", "k" * length + "1")
        state.flush()
        assert dict(state.scan("file")) == {"k" * length + "2": b"2" * 10_000}


def test_keys_may_have_any_characters(tmp_path: Path) -> None:
    keys = ["a#b", "a:b", "#", ":", "", "ä/ö", os.fsdecode(b"not\xffutf8"), "#" * 600, ":" * 600]
    with State(tmp_path / "s") as state:
        for key in keys:
            state.put("file", key, repr(key).encode())
        state.flush()
    with State(tmp_path / "s") as state:
        expected = {key: repr(key).encode() for key in keys}
        assert state.get_many("file", keys) == expected
        assert dict(state.scan("file")) == expected


def test_the_map_grows_when_it_is_full(tmp_path: Path) -> None:
    with State(tmp_path / "s") as state, State(tmp_path / "s") as other:
        for number in range(100):
            state.put("file", str(number), os.urandom(1 << 20))
        state.flush()
        assert len(dict(other.scan("file"))) == 100
    with State(tmp_path / "s") as state:
        assert len(dict(state.scan("file"))) == 100


def test_two_objects_of_one_process_share_the_database(tmp_path: Path) -> None:
    """LMDB opened twice by a process would lose its locks."""
    with State(tmp_path / "s") as one:
        with State(tmp_path / "." / "s") as two:
            one.put("file", "a", b"1")
            one.flush()
            assert two.get("file", "a") == b"1"
        one.put("file", "b", b"2")
        one.flush()
        assert one.get("file", "b") == b"2"


def test_readonly_stores_nothing(tmp_path: Path) -> None:
    with State(tmp_path / "s", readonly=True) as state:
        state.put("file", "a", b"1")
        state.flush()
        assert state.get("file", "a") == b"1"
    assert list(tmp_path.iterdir()) == []


def test_what_was_read_is_known_until_somebody_writes(tmp_path: Path) -> None:
    records, decoded = Records(), []

    def decode(data: bytes) -> bytes:
        decoded.append(data)
        return data

    def ask() -> dict[str, bytes]:
        with State(tmp_path / "s", readonly=True, records=records) as state:
            return state.get_many_as(LAST_RUNS, ("a", "b"), decode)

    for value in (b"1", b"2"):
        with State(tmp_path / "s") as state:
            state.put(LAST_RUNS, "a", value)
            state.flush()
        assert ask() == {"a": value}
        time.sleep(0.03)
        assert ask() == {"a": value}
        decoded.clear()
        assert ask() == {"a": value}
        assert decoded == []


WRITER = """
import sys
from pathlib import Path
from pivot_core.store.state import State
with State(Path(sys.argv[1])) as state:
    for turn in range(40):
        for number in range(25):
            state.put("file", f"{sys.argv[2]}-{turn}-{number}", b"x" * 1000)
        state.flush()
"""


def test_two_processes_may_write_and_a_third_read(tmp_path: Path) -> None:
    path = tmp_path / "s"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("a", "b")]
    with State(path, readonly=True) as state:
        while any(writer.poll() is None for writer in writers):
            # A batch is there as a whole or not at all.
            assert len(dict(state.scan("file"))) % 25 == 0
        assert [writer.returncode for writer in writers] == [0, 0]
        assert len(dict(state.scan("file"))) == 2000


def test_another_process_making_the_database_bigger_is_seen(tmp_path: Path) -> None:
    with State(tmp_path / "s") as state:
        state.put("file", "a", b"1")
        state.flush()
        script = (
            "import sys, pathlib; from pivot_core.store.state import State\n"
            "s = State(pathlib.Path(sys.argv[1]))\n"
            "for n in range(90): s.put('file', str(n), b'x' * (1 << 20))\n"
            "s.flush(); s.close()"
        )
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "s")], check=True, timeout=60)
        assert state.get("file", "89") is not None
        state.put("file", "b", b"2")
        state.flush()
        assert state.get("file", "a") == b"1"


def test_many_deletions_leave_a_database_that_is_not_taken_for_truncated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """LMDB counts pages at the end that a transaction took and freed, but never writes them."""
    for turn in range(20):
        with State(tmp_path / "s") as state:
            for number in range(turn * 300, turn * 300 + 600):
                state.put("file", f"{number}", os.urandom(turn * 37 % 3000))
            for key, _ in list(state.scan("file"))[:: turn % 3 + 1]:
                state.delete("file", key)
            state.put("file", "last", str(turn).encode())
            state.flush()
        with State(tmp_path / "s") as state:
            assert state.get("file", "last") == str(turn).encode()
    assert caplog.records == []


GROWING = """
import pathlib, resource, sys
from pivot_core.store.state import State
with State(pathlib.Path(sys.argv[1])) as state:
    state.put("file", "a", b"1")
    state.flush()
    used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmSize"))
    resource.setrlimit(resource.RLIMIT_AS, (used + (48 << 20),) * 2)
    value = bytes(1 << 20)
    for number in range(100):
        state.put("file", str(number), value)
    state.flush()
    assert state.get("file", "a") == b"1"
    assert state.get("file", "99") == value
with State(pathlib.Path(sys.argv[1])) as state:
    assert state.get("file", "a") == b"1"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space as Linux does")
def test_a_map_that_cannot_grow_fails_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWING, str(tmp_path / "s")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "can't be written" in done.stderr


UPDATER = """
import sys
from pathlib import Path
from pivot_core.store.state import State
for turn in range(50):
    with State(Path(sys.argv[1])) as state:
        state.update("history", "all", lambda known: (known or b"") + sys.argv[2].encode())
        state.flush()
"""


def test_updates_of_two_processes_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "s"
    updaters = [subprocess.Popen([sys.executable, "-c", UPDATER, str(path), name]) for name in ("a", "b")]
    assert [updater.wait(60) for updater in updaters] == [0, 0]
    with State(path) as state:
        value = state.get("history", "all")
        assert value is not None and (value.count(b"a"), value.count(b"b")) == (50, 50)
        state.update("history", "all", lambda known: (known or b"")[:1])
        assert state.get("history", "all") == value[:1]


def test_a_database_is_only_read_by_a_child_when_somebody_else_has_changed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: asked.append(args) or real(*args, **more))
    for turn in range(3):
        with State(tmp_path / "s") as state:
            assert (state.get("file", "a") is None) == (turn == 0)
            state.put("file", "a", b"1")
            state.flush()
    assert asked == []
    shutil.copytree(tmp_path / "s", tmp_path / "copy")
    for _ in range(2):
        with State(tmp_path / "copy") as state:
            assert state.get("file", "a") == b"1"
    assert len(asked) == 1, "a copy is looked at once"


def test_no_module_of_the_current_folder_is_imported_to_look_at_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with State(tmp_path / "s") as state:
        state.put("file", "a", b"1")
        state.flush()
    (tmp_path / "lmdb.py").write_text("open('imported', 'w')")
    monkeypatch.chdir(tmp_path)
    os.utime(tmp_path / "s" / "data.mdb")
    with State(tmp_path / "s") as state:
        assert state.get("file", "a") == b"1"
    assert not (tmp_path / "imported").exists()


def test_a_value_that_noise_has_changed_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with State(tmp_path / "s") as state:
        state.put("file", "a", b"the right digest")
        state.put("file", "b", b"another")
        state.flush()
    data = tmp_path / "s" / "data.mdb"
    data.write_bytes(data.read_bytes().replace(b"the right digest", b"the wrong digest"))
    with caplog.at_level(logging.WARNING), State(tmp_path / "s") as state:
        assert state.get("file", "a") is None
        state.put("file", "a", b"the right digest")
        state.flush()
    assert "isn't what was stored" in caplog.text
    with State(tmp_path / "s") as state:
        assert state.get("file", "a") == b"the right digest"


def test_a_place_that_cannot_have_a_database_keeps_state_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING), State(tmp_path / "file" / "s") as state:
        assert state.get("file", "a") is None
        state.put("file", "a", b"1")
        state.flush()
        state.flush()
        assert state.get("file", "a") == b"1"
        assert dict(state.scan("file")) == {"a": b"1"}
    assert "going on without" in caplog.text


READ_ONLY = """
import pathlib, sys
from pivot_core.store.state import State
with State(pathlib.Path(sys.argv[1])) as state:
    assert state.get("file", "a") == b"1"
    state.put("file", "b", b"2")
    state.flush()
    assert state.get("file", "a") == b"1", "what can be read stays readable"
    assert state.get("file", "b") == b"2"
with State(pathlib.Path(sys.argv[1] + "-absent")) as state:
    state.put("file", "b", b"2")
    state.flush()
    assert state.get("file", "b") == b"2"
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a private mount")
def test_a_read_only_file_system_is_read_and_not_written(tmp_path: Path) -> None:
    with State(tmp_path / "s") as state:
        state.put("file", "a", b"1")
        state.flush()
    mount = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro {tmp_path} || exit 77; "
    run = f"exec {sys.executable} -c '{READ_ONLY.replace(chr(39), chr(34))}' {tmp_path / 's'}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount + run], capture_output=True, text=True, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("mounting isn't allowed here")
    assert done.returncode == 0, done.stderr
    assert "going on without" in done.stderr


def test_a_damaged_database_is_made_anew_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "data.mdb").write_bytes(b"garbage" * 1000)
    with caplog.at_level(logging.WARNING), State(tmp_path / "s") as state:
        assert state.get("file", "a") is None
        state.put("file", "a", b"1")
        state.flush()
    assert "is damaged" in caplog.text
    with State(tmp_path / "s") as state:
        assert state.get("file", "a") == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
