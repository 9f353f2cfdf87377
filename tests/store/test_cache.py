"""The cache keeps what was there, and hands out only what its name says."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from blake3 import blake3

from pivot_core.errors import CorruptContent, UsageError
from pivot_core.store.cache import ContentCache
from pivot_core.store.digests import SMALL
from pivot_core.store.links import LinkMode

MODES: tuple[LinkMode, ...] = ("auto", "reflink", "hardlink", "symlink", "copy")
BIG = os.urandom(SMALL + 12345)


@pytest.fixture
def cache(tmp_path: Path) -> ContentCache:
    return ContentCache(tmp_path / "cache", tmp_path / "scratch")


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _left_over(cache: ContentCache) -> list[Path]:
    return list(cache.scratch.iterdir()) if cache.scratch.exists() else []


@pytest.mark.parametrize("data", [b"", b"text", BIG], ids=["empty", "small", "big"])
@pytest.mark.parametrize("move", [False, True])
def test_add_publishes_a_read_only_object_named_by_blake3(
    cache: ContentCache, tmp_path: Path, data: bytes, move: bool
) -> None:
    source = _write(tmp_path / "out", data)
    digest = cache.add(source, move=move)
    assert digest == blake3(data).hexdigest()
    assert cache.has(digest)
    assert cache.path_of(digest) == tmp_path / "cache" / "files" / digest[:2] / digest[2:]
    assert cache.path_of(digest).read_bytes() == data
    assert _mode(cache.path_of(digest)) == 0o444
    assert source.exists() is not move
    assert _left_over(cache) == []


def test_the_original_of_an_added_file_stays_private(cache: ContentCache, tmp_path: Path) -> None:
    source = _write(tmp_path / "out", BIG)
    digest = cache.add(source)
    source.write_bytes(b"edited")
    assert cache.path_of(digest).read_bytes() == BIG


def test_a_file_with_a_second_name_is_copied_though_it_may_be_moved(
    cache: ContentCache, tmp_path: Path
) -> None:
    """Else whoever has the other name could change the object in place."""
    source = _write(tmp_path / "out", b"text")
    os.link(source, tmp_path / "other")
    digest = cache.add(source, move=True)
    (tmp_path / "other").write_bytes(b"edit")
    assert not source.exists()
    assert cache.path_of(digest).read_bytes() == b"text"


def test_moving_a_link_removes_the_link_and_leaves_its_target(cache: ContentCache, tmp_path: Path) -> None:
    target = _write(tmp_path / "target", b"text")
    (tmp_path / "link").symlink_to(target)
    digest = cache.add(tmp_path / "link", move=True)
    assert target.read_bytes() == cache.path_of(digest).read_bytes() == b"text"
    assert not (tmp_path / "link").is_symlink()


def test_add_keeps_an_object_that_is_there_and_right(cache: ContentCache, tmp_path: Path) -> None:
    digest = cache.add_bytes(b"text")
    before = cache.path_of(digest).stat().st_ino
    assert cache.add(_write(tmp_path / "a", b"text")) == digest
    assert cache.add(_write(tmp_path / "a", b"text"), move=True) == digest
    assert cache.path_of(digest).stat().st_ino == before


@pytest.mark.parametrize("bad", [b"bad!", b"longer than that"], ids=["same size", "other size"])
@pytest.mark.parametrize("move", [False, True])
def test_add_replaces_an_object_that_somebody_changed(
    cache: ContentCache, tmp_path: Path, bad: bytes, move: bool
) -> None:
    digest = cache.add_bytes(b"text")
    cache.path_of(digest).chmod(0o644)
    cache.path_of(digest).write_bytes(bad)
    cache.add(_write(tmp_path / "a", b"text"), move=move)
    assert cache.path_of(digest).read_bytes() == b"text"


def test_add_refuses_what_is_no_file(cache: ContentCache, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match="no regular file"):
            cache.add(path)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("data", [b"text", BIG], ids=["small", "big"])
def test_restore_gives_the_bytes_back_and_makes_folders(
    cache: ContentCache, tmp_path: Path, mode: LinkMode, data: bytes
) -> None:
    digest = cache.add_bytes(data)
    target = tmp_path / "deep" / "down" / "out"
    for _ in range(2):
        cache.restore(digest, target, mode)
        assert target.read_bytes() == data
        assert [path.name for path in target.parent.iterdir()] == ["out"]
    assert _left_over(cache) == []


def test_copies_are_private_and_writable_and_hard_links_read_only(
    cache: ContentCache, tmp_path: Path
) -> None:
    digest = cache.add_bytes(b"text")
    cache.restore(digest, tmp_path / "copy", "copy")
    cache.restore(digest, tmp_path / "link", "hardlink")
    assert _mode(tmp_path / "copy") == 0o644
    assert _mode(tmp_path / "link") == 0o444
    (tmp_path / "copy").write_bytes(b"edit")
    assert cache.path_of(digest).read_bytes() == b"text"
    assert (tmp_path / "link").stat().st_ino == cache.path_of(digest).stat().st_ino


@pytest.mark.parametrize("mode", ["auto", "copy"])
def test_what_is_not_asked_to_be_a_link_is_private(
    cache: ContentCache, tmp_path: Path, mode: LinkMode
) -> None:
    """Also as root, whom file modes don't keep from writing through a link."""
    digest = cache.add_bytes(b"text")
    cache.restore(digest, tmp_path / "out", mode)
    with (tmp_path / "out").open("r+b") as file:
        file.write(b"edit")
    cache.restore(digest, tmp_path / "out", mode)
    assert (tmp_path / "out").read_bytes() == b"text"


