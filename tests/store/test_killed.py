"""Killed at any moment, a process leaves nothing that the next one reads wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from blake3 import blake3

from pivot_core.errors import PivotError
from pivot_core.store.cache import ContentCache
from pivot_core.store.lock import Locks, encode
from pivot_core.store.state import State
from pivot_core.types import Lock

WRITER = """
import os, sys, random
from pathlib import Path
from pivot_core.store.cache import ContentCache
from pivot_core.store.lock import Locks
from pivot_core.store.state import State
from pivot_core.types import Lock

root, seed = Path(sys.argv[1]), int(sys.argv[2])
cache = ContentCache(root / "cache", root / "scratch")
locks = Locks(root / "stages")
chance = random.Random(seed)
print("started", flush=True)
with State(root / "state.lmdb") as state:
    for turn in range(10**9):
        data = chance.randbytes(chance.choice([10, 5000, 1_500_000]))
        out = root / "scratch" / f"out{seed}-{turn}"
        out.parent.mkdir(exist_ok=True)
        out.write_bytes(data)
        tree = root / f"tree{seed}-{turn}"
        (tree / "sub").mkdir(parents=True)
        (tree / "sub" / "f").write_bytes(data[:3000])
        (tree / "g").write_bytes(data[:2000])
        digests = {"out": cache.add(out, move=turn % 2 == 0), "tree/": cache.add_tree(tree)}
        cache.restore(digests["out"], root / "out", ("auto", "copy")[turn % 2])
        cache.restore_tree(digests["tree/"], root / "tree", ("auto", "copy")[turn % 2])
        locks.write(Lock(stage="stage", code=str(turn), definition="d", outs=digests))
        state.put("file", f"key{turn % 50}", f"{turn}".encode() * chance.randrange(1, 3000))
        state.put("file", "turn", str(turn).encode())
        state.flush()
"""


def _killed_writer(root: Path, seed: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(seed)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(random.Random(seed).uniform(0.02, 0.2))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)


def test_a_killed_writer_leaves_no_wrong_object_lock_output_or_state(tmp_path: Path) -> None:
    """Eight writers, one after the other, each killed in the middle of many publications."""
    cache = ContentCache(tmp_path / "cache", tmp_path / "scratch")
    locks = Locks(tmp_path / "stages")
    seen = 0
    for seed in range(8):
        _killed_writer(tmp_path, seed)

        for path in (tmp_path / "cache").rglob("*"):
            if path.is_file():
                seen += 1
                assert (
                    path.parent.name + path.name.removesuffix(".dir") == blake3(path.read_bytes()).hexdigest()
                )
        lock = locks.read("stage")
        if lock is not None:
            assert cache.has(lock.outs["out"]), "the lock names content that isn't there"
            assert cache.has(lock.outs["tree/"])
            cache.restore(lock.outs["out"], tmp_path / "out")
            cache.restore_tree(lock.outs["tree/"], tmp_path / "tree")
            assert cache.add_tree(tmp_path / "tree") == lock.outs["tree/"]
        with State(tmp_path / "state.lmdb") as state:
            turn = state.get("file", "turn")
            if turn is not None:
                value = state.get("file", f"key{int(turn) % 50}")
                assert value is not None
                assert value.startswith(turn), "half a batch was stored"
    assert seen > 20


STEPPER = """
import os, shutil, signal, sys
from pathlib import Path
from blake3 import blake3
from pivot_core.store.atomic import is_scratch, sweep
from pivot_core.store.cache import ContentCache
from pivot_core.store.lock import Locks
from pivot_core.types import Lock

STEPS = {"open", "os.rename", "os.remove", "os.link", "os.chmod", "os.mkdir", "os.rmdir", "shutil.rmtree"}
mode = sys.argv[2]

def publish(root, text):
    cache, locks = ContentCache(root / "cache", root / "tmp"), Locks(root / "stages")
    made = root / "tmp" / "made"
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(text)
    folder = root / "tmp" / "folder"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "sub" / text).write_text(text)
    (folder / "same").write_text("same")
    outs = {"tree/": cache.add_tree(folder), "out": cache.add(made, move=True)}
    shutil.rmtree(folder)
    cache.restore(outs["out"], root / "out", mode)
    cache.restore_tree(outs["tree/"], root / "tree", mode)
    locks.write(Lock(stage="s", code=text, definition="d", outs=outs))

