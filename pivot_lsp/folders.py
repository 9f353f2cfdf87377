"""The projects in the folders that the editor has open, be any of their files open or not.

They are looked for when somebody asks, and again when there are other folders, or a ``pipeline.py`` came or
went.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from pivot_core.project import Project
from pivot_lsp.documents import path_of, project_of
from pivot_lsp.loading import is_pipeline

if TYPE_CHECKING:
    from pivot_lsp.session import Session

_SIGNS = frozenset({"pipeline.py", "config.yaml"})  # a project's own, the second in its .pivot/


class Folders:
    """Use from the event loop's thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: asyncio.Task[list[Path]] | None = None
        self._links: list[tuple[Path, Path]] | None = None
        session.on_files(self._files_changed)

    @property
    def open(self) -> list[Path]:
        """The folders themselves."""
        return [folder.resolve() for folder in self._as_named]

    @property
    def _as_named(self) -> list[Path]:
        """The same, by the names that the editor has for them: perhaps of links."""
        workspace = self._session.server.workspace
        uris = list(workspace.folders) or ([workspace.root_uri] if workspace.root_uri else [])
        return [path for uri in uris if (path := path_of(uri)) is not None]

    def real(self, path: Path) -> Path:
        """A file that the editor tells of, by the name that its project has for it. Links in an open folder
        are a part of that: what a stage reads may be behind one."""
        for folder in self._as_named:
            if path.is_relative_to(folder):
                return folder.resolve() / path.relative_to(folder)
        return path.parent.resolve() / path.name

    def uri(self, path: Path) -> str:
        """What the editor calls a file: as :meth:`real`, the other way round."""
        if self._links is None:
            named = [(folder.resolve(), folder) for folder in self._as_named]
            plain = [real for real, folder in named if real == folder]
            links = [(real, folder) for real, folder in named if real not in plain]
            self._links = sorted(links, key=lambda link: -len(link[0].parts))  # the innermost first
        for real, folder in self._links:
            if path.is_relative_to(real):
                return (folder / path.relative_to(real)).as_uri()
        return path.as_uri()

    def changed(self) -> None:
        """There are other folders than before."""
        self._known = self._links = None
        for root in self._session.known_roots():
            if not self._is_open(root):
                self._session.forget(root)

    def _is_open(self, root: Path) -> bool:
        """Whether a project has to do with an open folder or document, or is being run."""
        session = self._session
        folders = any(root.is_relative_to(one) or one.is_relative_to(root) for one in self.open)
        return folders or bool(session.runs.of(root)) or any(session.documents.of(Project(root)))

    def _files_changed(self, path: Path | None) -> None:
        if path is None or path.name in _SIGNS:
            self._known = None

    async def projects(self) -> list[Project]:
        """Those in the folders, and those of open documents."""
        if self._known is None:
            self._known = asyncio.get_running_loop().create_task(self._find())
        roots = dict.fromkeys(await asyncio.shield(self._known))
        for document in self._session.documents:
            project = project_of(document.path)
            if project is not None and project.is_own(document.path):
                roots[project.root] = None
        documents = self._session.documents
        return [project for root in roots if is_pipeline(project := Project(root), documents)]

    async def _find(self) -> list[Path]:
        from pivot_lsp.source.listing import projects_in

        return await asyncio.to_thread(projects_in, self.open)
