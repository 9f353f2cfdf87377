"""One LMDB environment on disk: opening, growing, and surviving whatever is found there.

What is in it can be made again, so nothing here fails a command: a damaged database is replaced at the
next write, one that can't be used (read-only disk, no locks on this file system) is as good as empty.

LMDB must not be opened twice by one process (closing one handle would drop the other's locks), so all
who use the same path share one ``Database``.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import lmdb

from pivot_core.store.atomic import remove, scratch_path
from pivot_core.store.signature import is_settled, signature_of
from pivot_core.store.soundness import MARK, mark, what_is_unsound

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[bytes]

T = TypeVar("T")

_FIRST_MAP_SIZE = 1 << 26  # bytes of address space, not of memory or disk; doubled when full
_MAX_READERS = 512
_FILES = ("data.mdb", "lock.mdb", MARK)
_LOCKS_SIZE = 1 << 16  # bytes; more than LMDB needs for so many readers
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# How LMDB says that a file system has no locks.
_NO_LOCKS = tuple(os.strerror(code) for code in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS))
_DAMAGED = (
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.IncompatibleError,
)
# LMDB's data format 1 with 64 bits: page header, then MDB_meta (mdb.c).
_META = struct.Struct("=16x I I 8x 8x I 44x 48x Q Q")
_MAGIC = 0xBEEFC0DE
_FORMAT = 1
_MAKING_S = 2.0
_KNOWN_FORMATS = (_FORMAT, 3)  # 3 is that of LMDB 1.0; a library that can't read it says so

_shared: dict[Path, Database] = {}
_sharing = threading.Lock()


class Database:
    """Use ``Database.share`` and ``release``. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._users = 0
        self._guard = threading.RLock()
        self._environment: lmdb.Environment | None = None
        self._writable = False
        self.trouble: str | None = None
        self._damaged = False
        self._unwritable = False  # a write failed: from now on it is only read
        self._unusable = False

    @classmethod
    def share(cls, path: Path) -> Database:
        """The database at ``path``; nothing is opened or made yet. To be given back by ``release``."""
        path = Path(os.path.realpath(path.parent), path.name)  # a link in its place is never followed
        with _sharing:
            database = _shared.setdefault(path, cls(path))
            database._users += 1
            return database

    def release(self) -> None:
        """The last one who had it closes it."""
        with _sharing:
            self._users -= 1
            if self._users == 0:
                _shared.pop(self.path, None)
                self._close()

    def signature(self) -> bytes | None:
        """Another one after each write, whoever writes; None if that isn't sure, or there is nothing."""
        now = time.time_ns()
        try:
            status = os.lstat(self.path / "data.mdb")
        except OSError:
            return None
        return signature_of(status) if is_settled(status, now) else None

    def read(self, job: Callable[[Transaction], T]) -> T | None:
        """``job`` in a read transaction; None if there is nothing that could be read."""
        with self._guard:
            try:
                if not (self._damaged or self._unusable) and self._open(write=False):
                    return self._transact(job, write=False)
            except _DAMAGED as error:
                self._note_damage(str(error))
            except (lmdb.Error, OSError) as error:
                self._give_up(error)
            if self._is_being_made():
                self._damaged = self._unusable = False  # half there: look again the next time
            return None

    def write(self, job: Callable[[Transaction], None]) -> bool:
        """``job`` in a write transaction; False if nothing can be stored. It may be called again."""
        with self._guard:
            for _ in range(2):  # what is found damaged is dropped by the second attempt
                try:
                    return self._write(job)
                except _DAMAGED as error:
                    self._note_damage(str(error))
                except (lmdb.Error, OSError) as error:
                    self._give_up_writing(error)
                    break
            return False

    def _write(self, job: Callable[[Transaction], None]) -> bool:
        if self._unwritable or self._unusable or not self._open(write=True):
            return False
        self._transact(job, write=True)
        self._fill_up()
        mark(self.path)
        return True

    def _is_being_made(self) -> bool:
        """Whether another process may have begun to make the database a moment ago."""
        try:
            return time.time() - self.path.stat().st_ctime < _MAKING_S
        except OSError:
            return False

    def _transact(self, job: Callable[[Transaction], T], *, write: bool) -> T:
        environment = self._environment
        assert environment is not None
        while True:
            try:
                with environment.begin(write=write) as transaction:
                    return job(transaction)
            except lmdb.MapFullError:
                environment.set_mapsize(environment.info()["map_size"] * 2)
            except lmdb.MapResizedError:
                environment.set_mapsize(0)  # another process made it grow: take its size

    def _open(self, *, write: bool) -> bool:
        if self._environment is not None and (self._writable or not write):
            return True
        self._close()
        if write and self._damaged:
            self._drop()
        elif (wrong := what_is_wrong(self.path) or what_is_unsound(self.path)) is not None:
            self._note_damage(wrong)
            return self._open(write=True) if write else False
        if not write and not _size(self.path / "data.mdb"):
            return False
        if write:
            self.path.mkdir(parents=True, exist_ok=True)
        self._environment = self._opened(write=write)
        self._writable = write
        return True

    def _opened(self, *, write: bool) -> lmdb.Environment:
        _make_room(self.path / "lock.mdb")
        environment = lmdb.open(
            str(self.path),
            map_size=max(_FIRST_MAP_SIZE, _size(self.path / "data.mdb")),
            readonly=not write,
            create=write,
            metasync=False,  # a power cut may undo the last transaction, and tear none
            max_readers=_MAX_READERS,
            mode=0o755,
        )
        if write:
            environment.reader_check()  # slots that killed processes left taken
        return environment

    def _fill_up(self) -> None:
        """Make the file as long as LMDB's own count of its pages.

        Pages at the end that one transaction took and freed again are counted but never written. Without
        them ``what_is_wrong`` couldn't tell a sound file from a truncated one.
        """
        environment = self._environment
        assert environment is not None
        needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        data = self.path / "data.mdb"
        if _size(data) < needed:
            with environment.begin(write=True):  # nobody else makes it longer meanwhile
                if _size(data) < needed:
                    os.truncate(data, needed)

    def _drop(self) -> None:
        """Away by one rename, so that no process ever opens half of it."""
        if os.path.lexists(self.path):
            aside = scratch_path(self.path.parent)
            self.path.rename(aside)
            remove(aside)
        self._damaged = False

    def _close(self) -> None:
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _note_damage(self, why: str) -> None:
        self._close()
        self._damaged = True
        self._tell(f"is damaged ({why}); it will be made anew")

    def _give_up_writing(self, error: Exception) -> None:
        self._close()
        self._unwritable = True
        self._tell(f"can't be written{_why(error, self.path)}")

    def _give_up(self, error: Exception) -> None:
        self._close()
        self._unusable = True
        self._tell(f"can't be read{_why(error, self.path)}")

    def _tell(self, trouble: str) -> None:
        """Say it once, however often it is come upon."""
        import logging  # here: a command that has nothing to warn about shouldn't pay for it

        if trouble == self.trouble:
            return
        self.trouble = trouble
        logging.getLogger("pivot").warning("the state database %s %s", self.path, trouble)