def test_symbolic_links_still_hold_when_the_project_has_moved(tmp_path: Path) -> None:
    root = tmp_path / "project"
    cache = ContentCache(root / ".pivot/cache", root / ".pivot/tmp")
    tree = cache.add_tree(_tree(tmp_path / "out"))
    cache.restore(cache.add_bytes(b"text"), root / "a/b/out", "symlink")
    cache.restore_tree(tree, root / "a/tree", "symlink")
    (root / "alias").symlink_to("a/b")
    cache.restore(cache.add_bytes(b"through a link"), root / "alias/other", "symlink")
    root.rename(tmp_path / "moved")
    assert (tmp_path / "moved/a/b/out").is_symlink()
    assert (tmp_path / "moved/a/b/out").read_bytes() == b"text"
    assert (tmp_path / "moved/a/b/other").read_bytes() == b"through a link"
    assert _content(tmp_path / "moved/a/tree") == _content(tmp_path / "out")


def test_a_tree_of_links_into_the_cache_can_be_published_again(cache: ContentCache, tmp_path: Path) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    cache.restore_tree(digest, tmp_path / "out", "symlink")
    assert cache.add_tree(tmp_path / "out") == digest
    assert cache.is_linked(tmp_path / "out")
    assert not cache.is_linked(cache.root)


@pytest.mark.parametrize("damage", [b"rigth", b"", b"right and more"], ids=["flipped", "truncated", "grown"])
def test_damaged_content_is_set_aside_and_made_again(
    cache: ContentCache, tmp_path: Path, damage: bytes
) -> None:
    digest = cache.add_bytes(b"right")
    cache.path_of(digest).chmod(0o644)
    cache.path_of(digest).write_bytes(damage)
    with pytest.raises(CorruptContent, match="set aside"):
        cache.restore(digest, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.read_bytes() for path in cache.damaged.iterdir()] == [damage]
    cache.add_bytes(b"right")
    cache.restore(digest, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"right"


def test_restore_replaces_a_link_and_not_what_it_points_to(cache: ContentCache, tmp_path: Path) -> None:
    victim = _write(tmp_path / "victim", b"precious")
    (tmp_path / "out").symlink_to(victim)
    cache.restore(cache.add_bytes(b"text"), tmp_path / "out", "copy")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "out").read_bytes() == b"text"


