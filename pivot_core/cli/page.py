"""Plots as one HTML page that needs nothing else: no server, no network, no script."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.numbers import NotNumbers
from pivot_core.cli import chart

if TYPE_CHECKING:
    from collections.abc import Iterable

# An SVG file is shown as a picture, in which nothing is executed.
_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}

_STYLE = Path(__file__).with_suffix(".css")


class Shown(NamedTuple):
    """One version of a plot. ``data`` is None where there is none, and then ``problem`` says why."""

    caption: str
    data: bytes | None
    problem: str = ""


class Plot(NamedTuple):
    """A plot with the versions of it that stand side by side."""

    path: str
    stage: str
    versions: tuple[Shown, ...]


def page(title: str, subtitle: str, plots: Iterable[Plot]) -> str:
    """The whole page. All names and texts are escaped."""
    body = "\n".join(_section(plot) for plot in plots)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE.read_text()}</style></head>\n"
        f"<body><header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>\n"
        f"<main>\n{body}\n</main></body></html>\n"
    )


def _section(plot: Plot) -> str:
    figures = "".join(_figure(plot.path, version) for version in plot.versions)
    head = f"<h2>{escape(plot.path)} <small>from {escape(plot.stage)}</small></h2>"
    same = len(plot.versions) > 1 and len({version.data for version in plot.versions}) == 1
    return f'<section>{head}{"<p>unchanged</p>" if same else ""}<div class="row">{figures}</div></section>'


def _figure(path: str, version: Shown) -> str:
    caption = f"<figcaption>{escape(version.caption)}</figcaption>" if version.caption else ""
    return f"<figure>{caption}{_picture(path, version)}</figure>"


def _picture(path: str, version: Shown) -> str:
    if version.data is None:
        return f"<p>{escape(version.problem)}</p>"
    kind = _PICTURES.get(PurePosixPath(path).suffix.lower())
    if kind is not None:
        encoded = base64.b64encode(version.data).decode()
        return f'<img alt="{escape(path, quote=True)}" src="data:{kind};base64,{encoded}">'
    if not chart.is_tabular(path):
        return f"<p>{escape(PurePosixPath(path).suffix or 'this kind of file')} can't be shown here</p>"
    try:
        return chart.draw(chart.read_series(path, version.data), path)
    except NotNumbers as error:
        return f"<p>{escape(str(error))}</p>"
