"""Installed versions of third-party packages, by the names they are imported under."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pivot_core.artifacts import outside
from pivot_core.store.state import PACKAGES, State
from pivot_core.types import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Installed(msgspec.Struct, frozen=True):
    """``folders``: the import path's folders that hold distributions, with their mtimes in ns."""

    folders: dict[str, int]
    versions: dict[str, str]


class Before:
    """What goes on from one look to the next."""

    def __init__(self) -> None:
        self.installed: dict[str, _Installed] = {}  # by interpreter
        self.outside: outside.Before = {}


_decode = msgspec.msgpack.Decoder(_Installed).decode


class PackageVersions:
    """What is installed in this interpreter. Read once per change of ``site-packages``, kept in the state.

    Installing, upgrading or removing a distribution adds or removes its ``.dist-info`` folder, and so
    changes the mtime of the folder around it. ``before``: what goes on from one object to the next.
    """

    def __init__(self, state: State, before: Before | None = None) -> None:
        self._state = state
        self._before = before or Before()
        self._outside = outside.Outside(self._before.outside)
        self._versions: dict[str, str] | None = None

    def of(self, names: Iterable[str]) -> dict[str, str]:
        """Import name -> version, for those of ``names`` that are installed.

        A namespace that several distributions share gives all of them (``a 1.0, b 2.1``). Where the source
        isn't installed but used in its place, the version ends with a digest of it.
        """
        wanted = sorted(names)
        if not wanted:
            return {}
        if self._versions is None:
            self._versions = self._read()
        found = {name: self._versions[name] for name in wanted if name in self._versions}
        for name in wanted:
            if (digest := self._outside.digest(name)) is not None:
                found[name] = f"{found.get(name, '0')}{SOURCE}{digest}"
        return found

    def has(self, names: Iterable[str], path: str) -> bool:
        """Whether a file is code of one of ``names`` that counts with its content."""
        return any(Path(path).is_relative_to(place) for name in names for place in outside.places(name))

    def signature(self) -> object:
        """The same as long as the same is installed."""
        return _folders(), self._outside.signature()

    def _read(self) -> dict[str, str]:
        folders = _folders()
        known = self._before.installed.get(sys.prefix)
        if known is None or known.folders != folders:
            known = self._state.get_as(PACKAGES, sys.prefix, _decode)
        if known is None or known.folders != folders:
            known = _Installed(folders, _installed())
            self._state.put(PACKAGES, sys.prefix, msgspec.msgpack.encode(known))
        self._before.installed[sys.prefix] = known
        return known.versions


def _folders() -> dict[str, int]:
    """Where distributions are installed; not the project's own folders, which change with every output."""
    found = {}
    for entry in sys.path:
        if Path(entry).name not in ("site-packages", "dist-packages"):
            continue
        try:
            found[entry] = Path(entry).stat().st_mtime_ns
        except OSError:
            continue
    return found


def _installed() -> dict[str, str]:
    from importlib.metadata import packages_distributions, version

    versions = {}
    for name, distributions in packages_distributions().items():
        known = sorted({f"{distribution} {version(distribution)}" for distribution in distributions})
        versions[name] = known[0].split(" ", 1)[1] if len(known) == 1 else ", ".join(known)
    return versions
