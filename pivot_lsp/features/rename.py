"""Another path for an artifact, everywhere it is written."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from pivot_core.artifacts.paths import logical
from pivot_lsp.asked import Asked, asked_at, location
from pivot_lsp.messages import show
from pivot_lsp.read import unwritten

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
        _refuse_if_half_typed(session, asked)
        place = location(session, asked, mention.file, mention.span)
        return types.PrepareRenamePlaceholder(place.range, mention.text.value) if place is not None else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        asked = asked_at(session, params.text_document.uri, params.position)
        mention = asked.mention if asked is not None else None
        if asked is None or mention is None:
            return None
        _refuse_if_half_typed(session, asked)
        name = _checked(params.new_name, mention)
        _refuse_if_made(asked, mention, name)
        edit = _renamed(session, asked, mention, name)
        await _tell_of_others(session, asked, mention)
        return edit


def _refuse_if_half_typed(session: Session, asked: Asked) -> None:
    """Where a text can't be parsed, nobody knows whether it names the path. Raises JsonRpcInvalidParams."""
    for path, document in session.documents.of(asked.project):
        if document.reading is None:
            raise JsonRpcInvalidParams(f"{path} can't be parsed at the moment: mend its syntax, then rename")


def _checked(name: str, mention: Mention) -> str:
    """A path that an artifact can have in the place of another. Raises JsonRpcInvalidParams."""
    name = name.strip().strip("\"'")
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or parts[0] == ".pivot" or _UNFIT.search(name):
        raise JsonRpcInvalidParams(f"{name!r} isn't a path inside the project")
    if name.endswith("/") != mention.path.endswith("/"):
        raise JsonRpcInvalidParams("the path of a folder ends with /, and only that does")
    return name


def _refuse_if_made(asked: Asked, mention: Mention, name: str) -> None:
    """Two stages can't make one file. Raises JsonRpcInvalidParams."""
    from pivot_lsp.mentions import mentions

    made = {other.path: other for other in mentions(asked.sources) if not other.is_input}
    new = logical(name)
    if mention.path in made and new in made and new != mention.path:
        stages = ", ".join(stage.title for stage in made[new].stages) or "a stage"
        raise JsonRpcInvalidParams(f"{stages} makes {new} already: choose another path")


async def _tell_of_others(session: Session, asked: Asked, mention: Mention) -> None:
    """Say where the path comes from code that puts it together, which nobody can rename for a person."""
    from pivot_lsp.mentions import mentions

    renamed = {
        (stage.function.top.path, stage.function.node.name)
        for other in mentions(asked.sources)
        if other.path == mention.path
        for stage in other.stages
        if stage.function is not None
    }
    answer = await session.verdicts(asked.project).current()
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
            place = location(session, asked, other.file, other.span)
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
