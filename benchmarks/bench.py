"""Measures Pivot and other tools, side by side, on the same synthetic work. See README.md.

    python benchmarks/bench.py [--install-peers] [--stages 100,1000] [--tools Pivot,doit] …

The tables are printed as Markdown; what is going on meanwhile goes to standard error.
"""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import suppress
from pathlib import Path

import peers
import report
from generate import TOPOLOGIES
from peers import TOOLS, Tool
from scenario import Cells, OutOfTime, Session

LEGEND = (
    "Seconds, wall / CPU of all processes, medians; in parentheses how many stages really ran,\n"
    "with **!** if outputs were wrong afterwards. MiB of memory: the largest process / all at once.\n"
    "A dash: not measured, because the tool had used up its time (`--budget`)."
)


def main() -> None:
    options = _options()
    if options.install_peers:
        peers.install()
    wanted = [tool for tool in TOOLS if tool.name in options.tools]
    there = [tool for tool in wanted if tool.find()]
    parts = [report.machine() + " " + LEGEND, report.tools(there)]
    parts += [
        f"{tool.name}: skipped, `{tool.program}` isn't installed." for tool in wanted if not tool.find()
    ]
    for topology in options.topologies:
        for count in options.stages:
            parts += _compare(there, topology, count, options)
    if not options.no_tampering:
        parts.append(report.answers({tool.name: _tamper(tool, options) for tool in there}))
    text = "\n\n".join(parts) + "\n"
    print(text)
    if options.output:
        options.output.write_text(text)


def _compare(tools: list[Tool], topology: str, count: int, options: argparse.Namespace) -> list[str]:
    """The tables for one topology and number of stages."""
    small = [tool for tool in tools if options.all or tool.largest is None or count <= tool.largest]
    sessions = [Session(tool, count, options.limit, options.budget, topology) for tool in small]
    rows = _measure(sessions, options)
    left_out = [tool.name for tool in tools if tool not in small]
    return [
        report.costs(rows),
        *(f"{name}: left out, it takes too long (`--all` measures it)." for name in left_out),
        *filter(None, [report.ratios(rows, "doit")]),
    ]


def _measure(sessions: list[Session], options: argparse.Namespace) -> list[Cells]:
    """The tools take turns, so that a busy moment of the machine falls on all of them."""
    turns = [Session.cold] * options.cold + [Session.edits] * options.repeat
    try:
        for turn in turns:
            for session in sessions:
                with suppress(OutOfTime):
                    turn(session)
        return [session.cells for session in sessions]
    finally:
        for session in sessions:
            session.close()


def _tamper(tool: Tool, options: argparse.Namespace) -> dict[str, str]:
    session = Session(tool, 10, options.limit, math.inf)
    try:
        return session.tamper()
    finally:
        session.close()


def _options() -> argparse.Namespace:
    names = [tool.name for tool in TOOLS]
    parser = argparse.ArgumentParser(description="Measure Pivot and other tools on the same work.")
    parser.add_argument(
        "--stages", type=_numbers, default=[100, 1000], metavar="N,N", help="default: 100,1000"
    )
    parser.add_argument(
        "--topologies",
        type=lambda text: text.split(","),
        default=["layered"],
        metavar="T,T",
        help="layered, chain, wide (default: layered)",
    )
    parser.add_argument(
        "--tools", type=lambda text: text.split(";"), default=names, metavar="T;T", help="; ".join(names)
    )
    parser.add_argument(
        "--cold", type=int, default=2, metavar="N", help="cold runs of each tool (default: 2)"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="of all other kinds (default: 3)")
    parser.add_argument(
        "--budget",
        type=float,
        default=40,
        metavar="S",
        help="when a tool took so long with one number of stages, begin no other command (default: 40 s)",
    )
    parser.add_argument(
        "--limit", type=float, default=120, metavar="S", help="for one command (default: 120 s)"
    )
    parser.add_argument("--all", action="store_true", help="measure even what takes very long")
    parser.add_argument("--no-tampering", action="store_true", help="leave out the second part")
    parser.add_argument("--install-peers", action="store_true", help="first install doit and DVC, as pinned")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables there, too")
    options = parser.parse_args()
    if unknown := set(options.tools) - set(names):
        sys.exit(f"no such tool: {', '.join(sorted(unknown))}; there are: {'; '.join(names)}")
    if unknown := set(options.topologies) - set(TOPOLOGIES):
        sys.exit(f"no such topology: {', '.join(sorted(unknown))}; there are: {', '.join(TOPOLOGIES)}")
    return options


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
