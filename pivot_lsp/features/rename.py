"""Another path for an artifact, everywhere it is written."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from pivot_lsp.asked import Asked, asked_at, location

if TYPE_CHECKING:
    from pivot_lsp.mentions import Mention
    from pivot_lsp.session import Session

_QUOTED = re.compile(r"""[rRuUbB]*("{3}|'{3}|"|')""")
_UNFIT = re.compile(r"[\\\x00-\x1f\x7f]")


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        asked = asked_at(session, params.text_document.uri, params.position)
        mention = asked.mention if asked is not None else None
        if asked is None or mention is None:
            return None
        place = location(session, asked, mention.file, mention.span).range
        return types.PrepareRenamePlaceholder(place, mention.text.value)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        asked = asked_at(session, params.text_document.uri, params.position)
        mention = asked.mention if asked is not None else None
        if asked is None or mention is None:
            return None
        return _renamed(session, asked, mention, _checked(params.new_name, mention))


def _checked(name: str, mention: Mention) -> str:
    """A path that an artifact can have in the place of another. Raises JsonRpcInvalidParams."""
    name = name.strip().strip("\"'")
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or parts[0] == ".pivot" or _UNFIT.search(name):
        raise JsonRpcInvalidParams(f"{name!r} isn't a path inside the project")
    if name.endswith("/") != mention.path.endswith("/"):
        raise JsonRpcInvalidParams("the path of a folder ends with /, and only that does")
    return name


def _renamed(session: Session, asked: Asked, mention: Mention, name: str) -> types.WorkspaceEdit:
    from pivot_lsp.mentions import mentions

    edits: dict[str, list[types.TextEdit]] = {}
    for other in mentions(asked.sources):
        inside = mention.path.endswith("/") and other.path.startswith(mention.path)
        if inside or other.path == mention.path:
            place = location(session, asked, other.file, other.span)
            new = name + other.path.removeprefix(mention.path)
            edits.setdefault(place.uri, []).append(types.TextEdit(place.range, _literal(other, new)))
    return types.WorkspaceEdit(changes=edits)


def _literal(mention: Mention, name: str) -> str:
    """The path as a literal, in the quotes that the former one has."""
    top, node = mention.text.top, mention.text.node
    written = ast.get_source_segment(top.text, node) or ""
    found = _QUOTED.match(written)
    quote = found.group(1)[0] if found is not None else '"'
    return f"{quote}{name}{quote}" if quote not in name else repr(name)
