"""``pivot-core init``: a project to start from. Files that are there stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec

from pivot_core.cli.options import Common, common_options

SCAFFOLD = Path(__file__).parent / "scaffold"
HOME = {".pivot/config.yaml": "pivot/config.yaml", ".pivot/.gitignore": "pivot/gitignore"}
EXAMPLE = {
    "pipeline.py": "pipeline.py",
    "stages.py": "stages.py",
    "params.yaml": "params.yaml",
    "data/planets.csv": "data/planets.csv",
    ".gitignore": "gitignore",
}


class InitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``init --json``: logical paths of what was written, and of what was there already."""

    schema: int = 1
    root: str
    created: list[str]
    kept: list[str]


@dataclass(frozen=True)
class Scaffolding:
    """Writes files below ``root``, never over one that is there."""

    root: Path
    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            self.kept.append(name)
        else:
            self.created.append(name)


@click.command()
@click.option("--bare", is_flag=True, help="Only .pivot/, without the example.")
@common_options
def command(common: Common, bare: bool) -> int:
    """Scaffold a project with a runnable example.

    Writes pipeline.py, stages.py, params.yaml, data/planets.csv and .gitignore, and .pivot/ with the
    settings. Where a pipeline.py is already, only .pivot/. A file that is there is never overwritten.
    Where there is a src/ folder, stages.py goes into it.

    \b
    Examples:
      pivot-core init                    here
      mkdir new && pivot-core init -C new
      pivot-core init --bare             you have a pipeline.py, or will write your own
    """
    root = common.folder.resolve()
    has_pipeline = (root / "pipeline.py").exists()
    files = HOME if bare or has_pipeline else {**HOME, **_example(root)}
    work = Scaffolding(root)
    for name, template in files.items():
        work.add(name, (SCAFFOLD / template).read_bytes())
    if common.json:
        common.out.json(InitDocument(root=str(root), created=work.created, kept=work.kept))
    else:
        _print(common, work, example="pipeline.py" in work.created, has_pipeline=has_pipeline)
    return 0


def _example(root: Path) -> dict[str, str]:
    """The example's files; its stages are imported from ``src/`` where that exists."""
    if not (root / "src").is_dir():
        return EXAMPLE
    return {("src/stages.py" if name == "stages.py" else name): file for name, file in EXAMPLE.items()}


def _print(common: Common, work: Scaffolding, *, example: bool, has_pipeline: bool) -> None:
    for name in work.created:
        common.say(f"{common.out.paint('+', 'green')} {name}")
    for name in work.kept:
        common.say(f"{common.out.paint('·', 'dim')} {name}  was there, and stays as it is")
    cd = "" if common.folder == Path() else f"cd {common.folder} && "
    common.say()
    if example:
        common.say("Next:")
        common.say(f"  {cd}pivot-core run       make everything")
        common.say(f"  {cd}pivot-core run       again: nothing to do")
        common.say("  edit density() in stages.py, then: pivot-core status")
    elif has_pipeline:
        common.say(f"Next: {cd}pivot-core run")
    else:
        common.say("Next: register your stages in pipeline.py, then pivot-core run")
