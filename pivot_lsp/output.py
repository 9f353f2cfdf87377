"""What stages print, on its way to an editor: in few messages, and never more than an editor can take.

A stage may print a gigabyte in seconds. Whatever comes within a moment is put together; what is beyond a
limit is left out from the front, and counted.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pivot_core.execute.events import StageOutput
from pivot_lsp.later import Later

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE_S = 0.1
_LIMIT = 100_000  # characters in one pause


class Output:
    """Hands on what is put in, a moment later, as fewer events. Use from the event loop's thread only."""

    def __init__(self, deliver: Callable[[StageOutput], None]) -> None:
        self._deliver = deliver
        self._held: deque[StageOutput] = deque()
        self._size = 0
        self._left_out = 0
        self._later = Later(_PAUSE_S, self._hand_on)

    def put(self, event: StageOutput) -> None:
        """Take this; what was there before may have to go."""
        text = event.text[-_LIMIT:]
        self._left_out += len(event.text) - len(text)
        self._held.append(StageOutput(stage=event.stage, stream=event.stream, text=text, at=event.at))
        self._size += len(text)
        while self._size > _LIMIT:
            gone = self._held.popleft()
            self._size -= len(gone.text)
            self._left_out += len(gone.text)
        self._later.ask()

    def flush(self) -> None:
        """Hand on all there is now."""
        self._later.now()

    def _hand_on(self) -> None:
        held, left_out = self._held, self._left_out
        self._held, self._size, self._left_out = deque(), 0, 0
        if left_out:
            first = held[0]
            note = f"[… {left_out:,} characters left out: it prints more than is shown here …]\n"
            self._deliver(StageOutput(stage=first.stage, stream="stderr", text=note, at=first.at))
        while held:
            self._deliver(_joined(held))


def _joined(held: deque[StageOutput]) -> StageOutput:
    """The first events that are of one stage and stream, as one."""
    first = held.popleft()
    parts = [first.text]
    while held and (held[0].stage, held[0].stream) == (first.stage, first.stream):
        parts.append(held.popleft().text)
    return StageOutput(stage=first.stage, stream=first.stream, text="".join(parts), at=first.at)
