"""``pivot-core verify``: are the results what their code makes of their inputs, when it runs again?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from pivot_core.cli.notes import Notes
from pivot_core.cli.options import Common, common_options, targets_argument
from pivot_core.engine import Engine
from pivot_core.execute.events import Progress, StageEnd, StageStart
from pivot_core.execute.session import stopped_by_signals
from pivot_core.execute.verify import Verified, Verifier

if TYPE_CHECKING:
    from pivot_core.cli.terminal import Style
    from pivot_core.execute.events import Event

_LOOKS: dict[str, tuple[str, Style]] = {
    "same": ("✓", "green"),
    "different": ("~", "yellow"),
    "failed": ("✗", "red"),
    "skipped": ("·", "dim"),
}


class VerifyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``verify --json``."""

    schema: int = 1
    root: str
    stages: tuple[Verified, ...]


@click.command()
@targets_argument
@common_options
def command(common: Common, targets: tuple[str, ...]) -> int:
    """Run stages again, and compare what comes out.

    They run in a copy of the project, so that nothing of yours is touched, each with the inputs that it was
    made of. Exits with 1 if an output comes out otherwise: the stage isn't deterministic, or reads something
    that nobody knows of. Only fresh stages can be verified, and none with an incremental output.

    \b
    Examples:
      pivot-core verify           every stage: as long as a whole run
      pivot-core verify train
    """
    project = common.project()
    found: list[Verified] = []
    with Notes(common.err) as notes, stopped_by_signals():

        def listen(event: Event) -> None:
            """Of the runs in the copy, only what takes time and what went wrong is told."""
            if isinstance(event, StageStart):
                notes(Progress(stage=event.stage, text=f"making {event.stage} again"))
            elif isinstance(event, StageEnd) and event.error is not None:
                notes.clear()
                common.err.line(f"{event.stage}: {event.error.type}: {event.error.message}")

        with Engine(project, notes, readonly=True) as engine:
            wanted = set(engine.targets().stages(targets)) if targets else None
            statuses = [s for s in engine.status(targets) if wanted is None or s.spec.name in wanted]
        width = max((len(status.spec.name) for status in statuses), default=0)
        verifier = Verifier(project, listen, None)
        try:
            for status in statuses:
                found.append(verifier.verify(status))
                notes.clear()
                if not common.json:
                    _print(common, found[-1], width)
        finally:
            verifier.close()
    if common.json:
        common.out.json(VerifyDocument(root=str(project.root), stages=tuple(found)))
    return 1 if any(each.result in ("different", "failed") for each in found) else 0


def _print(common: Common, verified: Verified, width: int) -> None:
    if common.quiet and verified.result in ("same", "skipped"):
        return
    out = common.out
    symbol, style = _LOOKS[verified.result]
    why = f"  {verified.why}" if verified.why and not verified.differences else ""
    out.line(
        f"{out.paint(symbol, style)} {verified.stage:<{width}}  {out.paint(verified.result, style)}{why}"
    )
    for difference in verified.differences:
        out.line(f"    {difference.path}  {difference.detail}".rstrip())
    if verified.differences:
        out.line(f"    {out.paint(verified.why, 'dim')}")
