"""Completion in a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
eval "$(pivot-core completion bash)"
COMP_WORDS=({words})
COMP_CWORD={last}
_pivot_core_completion pivot-core
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(root: Path, *words: str) -> set[str]:
    script = SCRIPT.format(words=" ".join(f"'{word}'" for word in ("pivot-core", *words)), last=len(words))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_commands_options_stages_and_outputs_are_completed_in_bash(words):
    assert completed(words.root, "st") == {"status"}
    assert "--keep-going" in completed(words.root, "run", "--ke")
    assert completed(words.root, "run", "co") == set(), "pipeline.py was never loaded, and isn't now"
    assert not (words.root / "__pycache__").exists()
    words.ok("status")
    assert completed(words.root, "run", "co") == {"count"}
    assert completed(words.root, "metrics", "build/c") == {"build/count.json"}
    assert completed(words.root, "checkout", "build/c") == {"build/count.json"}
    assert completed(words.root, "commit", "co") == {"count"}
    assert completed(words.root, "config", "get", "ca") == {"cache.mode"}
    assert completed(words.root, "config", "set", "jobs", "") == set()
    assert completed(words.root.parent, "-C", words.root.name, "run", "co") == {"count"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_are_scripts_for_other_shells(folder, shell):
    assert "_PIVOT_CORE_COMPLETE" in folder.ok("completion", shell)
