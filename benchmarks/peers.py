"""The tools: how each is found, installed and called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import generate
from generate import Stage

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tool:
    """One tool. ``write`` writes the pipeline; ``prepare`` are commands before the first run, not measured.

    ``largest``: with more stages than this a run takes longer than one wants to wait (None: never).
    """

    name: str
    how: str
    program: str
    run: tuple[str, ...]
    status: tuple[str, ...]
    write: Callable[[Path, list[Stage]], None]
    expected: Callable[[Path, list[Stage]], dict[str, str]] = generate.expected
    prepare: tuple[tuple[str, ...], ...] = ()
    largest: int | None = None

    def find(self) -> Path | None:
        """The program: beside this interpreter, in the benchmark's own environment, or on PATH."""
        for folder in (Path(sys.executable).parent, environment_of("peers") / "bin"):
            if (folder / self.program).exists():
                return folder / self.program
        found = shutil.which(self.program)
        return Path(found) if found else None

    def version(self) -> str:
        """The version that the program says it is."""
        program = self.find()
        assert program is not None
        done = subprocess.run(
            [program, "--version"], check=True, stdout=subprocess.PIPE, text=True, env=environment()
        )
        found = re.search(r"\d+(\.\d+)+", done.stdout)
        return found.group() if found else "?"


TOOLS = (
    Tool(
        name="Pivot",
        how="2 worker processes",
        program="pivot-core",
        run=("run", "-q"),
        status=("status", "-q"),
        write=generate.for_pivot,
    ),
    Tool(
        name="doit",
        how="in its own process, serial; no cache of outputs",
        program="doit",
        run=("run",),
        status=("list", "--status", "--all"),
        write=generate.for_doit,
    ),
    Tool(
        name="make, sh",
        how="`-j2`, a shell's built-in commands: no Python at all",
        program="make",
        run=("-s", "-j2"),
        status=("-q",),
        write=generate.for_make_sh,
        expected=generate.expected_copies,
    ),
    Tool(
        name="make, python",
        how="`-j2`, a Python process for each stage",
        program="make",
        run=("-s", "-j2"),
        status=("-q",),
        write=generate.for_make,
    ),
    Tool(
        name="DVC",
        how="a shell and a Python process for each stage, serial",
        program="dvc",
        run=("repro", "-q"),
        status=("status", "-q"),
        write=generate.for_dvc,
        prepare=(
            ("init", "--no-scm", "-q"),
            ("config", "core.analytics", "false"),
        ),
        largest=100,
    ),
)


def environment() -> dict[str, str]:
    """The variables that every tool gets: not the caller's settings of Python, and no colours."""
    mine = (
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "VIRTUAL_ENV",
        "MAKEFLAGS",
        "MAKELEVEL",
    )
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    # What make and DVC start as python3: the interpreter that this one was made from, by no wrapper.
    kept["PATH"] = str(Path(sys.base_prefix) / "bin") + os.pathsep + kept["PATH"]
    # DVC's second cache would be outside the project, and survive it.
    return kept | {"NO_COLOR": "1", "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": ".dvc/site"}


def environment_of(name: str) -> Path:
    """The benchmark's own environment with what ``NAME.lock`` pins."""
    return _HERE / ".venvs" / name


def install(name: str = "peers") -> None:
    """Install what ``NAME.lock`` pins, unless it is there already."""
    folder, lock = environment_of(name), _HERE / f"{name}.lock"
    made_from = folder / lock.name
    if made_from.exists() and made_from.read_bytes() == lock.read_bytes():
        return
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(lock)], check=True)
    shutil.copyfile(lock, made_from)
