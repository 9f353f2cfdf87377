"""JSON, as it goes to the client."""

from __future__ import annotations

import json

import msgspec


def encode(data: object) -> bytes:
    """Of strings, numbers, lists and dicts, and what is JSON already. Raises TypeError for anything else."""
    try:
        return msgspec.json.encode(data)
    except UnicodeEncodeError:  # half of a UTF-16 pair: only an escape tells it
        return json.dumps(data, default=_decoded, separators=(",", ":")).encode("ascii")


def _decoded(data: object) -> object:
    if isinstance(data, msgspec.Raw):
        return json.loads(bytes(data))
    raise TypeError(f"{type(data).__name__} isn't JSON")
