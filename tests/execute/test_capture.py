"""What a stage prints comes in whole lines, as long as these can be held."""

from __future__ import annotations

from pivot_core.execute.capture import _Lines


def test_lines_come_whole_and_the_rest_at_the_end() -> None:
    lines = _Lines("stdout")
    printed = "one\ntwö\rthr".encode()
    assert [text for byte in printed if (text := lines.feed(bytes([byte])))] == ["one\n", "twö\r"]
    assert lines.rest() == "thr"
    assert lines.feed(b"ee\n") == "ee\n"


def test_a_line_that_never_ends_is_not_held_for_ever() -> None:
    """Held as a whole, each piece of 50 MB would be copied again with each more of it."""
    lines = _Lines("stdout")
    delivered = [lines.feed(b"x" * 65_536) for _ in range(100)]
    assert max(map(len, delivered)) < 2_000_000
    assert len("".join(delivered)) + len(lines.rest()) == 100 * 65_536
