"""What is done with each tool: the edits, the command that is measured, and what it left behind."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import generate
from measure import Figures, measure
from peers import Tool, environment

KINDS = ("cold", "nothing to do", "status", "input edited", "helper edited", "edit undone", "comment edited")


@dataclass(frozen=True)
class Outcome:
    """One measured command: how many stages ran, and how many outputs were wrong after it."""

    figures: Figures
    ran: int
    wrong: int


@dataclass
class Cells:
    """All outcomes of one tool with one number of stages, by kind."""

    tool: Tool
    stages: int
    topology: str
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)

    def wall(self, kind: str) -> float:
        return statistics.median(outcome.figures.wall for outcome in self.outcomes[kind])

    def cpu(self, kind: str) -> float:
        return statistics.median(outcome.figures.cpu for outcome in self.outcomes[kind])

    @property
    def spent(self) -> float:
        """Seconds of wall time of all commands so far."""
        return sum(outcome.figures.wall for found in self.outcomes.values() for outcome in found)

    @property
    def gave_up(self) -> bool:
        return any(outcome.figures.timed_out for found in self.outcomes.values() for outcome in found)


class OutOfTime(Exception):  # noqa: N818 - no error: the rest just isn't measured
    """A tool has used up its budget, or a command of it the limit."""


class Session:
    """A project in a temporary folder, worked on with one tool.

    ``limit``: seconds for one command. ``budget``: seconds after which no further command is begun.
    """

    def __init__(
        self, tool: Tool, count: int, limit: float, budget: float, topology: str = "layered"
    ) -> None:
        self.cells = Cells(tool, count, topology)
        self._tool = tool
        self._stages = generate.TOPOLOGIES[topology](count)
        self._edited = self._stages[-1]  # a last one, so that an edit concerns just one stage
        self._limit = limit
        self._budget = budget
        self._folder = Path(tempfile.mkdtemp(prefix="pivot-benchmark-"))
        self._root = self._folder / "0"
        self._version = 0

    def cold(self) -> None:
        """Everything is made for the first time, in a new folder. Raises OutOfTime."""
        self._start()
        self._measure("cold")

    def edits(self) -> None:
        """Every other kind, once. Raises OutOfTime."""
        self._version += 1
        self._measure("nothing to do")
        self._measure("status", self._tool.status)
        text = generate.input_text(self._edited.number, self._version % 10)
        (self._root / self._edited.input).write_text(text)
        self._measure("input edited")
        generate.edit_helper(self._root, self._edited, generate.CONSTANT * 10 ** (20 + self._version))
        self._measure("helper edited")
        generate.edit_helper(self._root, self._edited, generate.CONSTANT)
        self._measure("edit undone")
        generate.edit_comment(self._root, self._edited, self._version)
        self._measure("comment edited")

    def tamper(self) -> dict[str, str]:
        """What becomes of the output when files change behind the tool's back: kind -> answer."""
        answers = {}
        for kinds in (_INPUT_TAMPERED, _OUTPUT_TAMPERED):
            self.cold()
            for kind, change in kinds.items():
                change(self._root / self._edited.input, self._root / self._edited.output)
                answers[kind] = self._answer()
        return answers

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root = self._folder / str(int(self._root.name) + 1)
        self._tool.write(self._root, self._stages)
        for arguments in self._tool.prepare:
            subprocess.run(self._command(arguments), cwd=self._root, env=environment(), check=True)

    def _answer(self) -> str:
        outcome = self._measure("tampered with")
        failed = f", exit {outcome.figures.code}" if outcome.figures.code else ""
        state = "**wrong**" if outcome.wrong else "right"
        return f"{state}, {'ran' if outcome.ran else 'not run'}{failed}"

    def _measure(self, kind: str, arguments: tuple[str, ...] | None = None) -> Outcome:
        if self.cells.gave_up or self.cells.spent > self._budget:
            raise OutOfTime
        log = self._root / "runs.log"
        log.unlink(missing_ok=True)
        figures = measure(
            self._command(arguments or self._tool.run),
            self._root,
            environment(),
            self._limit,
            self._folder / "printed",
        )
        ran = len(log.read_text().split()) if log.exists() else 0
        outcome = Outcome(figures, ran, 0 if figures.timed_out else self._wrong())
        self.cells.outcomes.setdefault(kind, []).append(outcome)
        print(
            f"{self._tool.name:<13}{self.cells.topology:<8}{len(self._stages):>6} {kind:<15} "
            f"{figures.wall:8.2f} s  "
            f"CPU {figures.cpu:7.2f} s  ran {ran:>4}  wrong {outcome.wrong}  exit {figures.code}",
            file=sys.stderr,
        )
        return outcome

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        program = self._tool.find()
        assert program is not None
        return [str(program), *arguments]

    def _wrong(self) -> int:
        found = 0
        for path, text in self._tool.expected(self._root, self._stages).items():
            output = self._root / path
            found += not output.exists() or output.read_text().strip() != text.strip()
        return found


def _keep_size_and_time(source: Path, output: Path) -> None:
    """Another text of the same size and time, as ``rsync -t``, ``tar`` or a quick edit can leave it."""
    before = source.stat()
    source.write_text(source.read_text().replace("version 0", "version 9"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def _delete(source: Path, output: Path) -> None:
    output.unlink(missing_ok=True)


def _replace(source: Path, output: Path) -> None:
    output.unlink(missing_ok=True)
    output.write_text("made by another tool\n")


def _overwrite(source: Path, output: Path) -> None:
    output.write_text("follows links, into a cache, say\n")


_Tampering: TypeAlias = "dict[str, Callable[[Path, Path], None]]"
_INPUT_TAMPERED: _Tampering = {"input edited, size and mtime kept": _keep_size_and_time}
_OUTPUT_TAMPERED: _Tampering = {
    "output deleted": _delete,
    "output replaced": _replace,
    "output overwritten in place": _overwrite,
    "and then deleted": _delete,
}
