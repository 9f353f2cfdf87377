"""Warnings and progress of commands that run no stage, on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_core.cli import wording
from pivot_core.execute.events import Progress, Warning

if TYPE_CHECKING:
    from typing import Self

    from pivot_core.cli.terminal import Terminal
    from pivot_core.execute.events import Event


def warning(event: Warning, terminal: Terminal) -> str:
    """``pipeline.py:3: warning: train: …`` as one text."""
    where = wording.place(event.path, event.line)
    label = terminal.paint("warning:", "bold", "yellow")
    text = f"{event.stage}: {event.message}" if event.stage else event.message
    return " ".join(part for part in (where and f"{where}:", label, text) if part)


class Notes:
    """A listener: warnings as lines; on a terminal, what goes on now as a line that vanishes again."""

    def __init__(self, err: Terminal) -> None:
        self._err = err
        self._unfinished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.clear()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warning):
            self.clear()
            self._err.line(warning(event, self._err))
        elif isinstance(event, Progress) and self._err.interactive:
            self._unfinished = True
            self._err.rewrite(self._err.paint(wording.progress(event), "dim"))

    def clear(self) -> None:
        if self._unfinished:
            self._err.rewrite("")
            self._unfinished = False
