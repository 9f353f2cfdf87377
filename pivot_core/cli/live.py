"""What runs now, in the last lines of a terminal, while finished lines scroll away above (rich)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from pivot_core.cli import wording
from pivot_core.cli.terminal import harmless

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pivot_core.cli.remaining import Remaining
    from pivot_core.execute.events import Progress

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 8


class LiveScreen:
    """A line with a spinner for every running stage, a count of the finished ones, and about what is left."""

    def __init__(self, finished: int, total: int, remaining: Remaining, *, colour: bool) -> None:
        self._total = total
        self._finished = finished
        self._remaining = remaining
        self._running: dict[str, float] = {}
        self._doing: dict[str, str] = {}
        console = Console(highlight=False, markup=False, emoji=False, no_color=not colour)
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start()

    def start(self, stage: str) -> None:
        self._running[stage] = time.monotonic()

    def progress(self, event: Progress) -> None:
        if event.stage is not None:
            self._doing[event.stage] = wording.progress(event)

    def end(self, stage: str) -> None:
        self._finished += 1
        self._running.pop(stage, None)
        self._doing.pop(stage, None)

    def print(self, text: str) -> None:
        """Text with ANSI colours, above the live lines."""
        self._live.console.print(Text.from_ansi(harmless(text)), soft_wrap=True)

    def close(self) -> None:
        self._live.stop()

    def _render(self) -> RenderableType:
        now = time.monotonic()
        frame = FRAMES[int(now * FRAMES_PER_SECOND) % len(FRAMES)]
        # A copy: rich draws in a thread of its own.
        running = list(self._running.items())
        width = min(32, max((len(stage) for stage, _ in running), default=0))
        lines = [self._line(frame, f"{stage:<{width}}", stage, now - since) for stage, since in running]
        count = f"  {self._finished}/{self._total} stages"
        left = wording.left(self._remaining.seconds(now))
        lines.append(Text(f"{count}, {left}" if left else count, style="dim"))
        return Group(*lines)

    def _line(self, frame: str, shown: str, stage: str, seconds: float) -> Text:
        text = f"{frame} {shown}  {wording.duration(seconds):>8}  {self._doing.get(stage, '')}"
        return Text(text.rstrip(), style="cyan", no_wrap=True, overflow="ellipsis")
