"""One editor's session: the connection, the open documents, the verdicts on their projects.

A feature gets this and registers its handlers. pygls takes one handler a method, so the features listen
here to what several of them need to know: that a document changed.
"""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types

from pivot_lsp.documents import Document, Documents
from pivot_lsp.folders import Folders
from pivot_lsp.lenses import Viewer
from pivot_lsp.loading import Loading
from pivot_lsp.messages import shown_if_slow
from pivot_lsp.problems import PIPELINE, Problems
from pivot_lsp.runs import Runs
from pivot_lsp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from pivot_core.engine import Engine
    from pivot_core.project import Project
    from pivot_lsp.answers import Answer
    from pivot_lsp.connection import Server
    from pivot_lsp.linters import Linters
    from pivot_lsp.positions import Encoding
    from pivot_lsp.verdicts import Verdicts
    from pivot_lsp.watching import Watching

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
T = TypeVar("T")
_LONGEST_S = 5.0  # for a client to answer a question


class Session:
    """What the features share."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.documents = Documents(lambda path, text: self.linters.read(path, text))
        self.settings = Settings()
        self.asking: asyncio.Task[None] | None = None  # the client for the settings, at the beginning
        self.problems = Problems(self._new_problems)
        self.runs = Runs()
        # What the client asked for when it started us, as ``{"runEvents": true}``: notifications of our own.
        self.wants: frozenset[str] = frozenset()
        # Of our own: pygls reads its input in a pool that looks could fill. One thread: a look at a time.
        self._executor = ThreadPoolExecutor(1, "pivot-look")
        self._verdicts: dict[Path, Verdicts] = {}
        self._client_trusts = True
        self._told: set[str] = set()
        self._on_change: list[Callable[[Document], None]] = []
        self._on_verdicts: list[Callable[[Path, Answer], None]] = []
        self._on_problems: list[Callable[[Path], None]] = []
        self._on_settings: list[Callable[[], None]] = []
        self._on_findings: list[Callable[[], None]] = []
        self._on_files: list[Callable[[Path | None], None]] = []
        self.folders = Folders(self)
        self.watching: Watching | None = None  # if the client can't tell of files
        self.loading = Loading(self)

    @property
    def encoding(self) -> Encoding:
        """What columns are counted in, as agreed on with the client."""
        return _ENCODINGS[self.server.workspace.position_encoding or "utf-16"]

    @property
    def shows_lenses(self) -> bool:
        """Whether the client can; else a person learns in other ways how stages are."""
        client = self.server.client_capabilities.text_document
        return client is not None and client.code_lens is not None

    @property
    def trusted(self) -> bool:
        """Whether code of the workspace may be run, or loaded: if not, nothing is, whoever asks."""
        return self._client_trusts and self.settings.trusted

    async def settled(self) -> None:
        """Wait until the client has said what its settings are."""
        if self.asking is not None:
            await asyncio.wait([self.asking], timeout=_LONGEST_S)

    def uri(self, path: Path) -> str:
        """What the editor calls a file, be it open or not."""
        document = self.documents.at(path)
        return document.uri if document is not None else self.folders.uri(path)

    def read_documents(self) -> None:
        """Have the newest version of each open document read: an answer about one may be about others."""
        for document in self.documents:
            _ = document.reading

    # --- who wants to know

    def on_change(self, listener: Callable[[Document], None]) -> None:
        """Call it with each new version of a document, and with the last one when it is closed."""
        self._on_change.append(listener)

    def on_verdicts(self, listener: Callable[[Path, Answer], None]) -> None:
        """Call it with the root of a project and the verdicts, when they are others than before."""
        self._on_verdicts.append(listener)

    def on_problems(self, listener: Callable[[Path], None]) -> None:
        """Call it with each file that others than the lint found other mistakes in."""
        self._on_problems.append(listener)

    def on_settings(self, listener: Callable[[], None]) -> None:
        """Call it when there are other settings, or trust was given or taken."""
        self._on_settings.append(listener)

    def on_files(self, listener: Callable[[Path | None], None]) -> None:
        """Call it with a file that may have another content (None: any file)."""
        self._on_files.append(listener)

    # --- what happens

    def changed(self, document: Document) -> None:
        """A document has a new version, or was closed."""
        if self.documents.get(document.uri) is None:
            self.linters.closed(document.path)
        for listener in self._on_change:
            listener(document)
        self.look_again(document.path)

    def outdated(self, path: Path | None = None) -> None:
        """The file may have another content (None: any file): so may the verdicts of its project."""
        self.look_again(path)
        if "linters" in vars(self) and (path is None or self.documents.at(path) is None):
            self.linters.changed(path)
        for listener in self._on_files:
            listener(path)

    def look_again(self, path: Path | None = None) -> None:
        """Verdicts may be others, by what is in a file (None: any)."""
        for root, verdicts in self._verdicts.items():
            if path is None or path.is_relative_to(root):
                verdicts.outdated()

    def begin(self, trusted: bool, wants: Iterable[str]) -> None:
        """What the client says when it starts us. It hears nothing until it has its answer."""
        self._client_trusts, self.wants = trusted, frozenset(wants)

    def configure(self, settings: Settings) -> None:
        """There are other settings."""
        self._set(settings, self._client_trusts)

    def trust(self, trusted: bool) -> None:
        """The client says whether it trusts the workspace."""
        self._set(self.settings, trusted)

    def _set(self, settings: Settings, client_trusts: bool) -> None:
        before = (self.settings, self._client_trusts)
        self.settings, self._client_trusts = settings, client_trusts
        if before != (settings, client_trusts):
            for listener in self._on_settings:
                listener()

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Warning) -> None:
        """Show a message, once in a session."""
        if message not in self._told:
            self._told.add(message)
            self.server.window_show_message(types.ShowMessageParams(kind, f"Pivot: {message}"))

    # --- lint

    @cached_property
    def linters(self) -> Linters:
        """Those of the open projects."""
        from pivot_lsp.linters import Linters  # with all rules: not before the client has its answer

        return Linters(self._begun, self.new_findings, self.tell, self.server.watch, self._read)

    async def _read(self, root: Path, work: Awaitable[T]) -> T:
        return await shown_if_slow(self.server, f"Pivot: reading the code of {root.name}", work)

    def on_findings(self, listener: Callable[[], None]) -> None:
        """Call it when any document may have other findings, though none was edited."""
        self._on_findings.append(listener)

    def new_findings(self) -> None:
        """Any document may have other findings than before, though it wasn't edited: a project was read."""
        self.server.garbage.keep()
        for document in self.documents:
            document.outdated()
        for listener in self._on_findings:
            listener()

    # --- verdicts

    def warm_up(self) -> None:
        """Have ready what the first lens needs: the client has its answer, and nobody waits yet."""
        self._executor.submit(_import_the_rest)

    @property
    def roots(self) -> list[Path]:
        """Those of the projects that somebody has asked about."""
        return list(self._verdicts)

    def known_roots(self) -> set[Path]:
        """Those of the projects that anything is kept of."""
        return {*self._verdicts, *self.linters.roots, *self.loading.roots}

    def _begun(self, root: Path) -> None:
        """Something about a project is kept from now on."""
        if self.watching is not None:
            self.watching.begin(root)

    def forget(self, root: Path) -> None:
        """Nobody is interested in a project any more."""
        self._verdicts.pop(root, None)
        self.linters.forget(root)
        self.loading.forget(root)
        self.problems.forget(root)
        if self.watching is not None:
            self.watching.end(root)

    def verdicts(self, project: Project) -> Verdicts:
        """The verdicts on a project's stages."""
        if project.root not in self._verdicts:
            self._begun(project.root)
            from pivot_lsp.verdicts import Verdicts  # with the engine: not before the client has its answer

            self._verdicts[project.root] = Verdicts(
                project,
                lambda: self.documents.overlay(project),
                lambda: frozenset(logical for logical, _ in self.documents.of(project)),
                self._executor,
                lambda answer: self._new_verdicts(project.root, answer),
                self.server.garbage.keep,
                self.server.failed,
                lambda work: shown_if_slow(self.server, f"Pivot: checking {project.root.name}", work),
            )
        return self._verdicts[project.root]

    def viewer(self, project: Project) -> Viewer:
        """What is said of a project's stages depends on this besides the verdicts."""
        loading = self.loading.state(project.root)
        elsewhere = self._mistakes_elsewhere(project)
        return Viewer(project.root, self.runs, loading, self.trusted, "explain" in self.wants, elsewhere)

    def _mistakes_elsewhere(self, project: Project) -> str:
        """Where the first mistake of a definition is, if none is in ``pipeline.py``: else ""."""
        places = [(one.problem.path, one.span.line) for one in self.problems.said(PIPELINE, project.root)]
        if not places or any(project.root / path == project.pipeline_file for path, _ in places):
            return ""
        path, line = places[0]
        return f"{path}:{line}"

    def _new_verdicts(self, root: Path, answer: Answer) -> None:
        if root not in self._verdicts:
            return  # nobody is interested any more
        for listener in self._on_verdicts:
            listener(root, answer)

    async def ask(self, project: Project, question: Callable[[Engine], T]) -> T:
        """Put a question to the engine, about the texts as they are now: beside the event loop, and after
        the looks that wait already. It runs none of the project's code.

        With a definition that isn't the present one, if there is no other. Raises PivotError.
        """
        overlay = self.documents.overlay(project)

        def answer() -> T:
            from pivot_core.engine import Engine
            from pivot_lsp.verdicts import adopt_former

            with Engine(project, overlay=overlay, readonly=True, load=False) as engine:
                adopt_former(engine)
                return question(engine)

        return await asyncio.get_running_loop().run_in_executor(self._executor, answer)

    def _new_problems(self, path: Path) -> None:
        for listener in self._on_problems:
            listener(path)


def _import_the_rest() -> None:
    import_module("pivot_lsp.linters")
    import_module("pivot_lsp.verdicts")
    gc.freeze()
    gc.enable()
