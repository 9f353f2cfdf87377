"""The project's modules as text: where they are, and what was looked at to find that out.

Everything that is asked for is remembered in ``consulted``, also what isn't there: while none of it changes,
neither does any answer that was derived from it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING

from pivot_core.code.encoding import NotTextError, decode
from pivot_core.errors import UsageError
from pivot_core.store.digests import hash_bytes

if TYPE_CHECKING:
    from pivot_core.project import Project

_PREFIXES = ("", "src/")
_LINE_END = re.compile(r"\r\n|\r|\n")  # as the parser counts lines: a form feed ends none
_FOREIGN = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"})


@dataclass(frozen=True, slots=True)
class Located:
    """Where a module is. ``path`` is its file ("" for a namespace package), ``folders`` where its
    submodules are (logical, ending in ``/``; none for a plain module)."""

    path: str
    folders: tuple[str, ...]


class Sources:
    """The project's source files by module name.

    ``digest`` gives the content digest of a logical path, None if there is no such file; ``listing``
    the digest of the names in a logical folder. ``overlay`` replaces the text of files by logical path.
    """

    def __init__(
        self,
        project: Project,
        digest: Callable[[str], str | None],
        overlay: Mapping[str, str] | None = None,
        *,
        listing: Callable[[str], str | None] | None = None,
    ) -> None:
        self.consulted: dict[str, str | None] = {}
        self._root = os.fspath(project.root)
        self._digest = digest
        self._listing = listing or self._own_listing
        self._overlay = overlay or {}
        self._located: dict[str, Located | None] = {}

    def find(self, module: str) -> str | None:
        """Logical path of a project module's file; the folder (ending in ``/``) of a namespace package."""
        located = self.locate(module)
        if located is None:
            return None
        return located.path or located.folders[0]

    def locate(self, module: str) -> Located | None:
        """Where a project module is; None when the project has no such module."""
        if module not in self._located:
            self._located[module] = self._locate(module)
        return self._located[module]

    def digest(self, logical: str) -> str | None:
        """Content digest of a file as it is now (as it is in the editor, for an unsaved buffer)."""
        if logical not in self.consulted:
            self.consulted[logical] = self._digest_now(logical)
        return self.consulted[logical]

    def text(self, logical: str) -> tuple[str, str]:
        """Source text and its digest. Raises OSError, and NotTextError when it is none."""
        if logical in self._overlay:
            return self._overlay[logical], self._digest_now(logical) or ""
        return self.saved_text(logical)

    def lines(self, logical: str, digest: str) -> list[str]:
        """The lines of a source text; none if the file isn't any more what the digest says."""
        try:
            text, now = self.text(logical)
        except (OSError, NotTextError):
            return []
        return _LINE_END.split(text) if now == digest else []

    @property
    def unsaved(self) -> Iterable[str]:
        """Logical paths of the files whose text is that of a buffer in an editor."""
        return self._overlay.keys()

    def is_unsaved(self, logical: str) -> bool:
        """The text is that of a buffer in an editor."""
        return logical in self._overlay

    def saved_digest(self, logical: str) -> str | None:
        """Content digest of the file, whatever is in a buffer."""
        return self._digest(logical)

    def saved_text(self, logical: str) -> tuple[str, str]:
        """As :meth:`text`, of the file, whatever is in a buffer."""
        with open(os.path.join(self._root, logical), "rb") as file:  # noqa: PTH118, PTH123  # hot
            data = file.read()
        return decode(data), hash_bytes(data)

    def differences(self, older: Sources) -> list[str] | None:
        """Files with another content than an older state had, of those that were consulted for it.

        None if more than that changed: there are other files, or other names in a folder.
        """
        if self._new_files() != older._new_files():
            return None
        found = []
        for path, was in older.consulted.items():
            now = self.listing(path) if path.endswith("/") else self.digest(path)
            if now != was:
                if was is None or now is None or path.endswith("/"):
                    return None
                found.append(path)
            elif self.is_unsaved(path) != older.is_unsaved(path):
                found.append(path)  # saved as it is, with a syntax error perhaps
        return found

    def _new_files(self) -> set[str]:
        """Buffers that were never saved."""
        return {path for path in self._overlay if not self._is_there(path)}

    def _is_there(self, logical: str) -> bool:
        try:
            return self._digest(logical) is not None
        except UsageError:  # something that nobody can read: nor need anybody, since a buffer has the text
            return True

    def all_modules(self, prefix: str = "") -> list[str]:
        """Names of all project modules that start with ``prefix``, sorted."""
        found = {name for start in _PREFIXES for name in self._walk(start, "")}
        return sorted(name for name in found if name.startswith(prefix))

    def _digest_now(self, logical: str) -> str | None:
        if logical in self._overlay:
            return hash_bytes(self._overlay[logical].encode("utf-8", "surrogatepass"))
        return self._digest(logical)

    def _locate(self, module: str) -> Located | None:
        parent, _, name = module.rpartition(".")
        if not name.isidentifier() or module in sys.builtin_module_names:
            return None
        folders: tuple[str, ...] = _PREFIXES
        if parent:
            above = self.locate(parent)
            if above is None:
                return None
            folders = above.folders
        return self._in_folders(name, folders)

    def _in_folders(self, name: str, folders: tuple[str, ...]) -> Located | None:
        portions = []
        for folder in folders:
            base = folder + name
            if self.digest(base + "/__init__.py") is not None:
                return Located(base + "/__init__.py", (base + "/",))
            if self.digest(base + ".py") is not None:
                return None if self._is_compiled(base) else Located(base + ".py", ())
            if self._has_folder(base + "/"):
                portions.append(base + "/")
        return Located("", tuple(portions)) if portions else None

    def _is_compiled(self, base: str) -> bool:
        """Whether Python takes a compiled module that stands beside the text (by Cython or mypyc).

        It is an input of the stages that import it, as all compiled modules are.
        """
        return any(self.digest(base + suffix) is not None for suffix in EXTENSION_SUFFIXES)

    def _has_folder(self, folder: str) -> bool:
        """A folder without ``__init__.py`` counts as a package when there are modules somewhere in it."""
        if any(path.startswith(folder) for path in self._overlay):
            return True
        return any(name.endswith(".py") or "." not in name for name in self._names(folder))

    def listing(self, folder: str) -> str | None:
        """Digest of the names in a logical folder."""
        if folder not in self.consulted:
            self.consulted[folder] = self._listing(folder)
        return self.consulted[folder]

    def _names(self, folder: str) -> list[str]:
        self.listing(folder)
        path = os.path.join(self._root, folder)  # noqa: PTH118  # hot
        try:
            return sorted(os.listdir(path))  # noqa: PTH208
        except OSError:
            return []

    def _own_listing(self, folder: str) -> str | None:
        try:
            names = sorted(os.listdir(os.path.join(self._root, folder)))  # noqa: PTH118, PTH208
        except OSError:
            return None
        return hash_bytes("\0".join(names).encode("utf-8", "surrogateescape"))

    def _walk(self, folder: str, package: str) -> Iterator[str]:
        for name in self._names(folder or "./"):
            stem, dot, suffix = name.partition(".")
            if not stem.isidentifier() or (package == "" and folder == "" and name == "src"):
                continue
            if dot and suffix == "py":
                yield package.rstrip(".") if stem == "__init__" else package + stem
            elif not dot and name not in _FOREIGN and not self._is_environment(folder + name):
                yield from self._walk(f"{folder}{name}/", f"{package}{name}.")

    def _is_environment(self, folder: str) -> bool:
        path = os.path.join(self._root, folder)  # noqa: PTH118  # hot
        return not os.path.isdir(path) or os.path.exists(os.path.join(path, "pyvenv.cfg"))  # noqa: PTH110, PTH112, PTH118
