"""Waiting for what happens in the workers."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from pivot_core.execute.messages import Crashed
from pivot_core.execute.pool import Pool
from pivot_core.project import Project


@pytest.mark.timeout(30)
def test_an_interrupt_that_another_thread_gets_ends_the_wait(tmp_path):
    """The system may give it to any thread, and Python tells the main thread, which it doesn't wake."""
    pool = Pool(Project(tmp_path), 1)

    def interrupt():
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        time.sleep(5)
        pool.inbox.put(Crashed(1, "nobody was interrupted"))

    began = time.monotonic()
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        pool.receive()
    assert time.monotonic() - began < 4


def test_waiting_has_an_end(tmp_path):
    pool = Pool(Project(tmp_path), 1)
    assert pool.receive(0.0) is None
    assert pool.receive(0.01) is None
    crashed = Crashed(1, "gone")
    pool.inbox.put(crashed)
    assert pool.receive(0.0) is crashed
