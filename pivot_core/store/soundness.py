"""Whether a database's file is as it was left, and if not, whether it can be used all the same.

LMDB trusts its file: noise in it can make it read past the end, which kills the process. So a file that
somebody else has changed is read by a child process first, all of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import lmdb

from pivot_core.store import entries

MARK = "as-left"  # in the database's folder: the signature of its file after the last write of ours
_PATIENCE_S = 60.0
_PROBES = 50


def mark(folder: Path) -> None:
    """Note that the file is now as we left it. (Without the note it is only looked at once more.)"""
    with suppress(OSError):
        (folder / MARK).write_bytes(_signature(folder))


def what_is_unsound(folder: Path) -> str | None:
    """What is wrong with a database whose file isn't as it was left; None if nothing is."""
    with suppress(FileNotFoundError):  # there is none, or another process drops it just now
        signature = _signature(folder)
        if _marked(folder) == signature:
            return None
        if (wrong := _looked_at_by_a_child(folder)) is not None:
            return wrong
        if _signature(folder) == signature:
            mark(folder)
    return None


def _signature(folder: Path) -> bytes:
    status = (folder / "data.mdb").stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}".encode()


def _marked(folder: Path) -> bytes | None:
    try:
        return (folder / MARK).read_bytes()
    except OSError:
        return None


def _looked_at_by_a_child(folder: Path) -> str | None:
    # (-P: the current folder may be a project, and no code of it is run here.)
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "reading it doesn't end"
    if done.returncode == 0:
        return done.stdout.strip() or None
    return "a process that read it died"


def examine(folder: Path) -> str | None:
    """Read all of it, and try to write. What is wrong; None if nothing is."""
    try:
        with lmdb.open(str(folder), readonly=True) as environment, environment.begin() as transaction:
            count, after = 0, None
            with transaction.cursor() as cursor:
                # Backwards: LMDB looks at the pages that it comes to so, and forwards it doesn't.
                for key, sealed in cursor.iterprev():
                    if after is not None and key >= after:
                        return "its keys aren't in order"
                    entries.unseal(key, sealed)
                    count, after = count + 1, key
            if count != transaction.stat(environment.open_db())["entries"]:
                return "it hasn't all its entries"
        with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
            for number in range(_PROBES):
                transaction.put(b"probe:%d" % number, bytes(number * 100))
            transaction.abort()
    except (
        lmdb.CorruptedError,
        lmdb.InvalidError,
        lmdb.PageNotFoundError,
        lmdb.VersionMismatchError,
    ) as error:
        return str(error)
    except lmdb.Error:
        return None  # full, or no locks: whoever uses it will be told
    return None


if __name__ == "__main__":
    print(examine(Path(sys.argv[1])) or "")