def test_an_output_overwritten_in_place_never_comes_back_from_the_cache(
    cache: ContentCache, tmp_path: Path
) -> None:
    """With a hard link and enough rights the file mode protects nothing: the digest has to."""
    digest = cache.add_bytes(b"right")
    output = tmp_path / "out"
    cache.restore(digest, output, "hardlink")
    output.chmod(0o644)
    status = output.stat()
    with output.open("r+b") as file:
        file.write(b"wrong")
    os.utime(output, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(CorruptContent, match="set aside"):
        cache.restore(digest, tmp_path / "again")

    assert not (tmp_path / "again").exists()
    assert not cache.has(digest)
    with pytest.raises(CorruptContent, match="has no content"):
        cache.restore(digest, tmp_path / "again")
    assert cache.add_bytes(b"right") == digest
    cache.restore(digest, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"right"


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "ab", "A" * 64, "a" * 63 + "/", "a" * 64 + ".exe"])
def test_what_is_no_digest_names_no_path(cache: ContentCache, tmp_path: Path, text: str) -> None:
    assert not cache.has(text)
    with pytest.raises(CorruptContent, match="not the digest"):
        cache.restore(text, tmp_path / "out")


# --- trees ----------------------------------------------------------------------------------------


def _tree(root: Path) -> Path:
    _write(root / "b.txt", b"b")
    _write(root / "sub" / "a.txt", b"a")
    _write(root / "sub.txt", b"s")
    (root / "empty").mkdir()
    return root


def _content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("mode", MODES)
def test_a_tree_comes_back_as_it_was(cache: ContentCache, tmp_path: Path, mode: LinkMode) -> None:
    source = _tree(tmp_path / "out")
    digest = cache.add_tree(source)
    assert digest.endswith(".dir")
    assert cache.has(digest)
    cache.restore_tree(digest, tmp_path / "x" / "back", mode)
    assert _content(tmp_path / "x" / "back") == _content(source)
    assert cache.add_tree(tmp_path / "x" / "back") == digest
    assert _left_over(cache) == []


def test_a_manifest_is_canonical_json(cache: ContentCache, tmp_path: Path) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    data = cache.path_of(digest).read_bytes()
    manifest = {name: blake3(value).hexdigest() for name, value in _content(tmp_path / "out").items()}
    assert data == json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    assert blake3(data).hexdigest() + ".dir" == digest
    assert cache.manifest(digest) == manifest


def test_restoring_a_tree_removes_what_does_not_belong_to_it(cache: ContentCache, tmp_path: Path) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    (tmp_path / "out" / "stray").touch()
    cache.restore_tree(digest, tmp_path / "out", "copy")
    assert sorted(_content(tmp_path / "out")) == ["b.txt", "sub.txt", "sub/a.txt"]


def test_a_tree_with_a_bad_or_absent_file_leaves_the_destination_alone(
    cache: ContentCache, tmp_path: Path
) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    before = _content(tmp_path / "out")
    member = cache.path_of(blake3(b"a").hexdigest())
    member.chmod(0o644)
    member.write_bytes(b"!")
    for message in ("set aside", "has no content"):
        with pytest.raises(CorruptContent, match=message):
            cache.restore_tree(digest, tmp_path / "out")
        assert _content(tmp_path / "out") == before
    assert not cache.has(digest)


