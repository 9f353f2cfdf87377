"""A run as lines for people: one a stage, its output, the failures again at the end, a summary.

events ──► Report ──► lines ──► stdout, or above the live display once a stage really runs
                └───► what runs now ──► LiveScreen (rich; only on a terminal)
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from pivot_core.cli import notes, wording
from pivot_core.cli.remaining import Remaining
from pivot_core.execute.events import (
    Progress,
    RunEnd,
    RunStart,
    StageEnd,
    StageOutput,
    StageStart,
    Warning,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pivot_core.cli.live import LiveScreen
    from pivot_core.cli.options import Common
    from pivot_core.cli.terminal import Style
    from pivot_core.cli.wording import Look
    from pivot_core.execute.events import Event
    from pivot_core.types import Outcome

PROGRESS_EVERY_S = 10.0  # where there is no live display
MUTED_LINES = 30  # of a stage's hidden output, shown if it fails


class Report:
    """The listener of ``pivot-core run``."""

    def __init__(self, common: Common, looks: Mapping[Outcome, Look], *, explain: bool = False) -> None:
        self._common = common
        self._explain = explain
        self._looks = looks
        self._words = max(len(look.word) for look in looks.values())
        self._began = time.monotonic()  # a run's own clock starts only when the pipeline is loaded
        self._width = 0
        self._total = 0
        self._ended = 0
        self._remaining = Remaining((), {})
        self._live: LiveScreen | None = None
        self._unfinished: dict[tuple[str, str], str] = {}
        self._muted: dict[str, deque[str]] = {}
        self._failed: list[StageEnd] = []
        self._told: dict[str, float] = {}
        self._begun: set[str] = set()

    def __call__(self, event: Event) -> None:
        match event:
            case StageOutput():
                self._output(event)
            case StageStart():
                self._start(event)
            case StageEnd():
                self._end(event)
            case Progress():
                self._progress(event)
            case Warning():
                self._warning(event)
            case RunStart():
                self._total = len(event.stages)
                self._remaining = Remaining(event.stages, event.lasted)
                self._width = min(32, max(map(len, event.stages), default=0))
            case RunEnd():
                self._finish(event)

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self._live is not None:
            self._live.close()
            self._live = None

    # --- while it runs ---------------------------------------------------------------------------

    def _start(self, event: StageStart) -> None:
        self._remaining.start(event.stage)
        self._begun.add(event.stage)
        if self._live is None and self._common.out.interactive and not self._common.quiet:
            from pivot_core.cli.live import LiveScreen

            self._live = LiveScreen(self._ended, self._total, self._remaining, colour=self._common.out.colour)
        if self._live is not None:
            self._live.start(event.stage)

    def _progress(self, event: Progress) -> None:
        if self._live is not None:
            self._live.progress(event)
        elif event.stage is not None and (event.done is None or self._is_time(event.stage)):
            text = f"  {event.stage} │ {wording.progress(event)}"
            self._line(self._common.out.paint(text, "dim"))

    def _is_time(self, stage: str) -> bool:
        """In a log, how far a stage is needn't be told every moment."""
        now = time.monotonic()
        due = now - self._told.get(stage, self._began) >= PROGRESS_EVERY_S
        if due:
            self._told[stage] = now
        return due

    def _warning(self, event: Warning) -> None:
        if self._live is not None:
            self._line(notes.warning(event, self._common.out))
        else:
            self._common.err.line(notes.warning(event, self._common.err))

    def _output(self, event: StageOutput) -> None:
        key = (event.stage, event.stream)
        *lines, rest = (self._unfinished.pop(key, "") + event.text).split("\n")
        if rest:
            self._unfinished[key] = rest
        self._output_lines(event.stage, lines)

    def _output_lines(self, stage: str, lines: list[str]) -> None:
        # A progress bar rewrites its line: what it left on it is what counts.
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
        if self._common.quiet:
            self._muted.setdefault(stage, deque(maxlen=MUTED_LINES)).extend(lines)
        elif lines:
            prefix = self._common.out.paint(f"  {stage} │ ", "dim")
            self._line("\n".join(prefix + line for line in lines))

    def _end(self, event: StageEnd) -> None:
        self._ended += 1
        self._remaining.end(event.stage)
        for stream in ("stdout", "stderr"):
            rest = self._unfinished.pop((event.stage, stream), "")
            if rest:
                self._output_lines(event.stage, [rest])
        if event.outcome == "failed":
            self._failed.append(event)
        else:
            self._muted.pop(event.stage, None)
        if self._live is not None:
            self._live.end(event.stage)
        if self._common.verbose or self._tells(event):
            self._stage_line(event)

    def _tells(self, event: StageEnd) -> bool:
        """Whether a stage is worth a line. Those that a stopped run never came to are counted at the end."""
        if event.outcome == "cancelled":
            return event.stage in self._begun
        return event.outcome != "skipped"

    def _stage_line(self, event: StageEnd) -> None:
        out = self._common.out
        symbol, style, word = self._looks[event.outcome]
        took = f"{wording.duration(event.duration_s) if event.duration_s else '':>8}  "
        if self._looks is not wording.OUTCOMES:
            took = ""  # nothing ran
        why = wording.failure(event.error) if event.error else ""
        if not self._explain:
            why = why or wording.first_reason(event.reasons)
        line = f"{event.stage:<{self._width}}  {out.paint(f'{word:<{self._words}}', style)}  {took}{why}"
        self._line(f"{out.paint(symbol, style)} {line}".rstrip())
        for reason in event.reasons if self._explain else ():
            self._line(f"    {out.paint(reason.kind.replace('_', ' '), 'dim')}  {wording.detail(reason)}")

    # --- at the end -------------------------------------------------------------------------------

    def _finish(self, event: RunEnd) -> None:
        self.close()
        for failed in self._failed:
            self._failure(failed)
        if self._failed:
            self._common.out.line()
        style: Style = "green" if event.ok else "red"
        self._common.say(self._common.out.paint(self._summary(event), style))

    def _failure(self, event: StageEnd) -> None:
        out, error = self._common.out, event.error
        out.line()
        where = f" ({wording.place(error.path, error.line)})" if error and error.path else ""
        what = f": {wording.what_was_raised(error)}" if error else ""
        out.line(f"{out.paint(f'✗ {event.stage} failed', 'bold', 'red')}{what}{where}")
        for line in self._muted.pop(event.stage, ()):
            out.line(f"  {event.stage} │ {line}")
        for line in error.traceback.splitlines() if error else ():
            out.line(f"    {line}")

    def _summary(self, event: RunEnd) -> str:
        took = wording.duration(time.monotonic() - self._began)
        if self._looks is wording.DRY_OUTCOMES:
            took = ""  # no time that says anything
        skipped = event.counts.get("skipped", 0)
        if event.ok and not event.counts:
            return "no stages: register some in pipeline.py"
        if event.ok and skipped == sum(event.counts.values()):
            are = "stage is" if skipped == 1 else "stages are"
            return f"nothing to do: {skipped} {are} fresh" + (took and f" ({took})")
        return wording.outcomes(event.counts, self._looks) + (took and f" in {took}")

    def _line(self, text: str) -> None:
        if self._common.quiet:
            return
        if self._live is not None:
            self._live.print(text)
        else:
            self._common.out.line(text)
