"""What a user had in the place of an output is in that place until the output takes it, and kept then."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pivot_core.execute.standing import replace
from pivot_core.store.cache import ContentCache
from pivot_core.store.moving import move, move_back, set_aside


@pytest.fixture
def cache(tmp_path: Path) -> ContentCache:
    return ContentCache(tmp_path / "cache", tmp_path / "scratch")


def _put(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
        (path / "own").write_text("mine")
        (path / "link").symlink_to("../data")
    elif kind == "link":
        path.symlink_to("data")
    else:
        path.write_text("mine")


def _what(path: Path) -> object:
    """What stands there, and where its links lead."""
    if not os.path.lexists(path):
        return None
    if path.is_symlink():
        return "link", path.resolve()
    return {each.name: _what(each) for each in path.iterdir()} if path.is_dir() else path.read_text()


KINDS = ["file", "link", "folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_set_aside_is_kept_and_a_file_or_link_is_in_its_place_until_then(tmp_path, kind):
    (tmp_path / "data").write_text("data")
    place, keep = tmp_path / "place", tmp_path / "deep" / "down" / "keep"
    _put(place, kind)
    before = _what(place)
    fresh = tmp_path / "fresh"
    fresh.write_text("new")
    with set_aside(place, keep):
        assert _what(place) == (None if kind == "folder" else before)
        assert _what(keep) == before
        fresh.replace(place)
    assert (_what(place), _what(keep)) == ("new", before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_set_aside_in_vain_is_where_it_was_and_nowhere_else(tmp_path, kind):
    (tmp_path / "data").write_text("data")
    place = tmp_path / "place"
    _put(place, kind)
    before = _what(place)
    with pytest.raises(OSError, match="full"), set_aside(place, tmp_path / "deep" / "down" / "keep"):
        raise OSError("full")
    assert _what(place) == before
    assert not (tmp_path / "deep").exists()


def test_what_failed_after_the_place_was_taken_loses_nothing(tmp_path):
    place, keep = tmp_path / "place", tmp_path / "keep"
    place.write_text("mine")
    (tmp_path / "fresh").write_text("new")
    with pytest.raises(OSError, match="late"), set_aside(place, keep):
        (tmp_path / "fresh").replace(place)
        raise OSError("late")
    assert keep.read_text() == "mine"


def test_a_file_that_can_not_be_linked_to_where_it_is_kept_is_copied(tmp_path):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs another file system")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        place, fresh, keep = Path(elsewhere, "place"), Path(elsewhere, "fresh"), tmp_path / "keep"
        place.write_text("mine")
        fresh.write_text("new")
        with set_aside(place, keep):
            assert place.read_text() == "mine"
            fresh.replace(place)
        assert (place.read_text(), keep.read_text()) == ("new", "mine")


def test_moving_back_undoes_a_killed_set_aside_and_takes_nothing_from_others(tmp_path):
    place, keep = tmp_path / "place", tmp_path / "kept" / "place"
    place.write_text("mine")
    keep.parent.mkdir()
    keep.hardlink_to(place)
    move_back(keep, place)
    assert place.read_text() == "mine"
    assert not keep.parent.exists()
    move(place, keep)
    place.write_text("somebody else's")
    move_back(keep, place)
    assert (place.read_text(), keep.read_text()) == ("somebody else's", "mine")


def test_what_stands_there_is_looked_at_when_all_is_ready_to_take_its_place(cache, tmp_path):
    """A large file takes its time to be copied, and somebody may save another one meanwhile."""
    place = tmp_path / "place"
    place.write_text("mine")
    seen = []

    def to_keep():
        seen.append([file.read_text() for file in cache.scratch.iterdir()])
        return tmp_path / "keep"

    replace(cache, cache.add_bytes(b"new"), place, "auto", to_keep)
    assert seen == [["new"]]
    assert (place.read_text(), (tmp_path / "keep").read_text()) == ("new", "mine")


KILLED = """
import os, signal, sys
from pathlib import Path
from pivot_core.execute.standing import replace
from pivot_core.store.cache import ContentCache

root, step = Path(sys.argv[1]), int(sys.argv[2])
cache = ContentCache(root / "cache", root / "scratch")
digest = cache.add_bytes(b"new")
STEPS = {"open", "os.rename", "os.remove", "os.link", "os.symlink", "os.mkdir", "os.rmdir"}

def hook(event, arguments):
    global step
    if event in STEPS:
        step -= 1
        if step < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
replace(cache, digest, root / "place", "auto", lambda: root / "keep")
"""


@pytest.mark.parametrize("kind", ["file", "link"])
def test_killed_before_any_step_what_the_user_had_or_the_output_stands_in_the_place(tmp_path, kind):
    killed, step = True, 0
    while killed:
        root = tmp_path / str(step)
        root.mkdir()
        (root / "data").write_text("data")
        _put(root / "place", kind)
        before = _what(root / "place")
        done = subprocess.run(
            [sys.executable, "-c", KILLED, root, str(step)], capture_output=True, text=True, check=False
        )
        killed = done.returncode == -9
        assert killed or done.returncode == 0, done.stderr
        now = _what(root / "place")
        assert now == before if killed and now != "new" else (now, _what(root / "keep")) == ("new", before)
        step += 1
    assert step > 5
