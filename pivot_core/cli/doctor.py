"""``pivot-core doctor``: what is wrong around a project, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core import health
from pivot_core.cli.options import Common, common_options

if TYPE_CHECKING:
    from pivot_core.cli.terminal import Style

_LOOKS: dict[str, tuple[str, Style]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "error": ("✗", "red"),
}


class DoctorDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``doctor --json``."""

    schema: int = 1
    root: str
    findings: tuple[health.Finding, ...]


@click.command()
@click.option("--full", is_flag=True, help="Read all of the cache, instead of a sample.")
@common_options
def command(common: Common, full: bool) -> int:
    """Check the environment, the file system, the cache and the state.

    Runs none of your code. Exits with 1 if something is wrong; each finding says what to do.

    \b
    Examples:
      pivot-core doctor
      pivot-core doctor --full    the content of every object of the cache, too
    """
    project = common.project()
    found = []
    for finding in health.examine(project, whole_cache=full):
        found.append(finding)
        if not common.json and (finding.level != "ok" or not common.quiet):
            _print(common, finding)
    if common.json:
        common.out.json(DoctorDocument(root=str(project.root), findings=tuple(found)))
    return 1 if any(finding.level == "error" for finding in found) else 0


def _print(common: Common, finding: health.Finding) -> None:
    out = common.out
    symbol, style = _LOOKS[finding.level]
    out.line(f"{out.paint(symbol, style)} {finding.check:<12} {finding.text}")
    if finding.hint:
        out.line(f"  {'':<12} {out.paint(finding.hint, 'dim')}")
