"""Asks the client to tell of files that change. For one that can't, the server looks by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.answers import Known
from pivot_lsp.later import Later
from pivot_lsp.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pivot_lsp.answers import Answer
    from pivot_lsp.session import Session

# What verdicts come from, as far as one pattern can say it: code, params, the lint's and Pivot's settings,
# records of runs, and the state, which has a new definition after `pivot-core status`.
_ALWAYS = (
    "**/*.py",
    "**/params.yaml",
    "**/pyproject.toml",
    "**/.pivot/config.yaml",
    "**/.pivot/stages/*.lock",
    "**/.pivot/state.lmdb/data.mdb",
)
_SPECIAL = re.compile(r"[*?{}\[\],]")  # in patterns, where nothing can take that back
_METHOD = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
_ARTIFACTS = "pivot-artifacts"
_AT_MOST = 1_000  # patterns for artifacts: of more, for the folders that they are in
_PAUSE_S = 0.5


def start(session: Session) -> list[types.Registration]:
    """What to register for it, now that the client is there."""
    if not _can_tell(session.server.client_capabilities):
        session.watching = Watching(session)
        return []
    _Artifacts(session)
    return [_registration("pivot-files", _ALWAYS)]


def ask_client(session: Session, registrations: Iterable[types.Registration]) -> None:
    """Have the client tell from now on. What changes before it does, nobody tells: it is looked for then."""
    params = types.RegistrationParams([*registrations])
    session.server.client_register_capability(params).add_done_callback(lambda _: session.look_again())


def _can_tell(client: types.ClientCapabilities) -> bool:
    workspace = client.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    return watching is not None and bool(watching.dynamic_registration)


def _registration(name: str, patterns: Iterable[str]) -> types.Registration:
    watchers = [types.FileSystemWatcher(pattern) for pattern in patterns]
    return types.Registration(name, _METHOD, types.DidChangeWatchedFilesRegistrationOptions(watchers))


class _Artifacts:
    """Has the client watch what the stages of all projects read and write, too, as soon as that is known."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_root: dict[Path, frozenset[str]] = {}
        self._asked_for: list[str] = []
        self._later = Later(_PAUSE_S, self._ask)
        session.on_verdicts(self._answered)

    def _answered(self, root: Path, answer: Answer) -> None:
        if isinstance(answer, Known):
            found = frozenset(path for item in answer.stages for path in item.spec.paths)
            if self._by_root.get(root) != found:
                self._by_root[root] = found
                self._later.ask()

    def _ask(self) -> None:
        wanted = sorted(_patterns(frozenset().union(*self._by_root.values())))
        if wanted == self._asked_for:
            return
        server = self._session.server
        if self._asked_for:
            former = types.Unregistration(_ARTIFACTS, _METHOD)
            server.client_unregister_capability(types.UnregistrationParams([former]))
        if wanted:
            ask_client(self._session, [_registration(_ARTIFACTS, wanted)])
        self._asked_for = wanted


def _patterns(paths: frozenset[str]) -> Iterator[str]:
    """For any project: who has two that are called alike is told of both."""
    if len(paths) > _AT_MOST:
        folders = {path: path.rstrip("/").rpartition("/")[0] for path in paths}
        paths = frozenset(f"{folder}/" if folder else path for path, folder in folders.items())
    if len(paths) > _AT_MOST:
        return  # who asks for verdicts has them looked at again
    for path in paths:
        plain = _SPECIAL.sub("?", path)
        yield f"**/{plain}**" if path.endswith("/") else f"**/{plain}"
