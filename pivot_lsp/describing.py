"""One pipeline for a view of it: its stages, how they are, what they read and write, where all that is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pivot_core.artifacts.missing import is_there
from pivot_lsp import protocol
from pivot_lsp.answers import Known, Unread
from pivot_lsp.lenses import Viewer, remark_on, said, why_not
from pivot_lsp.places import places
from pivot_lsp.source.connections import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pivot_core.project import Project
    from pivot_core.status import StageStatus
    from pivot_lsp.answers import Answer
    from pivot_lsp.places import Places
    from pivot_lsp.runs import UnderWay
    from pivot_lsp.session import Session


def described(session: Session, project: Project, answer: Answer) -> Callable[[], protocol.Pipeline]:
    """What is known at this moment; call the result beside the event loop, since it looks at files."""
    root, viewer = project.root, session.viewer(project)
    why, running = why_not(answer, viewer) or None, len(session.runs.of(root))
    if not isinstance(answer, Known):
        without: protocol.Knowledge = "unread" if isinstance(answer, Unread) else "unknown"
        return lambda: protocol.Pipeline(str(root), root.name, without, why, [], running)
    at = places(session, project, (item.spec for item in answer.stages))
    summaries = _summaries(session, project, answer, viewer)
    under_way = {item.spec.name: session.runs.at(root, item.spec.name) for item in answer.stages}

    def describe() -> protocol.Pipeline:
        stages = _Stages(project, answer, at, summaries, under_way)
        made = [stages.described(item) for item in answer.stages]
        state: protocol.Knowledge = "outdated" if answer.outdated else "known"
        return protocol.Pipeline(str(root), answer.name, state, why, made, running)

    return describe


def _summaries(session: Session, project: Project, answer: Known, viewer: Viewer) -> dict[str, str]:
    unread = {path: one.unread for path, one in session.documents.of(project)}
    return {
        item.spec.name: said(item, remark_on(answer, viewer, unread.get(item.spec.path, "")), viewer)
        for item in answer.stages
    }


class _Stages:
    def __init__(
        self,
        project: Project,
        answer: Known,
        places: Places,
        summaries: Mapping[str, str],
        under_way: Mapping[str, UnderWay | None],
    ) -> None:
        self._root = project.root
        self._upstream = answer.graph.upstream
        self._producers = _producers(answer)
        self._places = places
        self._summaries = summaries
        self._under_way = under_way
        self._now = time.monotonic()

    def described(self, status: StageStatus) -> protocol.Stage:
        spec, verdict, last = status.spec, status.verdict, status.last_run
        activity = self._under_way[spec.name]
        since = activity.since if activity is not None else None
        return protocol.Stage(
            name=spec.name,
            state=verdict.state,
            activity=None if activity is None else "queued" if since is None else "running",
            since=None if since is None else round(self._now - since, 1),
            progress=_progress(activity),
            summary=self._summaries[spec.name],
            reasons=reasons(status, self._places),
            location=self._places.of_stage(spec),
            inputs=[self._input(dep.path) for dep in spec.deps],
            outputs=[
                protocol.Output(out.path, self._uri(out.path), out.kind, is_there(self._root, out.path))
                for out in spec.outs
            ],
            upstream=self._upstream.get(spec.name, ()),
            last_run=None if last is None else protocol.LastRun(last.at, last.duration_s, last.failed),
        )

    def _input(self, path: str) -> protocol.Input:
        kind: protocol.InputKind = "directory" if path.endswith("/") else "file"
        there = is_there(self._root, path)
        return protocol.Input(path, self._uri(path), self._producers[path], there, kind)

    def _uri(self, path: str) -> str:
        return self._places.uri(path)


def reasons(status: StageStatus, at: Places) -> list[protocol.Reason]:
    """Those of its verdict, with their places."""
    return [
        protocol.Reason(one.kind, one.subject, one.detail, at.of_line(one.path, one.line))
        for one in status.verdict.reasons
    ]


def _progress(activity: UnderWay | None) -> protocol.HowFar | None:
    found = activity.progress if activity is not None else None
    return protocol.HowFar(found.text, found.done, found.total) if found is not None else None


def _producers(answer: Known) -> dict[str, str | None]:
    """By input, the stage that makes it, or the first that makes something in it."""
    outputs = [(out.path, item.spec.name) for item in answer.stages for out in item.spec.outs]
    inputs = tuple(dict.fromkeys(dep.path for item in answer.stages for dep in item.spec.deps))
    made = makers(tuple(path for path, _ in outputs), inputs)
    return {path: outputs[by[0]][1] if by else None for path, by in zip(inputs, made, strict=True)}