def killed_at(step, root):
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = step
    def hook(event, arguments):
        nonlocal left
        if event in STEPS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    publish(root, "new")
    os._exit(0)

def check(root, texts):
    cache = ContentCache(root / "cache", root / "tmp")
    for path in (root / "cache").rglob("*"):
        if path.is_file():
            name = path.parent.name + path.name.removesuffix(".dir")
            assert name == blake3(path.read_bytes()).hexdigest(), path
    lock = Locks(root / "stages").read("s")
    assert lock.code in texts
    assert all(cache.has(digest) for digest in lock.outs.values())
    assert (root / "out").read_text() in texts
    names = {path.name for path in (root / "tree").rglob("*")}
    assert not names or names in [{"sub", "same", text} for text in texts], names
    assert not any(is_scratch(path.name) for path in root.iterdir()), "litter among the user's files"

step, killed = 0, True
while killed:
    root = Path(sys.argv[1], str(step))
    publish(root, "old")
    killed = killed_at(step, root)
    check(root, ["old", "new"])
    publish(root, "new")
    check(root, ["new"])
    sweep(root / "tmp", older_than_s=-1)
    assert list((root / "tmp").iterdir()) == [], "what can't be swept is left for ever"
    step += 1
print(step)
"""


@pytest.mark.parametrize("mode", ["auto", "hardlink", "copy"])
def test_killed_before_any_single_step_the_next_process_finds_the_old_or_the_new(
    tmp_path: Path, mode: str
) -> None:
    """Every call that changes a folder is a step; a child is killed before the first, the second, …"""
    done = subprocess.run(
        [sys.executable, "-c", STEPPER, str(tmp_path), mode], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_a_lock_cut_at_any_byte_is_unreadable_and_raises_nothing_else(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    whole = encode(Lock(stage="s", code="c", definition="d", params={"a": [1, {"b": None}]}))
    for end in range(len(whole) - 1):  # without the newline at the end it is still whole
        locks.path_of("s").write_bytes(whole[:end])
        with pytest.raises(PivotError):
            locks.read("s")


STATE_READER = """
import sys
from pathlib import Path
from pivot_core.store.state import State
with State(Path(sys.argv[1])) as state:
    found = sum(state.get("file", f"key{n}") is not None for n in range(500))
    list(state.scan("file"))
    state.put("file", "again", b"stored")
    state.flush()
with State(Path(sys.argv[1])) as state:
    assert state.get("file", "again") == b"stored"
print(found)
"""


def _reads(path: Path) -> int:
    """In a process of its own, as reading past the end of a mapped file would kill it."""
    done = subprocess.run(
        [sys.executable, "-c", STATE_READER, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def _filled(path: Path) -> Path:
    with State(path) as state:
        for number in range(500):
            state.put("file", f"key{number}", os.urandom(200))
        state.put("file", "big", b"x" * 50_000)
        state.flush()
    assert _reads(path) == 500
    return path / "data.mdb"


@pytest.mark.parametrize("part", [0.0, 0.001, 0.05, 0.3, 0.7, 0.99])
def test_a_half_written_state_database_does_not_fail(tmp_path: Path, part: float) -> None:
    data = _filled(tmp_path / "state.lmdb")
    os.truncate(data, int(data.stat().st_size * part))
    _reads(tmp_path / "state.lmdb")


@pytest.mark.parametrize("what", ["data", "pages of zeros", "lock", "both", "file", "folder", "version"])
def test_garbage_in_place_of_the_state_database_does_not_fail(tmp_path: Path, what: str) -> None:
    path = tmp_path / "state.lmdb"
    data = _filled(path)
    garbage = random.Random(1).randbytes(40_000)
    if what in ("data", "both"):
        data.write_bytes(garbage)
    if what in ("lock", "both"):
        (path / "lock.mdb").write_bytes(garbage)
    if what == "pages of zeros":
        content = data.read_bytes()
        data.write_bytes(content[:8192] + bytes(len(content) - 8192))
    if what == "version":
        content = bytearray(data.read_bytes())
        content[20] = content[4096 + 20] = 77
        data.write_bytes(content)
    if what in ("file", "folder"):
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        path.write_bytes(garbage) if what == "file" else data.mkdir(parents=True)
    _reads(path)
