"""What lenses say: a stage's verdict with its main reason, in as few words as that takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pivot_core.cli.wording import ago, duration, progress, subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pivot_core.status import StageStatus
    from pivot_core.types import Reason
    from pivot_lsp.runs import UnderWay

_NAMED = 2  # stages that are waited for


def of_stages(stages: Sequence[StageStatus]) -> str:
    """One stage's verdict; for variants of one function how many are fresh, and the first that isn't."""
    if len(stages) == 1:
        return of_stage(stages[0])
    counts = Counter(item.verdict.state.replace("_", " ") for item in stages)
    title = f"{len(stages)} stages: " + ", ".join(f"{number} {state}" for state, number in counts.items())
    first = next((item for item in stages if item.verdict.state != "fresh"), None)
    return title if first is None else f"{title} · {first.spec.name}: {of_stage(first)}"


def of_stage(status: StageStatus) -> str:
    """``fresh · 1.2 s · 3 h ago``, ``stale: helpers.normalise changed``, ``waiting for clean``."""
    state, last = status.verdict.state, status.last_run
    reasons = [reason for reason in status.verdict.reasons if reason.kind not in ("failed", "upstream")]
    failed = last.failed if last is not None else None
    if state == "fresh":
        return f"fresh · {duration(last.duration_s)} · {ago(last.at)}" if last is not None else "fresh"
    if state == "upstream_stale":
        return _waiting([reason.subject for reason in status.verdict.reasons])
    if state == "never_run":
        return f"failed: {failed}" if failed else "never run"
    title = f"{state}: {_reasons(reasons)}"
    return f"{title} · last run failed" if failed else title


def of_runs(under_way: Sequence[UnderWay], total: int, now: float) -> str:
    """``queued``, ``running… 3 s``; and of several stages, how many are under way. ``now`` is monotonic."""
    since = {one.since: one for one in under_way if one.since is not None}
    if not since:
        return "queued" if total == 1 else f"{len(under_way)} of {total} stages queued"
    first = min(since)
    title = f"running… {_whole(now - first)}"
    if total > 1:
        return f"{len(since)} of {total} stages {title}"
    how_far = since[first].progress
    return f"{title} · {progress(how_far)}" if how_far is not None else title


def _waiting(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return f"waiting for {', '.join(names[:_NAMED])}" + (f" and {more} more" if more > 0 else "")


def _reasons(reasons: Sequence[Reason]) -> str:
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    first = reasons[0]
    return f"{subject(first)} {first.detail.replace(' since the last run', '')}{more}"


def _whole(seconds: float) -> str:
    return f"{int(seconds)} s" if seconds < 60 else duration(seconds)