def _why(error: Exception, path: Path) -> str:
    """The end of a message: nothing is wrong with what comes out, but somebody has to act."""
    said = str(error).removeprefix(f"{path}: ")
    todo = "see whether its disk is full, and whether you may write there"
    if any(text in str(error) for text in _NO_LOCKS):
        todo = "this file system refuses locks: keep the project on another one"
    return f" ({said}); going on without, which is slower\n    {todo}"


def _make_room(locks: Path) -> None:
    """Take the room on the disk that LMDB's lock file needs. It is written through memory, which on a full
    disk would kill the process (SIGBUS). Raises OSError if there is no room."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        descriptor = os.open(locks, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return  # LMDB says it better, or doesn't need it on a disk that is read-only
    try:
        os.posix_fallocate(descriptor, 0, _LOCKS_SIZE)
    except OSError as error:
        if error.errno in _FULL:
            raise
    finally:
        os.close(descriptor)


def what_is_wrong(path: Path) -> str | None:
    """Damage that LMDB itself doesn't look for: it would read past the end of the file and die (SIGBUS).

    None: nothing, or there is no database.
    """
    if not path.is_dir() or path.is_symlink():
        return "not a folder" if os.path.lexists(path) else None
    data = path / "data.mdb"
    try:
        for name in os.listdir(path):  # noqa: PTH208 - on every command
            # A link would be written through, a pipe waited for.
            if name in _FILES and not stat.S_ISREG(os.lstat(f"{path}/{name}").st_mode):
                return f"{name} is no file"
        with data.open("rb", buffering=0) as file:
            head = file.read(_META.size)
            if not head or sys.maxsize < 1 << 32:
                return None  # LMDB takes an empty file for a new one
            if len(head) < _META.size:
                return "truncated"
            first = _META.unpack(head)
            magic, version, page_size = first[:3]
            if magic != _MAGIC:
                return "not an LMDB file"
            if version != _FORMAT:
                return None if version in _KNOWN_FORMATS else f"LMDB's data format {version}"
            file.seek(page_size)
            second = file.read(_META.size)
            metas = [first, *([_META.unpack(second)] if len(second) == _META.size else [])]
            pages = max(last_page for *_, last_page, _ in metas) + 1
            # Asked after reading: a writer that is at work makes the file longer first.
            return "truncated" if os.fstat(file.fileno()).st_size < pages * page_size else None
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
