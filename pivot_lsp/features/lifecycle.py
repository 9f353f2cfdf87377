"""Coming and going with the client, and asking it to tell of files and settings that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.ending import leave_with
from pivot_lsp.features import configuration
from pivot_lsp.settings import read

if TYPE_CHECKING:
    from pivot_lsp.session import Session

# What verdicts come from, as far as one pattern can say it: code, params, the lint's and Pivot's settings,
# records of runs, and the state, which has a new definition after `pivot-core status`.
_WATCHED = (
    "**/*.py",
    "**/params.yaml",
    "**/pyproject.toml",
    "**/.pivot/config.yaml",
    "**/.pivot/stages/*.lock",
    "**/.pivot/state.lmdb/data.mdb",
)


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        if params.process_id is not None:
            leave_with(params.process_id)
        given = params.initialization_options
        settings, _ = read(given)
        options = given.items() if isinstance(given, Mapping) else ()
        session.begin(settings.trusted, (name for name, value in options if value is True))

    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        wanted = configuration.start(session)
        if _can_watch(server.client_capabilities):
            wanted.append(_watching())
        if wanted:
            server.client_register_capability(types.RegistrationParams(wanted))
        session.warm_up()


def _can_watch(client: types.ClientCapabilities) -> bool:
    workspace = client.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    return watching is not None and bool(watching.dynamic_registration)


def _watching() -> types.Registration:
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
    )
    return types.Registration("pivot-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
