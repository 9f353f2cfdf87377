"""Makes docs/images/terminal.svg, the picture in the README, from real runs of the penguins example.

make picture
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/terminal.svg"
HELPER = "src/penguins/learn.py"
BEFORE, AFTER = "colorbar=False", "colorbar=True"
WIDTH = 124  # columns


def main() -> None:
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "penguins"
        ignored = shutil.ignore_patterns(".pivot", "build", "__pycache__")
        shutil.copytree(ROOT / "examples/penguins", project, ignore=ignored)
        pivot(project, "run")
        for args in (["run"], BEFORE, ["status"], ["run"], AFTER, ["run"]):
            if isinstance(args, list):
                show(console, f"pivot-core {' '.join(args)}", pivot(project, *args))
            else:
                other = AFTER if args == BEFORE else BEFORE
                show(console, f"sed -i s/{args}/{other}/ {HELPER}", "")
                replace(project / HELPER, args, other)
    # No fonts from elsewhere: a picture that fetches nothing.
    layout = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(
        console.export_svg(title="penguins", code_format=layout, unique_id="pivot"), encoding="utf-8"
    )


def show(console: Console, command: str, printed: str) -> None:
    console.print(Text("$ ", style="dim") + Text(command, style="bold"))
    console.print(Text.from_ansi(printed), soft_wrap=True, end="\n" if printed else "")


def pivot(project: Path, *args: str) -> str:
    """What the command prints to a terminal with colours."""
    done = subprocess.run(
        [sys.executable, "-m", "pivot_core", *args],
        cwd=project,
        env={**os.environ, "FORCE_COLOR": "1", "NO_COLOR": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} isn't in {path}: mend docs/terminal.py"
    path.write_text(text.replace(old, new), encoding="utf-8")


if __name__ == "__main__":
    main()
