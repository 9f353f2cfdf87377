"""Coming and going with the client, and asking it to tell of files and settings that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_lsp.ending import leave_with
from pivot_lsp.features import configuration, watching
from pivot_lsp.settings import read

if TYPE_CHECKING:
    from pivot_lsp.session import Session


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
        wanted = [*configuration.start(session), *watching.start(session)]
        if wanted:
            watching.ask_client(session, wanted)
        session.warm_up()
