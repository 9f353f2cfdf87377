"""What real editors are tried with: a project with a mistake that a fix mends, and the documented set-up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TMUX = shutil.which("tmux")
WAIT_S = 30
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "editor.md"

STAGES = """
from typing import Annotated

from pivot_core import loaders, outputs


def shout(
    text: Annotated[str, outputs.Dep("räume 🏠.txt", loaders.Text())],
) -> Annotated[str, outputs.Out("loud.txt/", loaders.Text())]:
    print("shouting")
    return text.upper()
"""
PIPELINE = """
from pivot_core import Pipeline

import stages

pipeline = Pipeline("demo")
pipeline.register(stages.shout)
"""


class Desk:
    """A project, the home of a person, and a Python in the project's ``.venv`` that tells what it ran."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir()
        for name, text in {"stages.py": STAGES, "pipeline.py": PIPELINE, "räume 🏠.txt": "hello"}.items():
            (root / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        self.bin = root / ".venv" / "bin"
        self.bin.mkdir(parents=True)
        python = self.bin / "python"
        python.write_text(f'#!/bin/sh\necho $$ >>"{self.home}/servers"\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing that the person who runs the tests has set up, and no other server for Python."""
        kept = {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ}
        home = {"HOME": str(self.home), "XDG_STATE_HOME": str(self.home)}
        return kept | home | {"PATH": f"{self.bin}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def has_servers(self) -> bool:
        """Whether any that was started is still there, after a moment to end."""
        numbers = [int(line) for line in self.text("home/servers").split()]
        assert numbers
        until = time.monotonic() + 20
        while any(Path(f"/proc/{number}/cmdline").exists() for number in numbers):
            if time.monotonic() > until:
                return True
            time.sleep(0.05)
        return False


class Terminal:
    """A program in tmux."""

    def __init__(self, desk: Desk, *program: str) -> None:
        self._tmux = [str(TMUX), "-S", str(desk.home / "tmux"), "-f", "/dev/null", "-u"]
        self._call("new-session", "-d", "-x", "120", "-y", "40", "-c", str(desk.root), *program, desk=desk)

    def _call(self, *words: str, desk: Desk | None = None) -> subprocess.CompletedProcess[str]:
        environment = desk.environment if desk is not None else None
        return subprocess.run(
            [*self._tmux, *words], env=environment, capture_output=True, encoding="utf-8", timeout=WAIT_S
        )

    def press(self, *keys: str) -> None:
        """Keys by their names, or text."""
        if keys:
            self._call("send-keys", "--", *keys)

    @property
    def screen(self) -> str:
        return self._call("capture-pane", "-p").stdout

    def until(self, text: str) -> None:
        """Wait until this is on the screen."""
        assert self._shows(text, WAIT_S), f"waited in vain for {text!r}:\n{self.screen}"

    def press_until(self, text: str, *keys: str, back: str) -> None:
        """Press these until that comes of it; ``back`` is the key that leaves what came instead."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            self.press(*keys)
            if self._shows(text, 2):
                return
            self.press(back)
            time.sleep(
                0.3
            )  # right before another key, it could be one with that; what is typed now may be lost
        raise AssertionError(f"pressed in vain for {text!r}:\n{self.screen}")

    def _shows(self, text: str, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while text not in self.screen:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def until_ended(self) -> None:
        until = time.monotonic() + WAIT_S
        while self._call("has-session").returncode == 0:
            assert time.monotonic() < until, self.screen
            time.sleep(0.05)

    def stop(self) -> None:
        self._call("kill-server")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def terminal(desk: Desk) -> Iterator[Callable[..., Terminal]]:
    """Start a program there."""
    if TMUX is None:
        pytest.skip("no tmux here")
    started: list[Terminal] = []

    def start(*program: str) -> Terminal:
        started.append(Terminal(desk, *program))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def documented(language: str, about: str) -> str:
    """What the documentation tells people to write in the settings of their editor."""
    blocks = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if about in block]
    return str(block)


@pytest.fixture
def lua() -> str:
    return documented("lua", "vim.lsp")


@pytest.fixture
def elisp() -> str:
    return documented("elisp", "eglot-server-programs")


@pytest.fixture
def languages() -> str:
    return documented("toml", "language-server")
