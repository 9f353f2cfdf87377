"""What the editor's settings say, section ``pivot``.

What a project decides for all who work on it isn't here: rules of the lint are chosen in ``pyproject.toml``,
the number of workers in ``.pivot/config.yaml``.

- ``pivot.trusted`` (true): false for folders whose code must not run. An editor can say it by itself; this
  is for one that has no notion of trust. It can only take trust away.
- ``pivot.inlayHints.enabled`` (false): durations and sizes between the lines, for who has room for them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Settings(msgspec.Struct, frozen=True):
    trusted: bool = True
    inlay_hints: bool = False


_KEYS = {"trusted": "trusted", "inlayHints.enabled": "inlay_hints"}


def read(given: object) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and what is wrong with those that were given. A wrong one has its default.

    Keys that aren't ours are left alone: editors keep settings of their own in the same section.
    """
    values: dict[str, bool] = {}
    wrong = []
    for key, field in _KEYS.items():
        value = _at(given, key)
        if isinstance(value, bool):
            values[field] = value
        elif value is not None:
            default = str(getattr(Settings(), field)).lower()
            wrong.append(f"the setting pivot.{key} is true or false, not {value!r}: taken as {default}")
    return Settings(**values), tuple(wrong)


def _at(given: object, key: str) -> object:
    for name in key.split("."):
        given = given.get(name) if isinstance(given, Mapping) else None
    return given
