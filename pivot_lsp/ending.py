"""How the process ends: with its client, and at once."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
_at_end: list[Callable[[], object]] = []


def at_end(callback: Callable[[], object]) -> None:
    """Call it right before the process ends, from any thread: to stop what it started. It must be quick."""
    _at_end.append(callback)


def leave(code: int) -> NoReturn:
    """End the process now, whatever its threads are doing: a server without a client serves nobody.

    Nothing is lost by it, since the server writes nothing.
    """
    for callback in _at_end:
        with contextlib.suppress(Exception):  # nobody is left to be told
            callback()
    logging.shutdown()
    os._exit(code)


def leave_with(pid: int, every_s: float = 1.0) -> None:
    """Leave when another process is gone; for a client that dies without closing our input.

    Does nothing for a process that can't be seen (of another container, say).
    """
    if not _is_alive(pid):
        return

    def watch() -> None:
        pause = threading.Event()
        while _is_alive(pid):
            pause.wait(every_s)
        _log.warning("the client (process %d) is gone", pid)
        leave(1)

    threading.Thread(target=watch, name="pivot-client", daemon=True).start()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # another user's; a number that no process has
        return True
    return True
