"""Markdown of ours as plain text, for editors that show none: Emacs's eglot without ``markdown-mode``."""

from __future__ import annotations

import re

_MARK = re.compile(
    r"\\(?P<escaped>[\\`*_\[\]<>#|~])"
    r"|(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)"
    r"|(?P<bold>\*\*?)"
    r"|\[(?P<label>(?:\\.|[^\]\\])*)\]\([^)]*\)"
)
_FENCE = re.compile(r" *(`{3,})")


def plain(markdown: str) -> str:
    """Without the marks; of links what they say, of code every character."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        found = _FENCE.match(line)
        if found is not None and not (fence and found[1] != fence):
            fence = "" if fence else found[1]
        else:
            lines.append(line if fence else _MARK.sub(_bare, line))
    return "\n".join(lines)


def _bare(mark: re.Match[str]) -> str:
    if mark["label"] is not None:
        return _MARK.sub(_bare, mark["label"])
    code = mark["code"] or ""
    return mark["escaped"] or (code[1:-1] if len(mark["ticks"] or "") > 1 else code)
