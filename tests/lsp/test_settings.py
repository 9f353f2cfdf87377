"""The editor's settings, and whether it trusts the workspace."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from pivot_lsp.connection import Server
from pivot_lsp.server import connect
from pivot_lsp.settings import Settings, read

if TYPE_CHECKING:
    from conftest import Editor, Project

pytestmark = pytest.mark.timeout(60)


class Written:
    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


def test_a_wrong_setting_has_its_default_and_is_named() -> None:
    settings, (message,) = read({"trusted": "no", "inlayHints": {"enabled": True}, "somethingElse": 1})
    assert settings == Settings(trusted=True, inlay_hints=True)
    assert message == "the setting pivot.trusted is true or false, not 'no': taken as true"


@pytest.mark.parametrize("given", [None, 7, [], {}, {"inlayHints": None}, {"inlayHints": 3}])
def test_no_settings_are_the_defaults(given: object) -> None:
    assert read(given) == (Settings(), ())


@pytest.mark.parametrize(
    ("initialization", "said", "setting", "trusted"),
    [
        (None, None, True, True),
        ({"trusted": False}, None, True, False),
        ({"trusted": False}, True, True, True),
        ({"trusted": False}, True, False, False),  # a folder's own settings can't give trust
        (None, False, True, False),
        (None, None, False, False),
    ],
)
@pytest.mark.asyncio
async def test_a_workspace_is_trusted_if_nobody_says_otherwise(
    initialization: dict[str, bool] | None, said: bool | None, setting: bool, trusted: bool
) -> None:
    server = Server()
    server.protocol.set_writer(Written())
    session = connect(server)
    asked = []
    session.on_settings(lambda: asked.append(session.trusted))
    params = types.InitializeParams(types.ClientCapabilities(), initialization_options=initialization)
    server.protocol.handle_message(types.InitializeRequest(1, params))
    if said is not None:
        message = {"jsonrpc": "2.0", "method": "pivot/trust", "params": {"trusted": said}}
        server.protocol.receive(json.dumps(message).encode())
    session.configure(read({"trusted": setting})[0])
    assert session.trusted is trusted


@pytest.mark.asyncio
async def test_the_settings_are_asked_for_when_they_change(project: Project, editor: Editor) -> None:
    """And a mistake in them is shown once, however often they are read."""
    client = editor.client
    client.set_configuration("nobody", section="pivot.trusted")
    for _ in range(3):
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    await editor.until(lambda: client.shown)
    editor.open("pipeline.py")
    await editor.diagnostics("pipeline.py")
    await asyncio.sleep(0.2)
    (message,) = client.shown
    assert "pivot.trusted" in message.message
    dynamic = client.capabilities.workspace.did_change_configuration
    if dynamic and dynamic.dynamic_registration:
        assert client.registered["pivot-settings"] == types.WORKSPACE_DID_CHANGE_CONFIGURATION


@pytest.mark.asyncio
async def test_other_rules_in_pyproject_count_before_anything_is_typed(
    project: Project, editor: Editor
) -> None:
    text = project.text("pipeline.py") + 'pipeline.register(lambda: "", name="x")\n'
    project.write("pipeline.py", text)
    editor.open("pipeline.py")
    await editor.until_problems("pipeline.py", lines=[7])
    project.write("pyproject.toml", '[tool.pivot.lint]\nignore = ["PVT101"]\n')
    editor.told_of_change("pyproject.toml")
    await editor.until_problems("pipeline.py", lines=[])
    project.write("pyproject.toml", "")
    editor.told_of_change("pyproject.toml")
    await editor.until_problems("pipeline.py", lines=[7])
