"""The pool's own housekeeping."""

from __future__ import annotations

import os
import queue
import signal
import socket
import time

import pytest

from pivot_core.execute.messages import Crashed
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


FORKED = """
import os, time
if not os.fork():
    os.setsid()
    time.sleep(1000)
with open("pid", "w") as file: print(os.getpid(), file=file)
time.sleep(1000)
"""


@pytest.mark.timeout(30)
def test_the_death_of_a_worker_is_seen_though_what_it_has_forked_lives(tmp_path):
    """The forked process has the worker's pipes open."""
    (tmp_path / "pipeline.py").write_text(FORKED)
    inbox = queue.SimpleQueue()
    workers = Workers(Project(tmp_path), 1, inbox)
    try:
        workers.define(1)
        while not (tmp_path / "pid").exists() or not (pid := (tmp_path / "pid").read_text()).endswith("\n"):
            time.sleep(0.01)
        os.kill(int(pid), signal.SIGKILL)
        died = inbox.get(timeout=10)
    finally:
        workers.kill()
    assert isinstance(died, Crashed)
    assert "SIGKILL" in died.detail
