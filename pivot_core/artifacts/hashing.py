"""What files *are*: content digests, kept by signature so that a known file costs one ``lstat``."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pivot_core.artifacts.paths import below_resolved_parent
from pivot_core.errors import UsageError
from pivot_core.store import tree
from pivot_core.store.atomic import is_scratch
from pivot_core.store.digests import hash_bytes, hash_file, is_tree
from pivot_core.store.signature import SIZE, identity_of, is_settled, signature_of
from pivot_core.store.state import FILES, TREES, State

_ATTEMPTS = 5
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
# Made by running Python or Pivot: no stage that lists a folder means these.
_OURS = frozenset({".pivot", "__pycache__"})


class _File(NamedTuple):
    """A file to be hashed: where it is read, the key it is kept by (its resolved path)."""

    path: str
    key: str
    status: os.stat_result


# Signature and digest of what is at an absolute path, the path of a link to it too. True of files that were
# settled then: as long as one has the signature, it has the digest.
Seen: TypeAlias = dict[str, tuple[bytes, str]]


class FileHashes:
    """Digests of the project's files, by logical path.

    Within one object a path is looked at once, until ``forget``. Not for several threads at a time.
    ``seen``: what goes on from one object to the next (see ``Seen``).
    """

    def __init__(self, root: Path, state: State | None, seen: Seen | None = None) -> None:
        self._root = str(root)
        self._state = state
        self._seen: Seen = {} if seen is None else seen
        self._memo: dict[str, str | None] = {}
        self._faults: dict[str, UsageError] = {}  # why nobody knows the digest of a path
        self._parents: dict[str, str] = {}
        self._pending: dict[str, tuple[str, bytes]] = {}  # remembered: digest and signature

    # --- asking ---------------------------------------------------------------------------------

    def digest(self, logical: str) -> str | None:
        """The digest of a file, or of a directory (``….dir``); None if it is absent.

        Raises UsageError if it can't be read, or is neither a file nor a folder.
        """
        return self.digests((logical,))[logical]

    def digests(self, paths: Iterable[str]) -> dict[str, str | None]:
        """``digest`` for many, with one look into the state for all."""
        found = self.known(paths)
        if self._faults:
            for path in found:
                if path in self._faults:
                    raise self._faults[path]
        return found

    def known(self, paths: Iterable[str]) -> dict[str, str | None]:
        """``digests``, with None also for what can't be read; ``fault`` tells why."""
        wanted = tuple(paths)
        memo = self._memo
        unknown = [path for path in wanted if path not in memo]
        if unknown:
            self._look_at(unknown)
        return {path: memo[path] for path in wanted}

    def fault(self, logical: str) -> str | None:
        """Why the digest of a path can't be known, after a look at it; None if it can."""
        found = self._faults.get(logical)
        return None if found is None else str(found)

    def signature(self, logical: str) -> bytes | None:
        """Opaque; as long as it is equal the content is (but see the module). None: absent.

        Reads no content and remembers nothing: always what is on disk now.
        """
        found = self._signed(logical)
        return None if found is None else found[0]

    def identity(self, logical: str) -> bytes | None:
        """As ``signature``, but only an edit gives another (see ``identity_of``). None: nothing to read."""
        try:
            found = self._find(logical)
            if found is None or not stat.S_ISDIR(found.status.st_mode):
                return None if found is None else identity_of(found.status)
            return tree.signature(_listing(found.path).files, identity_of)
        except UsageError:
            return None

    def settled_signature(self, logical: str) -> bytes | None:
        """``signature``, if every edit from now on will certainly give another one; else None, too."""
        now = time.time_ns()
        found = self._signed(logical)
        return found[0] if found is not None and all(is_settled(status, now) for status in found[1]) else None

    def _signed(self, logical: str) -> tuple[bytes, list[os.stat_result]] | None:
        """The signature, and the status of each file that it is made of."""
        found = self._find(logical)
        if found is None:
            return None
        if not stat.S_ISDIR(found.status.st_mode):
            return signature_of(found.status), [found.status]
        files = _listing(found.path).files
        return tree.signature(files), [file.status for file in files]

    def listing(self, logical_dir: str) -> str:
        """The digest of the sorted names in a folder (not below it); "" if there is no such folder."""
        try:
            names = [path.name for path in Path(self._root, logical_dir).iterdir()]
        except OSError as error:
            if error.errno in _ABSENT:
                return ""
            raise _unreadable(logical_dir, error) from error
        seen = sorted(os.fsencode(name) for name in names if name not in _OURS and not is_scratch(name))
        return hash_bytes(b"\0".join(seen))

    def manifest(self, logical_dir: str) -> Mapping[str, str] | None:
        """Relative path to digest of all files in a folder, as ``digest`` has it; None if there is none.

        Reads the content only of files that nobody has hashed as they are. Raises UsageError.
        """
        found = self._find(logical_dir)
        if found is None or not stat.S_ISDIR(found.status.st_mode):
            return None
        return self._manifest(found, _listing(found.path).files)

    # --- telling --------------------------------------------------------------------------------

    def forget(self, logical: str) -> None:
        """It may have changed: look again. Directories that it is in, or that are in it, as well."""
        name = logical.rstrip("/")
        related = {name, name + "/"}
        if logical.endswith("/") or is_tree(self._memo.get(logical) or ""):
            related.update(path for path in self._memo if path.startswith(name + "/"))
        while "/" in name:
            name = name.rpartition("/")[0]
            related.update((name, name + "/"))
        for path in related:
            self._memo.pop(path, None)
            self._faults.pop(path, None)
            self._pending.pop(path, None)

    def remember(self, logical: str, digest: str, signature: bytes | None) -> None:
        """Somebody hashed this just now, when it had this ``signature``.

        Nothing if somebody has changed it since. Kept in the state by ``flush`` if it is unchanged then.
        """
        self.forget(logical)
        if signature is not None and self.signature(logical) == signature:
            self._memo[logical] = digest
            self._pending[logical] = (digest, signature)

    def flush(self) -> None:
        """Store what was learned. What is too young to be kept safely waits for the next flush."""
        if self._state is None:
            return
        now = time.time_ns()
        for logical, (digest, signature) in list(self._pending.items()):
            if self._keep_remembered(logical, digest, signature, now):
                del self._pending[logical]
        self._state.flush()

    def _keep_remembered(self, logical: str, digest: str, signature: bytes, now: int) -> bool:
        """Whether that is settled: stored, or changed since and never to be stored."""
        assert self._state is not None
        found = self._find(logical)
        if found is None:
            return True
        files: Sequence[os.stat_result] = (found.status,)
        if is_dir := stat.S_ISDIR(found.status.st_mode):
            listed = _listing(found.path).files
            files = [file.status for file in listed]
            current = tree.signature(listed)
        else:
            current = signature_of(found.status)
        if current != signature or is_dir != is_tree(digest):
            return True
        if not all(is_settled(status, now) for status in files):
            return False
        self._state.put(TREES if is_dir else FILES, found.key, signature + digest.encode())
        return True

    # --- looking --------------------------------------------------------------------------------

    def _look_at(self, paths: Iterable[str]) -> None:
        files: list[tuple[str, _File]] = []
        for path in paths:
            self._memo[path] = self._seen_before(path)
            if self._memo[path] is not None:
                continue
            try:
                found = self._find(path)
                if found is None:
                    continue
                if stat.S_ISDIR(found.status.st_mode):
                    self._memo[path] = self._tree_digest(found)
                else:
                    files.append((path, found))
            except UsageError as error:
                self._faults[path] = error
        kept = self._kept(file for _, file in files)
        for path, file in files:
            try:
                self._memo[path] = self._file_digest(file, kept)
            except UsageError as error:
                self._faults[path] = error

    def _seen_before(self, logical: str) -> str | None:
        """The digest of a file that is as it was seen and no link; None otherwise: nobody knows yet."""
        path = f"{self._root}/{logical}"
        known = self._seen.get(path)
        if known is None:
            return None
        try:
            status = os.lstat(path)
        except OSError:
            return None
        return known[1] if known[0] == signature_of(status) and stat.S_ISREG(status.st_mode) else None

    def _find(self, logical: str) -> _File | None:
        """One ``lstat`` for a file that is no link. A path that ends in ``/`` is a folder or absent."""
        text = logical.rstrip("/")
        path = f"{self._root}/{text}"
        key = below_resolved_parent(self._root, text, self._parents)
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                key = os.path.realpath(path)
                status = Path(path).stat()
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise _unreadable(logical, error) from error
        if stat.S_ISDIR(status.st_mode):
            return _File(path, key, status)
        if text != logical:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{logical} is neither a file nor a folder")
        return _File(path, key, status)

    def _kept(self, files: Iterable[_File]) -> dict[str, bytes]:
        return {} if self._state is None else self._state.get_many(FILES, [file.key for file in files])

    def _file_digest(self, file: _File, kept: Mapping[str, bytes]) -> str:
        own, signature = kept.get(file.key), signature_of(file.status)
        if own is not None and own.startswith(signature):
            digest = own[SIZE:].decode()
            self._seen[file.path] = (signature, digest)
            return digest
        seen = self._seen.get(file.path)
        return seen[1] if seen is not None and seen[0] == signature else self._hash(file)

    def _tree_digest(self, folder: _File) -> str:
        """As ``_hash``, for a directory."""
        listed = _listing(folder.path).files
        for _ in range(_ATTEMPTS):
            started = time.time_ns()
            signature = tree.signature(listed)
            if (known := self._known_tree(folder, signature)) is not None:
                return known
            digest = self._digest_of(folder, self._manifest(folder, listed))
            before, listed = listed, _listing(folder.path).files
            if tree.signature(listed) == signature:
                if all(is_settled(file.status, started) for file in before):
                    self._learn(TREES, folder, signature, digest)
                break
        return digest

    def _manifest(self, folder: _File, listed: Sequence[tree.TreeFile]) -> dict[str, str]:
        members = [_member(folder, file) for file in listed]
        own = self._kept(members)
        digests = [self._file_digest(member, own) for member in members]
        return dict(zip((file.name for file in listed), digests, strict=True))

    def _known_tree(self, folder: _File, signature: bytes) -> str | None:
        seen = self._seen.get(folder.path)
        if seen is not None and seen[0] == signature:
            return seen[1]
        kept = None if self._state is None else self._state.get(TREES, folder.key)
        if kept is None or not kept.startswith(signature):
            return None
        digest = kept[len(signature) :].decode()
        self._seen[folder.path] = (signature, digest)
        return digest

    def _digest_of(self, folder: _File, manifest: Mapping[str, str]) -> str:
        try:
            return tree.digest_of(manifest)
        except UsageError as error:
            shown = folder.path.removeprefix(self._root + "/")
            raise UsageError(f"can't read the directory {shown}: {error}") from error

    def _hash(self, file: _File) -> str:
        """Read it; again if it changed meanwhile. One that never rests gets a digest that isn't kept."""
        path = Path(file.path)
        for _ in range(_ATTEMPTS):
            started = time.time_ns()
            try:
                before = path.stat()
                digest = hash_file(path)
                after = path.stat()
            except OSError as error:
                raise _unreadable(file.path, error) from error
            signature = signature_of(before)
            if signature == signature_of(after):
                if is_settled(before, started):
                    self._learn(FILES, file, signature, digest)
                return digest
        return digest

    def _learn(self, prefix: str, file: _File, signature: bytes, digest: str) -> None:
        self._seen[file.path] = (signature, digest)
        if self._state is not None:
            self._state.put(prefix, file.key, signature + digest.encode())


def _member(folder: _File, file: tree.TreeFile) -> _File:
    key = os.path.realpath(file.path) if file.linked else f"{folder.key}/{file.name}"
    return _File(file.path, key, file.status)


def _listing(path: str) -> tree.Listing:
    try:
        return tree.walk(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"can't read {path}: {error.strerror or error}")
