"""Positions: from the parser's bytes to what editors and people count."""

from __future__ import annotations

import ast

import pytest

from pivot_lsp.positions import Lines, Span, span_of


@pytest.mark.parametrize(
    ("line", "characters", "utf16", "utf8"),
    [
        ("x = 'abc'; y", 11, 11, 11),
        ("x = 'äöü'; y", 11, 11, 14),
        ("x = '😋😋'; y", 10, 12, 16),
        ("x = 'e\u0301'; y", 10, 10, 11),  # a combining mark is a character of its own
        ("x = '👩\u200d👧'; y", 11, 13, 19),  # and so is a joiner
        ("x = '\u2028\x0c\x85'; y", 11, 11, 14),  # breaks a line only for str.splitlines
    ],
)
def test_columns_in_every_unit(line: str, characters: int, utf16: int, utf8: int) -> None:
    text = "first = 1\n" + line
    name = ast.parse(text).body[-1]
    lines = Lines(text)
    assert lines.characters(2, name.col_offset) == characters
    assert lines.units(2, name.col_offset, "utf-16") == utf16
    assert lines.units(2, name.col_offset, "utf-8") == utf8 == name.col_offset
    assert lines.units(2, name.col_offset, "utf-32") == characters


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_break_where_the_parser_breaks_them(line_break: str) -> None:
    text = line_break.join(["a = '''x\x0cy", "\u2028z'''", "b"])
    name = ast.parse(text).body[-1]
    assert name.lineno == 3
    assert Lines(text).line(3) == "b"


def test_the_span_of_a_node_ends_after_its_last_byte() -> None:
    node = ast.parse("f(\n  'ü')").body[0]
    assert isinstance(node, ast.Expr)
    assert span_of(node.value) == Span(1, 0, 2, 7)


def test_a_line_that_is_not_there_is_empty() -> None:
    assert Lines("a").line(2) == Lines("a").line(0) == ""
    assert Lines("a").units(7, 3, "utf-16") == 0
