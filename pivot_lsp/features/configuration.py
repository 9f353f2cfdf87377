"""The editor's settings, now and when they change; and whether it trusts the workspace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types

from pivot_lsp.settings import Settings, read

if TYPE_CHECKING:
    from pivot_lsp.session import Session

TRUST = "pivot/trust"
_SECTION = "pivot"


class Trust(NamedTuple):
    """What :data:`TRUST` says. (pygls hands over an object of its own with the same fields.)"""

    trusted: bool


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def changed(params: types.DidChangeConfigurationParams) -> None:
        if _asks(server.client_capabilities):
            await ask(session)
        elif isinstance(params.settings, dict):
            take(session, params.settings.get(_SECTION))

    @server.feature(TRUST)
    def trust(params: Trust) -> None:
        """``{"trusted": true}``: a person has just said so, or has taken it back."""
        session.trust(getattr(params, "trusted", False) is True)


def take(session: Session, given: object) -> None:
    """These are the settings."""
    settings, wrong = read(given)
    for message in wrong:
        session.tell(message)
    session.configure(settings)


async def ask(session: Session) -> None:
    """Ask the client for the settings."""
    item = types.ConfigurationItem(section=_SECTION)
    (given,) = await session.server.workspace_configuration_async(types.ConfigurationParams([item]))
    take(session, given)


def start(session: Session) -> list[types.Registration]:
    """What to register for it, now that the client is there. Asks for the settings."""
    client = session.server.client_capabilities
    if _asks(client):
        session.configure(Settings(trusted=False))  # they may say so: nothing runs before they are known
        session.asking = asyncio.get_running_loop().create_task(ask(session))
        session.server.watch(session.asking)
    workspace = client.workspace
    dynamic = workspace.did_change_configuration if workspace is not None else None
    if dynamic is None or not dynamic.dynamic_registration:
        return []
    options = types.DidChangeConfigurationRegistrationOptions(section=_SECTION)
    return [
        types.Registration("pivot-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options),
    ]


def _asks(client: types.ClientCapabilities) -> bool:
    return client.workspace is not None and bool(client.workspace.configuration)
