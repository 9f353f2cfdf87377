"""What is known of a stage or an artifact, where its name is written."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from pivot_lsp.asked import Asked, asked_at, location
from pivot_lsp.features.why import explained
from pivot_lsp.lenses import why_not
from pivot_lsp.markup import plain
from pivot_lsp.places import places
from pivot_lsp.read import of_function, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pivot_core.status import StageStatus
    from pivot_core.types import Reason
    from pivot_lsp.answers import Answer
    from pivot_lsp.mentions import Mention, StageAt
    from pivot_lsp.session import Session
    from pivot_lsp.source.registered import Stage

_VARIANTS = 5  # of one function: more than these nobody reads


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        asked = asked_at(session, params.text_document.uri, params.position)
        if asked is None:
            return None
        use = asked.use
        mention = use.mention if use is not None else asked.mention
        at = asked.stage if mention is None else None
        named = use or mention or at
        if named is None:
            return None
        place = location(session, asked.sources, asked.path, named.span)  # before the text is another
        if mention is not None:
            answer = await session.verdicts(asked.project).current()
            text = "\n".join(_artifact(asked, mention, answer))
        elif at is not None:
            text = await _function(session, asked, at)
        if _shows_markdown(session):
            content = types.MarkupContent(types.MarkupKind.Markdown, text)
        else:
            content = types.MarkupContent(types.MarkupKind.PlainText, plain(text))
        return types.Hover(content, place.range if place is not None else None)


def _shows_markdown(session: Session) -> bool:
    client = session.server.client_capabilities.text_document
    formats = client.hover.content_format if client is not None and client.hover is not None else None
    return not formats or types.MarkupKind.Markdown in formats


async def _function(session: Session, asked: Asked, at: StageAt) -> str:
    """What is known of the stages that a function is registered as."""
    from pivot_lsp.mentions import stages_of

    written = {stage.name: stage for stage in stages_of(asked.sources, at.function)}
    answer = await session.verdicts(asked.project).current()
    statuses = of_function(answer, at.function)
    told = {status.spec.name for status in statuses}
    unread = [stage for name, stage in written.items() if name not in told]
    if statuses and None in written:  # what it is called is told by the last reading of pipeline.py only
        unread = [stage for stage in unread if stage.name is not None]
    texts = [
        await _status(session, asked, status, written.get(status.spec.name))
        for status in _most_telling(statuses)[:_VARIANTS]
    ]
    why = why_not(answer, session.viewer(asked.project)) or "pipeline.py is being read again"
    texts += [_unread(stage, why) for stage in unread]
    if len(statuses) > _VARIANTS:
        texts.append(f"and {len(statuses) - _VARIANTS} more stages")
    return "\n\n---\n\n".join(texts) or "no stage: nobody registers this function"


def _most_telling(statuses: Sequence[StageStatus]) -> list[StageStatus]:
    """Those that aren't fresh first."""
    return sorted(statuses, key=lambda status: status.verdict.state == "fresh")


async def _status(session: Session, asked: Asked, status: StageStatus, written: Stage | None) -> str:
    from pivot_core.cli.wording import ago, duration
    from pivot_lsp.explaining import reasons  # with the engine: not before the client has its answer

    spec, last = status.spec, status.last_run
    state = status.verdict.state.replace("_", " ")
    lines = [f"**{spec.name}** · {'never succeeded' if last and state == 'never run' else state}"]
    if last is not None:
        failed = f", failed: {last.failed}" if last.failed else ""
        lines += ["", f"last run {ago(last.at)}, {duration(last.duration_s)} ({last.at}){failed}"]
    if any(_has_more(reason, asked.root) for reason in status.verdict.reasons):
        with contextlib.suppress(JsonRpcInvalidParams):  # it went meanwhile: then with less
            status = await explained(session, asked.project, spec.name)
    lines += reasons(status, places(session, asked.project))
    if written is None:
        return "\n".join([*lines, *_paths([dep.path for dep in spec.deps], [out.path for out in spec.outs])])
    return "\n".join([*lines, *_written(written)])


def _has_more(reason: Reason, root: Path) -> bool:
    """Whether there is more to say of it than a lens has room for: what changed in code, or in a folder."""
    if reason.kind in ("input", "output"):
        return (root / reason.subject).is_dir()
    return reason.kind == "code"


def _unread(stage: Stage, why: str) -> str:
    return "\n".join([f"**{stage.title}**", "", why, *_written(stage)])


def _written(stage: Stage) -> Iterator[str]:
    return _paths([use.path for use in stage.inputs], [use.path for use in stage.outputs])


def _paths(read: Iterable[str], written: Iterable[str]) -> Iterator[str]:
    for verb, paths in (("reads", read), ("writes", written)):
        named = ", ".join(f"`{path}`" for path in paths)
        if named:
            yield from ("", f"{verb} {named}")


def _artifact(asked: Asked, mention: Mention, answer: Answer) -> Iterator[str]:
    makers = _names(asked, mention.path, answer, reading=False)
    readers = _names(asked, mention.path, answer, reading=True)
    yield f"**{mention.path}**\n"
    if makers or mention.is_input:
        yield f"- made by {', '.join(makers) if makers else 'no stage: a source'}"
    else:
        yield "- no stage makes it: this isn't registered, or with another path"
    if readers:
        yield f"- read by {', '.join(readers)}"
    yield from _on_disk(asked, mention.path)
    digest = _recorded(asked, mention.path, makers)
    if digest is not None:
        yield f"- recorded content `{digest}`"


def _names(asked: Asked, path: str, answer: Answer, *, reading: bool) -> list[str]:
    """The stages by the text, and those of which only reading ``pipeline.py`` tells the name or the paths."""
    found: dict[str, None] = {}
    for stage in asked.sources.stages:
        uses = stage.inputs if reading else stage.outputs
        if stage.name is not None and any(use.path == path for use in uses):
            found[stage.name] = None
    for spec in unwritten(asked.sources, answer):
        if path in [item.path for item in (spec.deps if reading else spec.outs)]:
            found[spec.name] = None
    return list(found)


def _on_disk(asked: Asked, path: str) -> Iterator[str]:
    from datetime import datetime

    file = asked.root / path
    try:
        stat = file.stat()
    except OSError:
        yield "- not there"
        return
    written = datetime.fromtimestamp(stat.st_mtime).astimezone().isoformat(" ", "seconds")
    size = "a folder" if file.is_dir() else f"{stat.st_size:,} bytes"
    yield f"- {size}, written {written}"


def _recorded(asked: Asked, path: str, makers: list[str]) -> str | None:
    """The content address of an output, by the lock file of the stage that makes it."""
    from pivot_core.store.lock import Locks
    from pivot_core.types import Lock

    for lock in Locks(asked.project.locks).read_all(makers).values():
        if isinstance(lock, Lock) and path in lock.outs:
            return lock.outs[path]
    return None
