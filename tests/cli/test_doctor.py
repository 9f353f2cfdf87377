"""``doctor``: what it finds in a project that is well, and in one that isn't."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest


def findings(words, *args: str, code: int = 0) -> dict[str, list[dict]]:
    done = words.call("doctor", "--json", *args)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, list[dict]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found.setdefault(each["check"], []).append(each)
    return found


def texts(found: dict[str, list[dict]], level: str) -> list[str]:
    return [each["text"] for some in found.values() for each in some if each["level"] == level]


def test_a_project_that_is_well(words):
    words.ok("run")
    found = findings(words)
    assert texts(found, "error") == []
    assert "3 can be read" in texts(found, "ok")
    assert found["cache"][0]["text"].startswith("3 objects")
    assert "read and are right" in words.ok("doctor")


def test_damaged_content_is_found_and_set_aside_and_made_again(words):
    words.ok("run")
    (target,) = (path for path in (words.root / ".pivot/cache/files").rglob("*") if b"HELLO" in _bytes(path))
    target.chmod(0o644)
    target.write_bytes(target.read_bytes().replace(b"HELLO", b"HELLA"))
    assert "was changed by somebody" in texts(findings(words, "--full", code=1), "error")[0]
    assert texts(findings(words, "--full"), "error") == []
    (words.root / "build/loud.txt").unlink()
    words.ok("run")
    assert (words.root / "build/loud.txt").read_text() == "HELLO\n!"


def test_lock_files_settings_and_a_missing_pipeline_are_told_with_what_to_do(words):
    words.ok("run")
    (words.root / ".pivot/stages/loud.lock").write_text("<<<<<<< ours\n{}\n")
    words.write({".pivot/config.yaml": "jobs: none\n"})
    (words.root / "pipeline.py").unlink()
    found = findings(words, code=1)
    assert found["lock files"][0]["text"] == "loud: it has merge conflict markers"
    assert ".pivot/config.yaml:1" in found["settings"][0]["text"]
    assert found["pipeline.py"][0]["hint"].endswith("pivot-core init")
    assert all(each["hint"] for some in found.values() for each in some if each["level"] == "error")


def test_local_files_that_git_would_take_are_told(words):
    subprocess.run(["git", "init", "-q"], cwd=words.root, check=True)
    words.ok("run")
    assert "git" not in findings(words)
    (words.root / ".pivot/.gitignore").write_text("tmp/\n")
    (told,) = findings(words)["git"]
    assert told["text"] == ".pivot/.gitignore lacks cache/ state.lmdb/ replaced/"


def test_a_database_that_is_none_is_told_and_hurts_nobody(words):
    words.ok("run")
    database = words.root / ".pivot/state.lmdb/data.mdb"
    database.write_bytes(b"noise" * 10_000)
    assert findings(words)["state"][0]["level"] == "warning"
    words.ok("run")
    assert findings(words)["state"][0]["level"] == "ok"


def _bytes(path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_a_mode_of_links_that_can_not_be_is_told(words):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == words.root.stat().st_dev:
        pytest.skip("needs another file system")
    words.ok("config", "set", "cache.mode", "hardlink")
    assert texts(findings(words), "warning") == []
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        (words.root / ".pivot/cache").rmdir()
        (words.root / ".pivot/cache").symlink_to(elsewhere)
        (warning,) = texts(findings(words), "warning")
        assert "cache.mode is hardlink" in warning and "outputs come as copies" in warning
        words.ok("config", "set", "cache.mode", "symlink")
        assert texts(findings(words), "warning") == []


def test_a_lock_file_that_a_renamed_stage_has_left_is_told_with_what_to_do(words):
    words.ok("run")
    words.edit("pipeline.py", "stages.loud, stages.count", "stages.loud")
    words.ok("status")
    left = findings(words)["lock files"][1]
    assert left["text"] == "1 of stages that pipeline.py doesn't have: count"
    assert ".pivot/stages/count.lock" in left["hint"]
    words.edit("pipeline.py", "stages.loud", "stages.read")  # nobody knows what it defines until it is loaded
    assert len(findings(words)["lock files"]) == 1
