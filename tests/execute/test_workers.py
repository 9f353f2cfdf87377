"""The pool's own housekeeping."""

from __future__ import annotations

import queue
import socket
import time

import pytest

from pivot_core.execute.workers import Workers
from pivot_core.project import Project


@pytest.mark.timeout(30)
def test_closing_waits_for_nobody_who_has_gone(tmp_path):
    """The accepting thread may see that it is to end before it is woken."""
    workers = Workers(Project(tmp_path), 1, queue.SimpleQueue())
    workers._closing = True
    with socket.socket(socket.AF_UNIX) as knock:
        knock.connect(workers._address)
    time.sleep(0.2)
    workers.close()
    assert not workers._folder.exists()
