"""What changed in a definition, as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pivot_core.cli.terminal import Style, Terminal
    from pivot_core.types import UnitChange

_INDENT = " " * 22
_STYLES: dict[str, Style] = {"+": "green", "-": "red", "…": "dim"}


def print_change(out: Terminal, change: UnitChange) -> None:
    """The difference as a unified diff, or why there is none to show."""
    for line in difference(change):
        style = _STYLES.get(line[:1])
        out.line(_INDENT + (out.paint(line, style) if style else line))


def difference(change: UnitChange) -> list[str]:
    """Lines that begin with +, -, a blank or …; or one that says why there are none."""
    import difflib

    if change.before is None and change.change != "added":
        return ["its former text isn't known here: the stage last succeeded elsewhere, or the state was lost"]
    if change.after is None and change.change != "removed":
        return ["its file changed while this was looked at"]
    before, after = (change.before or "").split("\n"), (change.after or "").split("\n")
    if change.change == "added":
        return [f"+{line}" for line in after]
    if change.change == "removed":
        return [f"-{line}" for line in before]
    if before == after:
        return ["its own text is the same; what it refers to is not"]
    # Without its two lines of file names, and with a mark for what is left out in place of line numbers.
    diff = list(difflib.unified_diff(before, after, n=2, lineterm=""))[3:]
    return ["…" if line.startswith("@@") else line for line in diff]
