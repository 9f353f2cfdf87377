"""How far a stage is, told to whoever watches the run: the terminal, the editor, CI.

::

    from pivot_core import progress

    for epoch in progress.track(range(20), text="epoch"):
        ...
    progress.report(3, 10, "reading")

Outside of a run (in a notebook, in a test) these do nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")
Reporter = Callable[[int, "int | None", str], None]

# At most so often, but for the last step, since a loop may have millions of steps. Seconds.
_INTERVAL = 0.1

_reporter: Reporter | None = None
_last = float("-inf")


def report(done: int, total: int | None = None, text: str = "") -> None:
    """So much is done, of ``total`` if that is known; ``text`` says of what."""
    global _last
    if _reporter is None:
        return
    now = time.monotonic()
    if now - _last >= _INTERVAL or done == total:
        _last = now
        _reporter(done, total, text)


def track(items: Iterable[T], *, total: int | None = None, text: str = "") -> Iterator[T]:
    """The items one by one, reporting how many are done. ``total``: their number, if ``len`` can't tell."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    for done, item in enumerate(items, 1):
        yield item
        report(done, total, text)


def send_to(reporter: Reporter | None) -> None:
    """Where reports go from now on in this process; None: nowhere. For the worker that runs the stage."""
    global _reporter, _last
    _reporter, _last = reporter, float("-inf")
