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


class Session:
    """A project in a temporary folder, worked on with one tool. ``limit``: seconds for one command."""

    def __init__(self, tool: Tool, count: int, limit: float) -> None:
        self.cells = Cells(tool, count)
        self.root = Path()
        self._tool = tool
        self._stages = generate.layers(count)
        self._limit = limit
        self._folder = Path(tempfile.mkdtemp(prefix="pivot-benchmark-"))
        self._version = 0

    @property
    def edited(self) -> generate.Stage:
        """The stage whose files are edited: a last one, so that an edit concerns just one stage."""
        return self._stages[-1]

    def cold(self) -> None:
        """Everything is made for the first time, in a new folder."""
        shutil.rmtree(self.root if self.root != Path() else self._folder / "none", ignore_errors=True)
        self.root = Path(tempfile.mkdtemp(dir=self._folder))
        self._tool.write(self.root, self._stages)
        for arguments in self._tool.prepare:
            subprocess.run(self._command(arguments), cwd=self.root, env=environment(), check=True)
        self._measure("cold")

    def edits(self) -> None:
        """Every other kind, once."""
        self._version += 1
        self._measure("nothing to do")
        self._measure("status", self._tool.status)
        (self.root / self.edited.input).write_text(
            generate.input_text(self.edited.number, self._version % 10)
        )
        self._measure("input edited")
        generate.edit_helper(self.root, self.edited, generate.CONSTANT * 10 ** (20 + self._version))
        self._measure("helper edited")
        generate.edit_helper(self.root, self.edited, generate.CONSTANT)
        self._measure("edit undone")
        generate.edit_comment(self.root, self.edited, self._version)
        self._measure("comment edited")

    def tamper(self) -> dict[str, str]:
        """What becomes of the output when files change behind the tool's back: kind -> answer."""
        self.cold()
        source, output = self.root / self.edited.input, self.root / self.edited.output
        before = source.stat()
        source.write_text(generate.input_text(self.edited.number, 9))
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        answers = {"input edited, size and mtime kept": self._answer()}
        self.cold()
        source, output = self.root / self.edited.input, self.root / self.edited.output
        tampering: dict[str, Callable[[], object]] = {
            "output deleted": output.unlink,
            "output replaced": lambda: _replace(output),
            "output overwritten in place": lambda: output.write_text("tampered with, in place\n"),
            "and then deleted": output.unlink,
        }
        for kind, change in tampering.items():
            change()
            answers[kind] = self._answer()
        return answers

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answer(self) -> str:
        outcome = self._measure("tampered with")
        state = "**wrong**" if outcome.wrong else "right"
        return f"{state}, {'ran' if outcome.ran else 'not run'}"

    def _measure(self, kind: str, arguments: tuple[str, ...] | None = None) -> Outcome:
        log = self.root / "runs.log"
        log.unlink(missing_ok=True)
        figures = measure(
            self._command(arguments or self._tool.run),
            self.root,
            environment(),
            self._limit,
            self._folder / "printed",
        )
        ran = len(log.read_text().split()) if log.exists() else 0
        outcome = Outcome(figures, ran, 0 if figures.timed_out else self._wrong())
        self.cells.outcomes.setdefault(kind, []).append(outcome)
        print(
            f"{self._tool.name:<13}{len(self._stages):>6} {kind:<15} {figures.wall:8.2f} s  "
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
        for path, text in self._tool.expected(self.root, self._stages).items():
            output = self.root / path
            found += not output.exists() or output.read_text().strip() != text.strip()
        return found


def _replace(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.write_text("made by another tool\n")
