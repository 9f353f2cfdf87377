"""Digests of files: known ones aren't read again, and no edit is missed for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from pivot_core.artifacts.hashing import FileHashes
from pivot_core.errors import UsageError
from pivot_core.store.cache import ContentCache
from pivot_core.store.digests import SMALL
from pivot_core.store.state import FILES, TREES, State

SETTLING_S = 0.03


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / ".pivot" / "state.lmdb") as state:
        yield state


def _digest(data: bytes) -> str:
    return blake3(data).hexdigest()


def _write(root: Path, name: str, data: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _known(state: State, prefix: str = FILES) -> set[str]:
    return {Path(key).name for key, _ in state.scan(prefix)}


def _plant(state: State, prefix: str = FILES) -> None:
    """Give every kept digest another value, to tell a kept one from one that was read."""
    for key, value in list(state.scan(prefix)):
        size = len(value) - (64 if prefix == FILES else 68)
        state.put(prefix, key, value[:size] + b"kept")


def test_digest_is_that_of_the_content_and_none_if_absent(tmp_path: Path) -> None:
    big = os.urandom(SMALL * 3 + 1)
    _write(tmp_path, "small", b"text")
    _write(tmp_path, "sub/big", big)
    hashes = FileHashes(tmp_path, None)
    assert hashes.digests(["small", "sub/big", "absent", "small/x", "small/"]) == {
        "small": _digest(b"text"),
        "sub/big": _digest(big),
        "absent": None,
        "small/x": None,
        "small/": None,
    }


def test_files_and_trees_have_the_digests_that_the_cache_gives_them(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path / "cache", tmp_path / "scratch")
    _write(tmp_path, "out/a", b"a")
    _write(tmp_path, "out/sub/b", os.urandom(SMALL + 5))
    (tmp_path / "out" / "c").symlink_to("a")
    hashes = FileHashes(tmp_path, None)
    assert hashes.digest("out/sub/b") == cache.add(tmp_path / "out" / "sub" / "b")
    assert hashes.digest("out/") == hashes.digest("out") == cache.add_tree(tmp_path / "out")


def test_a_known_file_is_not_read_again(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "a", b"a")
    time.sleep(SETTLING_S)
    hashes = FileHashes(tmp_path, state)
    assert hashes.digest("a") == _digest(b"a")
    hashes.flush()
    _plant(state)
    assert FileHashes(tmp_path, state).digest("a") == "kept"


def test_what_was_seen_is_known_without_a_state_until_it_changes(tmp_path: Path) -> None:
    path, seen = _write(tmp_path, "a", b"one"), {}
    (tmp_path / "link").symlink_to("a")
    _write(tmp_path, "d/x", b"x")
    time.sleep(SETTLING_S)
    digests = FileHashes(tmp_path, None, seen).digests(["a", "link", "d/"])
    assert {Path(name).name for name in seen} == {"a", "link", "d", "x"}
    seen.update({name: (signature, "kept") for name, (signature, _) in seen.items()})
    assert set(FileHashes(tmp_path, None, seen).digests(digests).values()) == {"kept"}
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    _write(tmp_path, "d/y", b"")
    now = FileHashes(tmp_path, None, seen).digests(digests)
    assert now["a"] == now["link"] == _digest(b"two")
    assert now["d/"] not in (digests["d/"], "kept")


def test_an_edit_that_keeps_size_and_mtime_is_seen(tmp_path: Path, state: State) -> None:
    path = _write(tmp_path, "a", b"one")
    time.sleep(SETTLING_S)
    assert FileHashes(tmp_path, state).digest("a") == _digest(b"one")
    assert _known(state) == {"a"}
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert FileHashes(tmp_path, state).digest("a") == _digest(b"two")


def test_a_file_replaced_by_rename_is_seen(tmp_path: Path, state: State) -> None:
    path = _write(tmp_path, "a", b"one")
    other = _write(tmp_path, "b", b"two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    time.sleep(SETTLING_S)
    assert FileHashes(tmp_path, state).digest("a") == _digest(b"one")
    other.replace(path)
    assert FileHashes(tmp_path, state).digest("a") == _digest(b"two")


def test_the_digest_of_a_file_edited_just_now_is_not_kept(tmp_path: Path, state: State) -> None:
    """An edit within the same tick of the clock would get the same signature."""
    _write(tmp_path, "a", b"one")
    _write(tmp_path, "d/x", b"x")
    assert FileHashes(tmp_path, state).digests(["a", "d/"])["a"] == _digest(b"one")
    assert _known(state) == set()
    assert _known(state, TREES) == set()


def test_edits_in_quick_succession_are_all_seen(tmp_path: Path, state: State) -> None:
    for turn in range(300):
        data = f"{turn:05}".encode()
        _write(tmp_path, "a", data)
        assert FileHashes(tmp_path, state).digest("a") == _digest(data)


def test_within_one_object_a_path_is_looked_at_once_until_forgotten(tmp_path: Path) -> None:
    _write(tmp_path, "d/a", b"one")
    hashes = FileHashes(tmp_path, None)
    first = hashes.digests(["d/a", "d/", "d"])
    _write(tmp_path, "d/a", b"two!")
    assert hashes.digests(["d/a", "d/", "d"]) == first
    hashes.forget("d/a")
    assert hashes.digest("d/a") == _digest(b"two!")
    assert hashes.digest("d/") == hashes.digest("d") != first["d/"]


def test_forgetting_a_directory_forgets_what_is_in_it_and_not_its_neighbours(tmp_path: Path) -> None:
    for name in ("d/a", "d-backup/a"):
        _write(tmp_path, name, b"one")
    hashes = FileHashes(tmp_path, None)
    hashes.digests(["d/a", "d-backup/a"])
    for name in ("d/a", "d-backup/a"):
        _write(tmp_path, name, b"two")
    hashes.forget("d/")
    assert hashes.digests(["d/a", "d-backup/a"]) == {"d/a": _digest(b"two"), "d-backup/a": _digest(b"one")}


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename", "same size and mtime"])
def test_every_change_in_a_directory_is_seen(tmp_path: Path, state: State, change: str) -> None:
    path = _write(tmp_path, "d/sub/a", b"one")
    _write(tmp_path, "d/b", b"b")
    time.sleep(SETTLING_S)
    before = FileHashes(tmp_path, state).digest("d/")
    assert _known(state, TREES) == {"d"}
    if change == "edit":
        path.write_bytes(b"other")
    elif change == "add":
        _write(tmp_path, "d/c", b"")
    elif change == "remove":
        path.unlink()
    elif change == "rename":
        path.rename(path.with_name("z"))
    else:
        times = path.stat()
        path.write_bytes(b"two")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = FileHashes(tmp_path, state).digest("d/")
    assert after != before
    assert after == FileHashes(tmp_path, None).digest("d/")


def test_a_known_directory_is_not_read_again(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "d/a", b"a")
    time.sleep(SETTLING_S)
    FileHashes(tmp_path, state).digest("d/")
    _plant(state, TREES)
    assert FileHashes(tmp_path, state).digest("d/") == "kept"


def test_of_a_changed_directory_only_the_changed_file_is_read(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "d/a", b"a")
    _write(tmp_path, "d/b", b"b")
    time.sleep(SETTLING_S)
    FileHashes(tmp_path, state).digest("d/")
    _plant(state)
    _write(tmp_path, "d/b", b"changed")
    manifest = b'{"a":"kept","b":"' + _digest(b"changed").encode() + b'"}'
    assert FileHashes(tmp_path, state).digest("d/") == _digest(manifest) + ".dir"


def test_two_names_of_one_file_are_kept_as_one(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "data/x", b"x")
    (tmp_path / "alias").symlink_to("data")
    (tmp_path / "y").symlink_to("alias/x")
    time.sleep(SETTLING_S)
    hashes = FileHashes(tmp_path, state)
    assert set(hashes.digests(["data/x", "alias/x", "y"]).values()) == {_digest(b"x")}
    assert [key for key, _ in state.scan(FILES)] == [str(tmp_path.resolve() / "data" / "x")]


def test_a_link_pointed_elsewhere_is_seen(tmp_path: Path, state: State) -> None:
    for name in ("one/x", "two/x"):
        _write(tmp_path, name, name.encode())
    time.sleep(SETTLING_S)
    for name in ("one", "two", "one"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(name)
        assert FileHashes(tmp_path, state).digest("link/x") == _digest(f"{name}/x".encode())


def test_links_that_lead_nowhere_are_absent(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    assert FileHashes(tmp_path, None).digests(["gone", "loop"]) == {"gone": None, "loop": None}


def test_a_directory_that_links_to_itself_has_a_digest(tmp_path: Path) -> None:
    _write(tmp_path, "d/a", b"a")
    before = FileHashes(tmp_path, None).digest("d/")
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    (tmp_path / "d" / "gone").symlink_to("nowhere")
    assert FileHashes(tmp_path, None).digest("d/") == before


def test_what_is_no_file_is_an_error_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe is neither a file nor a folder"):
        FileHashes(tmp_path, None).digest("pipe")


# --- what workers hashed --------------------------------------------------------------------------


def test_what_is_remembered_is_known_at_once_and_kept_when_it_is_old_enough(
    tmp_path: Path, state: State
) -> None:
    _write(tmp_path, "out", b"text")
    _write(tmp_path, "d/x", b"x")
    tree = FileHashes(tmp_path, None).digest("d/")
    assert tree is not None
    hashes = FileHashes(tmp_path, state)
    hashes.remember("out", "told", hashes.signature("out"))
    hashes.remember("d/", tree, hashes.signature("d/"))
    assert hashes.digest("out") == "told"
    hashes.flush()
    assert _known(state) == set(), "as young as it is, an edit might not show"
    time.sleep(SETTLING_S)
    hashes.flush()
    assert _known(state) == {"out"}
    assert _known(state, TREES) == {"d"}
    assert FileHashes(tmp_path, state).digest("out") == "told"
    assert FileHashes(tmp_path, state).digest("d/") == tree


def test_what_changed_after_it_was_remembered_is_not_kept(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "out", b"text")
    _write(tmp_path, "gone", b"text")
    hashes = FileHashes(tmp_path, state)
    for name in ("out", "gone", "never there"):
        hashes.remember(name, "told", hashes.signature(name))
    time.sleep(SETTLING_S)
    _write(tmp_path, "out", b"edit")
    (tmp_path / "gone").unlink()
    time.sleep(SETTLING_S)
    hashes.flush()
    assert _known(state) == set()
    assert FileHashes(tmp_path, state).digest("out") == _digest(b"edit")


def test_what_changed_between_hashing_and_remembering_is_not_believed(tmp_path: Path, state: State) -> None:
    _write(tmp_path, "out", b"text")
    hashes = FileHashes(tmp_path, state)
    before = hashes.signature("out")
    time.sleep(SETTLING_S)
    _write(tmp_path, "out", b"edit")
    hashes.remember("out", "told", before)
    assert hashes.digest("out") == _digest(b"edit")


def test_a_signature_changes_with_the_content_and_is_none_if_absent(tmp_path: Path) -> None:
    hashes = FileHashes(tmp_path, None)
    assert hashes.signature("a") is None
    path = _write(tmp_path, "d/a", b"one")
    file, folder = hashes.signature("d/a"), hashes.signature("d/")
    assert (file, folder) == (hashes.signature("d/a"), hashes.signature("d/"))
    path.write_bytes(b"other")
    assert hashes.signature("d/a") != file
    assert hashes.signature("d/") != folder


def test_a_listing_changes_with_names_only(tmp_path: Path) -> None:
    hashes = FileHashes(tmp_path, None)
    assert hashes.listing("d/") == ""
    path = _write(tmp_path, "d/a", b"one")
    first = hashes.listing("d/")
    path.write_bytes(b"other")
    for ours in (".pivot/x", "__pycache__/x", f".pivot-{'0' * 16}.tmp"):
        _write(tmp_path / "d", ours, b"")
    assert hashes.listing("d/") == first == hashes.listing("d")
    _write(tmp_path, "d/b", b"")
    assert hashes.listing("d/") != first


WRITER = """
import sys, itertools
for turn in itertools.count():
    with open(sys.argv[1], "r+b") as file:
        for _ in range(40):
            file.write(bytes([turn % 256]) * 100_000)
            file.flush()
    print(turn, flush=True)
"""


def test_a_file_that_changes_while_it_is_read_is_never_kept_with_a_wrong_digest(
    tmp_path: Path, state: State
) -> None:
    path = _write(tmp_path, "a", bytes(4_000_000))
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(15):
            assert FileHashes(tmp_path, state).digest("a") is not None
        writer.kill()
    assert FileHashes(tmp_path, state).digest("a") == _digest(path.read_bytes())
    time.sleep(SETTLING_S)
    assert FileHashes(tmp_path, state).digest("a") == _digest(path.read_bytes())
    assert _known(state) == {"a"}
