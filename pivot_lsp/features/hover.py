"""What is known of a stage or an artifact, where its name is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from pivot_core.cli.wording import subject
from pivot_lsp.answers import Known
from pivot_lsp.asked import Asked, asked_at, location

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.mentions import Mention
    from pivot_lsp.session import Session
    from pivot_lsp.source.registered import Stage


def register(session: Session) -> None:
    server = session.server

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        asked = asked_at(session, params.text_document.uri, params.position)
        if asked is None:
            return None
        if (mention := asked.mention) is not None:
            text, span = "\n".join(_artifact(asked, mention)), mention.span
        elif (at := asked.stage) is not None:
            from pivot_lsp.mentions import stages_of

            stages = stages_of(asked.sources, at.function)
            text = "\n\n---\n\n".join([await _stage(session, asked, stage) for stage in stages])
            text, span = text or "no stage: nobody registers this function", at.span
        else:
            return None
        place = location(session, asked, asked.path, span).range
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)


async def _stage(session: Session, asked: Asked, stage: Stage) -> str:
    lines = [f"**{stage.name or 'a stage'}**"]
    answer = await session.verdicts(asked.project).current()
    if isinstance(answer, Known):
        status = next((one for one in answer.stages if one.spec.name == stage.name), None)
        if status is not None:
            lines[0] += f" · {status.verdict.state.replace('_', ' ')}"
            if (last := status.last_run) is not None:
                failed = f", failed: {last.failed}" if last.failed else ""
                lines.append(f"last run {last.at}, {last.duration_s:.1f} s{failed}")
            for reason in status.verdict.reasons:
                place = f" (`{reason.path}:{reason.line}`)" if reason.path and reason.line else ""
                lines.append(
                    f"- {reason.kind.replace('_', ' ')}: **{subject(reason)}** {reason.detail}{place}"
                )
    else:
        lines.append(answer.why)
    if stage.inputs:
        lines.append("reads " + ", ".join(f"`{use.path}`" for use in stage.inputs))
    if stage.outputs:
        lines.append("writes " + ", ".join(f"`{use.path}`" for use in stage.outputs))
    return "\n\n".join(lines)


def _artifact(asked: Asked, mention: Mention) -> Iterator[str]:
    makers = _names(asked, mention.path, reading=False)
    readers = _names(asked, mention.path, reading=True)
    yield f"**{mention.path}**\n"
    yield f"- made by {', '.join(makers) if makers else 'no stage: a source'}"
    if readers:
        yield f"- read by {', '.join(readers)}"
    yield from _on_disk(asked, mention.path)
    digest = _recorded(asked, mention.path, makers)
    if digest is not None:
        yield f"- recorded content `{digest}`"


def _names(asked: Asked, path: str, *, reading: bool) -> list[str]:
    found: dict[str, None] = {}
    for stage in asked.sources.stages:
        uses = stage.inputs if reading else stage.outputs
        if any(use.path == path for use in uses):
            found[stage.name or "a stage"] = None
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
