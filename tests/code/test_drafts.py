"""Summaries that follow edits: the same as of the text from scratch."""

from __future__ import annotations

import random
import sysconfig
from pathlib import Path

import pytest

from pivot_core.code.drafts import Draft, Drafts
from pivot_core.code.statements import parse
from pivot_core.code.summary import summarise

TEXT = '''"""About the module."""
from __future__ import annotations
import os, sys
from importlib import import_module as load
from helpers import *

__all__ = ["first"]
SIZE = 3; NAME = "x"

def first(x: "list[int]", y=(1, 2)) -> int:
    """Doc."""
    global SIZE
    SIZE += 1
    load(x)
    return SIZE

if SIZE > 2:
    from others import *
    TABLE = {}
elif check(NAME):
    TABLE = {1: 2}
try:
    import fast
except ImportError:
    fast = None
__all__ += ["Both"]

class Both(dict):
    at: int = 1
    def method(self):
        self.at = os.environ["KEY"]
        return first(self)
'''
# Whole lines, or what is typed in one; several of them decide how all other statements are read.
LINES = [
    *("", "# note", '"""Text."""', "x = 1", "x = 1; y = x", "import os", "from a import b as c", "pass"),
    *("from helpers import *", "from __future__ import annotations", "(n := 3)", "print(n := 4)"),
    *('__all__ = ["x"]', "__all__ += names", '__all__.append("y")', "TABLE[1] = first", "@first"),
    *("def g(): return x", "def f(:", "    pass", "    global x; x = 2", "else:", "except ValueError:"),
    *("if x:", "while x: pass", "with x: from z import *", "import_module(x)", "class C: pass", '"""', "("),
]
SOURCES = [TEXT] + [
    Path(sysconfig.get_path("stdlib"), name).read_text(encoding="utf-8") for name in ("enum.py", "bdb.py")
]


def edits(text: str, rng: random.Random, count: int) -> list[str]:
    """Texts, each an edit of the one before: a line more, less, twice, elsewhere or changed. Every other time
    it has become no Python, it is put back."""
    found, good = [], text
    for _ in range(count):
        lines = text.split("\n")
        place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(6):
            case 0 | 1:
                lines.insert(place, rng.choice(LINES))
            case 2:
                del lines[place : place + rng.choice((1, 1, 3))]
            case 3:
                lines.insert(other, lines[place])
            case 4:
                lines[place] = lines[place].replace(*rng.choice((("x", "y"), ("1", "2"), ("self", "x"))))
            case _:
                lines[place] += rng.choice((" ", "  # note", "; z = 1", ", 1", ")", " \\"))
        text = "\n".join(lines)
        found.append(text)
        try:
            parse(text)
            good = text
        except SyntaxError:
            text = good if rng.random() < 0.5 else text
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("source", range(len(SOURCES)))
def test_after_each_edit_the_summary_is_that_of_the_text_from_scratch(seed, source):
    draft = Draft(SOURCES[source])
    for text in edits(SOURCES[source], random.Random(seed), 100 if source == 0 else 20):
        scratch = summarise(text)
        if scratch.error is None:
            draft.edit(text)
        else:
            with pytest.raises(SyntaxError):
                draft.edit(text)
            continue
        assert draft.summary == scratch


def test_an_edit_leaves_the_parts_of_all_other_statements_the_same_objects():
    """Also of those that move."""
    draft = Draft(TEXT)
    before = draft.summary.statements
    draft.edit(TEXT.replace("def first", "# note\n\ndef first").replace("load(x)", "load(x + 1)"))
    after = draft.summary.statements
    others = {
        was.names
        for was, now in zip(before, after, strict=True)
        if any(one is not other for one, other in zip(was.parts(), now.parts(), strict=True))
    }
    assert others == {("first",)}
    moved = {was.names: now.line - was.line for was, now in zip(before, after, strict=True)}
    assert (moved[("SIZE",)], moved[("first",)], moved[("Both",)]) == (0, 2, 2)


def test_what_decides_how_all_statements_are_read_has_all_read_again():
    draft = Draft(TEXT)
    text = TEXT.replace("import import_module as load", "import reload as load")
    draft.edit(text)
    assert draft.summary == summarise(text)


def test_while_a_text_is_no_python_the_one_before_is_followed_later():
    drafts = Drafts()
    first = drafts.read("one.py", "1", TEXT)
    broken = drafts.read("one.py", "2", TEXT + "\ndef f(")
    assert broken.error is not None
    assert broken.error.line == TEXT.count("\n") + 2
    again = drafts.read("one.py", "3", TEXT + "\n")
    assert again.statements[0].head is first.statements[0].head
    assert drafts.known("one.py", "3") is again
    assert drafts.known("one.py", "1") is None
    drafts.keep([])
    assert drafts.known("one.py", "3") is None
