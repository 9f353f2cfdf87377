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
_BESIDE_NAME = 24  # columns for how long a stage has run and how far it is
_SHORTEST_NAME = 12


class LiveScreen:
    """A line with a spinner for every running stage, a count of the finished ones, and about what is left."""

    def __init__(self, finished: int, total: int, remaining: Remaining, *, colour: bool) -> None:
        self._total = total
        self._finished = finished
        self._remaining = remaining
        self._running: dict[str, float] = {}
        self._doing: dict[str, str] = {}
        self._console = Console(highlight=False, markup=False, emoji=False, no_color=not colour)
        self._live = Live(
            console=self._console,
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
        self._console.print(Text.from_ansi(harmless(text)), soft_wrap=True)

    def close(self) -> None:
        self._live.stop()

    def _render(self) -> RenderableType:
        now = time.monotonic()
        frame = FRAMES[int(now * FRAMES_PER_SECOND) % len(FRAMES)]
        # A copy: rich draws in a thread of its own.
        running = list(self._running.items())
        longest = max(_SHORTEST_NAME, self._console.width - _BESIDE_NAME)
        names = [shortened(stage, longest) for stage, _ in running]
        width = min(32, max(map(len, names), default=0))
        lines = [
            self._line(frame, f"{name:<{width}}", stage, now - since)
            for name, (stage, since) in zip(names, running, strict=True)
        ]
        count = f"  {self._finished}/{self._total} stages"
        left = wording.left(self._remaining.seconds(now))
        lines.append(Text(f"{count}, {left}" if left else count, style="dim"))
        return Group(*lines)

    def _line(self, frame: str, shown: str, stage: str, seconds: float) -> Text:
        text = f"{frame} {shown}  {wording.duration(seconds):>8}  {self._doing.get(stage, '')}"
        return Text(text.rstrip(), style="cyan", no_wrap=True, overflow="ellipsis")


def shortened(name: str, longest: int) -> str:
    """Without its middle, if it has to be: the ends are what tells ``train@iris`` from ``train@wine``."""
    if len(name) <= longest:
        return name
    end = longest // 2
    return f"{name[: longest - end - 1]}…{name[-end:]}"
