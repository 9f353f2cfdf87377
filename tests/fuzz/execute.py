"""Executes stages, each time in a new process that has imported none of the project.

    python execute.py [LIBRARY ...]

One line in: the project's folder, as JSON. One line out: what ``stages.s("text")`` returned or raised. The
processes are forked from this one, which keeps the compiled code of the project, so that this is cheap.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import signal
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

LIMIT_S = 20
NO_IMPORT = "can't be imported:"
LIMIT_BYTES = 4 * 2**30
_compiled: dict[tuple[str, bytes], CodeType] = {}


class Loader(SourceFileLoader):
    """No file of bytecode, whose age could mislead; the source as it is now."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        known = _compiled.get((path, data))
        return known if known is not None else compile(data, path, "exec", dont_inherit=True)


def compile_all(root: str) -> None:
    for path in Path(root).rglob("*.py"):
        data = path.read_bytes()
        with suppress(SyntaxError):
            _compiled[str(path), data] = compile(data, path, "exec", dont_inherit=True)


def say(root: str) -> str:
    """What the stage says, in this process."""
    os.chdir(root)
    sys.path.insert(0, root)
    finder = importlib.machinery.FileFinder.path_hook((Loader, [".py"]))
    sys.path_hooks.insert(0, lambda path: finder(path) if path.startswith(root) else _elsewhere(path))
    sys.path_importer_cache.clear()
    doing = NO_IMPORT
    try:
        import pipeline  # noqa: F401
        from stages import s

        doing = "raised"
        said = repr(s("text"))
    except BaseException as error:  # noqa: BLE001 - whatever it raises is what it says
        said = f"{doing} {type(error).__name__}: {error}"
    return re.sub(r"0x[0-9a-f]+", "0x", said)


def _elsewhere(path: str) -> object:
    raise ImportError(path)


def in_child(root: str) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
        signal.alarm(LIMIT_S)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        try:
            with os.fdopen(writing, "w", encoding="utf-8", errors="backslashreplace") as out:
                out.write(say(root))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    return said if said and not status else f"died ({status}) {said[:100]}"


def main() -> None:
    sys.dont_write_bytecode = True
    for library in sys.argv[1:]:
        importlib.import_module(library)
    for line in sys.stdin:
        order = json.loads(line)
        if "compile" in order:
            compile_all(order["compile"])
        print(json.dumps(in_child(order["root"])), flush=True)


if __name__ == "__main__":
    main()
