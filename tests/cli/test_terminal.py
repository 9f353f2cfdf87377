"""Streams: colours, JSON lines, names that an alphabet doesn't have."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from pivot_core.cli.live import shortened
from pivot_core.cli.terminal import Terminal


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def written(text: io.TextIOWrapper) -> bytes:
    assert isinstance(text.buffer, io.BytesIO)
    return text.buffer.getvalue()


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colours_follow_the_environment(environ: dict[str, str], colour: bool) -> None:
    terminal = Terminal(stream(), environ)
    assert terminal.colour is colour
    assert terminal.paint("x", "red") == ("\x1b[31mx\x1b[0m" if colour else "x")


def test_what_an_alphabet_has_not_is_escaped_and_no_error() -> None:
    text = stream("ascii")
    Terminal(text, {}).line("✓ naïve")
    assert written(text) == b"\\u2713 na\\xefve\n"


def test_json_is_one_line_of_utf8_whatever_the_stream() -> None:
    text = stream("ascii")
    Terminal(text, {}).json({"name": "naïve"})
    assert written(text) == '{"name":"naïve"}\n'.encode()


def test_a_stream_that_was_closed_from_the_start_takes_everything() -> None:
    terminal = Terminal(None, {})
    terminal.line("gone")
    assert terminal.colour is False


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("up\x1b[2A\x1b[2J\x1b[?25l!", "up!"),
        ("back\x08\r\x7f\x9b", "back\\x08\\r\\x7f\\x9b"),
    ],
)
def test_texts_of_others_command_no_terminal(text: str, shown: str) -> None:
    out = stream()
    Terminal(out, {}).line(text)
    assert written(out).decode() == shown + "\n"


def test_a_name_that_is_too_long_keeps_both_ends() -> None:
    assert shortened("train@iris", 12) == "train@iris"
    assert shortened("a_stage_with_a_very_long_name@13", 12) == "a_sta…ame@13"
    assert len(shortened("x" * 150, 56)) == 56


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no file that is always full")
@pytest.mark.parametrize("args", [("run",), ("status", "--json"), ("--help",), ("--version",)])
def test_standard_output_that_is_full_is_said_once_and_the_work_is_done(words, args):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pivot_core", *args],
            cwd=words.root,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "error: can't write to standard output: No space left on device\n"
    assert args != ("run",) or "all fresh" in words.ok("status")
