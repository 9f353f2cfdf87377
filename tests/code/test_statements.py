"""A text as its statements, which follow every edit: the same as parsing it whole."""

from __future__ import annotations

import ast
import random

import pytest

from pivot_core.code.statements import Statements, parse

TEXT = '''"""About the module.

def not_a_function(): pass
"""
from __future__ import annotations
import os, sys  # both

# About SIZE.
SIZE = 3; NAME = "x" \\
    "y"


@decorated
@also(
    1,
)
def first(x, y=(1, 2)):
    """Doc."""
    if x:
        return [
            1,
        ]
    # at the end
    else:
        return f"{x!r} {y}"
    # after it

if SIZE > 2:
    TABLE = {}
elif NAME:
    TABLE = {1: 2}
else:
    TABLE = None
try:
    import fast
except ImportError:
    fast = None
finally:
    pass

class Both(dict):
    at: int = 1

    async def method(self): return await self; x = 1

match SIZE:
    case [1]: pass
    case {"a": 1}:
        pass
case [2]: int
text = """
# not a comment
else:
"""
(
    first(1, 2)
)
# the end
'''
# What is typed: much of it leaves a text that isn't Python.
TYPED = [
    *("\n", "\r\n", "\r", " ", "    ", "\t", "\f", "\\", "\\\n", "\\\n\n", "\n\n"),
    *("#", "(", ")", "[", "]", "{", "}", ":", ";", ",", "@", "=", "x", "1 +", "lambda", "return", "async "),
    *('"', "'", '"""', "'''", 'f"{', "é", "🐍", "\u2028", "\x0b", "\0", "\ud800", "\ufeff"),
    *("else:\n", "elif x:\n", "finally:\n", "except E:\n", "if x:\n", "try:\n", "case [1]: pass\n"),
    *("def f(:\n", "def g(): pass\n", "class C:\n", "@dec\n", "    pass\n", "    # note\n", "# note\n"),
    *("x = 1\n", "x = 1; ", "x = (\n", 'x = """\n', "print(\n"),
]


def random_edit(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text) + 1)
    if rng.random() < 0.4:  # where statements meet
        start = text.rfind("\n", 0, start) + 1
    end = min(len(text), start + rng.choice([0, 0, 0, 1, 1, 3, 10, 60]))
    moved = rng.randrange(len(text) + 1)
    typed = rng.choice([*rng.sample(TYPED, 3), "", text[moved : moved + rng.choice([1, 30, 120])]])
    return text[:start] + typed + text[end:]


def dumped(body: list[ast.stmt]) -> list[str]:
    return [ast.dump(node, include_attributes=True) for node in body]


def in_place(statements: Statements) -> list[str]:
    """All statements, with their places in the file."""
    found = []
    for text, first_line, body in statements.items:
        assert ast.dump(parse(text)) == ast.dump(ast.Module(list(body), []))
        for node in parse(text).body:
            found += dumped([ast.increment_lineno(node, first_line - 1)])
        assert all(node.lineno <= len(text.splitlines()) for node in body)
    return found


def check(text: str, followed: Statements) -> None:
    assert followed.text == text
    assert "".join(item.text for item in followed.items) == text
    assert in_place(followed) == dumped(parse(text).body)


def is_python(text: str) -> bool:
    try:
        parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_text_is_cut_into_its_statements(newline):
    """With the comments above each, and what is below the last."""
    found = Statements.of(TEXT.replace("\n", newline))
    check(TEXT.replace("\n", newline), found)
    assert [(item.first_line, len(item.body)) for item in found.items] == [
        *((1, 1), (5, 1), (6, 1), (7, 2), (11, 1), (26, 1), (34, 1), (40, 1), (45, 1), (50, 1), (51, 1)),
        *((55, 1), (58, 0)),
    ]
    assert found.items[3].text.startswith(f"{newline}# About SIZE.")


@pytest.mark.parametrize("seed", range(20))
def test_after_each_edit_the_statements_are_those_of_the_whole_text(seed):
    """Texts that aren't Python are told from the others, too, whatever is typed next."""
    rng, text = random.Random(seed), TEXT
    good = Statements.of(text)
    for _ in range(150):
        edited = random_edit(rng, text)
        try:
            good = good.follow(edited)
        except SyntaxError:
            assert not is_python(edited)
            text = edited if rng.random() < 0.7 else good.text
        else:
            text = edited
            check(text, good)
            if text.count("\\") <= TEXT.count("\\"):  # with more of them, lines may be joined otherwise
                assert [item[:2] for item in good.items] == [item[:2] for item in Statements.of(text).items]
        if len(text) > 3 * len(TEXT):
            text = TEXT


def test_what_an_edit_leaves_alone_is_not_parsed_again():
    before = Statements.of(TEXT)
    after = before.follow(TEXT.replace("SIZE = 3", "SIZE = 3\nMORE = 4").replace("at: int", "on: int"))
    same = [one.body is other.body for one, other in zip(before.items[:3], after.items[:3], strict=True)]
    assert all(same)
    assert after.items[-3].body is before.items[-3].body
    assert after.items[-3].first_line == before.items[-3].first_line + 1
    assert before.follow(TEXT) is before


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("        return f", "        return return f", 23),
        ("case [2]: int", "case [2]: int int", 51),
        ("TABLE = None", "TABLE = (", 34),
    ],
)
def test_a_mistake_is_told_at_its_line_of_the_file(old, new, line):
    with pytest.raises(SyntaxError) as caught:
        Statements.of(TEXT).follow(TEXT.replace(old, new))
    with pytest.raises(SyntaxError) as whole:
        parse(TEXT.replace(old, new))
    assert caught.value.lineno == whole.value.lineno


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "x = 1", "x = 1\n\n#", "\r\n\r", "\f\n"])
def test_short_texts_can_be_followed_to_each_other(text):
    for other in ("", "\n", "x", "# c\nx = 1\n", "x = 1\n# c", "x = 1\n\n\ny = 2"):
        check(text, Statements.of(other).follow(text))
        check(other, Statements.of(text).follow(other))


@pytest.mark.parametrize("text", ["x = (\n", "\0", "'\ud800'", "(" * 5000, "-" * 100_000 + "1"])
def test_a_text_that_is_no_python_is_a_syntax_error(text):
    with pytest.raises(SyntaxError):
        Statements.of(text)
    with pytest.raises(SyntaxError):
        Statements.of("x = 1\n").follow("x = 1\n" + text)
