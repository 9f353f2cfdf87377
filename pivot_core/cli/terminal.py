"""Where a command prints: colours where they are wanted, and no traceback when the reader went away."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Literal, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

# Moving the cursor, say: says nothing in lines. And all else that isn't a colour.
_MOVES = re.compile("\x1b\\[[0-9;?]*[A-Za-ln-z]")
_COMMANDS = re.compile("\x1b(?!\\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_CODES: dict[Style, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def harmless(text: str) -> str:
    """The text with control characters escaped or left out, apart from tabs, ends of lines and colours."""
    if text.isprintable():
        return text
    return _COMMANDS.sub(lambda found: repr(found[0])[1:-1], _MOVES.sub("", text))


class Terminal:
    """One stream (stdout or stderr) as text lines or JSON lines."""

    def __init__(self, stream: TextIO | None, environ: Mapping[str, str] = os.environ) -> None:
        # A process started with a closed stdout has none at all.
        self._stream = stream if stream is not None else _nowhere()
        self.interactive = self._stream.isatty() and environ.get("TERM") != "dumb"
        self.colour = _wants_colour(self.interactive, environ)
        self.fault: OSError | None = None  # why it can't be written any more

    def paint(self, text: str, *styles: Style) -> str:
        """The text in these styles, or as it is where there are no colours."""
        if not self.colour or not styles:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """A line, or several. Whatever names and texts of others are in it, they command no terminal."""
        encoding = self._stream.encoding or "utf-8"
        self._write(f"{harmless(text)}\n".encode(encoding, "backslashreplace"))

    def rewrite(self, text: str) -> None:
        """Replace the unfinished line at the cursor; for an interactive terminal."""
        self._write(f"\r\x1b[K{harmless(text)}".encode(self._stream.encoding or "utf-8", "backslashreplace"))

    def json(self, document: object) -> None:
        """One JSON document on one line, written through at once."""
        self._write(msgspec.json.encode(document) + b"\n")

    def _write(self, data: bytes) -> None:
        try:
            self._stream.buffer.write(data)
            self._stream.buffer.flush()
        except BrokenPipeError:  # the reader is gone (``| head``)
            detach(self._stream)
        except OSError as error:
            detach(self._stream)
            self.fault = error
            if self._stream is sys.stdout:
                stderr().line(f"error: {cannot_print(error)}")


def detach(stream: TextIO) -> None:
    """Have what is still to come, by the interpreter's last flush too, go nowhere.

    The command itself goes on: a run isn't worth less because nobody reads on.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def cannot_print(error: OSError) -> str:
    """What to say of standard output that can't be written: a file on a full disk, say."""
    return f"can't write to standard output: {error.strerror or error}"


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 (lives as long as the process)


def _wants_colour(interactive: bool, environ: Mapping[str, str]) -> bool:
    """no-color.org and force-color.org: set and not empty; NO_COLOR wins."""
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or interactive


def stdout() -> Terminal:
    return Terminal(sys.stdout)


def stderr() -> Terminal:
    return Terminal(sys.stderr)
