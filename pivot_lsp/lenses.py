"""The lenses of one document: its state, and what can be done, above each function that is a stage."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp import wording
from pivot_lsp.answers import Known, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pivot_core.status import StageStatus
    from pivot_lsp.answers import Answer
    from pivot_lsp.documents import Document
    from pivot_lsp.loading import State
    from pivot_lsp.runs import Runs

PIPELINE = "pipeline.py"
_READING = f"reading {PIPELINE}…"
_UNEXPLAINED = ("stale", "upstream_stale", "error")  # there is more to say than the lens has room for
_UNTRUSTED = "this workspace isn't trusted, so its code isn't loaded"


class Viewer(NamedTuple):
    """What a lens depends on besides the verdicts. ``explains``: the client shows what explains one.
    ``elsewhere``: where the mistakes of ``pipeline.py`` are, if not in that."""

    root: Path
    runs: Runs
    loading: State
    trusted: bool
    explains: bool = False
    elsewhere: str = ""


class Lens(NamedTuple):
    """One above a line, counted from 1. Without a command's name it is text."""

    line: int
    title: str
    command: str = ""
    argument: dict[str, object] | None = None


def of_document(answer: Answer, logical: str, document: Document, viewer: Viewer) -> list[Lens]:
    """Those above the functions that are stages, in one line for each function."""
    if not isinstance(answer, Known):
        return []
    by_function = defaultdict(list)
    for item in answer.stages:
        if item.spec.path == logical:
            by_function[item.spec.qualname].append(item)
    remark = remark_on(answer, viewer, document.unread)
    return [
        lens
        for function, line in document.lines_of(by_function).items()
        for lens in _of_function(line, by_function[function], remark, viewer)
    ]


def of_pipeline(answer: Answer, viewer: Viewer) -> list[Lens]:
    """Where there is nothing to say about stages: at the top of ``pipeline.py``, why that is so."""
    if isinstance(answer, Known):
        return []
    return [Lens(1, f"Pivot: {why_not(answer, viewer)}")]


def said(status: StageStatus, remark: str, viewer: Viewer) -> str:
    """What is said of one stage."""
    under_way = viewer.runs.at(viewer.root, status.spec.name)
    if under_way is not None:
        return wording.of_runs([under_way], 1, time.monotonic())
    return wording.of_stage(status) + remark


def why_not(answer: Answer, viewer: Viewer) -> str:
    """Why the verdicts aren't known, or are those on an earlier definition; "" if they are."""
    if isinstance(answer, Known):
        return _outdated(viewer) if answer.outdated else ""
    if not isinstance(answer, Unread):
        return answer.why
    if not viewer.trusted:
        return _UNTRUSTED
    if viewer.loading != "failed":
        return _READING
    return f"{PIPELINE} can't be read: see {viewer.elsewhere or 'its problems'}"


def remark_on(answer: Known, viewer: Viewer, unread: str) -> str:
    """What makes a verdict one on an earlier text, to be put after it. ``unread``: why its document isn't."""
    why = unread or why_not(answer, viewer)
    return f" ({why})" if why else ""


def _outdated(viewer: Viewer) -> str:
    if not viewer.trusted:
        return f"as {PIPELINE} was: {_UNTRUSTED}"
    if viewer.loading == "failed":
        where = f", in {viewer.elsewhere}" if viewer.elsewhere else ""
        return f"as {PIPELINE} was: now it has mistakes{where}"
    return _READING if viewer.loading == "loading" else "the definition changed: save to read it"


def _of_function(line: int, stages: Sequence[StageStatus], remark: str, viewer: Viewer) -> Iterator[Lens]:
    names = [item.spec.name for item in stages]
    under_way = [one for name in names if (one := viewer.runs.at(viewer.root, name)) is not None]
    which: dict[str, object] = {"root": str(viewer.root), "targets": names}
    if under_way:
        yield Lens(line, wording.of_runs(under_way, len(names), time.monotonic()))
        yield Lens(line, "Cancel", "pivot.cancel", which)
        return
    yield Lens(line, wording.of_stages(stages) + remark)
    if viewer.trusted:
        yield from _run(line, stages, which, viewer)
    unexplained = next((item for item in stages if item.verdict.state in _UNEXPLAINED), None)
    if viewer.explains and unexplained is not None:
        about: dict[str, object] = {"root": str(viewer.root), "stage": unexplained.spec.name}
        yield Lens(line, "Explain", "pivot.explain", about)


def _run(
    line: int, stages: Sequence[StageStatus], which: dict[str, object], viewer: Viewer
) -> Iterator[Lens]:
    if all(item.verdict.state == "fresh" for item in stages):
        yield Lens(line, "Run again", "pivot.run", {**which, "only": True, "force": True})
        return
    if _has_inputs(stages, viewer.root):
        yield Lens(line, "Run", "pivot.run", {**which, "only": True})
    if any(reason.kind == "upstream" for item in stages for reason in item.verdict.reasons):
        yield Lens(line, "Run with upstream", "pivot.run", which)


def _has_inputs(stages: Sequence[StageStatus], root: Path) -> bool:
    """Whether they can be run by themselves: then there is something to do, and all that it takes."""
    own = [item for item in stages if item.verdict.state != "upstream_stale"]
    waits = {item.spec.name for item in own if any(r.kind == "upstream" for r in item.verdict.reasons)}
    needed = (dep.path for item in own if item.spec.name in waits for dep in item.spec.deps)
    return bool(own) and all(os.path.exists(f"{root}/{path}") for path in needed)  # noqa: PTH110  # hot
