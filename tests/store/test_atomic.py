"""Files appear whole or not at all, and nothing is written through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pivot_core.store import atomic


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_bytes_makes_and_replaces_and_leaves_no_scratch(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    atomic.write_bytes(target, b"one")
    atomic.write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert _names(target.parent) == ["file"]


def test_write_bytes_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(victim)
    atomic.write_bytes(tmp_path / "link", b"new")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


def test_a_failed_write_removes_its_scratch_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(OSError):
        atomic.write_bytes(tmp_path / "folder", b"x")
    assert _names(tmp_path) == ["folder"]


def test_scratch_files_never_follow_a_link_that_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a link under just the right name, to a file that isn't there yet, is refused."""
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda _: "0" * 16)
    (tmp_path / f".pivot-{'0' * 16}.tmp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        atomic.scratch_file(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("before", ["nothing", "file", "folder", "link to a folder", "empty folder"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_swap_in_replaces_whatever_stood_there(tmp_path: Path, before: str, kind: str) -> None:
    target, other = tmp_path / "target", tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    if before == "file":
        target.write_text("old")
    elif before == "link to a folder":
        target.symlink_to(other)
    elif before != "nothing":
        target.mkdir()
        if before == "folder":
            (target / "old").touch()
    fresh = atomic.scratch_path(tmp_path)
    if kind == "file":
        fresh.write_text("new")
    else:
        fresh.mkdir()
        (fresh / "new").touch()

    atomic.swap_in(fresh, target)

    assert not target.is_symlink()
    assert target.read_text() == "new" if kind == "file" else _names(target) == ["new"]
    assert _names(tmp_path) == ["other", "target"]
    assert _names(other) == ["kept"]


def test_swap_in_of_another_link_of_the_same_file_leaves_one(tmp_path: Path) -> None:
    """rename() does nothing between two hard links of one file."""
    target, fresh = tmp_path / "target", tmp_path / "fresh"
    target.write_text("same")
    os.link(target, fresh)
    atomic.swap_in(fresh, target)
    assert _names(tmp_path) == ["target"]


def test_sweep_removes_only_old_scratch_files(tmp_path: Path) -> None:
    atomic.write_scratch(tmp_path, b"left by a killed process")
    (tmp_path / ".pivot-notes").touch()
    assert atomic.sweep(tmp_path) == 0
    assert atomic.sweep(tmp_path, older_than_s=-1) == 1
    assert _names(tmp_path) == [".pivot-notes"]
    assert atomic.sweep(tmp_path / "absent") == 0
