"""``pivot-core config``: what is there stays as a person wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Words

BEFORE = """\
# mine
jobs: 3   # three

resources:
    gpu: 1  # only one
packages: "exact"
"""


def _write(words: Words, text: str) -> None:
    (words.root / ".pivot").mkdir(exist_ok=True)
    (words.root / ".pivot/config.yaml").write_text(text)


def _read(words: Words) -> str:
    return (words.root / ".pivot/config.yaml").read_text()


def test_the_file_is_made_where_there_is_none(words: Words) -> None:
    assert words.ok("config", "set", "cache.mode", "copy") == "cache.mode = copy\n"
    assert _read(words) == "cache:\n  mode: copy\n"
    assert words.ok("config", "get", "cache.mode") == "copy\n"


def test_comments_order_and_quotes_stay(words: Words) -> None:
    _write(words, BEFORE)
    words.ok("config", "set", "jobs", "4")
    assert _read(words) == BEFORE.replace("jobs: 3", "jobs: 4")
    words.ok("config", "set", "resources.memory", "1.5")
    assert json.loads(words.ok("config", "get", "resources.memory", "--json"))["settings"] == [
        {"key": "resources.memory", "value": 1.5, "is_set": True}
    ]
    for part in ("# mine", "# three", "# only one", '"exact"'):
        assert part in _read(words)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("jobs", BEFORE, BEFORE.replace("jobs: 3   # three\n", "")),
        ("packages", BEFORE, BEFORE.replace('packages: "exact"\n', "")),
        ("resources.gpu", BEFORE, BEFORE.replace("resources:\n    gpu: 1  # only one\n", "")),
        (
            "resources.gpu",
            "resources:\n  # big\n  gpu: 1\n  # small\n  disk: 2\n# end\n",
            "resources:\n  # big\n  # small\n  disk: 2\n# end\n",
        ),
        ("resources.gpu", "resources: {gpu: 1, disk: 2}\n", "resources: {disk: 2}\n"),
        ("cache.mode", "cache: {mode: copy}\njobs: 2\n", "jobs: 2\n"),
        ("jobs", "{jobs: 2, packages: exact}\n", "{packages: exact}\n"),
        ("jobs", "jobs: 2", ""),
        ("cache.mode", "jobs: 2\n", "jobs: 2\n"),
        ("resources.gpu", "# nothing\n", "# nothing\n"),
    ],
)
def test_unset_takes_out_one_setting_and_leaves_every_other_line(
    words: Words, key: str, before: str, after: str
) -> None:
    _write(words, before)
    words.ok("config", "unset", key)
    assert _read(words) == after
    words.ok("config", "list")


def test_unset_shows_the_default_that_counts_again(words: Words) -> None:
    _write(words, BEFORE)
    assert words.ok("config", "unset", "packages") == "packages = feature  (default)\n"
    assert words.call("config", "unset", "pakages").returncode == 2
    assert words.call("config", "unset").returncode == 2


def test_a_file_of_comments_only_keeps_them(words: Words) -> None:
    _write(words, "# cache:\n#   mode: auto\n")
    words.ok("config", "set", "jobs", "2")
    assert _read(words) == "# cache:\n#   mode: auto\njobs: 2\n"


def test_how_many_jobs_there_are_by_default_is_told(words: Words) -> None:
    cores = words.ok("config", "get", "jobs").strip()
    assert int(cores) >= 1
    assert f"jobs = {cores}  (default: the cores)" in words.ok("config", "list").splitlines()


def test_list_tells_defaults_from_what_is_set(words: Words) -> None:
    _write(words, BEFORE)
    assert words.ok("config", "list").splitlines() == [
        "cache.mode = auto  (default)",
        "packages = exact",
        "jobs = 3",
        "resources.gpu = 1.0",
    ]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("jobs", "many", "jobs must be a whole number, 1 or more"),
        ("jobs", "0", "jobs must be a whole number, 1 or more"),
        ("resources.gpu", "two", "resources must have numbers by name, 0 or more"),
        ("cache.mode", "magic", "cache.mode must be one of auto, reflink"),
        ("cache.mood", "copy", "the keys are: cache.mode"),
        ("jobs", "a: b: c", "not a YAML value"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(words: Words, key: str, value: str, said: str) -> None:
    _write(words, BEFORE)
    done = words.call("config", "set", key, value)
    assert done.returncode == 2
    assert said in done.stderr
    assert _read(words) == BEFORE
