"""Which file of the project a dotted name comes from, by the rules of import, without importing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pivot_core.project import Project


class Origin(NamedTuple):
    """A module's logical path, and what of the dotted name is left to be looked up in it."""

    path: str
    rest: tuple[str, ...]


class Files:
    """Looks at the disk once for each name; forget all answers when files come or go."""

    def __init__(self, project: Project | None) -> None:
        self._project = project
        self._known: dict[str, Origin | None] = {}

    def origin(self, chain: str, importer: str) -> Origin | None:
        """Where a dotted name comes from (dots in front: relative to ``importer``); None for others' code."""
        if self._project is None:
            return None
        absolute = self.absolute(chain, importer) if chain.startswith(".") else chain
        if absolute is None:
            return None
        if absolute not in self._known:
            self._known[absolute] = self._find(tuple(absolute.split(".")))
        return self._known[absolute]

    def absolute(self, chain: str, importer: str) -> str | None:
        """A dotted name without dots in front; None for one above the top."""
        level = len(chain) - len(chain.lstrip("."))
        if not level:
            return chain
        package = self.module_name(importer)
        if not importer.endswith("__init__.py"):
            package = package[:-1]
        if level - 1 > len(package):
            return None
        kept = package[: len(package) - level + 1]
        return ".".join([*kept, *filter(None, [chain[level:]])])

    def forget(self) -> None:
        """Files have come or gone."""
        self._known.clear()

    def module_name(self, path: str) -> tuple[str, ...]:
        """The dotted name that a file is imported by."""
        has_src = self._project is not None and len(self._project.search_path) > 1
        inside = path.removeprefix("src/") if has_src else path
        parts = tuple(inside.removesuffix(".py").split("/"))
        return parts[:-1] if parts[-1] == "__init__" else parts

    def _find(self, names: tuple[str, ...]) -> Origin | None:
        assert self._project is not None
        root = self._project.root
        for folder in self._project.search_path:
            for length in range(len(names), 0, -1):
                base = folder.joinpath(*names[:length])
                for file in (base / "__init__.py", base.with_name(base.name + ".py")):
                    if file.is_file():
                        return Origin(file.relative_to(root).as_posix(), names[length:])
        return None
