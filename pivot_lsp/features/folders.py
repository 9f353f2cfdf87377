"""Folders that come to the workspace, or go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from pivot_lsp.session import Session


def register(session: Session) -> None:
    @session.server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        """pygls has noted them already."""
        session.folders.changed()
        session.new_findings()