def test_a_tampered_manifest_is_set_aside(cache: ContentCache, tmp_path: Path) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    cache.path_of(digest).chmod(0o644)
    cache.path_of(digest).write_bytes(b"{}")
    with pytest.raises(CorruptContent):
        cache.restore_tree(digest, tmp_path / "back")
    assert not cache.has(digest)


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "a/../../evil", "a//b", "", ".", "a/./b", "a/", "nul\0", ".."]
)
def test_a_manifest_cannot_write_outside_of_its_destination(
    cache: ContentCache, tmp_path: Path, name: str
) -> None:
    """Whoever shares a cache can publish any bytes under their true digest."""
    data = json.dumps({name: cache.add_bytes(b"evil"), "fine": cache.add_bytes(b"fine")}).encode()
    digest = blake3(data).hexdigest() + ".dir"
    _write(cache.path_of(digest), data)
    with pytest.raises(CorruptContent, match="entries that can't be"):
        cache.restore_tree(digest, tmp_path / "project" / "out")
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    "manifest",
    [{"a": "../../secret"}, {"a": "0" * 64 + ".dir"}, {"a": "0" * 64, "a/b": "0" * 64}, {"a": 1}, ["a"]],
    ids=["path as digest", "tree in a tree", "file as folder", "number", "list"],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    cache: ContentCache, tmp_path: Path, manifest: object
) -> None:
    data = json.dumps(manifest).encode()
    digest = blake3(data).hexdigest() + ".dir"
    _write(cache.path_of(digest), data)
    assert not cache.has(digest)
    with pytest.raises(CorruptContent, match="manifest"):
        cache.restore_tree(digest, tmp_path / "out")


def test_a_link_that_leaves_the_tree_is_an_error_that_names_it(cache: ContentCache, tmp_path: Path) -> None:
    secret = _write(tmp_path / "secret" / "key", b"secret")
    out = _tree(tmp_path / "out")
    (out / "leak").symlink_to(secret)
    (out / "folder").symlink_to(secret.parent)
    (out / "gone").symlink_to("nowhere")
    (out / "loop").symlink_to(out)
    os.mkfifo(out / "pipe")
    with pytest.raises(UsageError) as caught:
        cache.add_tree(out)
    assert [
        name for name in ("leak", "folder/key", "gone", "loop", "pipe") if name not in str(caught.value)
    ] == []
    assert not (tmp_path / "cache").exists()


def test_a_link_within_the_tree_is_kept_as_its_content(cache: ContentCache, tmp_path: Path) -> None:
    out = _tree(tmp_path / "out")
    (out / "alias").symlink_to("b.txt")
    cache.restore_tree(cache.add_tree(out), tmp_path / "back")
    assert (tmp_path / "back" / "alias").read_bytes() == b"b"
    assert not (tmp_path / "back" / "alias").is_symlink()


def test_half_made_files_of_a_killed_process_are_no_part_of_a_tree(
    cache: ContentCache, tmp_path: Path
) -> None:
    digest = cache.add_tree(_tree(tmp_path / "out"))
    (tmp_path / "out" / f".pivot-{'0' * 16}.tmp").touch()
    assert cache.add_tree(tmp_path / "out") == digest


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "symlink"])
def test_another_file_system_gets_copies(cache: ContentCache, tmp_path: Path, mode: LinkMode) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        if Path(other).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("the same file system")
        tree = cache.add_tree(_tree(tmp_path / "out"))
        cache.restore_tree(tree, Path(other, "tree"), mode)
        cache.restore(cache.add_bytes(b"text"), Path(other, "file"), mode)
        cache.restore(cache.add_bytes(b"text"), Path(other, "file"), mode)
        assert _content(Path(other, "tree")) == _content(tmp_path / "out")
        assert _mode(Path(other, "file")) == 0o644
        assert cache.add(Path(other, "file"), move=True) == cache.add_bytes(b"text")
        assert cache.add(_write(Path(other, "new"), b"moved across"), move=True)
        assert [path.name for path in Path(other).iterdir()] == ["tree"]


def test_a_tree_whose_names_the_file_system_confuses_is_refused_whole(cache: ContentCache, tmp_path: Path):
    if not (_write(tmp_path / "case", b"") and (tmp_path / "CASE").exists()):
        pytest.skip("this file system tells case apart")
    files = {name: cache.add_bytes(name.encode()) for name in ("Name", "name")}
    data = json.dumps(files, sort_keys=True, separators=(",", ":")).encode()
    digest = cache.add_bytes(data)
    cache.path_of(digest).rename(cache.path_of(digest + ".dir"))
    with pytest.raises(UsageError, match="case only"):
        cache.restore_tree(digest + ".dir", tmp_path / "out")
    assert not (tmp_path / "out").exists()
