"""Executes stage ``s`` of stages.py of one project after the other, each in a fork of this process.

A line of JSON in, ``{"root", "text", "environment"}``; a line out: the repr of what the stage returned, or
what it raised. A fork has imported what the engine itself imports and nothing else, and takes 5 ms.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
from pathlib import Path

import pydantic  # noqa: F401  # what stages with params import first

import pivot_core


def execute(root: str, text: str) -> str:
    """What a worker does with a stage, as far as its code decides it."""
    os.chdir(root)
    sys.path[:0] = [root, root + "/src", root + "/site-packages"]
    sys.argv = ["worker"]
    own = {path.stem for folder in sys.path[:3] if Path(folder).is_dir() for path in Path(folder).iterdir()}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]  # the project's own module of that name comes first
    try:
        import pipeline  # noqa: F401
        from stages import s

        said = repr(s(text))
    except BaseException as error:  # noqa: BLE001  # that is the answer
        said = f"raised {type(error).__name__}: {error}"
    return re.sub(r"0x[0-9a-f]+", "0x", said.replace(root, "."))  # addresses differ from run to run


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    assert pivot_core.Pipeline and pivot_core.StageParams  # imported when they are asked for
    for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"):
        asked = json.loads(line)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.environ.update(asked["environment"])
            said = execute(asked["root"], asked["text"])
            answers.write(json.dumps(said) + "\n")
            answers.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the stage has left running
        if status:
            answers.write(json.dumps(f"died with {status}") + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
