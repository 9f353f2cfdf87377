"""``run --junit FILE``: how the stages of a run ended, in the XML that CI systems show."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from pivot_core.cli import wording
from pivot_core.execute.events import RunStart, StageEnd, StageOutput
from pivot_core.store.atomic import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from pivot_core.execute.events import Event

# What XML 1.0 can't hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHUNKS = 1000  # of a stage's output, the last ones

# JUnit knows passed, failed, in error and skipped. What didn't run because of something else is in error.
_SKIPPED = {"skipped": "it is fresh", "cancelled": "the run stopped before it"}


class JUnit:
    """A listener that keeps what the report needs; :meth:`write` writes it."""

    def __init__(self) -> None:
        self._at = ""
        self._ends: list[StageEnd] = []
        self._output: dict[tuple[str, str], deque[str]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStart):
            self._at = event.at
        elif isinstance(event, StageOutput):
            key = (event.stage, event.stream)
            self._output.setdefault(key, deque(maxlen=_CHUNKS)).append(event.text)
        elif isinstance(event, StageEnd):
            self._ends.append(event)

    def write(self, path: Path) -> None:
        """Make or replace the file. Raises OSError."""
        counts = {
            "tests": len(self._ends),
            "failures": sum(end.outcome == "failed" for end in self._ends),
            "errors": sum(end.outcome == "blocked" for end in self._ends),
            "skipped": sum(end.outcome in _SKIPPED for end in self._ends),
        }
        total = f"{sum(end.duration_s for end in self._ends):.3f}"
        numbers = {name: str(count) for name, count in counts.items()} | {"time": total}
        suites = ElementTree.Element("testsuites", numbers)
        about = {"name": "pivot", "timestamp": self._at}
        suite = ElementTree.SubElement(suites, "testsuite", about | numbers)
        for end in self._ends:
            self._case(suite, end)
        ElementTree.indent(suites)
        write_bytes(path, ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True) + b"\n")

    def _case(self, suite: ElementTree.Element, end: StageEnd) -> None:
        case = ElementTree.SubElement(
            suite, "testcase", name=_text(end.stage), classname="pivot", time=f"{end.duration_s:.3f}"
        )
        if end.error is not None:
            if end.error.path is not None:
                case.set("file", _text(end.error.path))
                case.set("line", str(end.error.line or 1))
            failure = ElementTree.SubElement(
                case, "failure", type=_text(end.error.type), message=_text(end.error.message)
            )
            failure.text = _text(end.error.traceback or end.error.message)
        elif end.outcome == "blocked":
            why = wording.first_reason(end.reasons)
            own = bool(end.reasons) and end.reasons[0].kind != "upstream"
            message = f"not fresh: {why}" if own else why
            ElementTree.SubElement(case, "error", type="blocked", message=_text(message))
        elif end.outcome in _SKIPPED:
            ElementTree.SubElement(case, "skipped", message=_SKIPPED[end.outcome])
        for stream, tag in (("stdout", "system-out"), ("stderr", "system-err")):
            if texts := self._output.get((end.stage, stream)):
                ElementTree.SubElement(case, tag).text = _text("".join(texts))


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)
