"""Logical paths: one name for what the user wrote, and a reason for what can't be an artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from pivot_core.artifacts.paths import check, logical, resolved, shown


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("./data//x.csv", "data/x.csv"),
        ("data/", "data/"),
        ("./data//sub/./", "data/sub/"),
        ("data/../x.csv", "x.csv"),
        ("../x", "../x"),
        ("", ""),
        ("./", "./"),
        ("ä b.csv", "ä b.csv"),
    ],
)
def test_logical_normalises_and_keeps_the_slash_of_a_directory(written: str, expected: str) -> None:
    assert logical(written) == expected
    assert logical(expected) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("x.csv", "data/", "a/../b", "..data/x", "data-backup/x", ".hidden", "a b/ä:c"),
        *("~x", "x/~/y", "n" * 255, "ä" * 127, "x\u00a0y"),
    ],
)
def test_paths_in_the_project_are_right(tmp_path: Path, path: str) -> None:
    assert check(path, tmp_path) is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("C:/x", "is absolute"),
        ("../x", "leaves the project's folder"),
        ("a/../../x", "leaves the project's folder"),
        ("a\\b", "backslash"),
        ("a\0b", "has a control character in it ('\\x00')"),
        ("a\nb", "has a control character in it ('\\n')"),
        ("a\x7f", "has a control character in it"),
        ("a\u2029", "has a control character in it"),
        ("a\udcff", "isn't valid UTF-8"),
        ("a\ufffd", "isn't valid UTF-8"),
        ("n" * 256, "has a name of 256 bytes"),
        ("x/" + "ä" * 128 + "/y", "has a name of 256 bytes"),
        ("x/" * 2000 + "y", "is longer than"),
        ("s3://bucket/x", "is an address"),
        ("s3:/bucket/x", "is an address"),
        ("~/x", "begins with ~"),
        (".", "is the project's folder itself"),
        ("a/..", "is the project's folder itself"),
        ("./", "is the project's folder itself"),
        (".pivot/cache/x", "is inside .pivot/"),
        ("x/../.Pivot/x", "is inside .pivot/"),
        ("out/x", "leaves the project's folder through a link"),
        ("out/deep/down/x", "leaves the project's folder through a link"),
        ("inner/x", "is inside .pivot/ through a link"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, path: str, why: str) -> None:
    root = tmp_path / "project"
    (root / ".pivot").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "inner").symlink_to(root / ".pivot")
    assert why in (check(path, root) or "")


def test_a_path_in_a_message_is_on_one_line_and_not_without_end() -> None:
    assert shown("a b/ä.csv") == "a b/ä.csv"
    assert shown("a\nb\x1b[1m\u2028\udcff") == r"a\nb\x1b[1m\u2028" + "\ufffd"
    assert len(shown("n" * 5000)) < 200


def test_a_project_whose_name_is_the_start_of_anothers_does_not_contain_it(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project-2").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path / "project-2")
    assert "through a link" in (check("link/x", tmp_path / "project") or "")


def test_a_link_to_data_elsewhere_may_be_an_input(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "big.csv").touch()
    (tmp_path / "project" / "rows.csv").symlink_to(tmp_path / "big.csv")
    assert check("rows.csv", tmp_path / "project") is None


def test_two_names_of_one_file_resolve_to_one_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").touch()
    (tmp_path / "alias").symlink_to("data")
    (tmp_path / "y").symlink_to("alias/x")
    remembered: dict[str, str] = {}
    expected = tmp_path.resolve() / "data" / "x"
    for path in ("data/x", "alias/x", "y", "alias/x"):
        assert resolved(tmp_path, path, remembered) == expected
    assert resolved(tmp_path, "alias/") == expected.parent
    assert resolved(tmp_path, "absent/x") == tmp_path.resolve() / "absent" / "x"
