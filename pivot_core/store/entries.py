"""How keys and values of the state are stored in LMDB.

Every value is sealed: what noise on the disk has made of it is found out, before anybody decides by it.
"""

from __future__ import annotations

import lmdb
import xxhash

# LMDB takes keys of up to 511 bytes (format 1). Longer ones are kept by hash, the key before the value.
_MAX_KEY = 511
_PLAIN, _HASHED = b":", b"#"
_SEAL = 8  # bytes before the value: the hash of key and value


def starts(prefix: str) -> tuple[bytes, bytes]:
    """What the stored keys of a prefix begin with."""
    return prefix.encode() + _PLAIN, prefix.encode() + _HASHED


def stored_key(prefix: str, key: str) -> bytes:
    """The key that LMDB gets."""
    stored = f"{prefix}:{key}".encode(errors="surrogateescape")
    if len(stored) <= _MAX_KEY:
        return stored
    return prefix.encode() + _HASHED + xxhash.xxh3_128_digest(stored)


def stored_value(key: str, stored: bytes, value: bytes) -> bytes:
    """The value with all that is needed to tell whose it is."""
    if not _is_hashed(stored):
        return value
    text = key.encode(errors="surrogateescape")
    return len(text).to_bytes(4, "little") + text + value


def own_value(key: str, stored: bytes, value: bytes) -> bytes | None:
    """The value as it was put; None if it is that of another key with the same hash."""
    if not _is_hashed(stored):
        return value
    found, own = _split(value)
    return own if found == key else None


def key_and_value(prefix: str, stored: bytes, value: bytes) -> tuple[str, bytes]:
    """The key and the value as they were put."""
    if _is_hashed(stored):
        return _split(value)
    return stored[len(prefix) + 1 :].decode(errors="surrogateescape"), value


def seal(stored: bytes, value: bytes) -> bytes:
    """What LMDB gets for a stored value."""
    return _hash(stored, value) + value


def unseal(stored: bytes, sealed: bytes) -> bytes:
    """The stored value. Raises lmdb.CorruptedError if it isn't what was sealed."""
    value = sealed[_SEAL:]
    if sealed[:_SEAL] != _hash(stored, value):
        raise lmdb.CorruptedError("a value isn't what was stored")
    return value


def _hash(stored: bytes, value: bytes) -> bytes:
    return xxhash.xxh3_64_digest(stored + value)


def _is_hashed(stored: bytes) -> bool:
    plain, hashed = stored.find(_PLAIN), stored.find(_HASHED)
    return hashed >= 0 and (plain < 0 or hashed < plain)


def _split(value: bytes) -> tuple[str, bytes]:
    end = 4 + int.from_bytes(value[:4], "little")
    return value[4:end].decode(errors="surrogateescape"), value[end:]
