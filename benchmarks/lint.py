#!/usr/bin/env python3
"""What the lint costs for each keystroke, by itself: no protocol, no verdicts, no other process.

The file is the editor benchmark's: 3,000 lines, 120 stages. Times are of the processor, so that it matters
little how busy the machine is.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from editor_work import Change, Place, Work, keystrokes

from pivot_core.project import Project
from pivot_lsp.edits import Place as At
from pivot_lsp.edits import replace
from pivot_lsp.lint.engine import Linter
from pivot_lsp.positions import Lines
from pivot_lsp.source.sources import Sources

_FILE = "stages.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--edits", type=int, default=1000, help="how many characters are typed (%(default)s)")
    parser.add_argument("--only", help="at these places only: a part of their names")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder).resolve())
        work.write()
        typing = _Typing(work)
        print(f"| {'where':30} | edits | p50 ms | p95 ms | longest |")
        print(f"| {'-' * 30} | ----: | -----: | -----: | ------: |")
        print(f"| {'first':30} | {'':5} | {typing.first_ms:6.1f} | {'':6} | {'':7} |")
        places = [one for one in work.places(options.edits // 2) if (options.only or "") in one.name]
        took: dict[str, list[float]] = {}
        for place in places:
            took.setdefault(place.name, []).extend(typing.at(place))
        took["all"] = [one for times in took.values() for one in times]
        for name, times in took.items():
            p95 = statistics.quantiles(times, n=20)[-1]
            print(
                f"| {name:30} | {len(times):5} | {statistics.median(times):6.2f} "
                f"| {p95:6.2f} | {max(times):7.2f} |"
            )


class _Typing:
    """A linter that has seen the project, and a file that is typed in."""

    def __init__(self, work: Work) -> None:
        self._lines = Lines(work.text)
        started = time.process_time()
        self._linter = Linter(Sources(Project(work.root)))
        self._linter.sources.put(_FILE, work.text)
        self._linter.findings(_FILE)
        self.first_ms = (time.process_time() - started) * 1000

    def at(self, place: Place) -> list[float]:
        """Type there and take it back. In milliseconds, for each character: the findings of the new text."""
        return [self._keystroke(change) for change in keystrokes(place)]

    def _keystroke(self, change: Change) -> float:
        self._lines, _ = replace(self._lines, At(*change.start), At(*change.end), change.text, "utf-16")
        text = self._lines.text
        started = time.process_time()
        self._linter.sources.put(_FILE, text)
        module = self._linter.sources.module(_FILE)
        if module is not None and module.text == text:  # else what was found stays
            self._linter.findings(_FILE)
        return (time.process_time() - started) * 1000


if __name__ == "__main__":
    main()
