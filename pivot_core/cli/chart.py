"""A table of numbers as a line chart: one self-contained SVG, in the colours of the page around it."""

from __future__ import annotations

import csv
import json
from html import escape
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from pivot_core.artifacts.numbers import NotNumbers

WIDTH, HEIGHT, MARGIN = 640, 320, 48
_MOST_POINTS = 2000  # of a line; more of them can't be seen
_TABULAR = (".csv", ".tsv", ".json", ".jsonl")


class Series(NamedTuple):
    """A column; the points are in the order of the rows, where it has a number."""

    name: str
    points: list[tuple[float, float]]


def is_tabular(path: str) -> bool:
    """Whether a file's suffix says that it has data and is no picture."""
    return PurePosixPath(path).suffix.lower() in _TABULAR


def read_series(path: str, data: bytes) -> list[Series]:
    """The columns of a table that have numbers, against the first if that one rises, else the row's number.

    CSV, TSV, JSON (a list of objects, or lists by name) or JSON Lines. Raises NotNumbers.
    """
    try:
        rows = _rows(PurePosixPath(path).suffix.lower(), data.decode("utf-8-sig"))
    except (ValueError, RecursionError, csv.Error) as error:
        raise NotNumbers(f"{path} can't be read as a table: {error}") from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [_number(row.get(name)) for row in rows] for name in names}
    columns = {name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)}
    if not columns:
        raise NotNumbers(f"{path} has no column of numbers")
    first = next(iter(columns))
    against: list[float | None] = [float(n) for n in range(len(rows))]
    if len(columns) > 1 and _rises(columns[first]):
        against = columns.pop(first)
    return [
        Series(name, [(x, y) for x, y in zip(against, cells, strict=True) if x is not None and y is not None])
        for name, cells in columns.items()
    ]


def draw(series: list[Series], title: str) -> str:
    """The series as an ``<svg>`` element."""
    points = [point for each in series for point in each.points]
    left, right = _range([x for x, _ in points])
    low, high = _range([y for _, y in points])

    def place(x: float, y: float) -> str:
        across = MARGIN + (x - left) / (right - left) * (WIDTH - 2 * MARGIN)
        up = HEIGHT - MARGIN - (y - low) / (high - low) * (HEIGHT - 2 * MARGIN)
        return f"{across:.1f},{up:.1f}"

    lines = []
    for number, each in enumerate(series):
        step = -(-len(each.points) // _MOST_POINTS) or 1
        path = " ".join(place(x, y) for x, y in each.points[::step])
        lines.append(f'<polyline class="line l{number % 6}" points="{path}"/>')
        name = escape(each.name)
        lines.append(
            f'<text class="name l{number % 6}" x="{WIDTH - MARGIN}" y="{MARGIN + 16 * number}">{name}</text>'
        )
    bottom, top = HEIGHT - MARGIN, MARGIN
    axes = f'<path class="axis" d="M{MARGIN},{top}V{bottom}H{WIDTH - MARGIN}"/>'
    ticks = (
        f'<text class="tick" x="{MARGIN}" y="{bottom + 18}">{left:.4g}</text>'
        f'<text class="tick end" x="{WIDTH - MARGIN}" y="{bottom + 18}">{right:.4g}</text>'
        f'<text class="tick end" x="{MARGIN - 6}" y="{bottom}">{low:.4g}</text>'
        f'<text class="tick end" x="{MARGIN - 6}" y="{top + 4}">{high:.4g}</text>'
    )
    label = escape(title, quote=True)
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
    return head + axes + ticks + "".join(lines) + "</svg>"


def _rows(suffix: str, text: str) -> list[dict[str, object]]:
    if suffix in (".csv", ".tsv"):
        return [dict(row) for row in csv.DictReader(text.splitlines(), delimiter="\t,"[suffix == ".csv"])]
    if suffix == ".jsonl":
        found: object = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        found = json.loads(text)
    if isinstance(found, dict):
        lists = {str(name): cells for name, cells in found.items() if isinstance(cells, list)}
        count = max(map(len, lists.values()), default=0)
        return [{name: cells[n] for name, cells in lists.items() if n < len(cells)} for n in range(count)]
    if not isinstance(found, list):
        raise ValueError("it is neither a list nor lists by name")
    return [row if isinstance(row, dict) else {"value": row} for row in found]


def _number(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return None
    return value if abs(value) < float("inf") else None  # NaN isn't smaller either


def _rises(cells: list[float | None]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return len(known) == len(cells) and all(a < b for a, b in pairwise(known))


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)
