"""The linters of the projects that are open in the editor, each with its project's sources as they are now.

A project is read once, in the background; until then a text is linted by itself.
"""

from __future__ import annotations

import ast
import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pivot_core.errors import UsageError
from pivot_core.project import Project
from pivot_lsp.documents import Document, project_of
from pivot_lsp.lint.config import LintConfig, load_config
from pivot_lsp.lint.engine import Linter
from pivot_lsp.source.listing import may_be_about_stages, modules_about_stages
from pivot_lsp.source.module import mentions_pivot
from pivot_lsp.source.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pivot_lsp.lint.rule import Finding
    from pivot_lsp.source.module import Module

_NOTHING = LintConfig(select=())
Prepared: TypeAlias = tuple[Linter, str | None]


class Home(NamedTuple):
    """The linter that knows a file, and by which path."""

    linter: Linter
    path: str

    @property
    def module(self) -> Module | None:
        return self.linter.sources.module(self.path)


class Reading:
    """A text that Python can parse, for as long as it is the newest one of its file."""

    def __init__(self, text: str, home: Home | None) -> None:
        self.text = text
        self.home = home  # None: it has nothing to do with Pivot

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the lint finds in it now; an edit of another file can change that."""
        module = self._module
        if self.home is None or module is None:
            return ()
        return self.home.linter.findings(self.home.path)

    @cached_property
    def definitions(self) -> dict[str, int]:
        """The line of the ``def`` of each function at module level."""
        module = self._module
        return {
            node.name: node.lineno + part.top.first_line - 1
            for part in (module.parts if module is not None else ())
            for node in part.top.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    @property
    def _module(self) -> Module | None:
        module = self.home.module if self.home is not None else None
        return module if module is not None and module.text == self.text else None


class Linters:
    """Use from the event loop's thread only. ``begun`` is called with the root of each project before it is
    read, ``ready`` when it has been, ``wrong`` with what is wrong in its settings, and ``watch`` with each
    task that nobody waits for. ``shown`` waits while a project is read, and may show a person that it takes
    long."""

    def __init__(
        self,
        begun: Callable[[Path], None],
        ready: Callable[[], None],
        wrong: Callable[[str], None],
        watch: Callable[[asyncio.Task[None]], None],
        shown: Callable[[Path, Awaitable[Prepared]], Awaitable[Prepared]],
    ) -> None:
        self._begun = begun
        self._ready = ready
        self._wrong = wrong
        self._watch = watch
        self._shown = shown
        self._by_root: dict[Path, Linter | None] = {}  # None: being read for the first time
        self._alone: dict[Path, Linter] = {}
        self._reading: dict[Path, asyncio.Task[None]] = {}
        self._missed: dict[Path, list[Path | None]] = {}  # what changed in a project while it was read

    def read(self, path: Path, text: str) -> Reading:
        """A new text of a file. Raises SyntaxError if Python wouldn't take it."""
        home = self.home(path)
        if home.linter.sources.project is None and not mentions_pivot(text):
            return Reading(text, None)  # not even parsed
        home.linter.sources.put(home.path, text)
        if home.module is None or home.module.text != text:
            raise SyntaxError(f"{path} can't be parsed")
        return Reading(text, home)

    def home(self, path: Path) -> Home:
        """The linter of a file's project; one of its own while there is none, or it is being read."""
        project = project_of(path)
        if project is not None and project.is_own(path):
            linter = self._of(project)
            if linter is not None:
                return Home(linter, path.relative_to(project.root).as_posix())
        if path not in self._alone:
            self._alone[path] = Linter(Sources(None))
        return Home(self._alone[path], path.name)

    async def of_file(self, path: Path) -> Document | None:
        """A file that isn't open, as if it were; None if it is in no project, or can't be parsed."""
        project = project_of(path)
        if project is None or not project.is_own(path):
            return None
        home = Home(await self.of(project), path.relative_to(project.root).as_posix())
        if home.module is None:
            return None
        reading = Reading(home.module.text, home)
        return Document(path.as_uri(), path, None, home.module.lines, lambda path, text: reading)

    def changed(self, path: Path | None) -> None:
        """A file that isn't open has changed, came or went (None: any may have)."""
        for root, linter in list(self._by_root.items()):
            if root in self._reading:
                self._missed.setdefault(root, []).append(path)
            elif _is_about_all(path):
                self._begin(Project(root))  # until then, what was read counts
                continue
            if linter is None or path is None:
                continue
            if path.is_relative_to(root):
                if path.suffix == ".py":
                    logical = path.relative_to(root).as_posix()
                    linter.sources.forget(logical)
                    own = project_of(path)
                    if own is not None and own.root == root and may_be_about_stages(path):
                        linter.sources.include([logical])
                else:
                    linter.sources.refresh()  # a run, perhaps, which makes files

    @property
    def roots(self) -> list[Path]:
        """Those of the projects that are read."""
        return [root for root, linter in self._by_root.items() if linter is not None]

    def forget(self, root: Path) -> None:
        """Nobody is interested in a project any more."""
        self._by_root.pop(root, None)
        self._reading.pop(root, None)
        self._missed.pop(root, None)

    def closed(self, path: Path) -> None:
        """The editor doesn't have it any more."""
        self._alone.pop(path, None)
        self.changed(path)

    def _of(self, project: Project) -> Linter | None:
        if project.root not in self._by_root:
            self._by_root[project.root] = None
            self._begun(project.root)
            self._begin(project)
        return self._by_root[project.root]

    def _begin(self, project: Project) -> None:
        task = asyncio.get_running_loop().create_task(self._prepare(project))
        self._reading[project.root] = task
        self._watch(task)

    async def of(self, project: Project) -> Linter:
        """The linter of a project, when that has been read."""
        while (linter := self._of(project)) is None:
            await asyncio.shield(self._reading[project.root])
        return linter

    async def _prepare(self, project: Project) -> None:
        linter, problem = await self._shown(project.root, asyncio.to_thread(_prepared, project))
        if self._reading.get(project.root) is not asyncio.current_task():
            return  # nobody is interested in it any more, or it is being read anew
        del self._reading[project.root]
        if problem is not None:
            self._wrong(problem)
        missed = self._missed.pop(project.root, [])
        if any(map(_is_about_all, missed)):
            self._begin(project)
            return
        self._by_root[project.root] = linter
        for path in missed:
            self.changed(path)
        self._ready()


def _is_about_all(path: Path | None) -> bool:
    """Whether a file that has changed can make all findings of its project others."""
    return path is None or path.name == "pyproject.toml"


def _prepared(project: Project) -> Prepared:
    """A linter whose sources are read already, and what is wrong with its settings."""
    problem = None
    try:
        config = load_config(project.root)
    except UsageError as error:
        config, problem = _NOTHING, str(error)
    linter = Linter(Sources(project), config=config)
    linter.sources.include(modules_about_stages(project))
    for module in linter.sources.modules:
        linter.findings(module.path)
    return linter, problem
