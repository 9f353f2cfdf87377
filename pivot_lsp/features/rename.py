"""Another path for an artifact, everywhere it is written."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from pivot_lsp.asked import Asked, asked_at, location
from pivot_lsp.messages import show
from pivot_lsp.read import unwritten

if TYPE_CHECKING:
    from pivot_lsp.answers import Answer
    from pivot_lsp.mentions import Mention
    from pivot_lsp.session import Session

_QUOTED = re.compile(r"""[rRuUbB]*("{3}|'{3}|"|')""")


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        asked, mention = _asked(session, params)
        if asked is None or mention is None:
            return None
        place = location(session, asked.sources, mention.file, mention.span)
        return types.PrepareRenamePlaceholder(place.range, mention.text.value) if place is not None else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        asked, mention = _asked(session, params)
        if asked is None or mention is None:
            return None
        answer = await session.verdicts(asked.project).current()
        if session.documents.get(params.text_document.uri) is not asked.document:
            raise JsonRpcContentModified
        name = _checked(asked, mention, answer, params.new_name)
        _tell_of_others(session, asked, mention, answer)
        return _renamed(session, asked, mention, name)


def _asked(
    session: Session, params: types.PrepareRenameParams | types.RenameParams
) -> tuple[Asked | None, Mention | None]:
    """The literal that is to be another. Nothing for a name that stands for it: the server for Python gives
    that another name. Raises JsonRpcInvalidParams."""
    asked = asked_at(session, params.text_document.uri, params.position)
    if asked is None:
        return None, None
    mention = asked.mention
    if mention is None and asked.is_put_together:
        raise JsonRpcInvalidParams("the path is put together from several parts: change these by hand")
    if mention is not None:
        _refuse_if_half_typed(session, asked)
    return asked, mention


def _refuse_if_half_typed(session: Session, asked: Asked) -> None:
    """Where a text can't be parsed, nobody knows whether it names the path. Raises JsonRpcInvalidParams."""
    for path, document in session.documents.of(asked.project):
        if document.reading is None:
            raise JsonRpcInvalidParams(f"{path} can't be parsed at the moment: mend its syntax, then rename")


def _checked(asked: Asked, mention: Mention, answer: Answer, name: str) -> str:
    """A path that an artifact can have in the place of another. Raises JsonRpcInvalidParams."""
    from pivot_lsp.renaming import new_path, why_not

    try:
        path = new_path(name, mention.path, asked.root)
    except ValueError as error:
        raise JsonRpcInvalidParams(str(error)) from error
    why = why_not(asked.sources, answer, mention.path, path, asked.root)
    if why is not None:
        raise JsonRpcInvalidParams(why)
    return path


def _tell_of_others(session: Session, asked: Asked, mention: Mention, answer: Answer) -> None:
    """Say where the path comes from code that puts it together, which nobody can rename for a person."""
    from pivot_lsp.mentions import mentions

    renamed = {
        (stage.function.top.path, stage.function.node.name)
        for other in mentions(asked.sources)
        if other.path == mention.path
        for stage in other.stages
        if stage.function is not None
    }
    others = [
        f"{spec.name} ({spec.path}:{spec.line})"
        for spec in unwritten(asked.sources, answer)
        if mention.path in spec.paths and (spec.path, spec.qualname) not in renamed
    ]
    if others:
        text = f"{mention.path} isn't written down as a text for {', '.join(others)}: change it there by hand"
        show(session.server, types.MessageType.Warning, text)


def _renamed(session: Session, asked: Asked, mention: Mention, name: str) -> types.WorkspaceEdit:
    from pivot_lsp.mentions import mentions

    edits: dict[str, list[types.TextEdit]] = {}
    for other in mentions(asked.sources):
        inside = mention.path.endswith("/") and other.path.startswith(mention.path)
        if inside or other.path == mention.path:
            place = location(session, asked.sources, other.file, other.span)
            if place is None:  # another version came meanwhile
                raise JsonRpcContentModified
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
