"""Edits as editors send them give the text that the editor has, in every encoding."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivot_lsp.edits import Edit, Place, Untouched, move, move_line, replace, replace_all
from pivot_lsp.positions import MARK, Encoding, Lines, Span, index, width

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
PIECES = ["a", "bc", "ä", "e\u0301", "😋", "👩\u200d👧", "\n", "\r\n", "\r", "\x0c", "\x1d", "\x85", "\u2028"]
HALVES = ["\ud83d", "\ude0b"]

texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
texts_with_halves = st.lists(st.sampled_from([*PIECES, *HALVES, MARK]), max_size=30).map(
    lambda p: paired("".join(p))
)
places = st.tuples(st.integers(0, 12), st.integers(0, 12))
changes = st.lists(st.tuples(places, places, texts_with_halves), max_size=8)


# --- the same in the simplest way -----------------------------------------------------------------


def paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def units(text: str, encoding: Encoding) -> int:
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return sum(len(char.encode(encoding + "-le" * (size > 1), "surrogatepass")) // size for char in text)


def offset(text: str, line: int, column: int, encoding: Encoding) -> int:
    """The character that a position is before."""
    starts = [0, *(found.end() for found in re.finditer("\r\n|\r|\n", text))]
    if line >= len(starts):
        return len(text)
    content = re.split("[\r\n]", text[starts[line] :])[0]
    before = [n for n in range(len(content) + 1) if units(content[:n], encoding) <= column]
    return starts[line] + before[-1]


def replaced(text: str, a: tuple[int, int], b: tuple[int, int], new: str, encoding: Encoding) -> str:
    start, end = sorted((offset(text, *a, encoding), offset(text, *b, encoding)))
    return paired(text[:start] + new + text[end:])


def byte_place(text: str, at: int) -> tuple[int, int]:
    """As ``ast`` counts."""
    lines = re.split("\r\n|\r|\n", text[:at])
    return len(lines), units(lines[-1], "utf-8")


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=400, deadline=None)
@given(text=texts_with_halves, edits=changes)
def test_an_edit_gives_the_text_that_the_editor_has(
    encoding: Encoding, text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    lines = Lines(text)
    for start, end, new in edits:
        lines, _ = replace(lines, Place(*start), Place(*end), new, encoding)
        text = replaced(text, start, end, new, encoding)
        assert "".join(lines.with_breaks) == text
        assert lines.text == text.removeprefix(MARK)
        assert lines.with_breaks == Lines(text).with_breaks


@settings(max_examples=400, deadline=None)
@given(text=texts_with_halves)
def test_lines_break_at_line_feeds_and_carriage_returns_only(text: str) -> None:
    lines, plain = Lines(text), text.removeprefix(MARK)
    assert [lines.line(n + 1) for n in range(lines.count)] == re.split("\r\n|\r|\n", plain)
    assert lines.text == plain


def test_line_breaks_that_come_together_are_one() -> None:
    text, _ = replace(Lines("a\rx\nb"), Place(1, 0), Place(1, 1), "", "utf-16")
    assert text.with_breaks == ["a\r\n", "b"]
    text, _ = replace(text, Place(0, 1), Place(0, 1), "\r", "utf-16")
    assert text.with_breaks == ["a\r", "\r\n", "b"]


def test_a_place_inside_of_a_pair_is_before_the_character() -> None:
    text, _ = replace(Lines("😋b"), Place(0, 1), Place(0, 2), "", "utf-16")
    assert text.text == "b"


def test_halves_that_are_typed_one_by_one_become_a_character() -> None:
    text, _ = replace(Lines("a"), Place(0, 1), Place(0, 1), "\ud83d", "utf-16")
    text, _ = replace(text, Place(0, 2), Place(0, 2), "\ude0b", "utf-16")
    assert text.text == "a😋"


# --- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=300, deadline=None)
@given(text=texts_with_halves, column=st.integers(0, 40))
def test_columns_are_converted_both_ways(encoding: Encoding, text: str, column: int) -> None:
    lines = Lines(text)
    for number in range(1, lines.count + 1):
        line = lines.line(number)
        mark = units(MARK, encoding) if number == 1 and text.startswith(MARK) else 0  # as the editor counts
        here = lines.column(number, column, encoding)
        there = lines.units(number, here, encoding)
        assert there <= max(column, mark)
        assert lines.column(number, there, encoding) == here
        assert width(line, encoding) == units(line, encoding)
        for n in range(len(line) + 1):
            assert index(line, units(line[:n], encoding), encoding) == n
            there = mark + units(line[:n], encoding)
            assert lines.units(number, units(line[:n], "utf-8"), encoding) == there
            assert lines.column(number, there, encoding) == units(line[:n], "utf-8")


# --- moving ---------------------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(data=st.data(), text=texts, new=texts, whole=st.booleans())
def test_a_stretch_that_an_edit_does_not_touch_says_the_same_afterwards(
    data: st.DataObject, text: str, new: str, whole: bool
) -> None:
    a, b, first, last = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4)))
    if data.draw(st.booleans()):
        a, b, first, last = first, last, a, b
    (start_line, start), (end_line, end) = byte_place(text, first), byte_place(text, last)
    marked = Lines(data.draw(st.sampled_from(["", MARK])) + text)
    here = [
        Place(line - 1, marked.units(line, column, "utf-8"))
        for line, column in ((start_line, start), (end_line, end))
    ]
    after, edit = replace(marked, here[0], here[1], new, "utf-8")
    if whole:
        after, edit = replace_all(marked, "".join(after.with_breaks))
    moved = move(Span(*byte_place(text, a), *byte_place(text, b)), edit)
    clear = edit.before > Span(*byte_place(text, b), 0, 0) or byte_place(text, a) > (
        edit.before.end_line,
        edit.before.end_column,
    )
    if a < b and clear and "\r" not in text + new:
        assert moved is not None
        assert _said(after, moved) == text[a:b]


def _said(lines: Lines, span: Span) -> str:
    start = offset(lines.text, span.line - 1, span.column, "utf-8")
    return lines.text[start : offset(lines.text, span.end_line - 1, span.end_column, "utf-8")]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("«»[abc]", "«XY»[abc]"),
        ("[abc]«»", "[abc]«XY»"),
        ("[a«»bc]", "[a«XY»bc]"),
        ("«x[a»bc]", "«XY»[bc]"),
        ("[ab«c]x»", "[ab]«XY»"),
        ("[a«b»c]", "[a«XY»c]"),
        ("«[abc]»", "[«XY»]"),
        ("«x[abc]x»", None),
    ],
)
@pytest.mark.parametrize("lead", ["", "ä\n", "ä "])
def test_a_stretch_keeps_to_what_is_left_of_it(before: str, expected: str | None, lead: str) -> None:
    def place(marked: str, mark: str) -> tuple[int, int]:
        head = (lead + marked).partition(mark)[0]
        for other in "«»[]":
            head = head.replace(other, "")
        return byte_place(head, len(head))

    line, column = place(before, "«")
    edit = Edit(Span(line, column, *place(before, "»")), line, column + len("XY"))
    moved = move(Span(*place(before, "["), *place(before, "]")), edit)
    wanted = None if expected is None else Span(*place(expected, "["), *place(expected, "]"))
    assert moved == wanted


def test_an_equal_text_is_no_edit() -> None:
    after, edit = replace_all(Lines("a\nb"), "a\nb")
    assert after.text == "a\nb"
    assert move(Span(2, 0, 2, 1), edit) == Span(2, 0, 2, 1)


@pytest.mark.parametrize(
    ("start", "end", "new", "line"),
    [
        ((0, 0), (0, 0), "x\n", 3),  # before it
        ((1, 0), (1, 0), "x\n", 3),
        ((0, 1), (1, 0), "\n\n", 3),
        ((0, 1), (1, 0), " ", 1),  # joined to the one before
        ((1, 0), (1, 1), "", 2),  # in it
        ((1, 0), (1, 1), "x", 2),
        ((1, 1), (1, 1), "\n", 2),
        ((2, 0), (3, 0), "", 2),  # after it
        ((1, 0), (2, 0), "", None),  # deleted
        ((0, 0), (3, 0), "", None),
        ((0, 0), (3, 0), "x\ny\n", 2),  # replaced
        ((0, 0), (3, 0), "x", 1),
    ],
)
def test_a_line_goes_where_its_beginning_goes(
    start: tuple[int, int], end: tuple[int, int], new: str, line: int | None
) -> None:
    _, edit = replace(Lines("a\nb\nc\nd\n"), Place(*start), Place(*end), new, "utf-8")
    assert move_line(2, edit) == line


# --- lines that are left --------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(text=texts, edits=changes)
def test_a_line_that_no_edit_has_touched_says_the_same(
    text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    before = lines = Lines(text)
    untouched = Untouched()
    for start, end, new in edits:
        lines, edit = replace(lines, Place(*start), Place(*end), new, "utf-8")
        untouched = untouched.edited([edit])
    for number in range(1, lines.count + 1):
        then = untouched.then(number)
        if then is not None:
            assert before.line(then) == lines.line(number)
            assert untouched.now(Span(then, 0, then, 1)) == Span(number, 0, number, 1)
            assert untouched.end(then) == number


@pytest.mark.parametrize(
    ("start", "end", "new", "left"),
    [
        ((1, 0), (1, 0), "x\n", {1: 1, 2: 3, 3: 4}),  # lines above one
        ((1, 0), (1, 0), "x", {1: 1, 3: 3}),  # in front of it
        ((1, 0), (2, 0), "", {1: 1, 3: 2}),  # a whole line
        ((1, 0), (2, 0), "x\ny\n", {1: 1, 3: 4}),
        ((0, 1), (1, 0), " ", {3: 2}),  # two joined
        ((1, 1), (1, 1), "\n", {1: 1, 3: 4}),
        ((0, 0), (3, 0), "", {}),
    ],
)
def test_lines_that_an_edit_leaves(
    start: tuple[int, int], end: tuple[int, int], new: str, left: dict[int, int]
) -> None:
    _, edit = replace(Lines("a\nb\nc\n"), Place(*start), Place(*end), new, "utf-8")
    untouched = Untouched().edited([edit])
    found = {line: untouched.now(Span(line, 0, line, 1)) for line in (1, 2, 3)}
    assert {line: span.line for line, span in found.items() if span is not None} == left
    for then, now in left.items():
        assert untouched.then(now) == then


def test_what_is_long_ends_above_what_is_left_below_it() -> None:
    text = Lines("def f():\n    1\n    2\n\ny\n")
    _, edit = replace(text, Place(2, 0), Place(2, 5), "(\n(\n", "utf-8")
    untouched = Untouched().edited([edit])
    assert untouched.now(Span(1, 0, 3, 5)) is None
    assert untouched.end(3) == 5
    assert untouched.end(2) == 2
