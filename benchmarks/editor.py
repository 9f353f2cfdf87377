"""Measures language servers on one file, side by side: what a keystroke costs. See README.md.

python benchmarks/editor.py [--install-servers] [--keystrokes 220] [--edits 10000] [--servers Pivot,ruff]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import peers
from editor_client import Client
from editor_servers import SERVERS, Server
from editor_work import LINES, STAGES, Change, Place, Work, keystrokes
from report import machine, table

_MIB = 2**20
_AGAINST = "ruff"
_SETTLED_S = 1.0  # from the first answers to the first keystroke, as people look before they type
_STEPS = 4  # looks at memory during many edits


@dataclass
class Session:
    """One server with the file open, and the times of its answers in milliseconds."""

    server: Server
    work: Work
    log: Path
    client: Client = field(init=False)
    version: int = 0
    starts: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # by kind and place
    cpu_ms: list[float] = field(default_factory=list)  # for a keystroke, by place
    sizes: list[tuple[int, int]] = field(default_factory=list)  # memory and handles

    def start(self) -> None:
        """A new process; up to the first answers about the file."""
        command = self.server.find()
        assert command is not None
        client = self.client = Client(command, self.work.root, self.log)
        self._started("initialize", client.initialize() - client.started)
        self.version += 1
        opened = time.perf_counter()
        document = {"languageId": "python", "version": self.version, "text": self.work.text, **self._uri}
        client.notify("textDocument/didOpen", {"textDocument": document})
        for kind, at in self._ask().items():
            self._started(f"opened to {kind}", at - opened)

    def _started(self, what: str, seconds: float) -> None:
        self.starts.setdefault(what, []).append(seconds * 1000)

    def type(self, place: Place, pause_s: float) -> None:
        """Type something and take it back, waiting for all answers about each character."""
        used, count = self.client.cpu_s, 0
        for change in keystrokes(place):
            began = time.perf_counter()
            self.change(change)
            for kind, at in self._ask().items():
                self.answers.setdefault(kind, {}).setdefault(place.name, []).append((at - began) * 1000)
            count += 1
            time.sleep(pause_s)
        self.cpu_ms.append((self.client.cpu_s - used) * 1000 / count)

    def edit(self, places: Sequence[Place], count: int) -> None:
        """So many edits, one after the other."""
        changes = (change for place in itertools.cycle(places) for change in keystrokes(place))
        self.look()
        for number in range(1, count + 1):
            self.change(next(changes))
            self._ask()
            if number % max(1, count // _STEPS) == 0:
                self.look()

    def look(self) -> None:
        """How much it takes up now."""
        self.sizes.append((self.client.resident, self.client.handles))

    def change(self, change: Change) -> None:
        self.version += 1
        document = {"version": self.version, **self._uri}
        ends = [{"line": line, "character": column} for line, column in (change.start, change.end)]
        edit = {"range": {"start": ends[0], "end": ends[1]}, "text": change.text}
        self.client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [edit]})

    def _ask(self) -> dict[str, float]:
        """When all answers about the newest text were there: asked for at once, where it can be asked."""
        client, asked = self.client, {}
        for kind, method in (("diagnostics", "diagnostic"), ("lenses", "codeLens")):
            if client.can(method):
                asked[kind] = client.request(f"textDocument/{method}", {"textDocument": self._uri})
        found = {}
        if "diagnostics" not in asked:
            found["diagnostics"] = client.published(self.version).at
        return found | {kind: client.answer(number).at for kind, number in asked.items()}

    @property
    def _uri(self) -> dict[str, str]:
        return {"uri": self.work.path.as_uri()}


def main() -> None:
    options = _options()
    if options.install_servers:
        peers.install("servers")
    wanted = [server for server in SERVERS if server.name in options.servers]
    there = [server for server in wanted if server.find()]
    parts = [f"{machine()} One file of {LINES:,} lines with {STAGES} stages. Milliseconds."]
    parts += [f"- {server.name}{_version(server)}: {server.how}" for server in there]
    parts += [f"- {server.name}: skipped, it isn't installed." for server in wanted if server not in there]
    with tempfile.TemporaryDirectory(prefix="pivot-editor-") as folder:
        work = Work(Path(folder).resolve() / "project")
        _prepare(work)
        sessions = [Session(server, work, Path(folder) / f"{server.name}.log") for server in there]
        tables = _measure(sessions, work, options)
    print("\n".join(parts), *tables, sep="\n\n")


def _prepare(work: Work) -> None:
    """The pipeline is loaded; half of the stages ran."""
    work.root.mkdir()
    work.write()
    half = [f"s{number:03}" for number in range(STAGES // 2)]
    for command in (["run", "-q", *half], ["status", "-q"]):
        subprocess.run([sys.executable, "-m", "pivot_core", *command], cwd=work.root, check=True)


def _measure(sessions: Sequence[Session], work: Work, options: argparse.Namespace) -> list[str]:
    """The servers take turns, so that a busy moment of the machine falls on all of them."""
    running: list[Session] = []
    try:
        for turn in range(options.starts):
            for session in sessions:
                session.start()
                running.append(session)
                if turn < options.starts - 1:
                    running.pop().client.close()
        places = work.places(options.keystrokes // 2)
        time.sleep(_SETTLED_S)
        for session in sessions:
            session.look()
        for place in places:
            for session in sessions:
                session.type(place, options.pause)
        for session in sessions:
            session.look()
        found = [_starts(sessions), *_keystrokes(sessions), _places(sessions)]
        if options.edits:
            for session in sessions:
                session.sizes.clear()
                session.edit(places, options.edits)
            found.append(_sizes(sessions, options.edits))
        return found
    finally:
        for session in running:
            session.client.close()


# --- tables ----------------------------------------------------------------------------------------


def _starts(sessions: Sequence[Session]) -> str:
    whats = ["initialize", "opened to diagnostics", "opened to lenses"]
    return table(
        ["start-up", *whats],
        (
            [session.server.name, *(_median(session.starts.get(what)) for what in whats)]
            for session in sessions
        ),
    )


def _keystrokes(sessions: Sequence[Session]) -> list[str]:
    base = next((session for session in sessions if session.server.name == _AGAINST), None)
    rows = []
    for session in sessions:
        for kind, by_place in session.answers.items():
            times = _all(by_place)
            points = [_point(times, 0.5), _point(times, 0.95), max(times)]
            row = [f"{session.server.name}, {kind}", *(f"{point:.1f}" for point in points)]
            if base is not None:
                others = _all(base.answers["diagnostics"])
                row += [f"{_point(times, 0.5) / _point(others, 0.5):.1f}"]
                row += [f"{_point(times, 0.95) / _point(others, 0.95):.1f}"]
            rows.append([*row, f"{statistics.mean(session.cpu_ms):.0f}"])
    count = len(_all(sessions[0].answers["diagnostics"]))
    ratios = [f"p50, {_AGAINST} = 1", f"p95, {_AGAINST} = 1"] if base is not None else []
    return [table([f"{count} keystrokes", "p50", "p95", "max", *ratios, "CPU each"], rows)]


def _places(sessions: Sequence[Session]) -> str:
    names = list(sessions[0].answers["diagnostics"])
    return table(
        ["p95 by place", *names],
        (
            [f"{session.server.name}, {kind}", *(f"{_point(by_place[name], 0.95):.1f}" for name in names)]
            for session in sessions
            for kind, by_place in session.answers.items()
        ),
    )


def _sizes(sessions: Sequence[Session], edits: int) -> str:
    step = max(1, edits // _STEPS)
    header = [f"{number * step:,}" for number in range(len(sessions[0].sizes))]
    return table(
        ["after edits: MiB (handles)", *header],
        (
            [session.server.name, *(f"{size / _MIB:.1f} ({handles})" for size, handles in session.sizes)]
            for session in sessions
        ),
    )


def _all(by_place: dict[str, list[float]]) -> list[float]:
    return list(itertools.chain.from_iterable(by_place.values()))


def _point(times: Iterable[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _median(times: list[float] | None) -> str:
    return f"{statistics.median(times):.0f}" if times else "-"


def _version(server: Server) -> str:
    command = server.find()
    assert command is not None
    if server.command[0] == "python":
        return ""
    done = subprocess.run([command[0], "--version"], check=True, stdout=subprocess.PIPE, text=True)
    return f" {done.stdout.split()[1]}"


def _options() -> argparse.Namespace:
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(description="Measure language servers, keystroke by keystroke.")
    parser.add_argument(
        "--servers", type=lambda text: text.split(","), default=names, metavar="S,S", help=", ".join(names)
    )
    parser.add_argument("--keystrokes", type=int, default=220, metavar="N", help="for each (default: 220)")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="start each so often (default: 3)")
    parser.add_argument(
        "--pause", type=float, default=0.03, metavar="S", help="after each keystroke (default: 0.03 s)"
    )
    parser.add_argument(
        "--edits",
        type=int,
        default=0,
        metavar="N",
        help="then so many edits: does memory grow?",
    )
    parser.add_argument("--install-servers", action="store_true", help="install those pinned in servers.lock")
    options = parser.parse_args()
    if unknown := set(options.servers) - set(names):
        sys.exit(f"no such server: {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    return options


if __name__ == "__main__":
    main()
