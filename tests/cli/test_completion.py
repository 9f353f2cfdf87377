"""Completion in a real shell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = """
eval "$(pivot-core completion bash)"
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
_pivot_core_completion pivot-core
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# What completion itself would do with the candidates is a terminal's matter.
ZSH = """
compdef() {{ }}
compadd() {{ print -l -- $completions }}
_describe() {{ print -l -- $completions_with_descriptions }}
eval "$(pivot-core completion zsh)"
words=({words})
CURRENT=${{#words}}
_pivot_core_completion
"""
FISH = """
pivot-core completion fish | source
complete -C {line}
"""
VARIANTS = """
for name in ("iris", "wine"):
    path = f"out dir/{name}.txt"
    pipeline.register(stages.loud, name=f"loud@{name}", outs={"return": path})
"""


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"needs {shell}")


def told(shell: str, root: Path, script: str) -> list[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "HOME": str(root.parent)}
    done = subprocess.run([shell, "-c", script], cwd=root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def replied(root: Path, line: str) -> set[str]:
    """What bash is given to put in the place of the last word, or of what follows its last @, = or :."""
    return set(told("bash", root, BASH.format(line=shlex.quote(f"pivot-core {line}"))))


def completed(root: Path, *words: str) -> set[str]:
    return replied(root, " ".join(words))


@needs("bash")
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


@pytest.fixture
def variants(words):
    """A stage with variants, and a folder with a blank in its name."""
    words.edit("pipeline.py", "pipeline.register(stage)\n", f"pipeline.register(stage)\n{VARIANTS}")
    words.ok("status")
    return words.root


@needs("bash")
@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("run loud@", {"iris", "wine"}),
        ("run loud@i", {"iris"}),
        ("run 'loud@i", {"loud@iris"}),
        ("run read out", {r"out\ dir/iris.txt", r"out\ dir/wine.txt"}),
        (r"run out\ dir/i", {r"out\ dir/iris.txt"}),
        ("run 'out dir/i", {"out dir/iris.txt"}),
        ("history --stage=loud@w", {"wine"}),
        ("run loud@iris ", {"read", "loud", "count", "loud@iris", "loud@wine"}),
    ],
)
def test_bash_is_told_what_it_has_to_put_there(variants, line, replies):
    found = replied(variants, line)
    assert found == replies if not line.endswith(" ") else found >= replies


@needs("bash")
def test_the_stages_of_the_last_load_are_completed_after_an_edit_of_the_pipeline(variants):
    (variants / "pipeline.py").write_text("raise SystemExit('nobody loads this')")
    assert replied(variants, "run loud@i") == {"iris"}


@needs("bash")
def test_past_runs_stages_and_revisions_are_completed(made):
    assert replied(made.root, "history --stage lo") == {"loud"}
    (run,) = replied(made.root, "show 2")
    assert run in made.ok("history")
    assert replied(made.root, "metrics --diff H") == {"HEAD"}
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for args in (["init", "-qb", "main"], [*own, "commit", "-qm", "one", "--allow-empty"], ["tag", "v1"]):
        subprocess.run(["git", *args], cwd=made.root, check=True)
    assert replied(made.root, "metrics --diff ") == {"HEAD", "main", "v1"}


@needs("zsh")
def test_commands_options_stages_and_outputs_are_completed_in_zsh(variants):
    def found(*words: str) -> list[str]:
        script = ZSH.format(words=" ".join(f"'{word}'" for word in ("pivot-core", *words)))
        return told("zsh", variants, script)

    assert found("st") == ["status:Show which stages are fresh and why the..."]
    assert found("run", "loud@i") == ["loud@iris"]
    assert found("run", "out") == ["out dir/iris.txt", "out dir/wine.txt"]


@needs("fish")
def test_commands_options_stages_and_outputs_are_completed_in_fish(variants):
    def found(line: str) -> list[str]:
        return told("fish", variants, FISH.format(line=f"'pivot-core {line}'"))

    assert found("run loud@i") == ["loud@iris"]
    assert found("run out") == ["out dir/iris.txt", "out dir/wine.txt"]
    assert found("do") == ["doctor\tCheck the environment, the file system,..."]
    assert found("run --dry") == ["--dry-run\tShow what would run; change nothing."]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_there_are_scripts_for_other_shells(folder, shell):
    assert "_PIVOT_CORE_COMPLETE" in folder.ok("completion", shell)
