"""Lock files: the same bytes for the same facts, and nothing but locks is read as one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pivot_core.store.lock import Locks, UnreadableLock, encode
from pivot_core.types import Lock

LOCK = Lock(
    stage="train@iris",
    code="c0de",
    definition="def",
    units={"stages.train": "1", "helpers.normalise": "2"},
    deps={"rows.csv": "3"},
    discovered={"extra.txt": None},
    environment={"HOME": None, "LANG": "C"},
    params={"rate": 0.1, "layers": [1, 2, {"b": None, "a": True}], "name": "ä"},
    outs={"model.json": "4"},
)


def test_a_lock_comes_back_equal(tmp_path: Path) -> None:
    locks = Locks(tmp_path / "stages")
    assert locks.read("train@iris") is None
    locks.write(LOCK)
    assert locks.read("train@iris") == LOCK
    assert [path.name for path in (tmp_path / "stages").iterdir()] == ["train@iris.lock"]


def test_the_bytes_are_sorted_complete_and_one_key_a_line() -> None:
    text = encode(LOCK).decode()
    lines = text.splitlines()
    assert text.endswith("}\n")
    assert lines[0] == "{"
    top = [line.split('"')[1] for line in lines if line.startswith(' "')]
    assert top == sorted(Lock.__struct_fields__)
    assert '  "helpers.normalise": "2",' in lines
    assert '  "stages.train": "1"' in lines
    assert text.index('"helpers.normalise"') < text.index('"stages.train"')


def test_order_of_insertion_does_not_change_the_bytes() -> None:
    one = Lock(stage="s", code="c", definition="d", deps={"a": "1", "b": "2"}, params={"x": {"p": 1, "q": 2}})
    two = Lock(stage="s", code="c", definition="d", deps={"b": "2", "a": "1"}, params={"x": {"q": 2, "p": 1}})
    assert encode(one) == encode(two)


def test_writing_the_same_lock_does_not_touch_the_file(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    locks.write(LOCK)
    before = locks.path_of(LOCK.stage).stat()
    locks.write(LOCK)
    after = locks.path_of(LOCK.stage).stat()
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)


def test_a_lock_that_was_read_is_known_until_its_file_changes(tmp_path: Path) -> None:
    before: dict = {}
    locks = Locks(tmp_path, before)
    locks.write(LOCK)
    time.sleep(0.03)
    known = locks.read(LOCK.stage)
    assert known == LOCK
    assert Locks(tmp_path, before).read(LOCK.stage) is known
    path = locks.path_of(LOCK.stage)
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"c0de", b"c1de"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = Locks(tmp_path, before).read(LOCK.stage)
    assert changed is not None
    assert changed.code == "c1de"
    path.unlink()
    assert Locks(tmp_path, before).read(LOCK.stage) is None


MERGE = encode(LOCK).replace(b' "deps"', b'<<<<<<< HEAD\n "deps"', 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (MERGE, "merge conflict"),
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"stage": "s"}', "missing required field"),
        (b'{"stage": "s", "code": 1, "definition": "d"}', "Expected `str`"),
        (b'{"stage": "s", "code": "c", "definition": "d", "schema": 2}', "schema 2"),
        (b"\xff\xfe", ""),
        (b'{"params": ' + b"[" * 100_000, ""),
    ],
)
def test_what_is_no_lock_is_unreadable_with_path_and_reason(tmp_path: Path, content: bytes, why: str) -> None:
    locks = Locks(tmp_path)
    locks.path_of("s").write_bytes(content)
    with pytest.raises(UnreadableLock) as caught:
        locks.read("s")
    assert caught.value.path == tmp_path / "s.lock"
    assert why in caught.value.why
    assert str(tmp_path / "s.lock") in str(caught.value)


def test_one_unreadable_lock_does_not_hide_the_others(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    locks.write(LOCK)
    locks.path_of("bad").write_text("{")
    found = locks.read_all(["train@iris", "bad", "absent"])
    assert found["train@iris"] == LOCK
    assert isinstance(found["bad"], UnreadableLock)
    assert "absent" not in found


def test_a_lock_of_another_stage_is_not_this_stages(tmp_path: Path) -> None:
    """Copied by hand, or found because the file system ignores case."""
    locks = Locks(tmp_path)
    locks.path_of("other").write_bytes(encode(LOCK))
    assert locks.read("other") is None
    assert locks.read_all(["other"]) == {}


@pytest.mark.parametrize(
    "stage", ["a/b", "../evil", ".hidden", "..", "100%", "%41", "a:b", "ä ö", "x\\y", "n\0"]
)
def test_any_stage_name_has_a_file_of_its_own_in_the_folder(tmp_path: Path, stage: str) -> None:
    locks = Locks(tmp_path / "stages")
    locks.write(Lock(stage=stage, code="c", definition="d"))
    assert [path.parent for path in tmp_path.rglob("*.lock")] == [tmp_path / "stages"]
    assert locks.names() == [stage]
    assert locks.read(stage) is not None
    locks.remove(stage)
    locks.remove(stage)
    assert locks.names() == []


def test_names_are_those_of_locks_only(tmp_path: Path) -> None:
    locks = Locks(tmp_path / "stages")
    assert locks.names() == []
    locks.write(LOCK)
    (tmp_path / "stages" / f".pivot-{'0' * 16}.tmp").touch()
    (tmp_path / "stages" / "README").touch()
    assert locks.names() == ["train@iris"]


def test_a_lock_longer_than_one_read_comes_back_whole(tmp_path: Path) -> None:
    lock = Lock(stage="s", code="c", definition="d", units={f"m.f{n}": "0" * 32 for n in range(5000)})
    locks = Locks(tmp_path)
    locks.write(lock)
    assert locks.read("s") == lock
