"""A code graph that follows edits: the same answers as one from scratch, for less."""

from __future__ import annotations

import ast
import random

import msgspec
import pytest

from pivot_core.code.graph import CodeGraph
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources

FILES = {
    "pipeline.py": """
        from pivot_core import Pipeline
        import one, two, plugins
        pipeline = Pipeline("p")
        pipeline.register(one.s)
        pipeline.register(two.t)
        """,
    "one.py": """
        import helpers
        from table import TABLE, SIZE
        def s(text):
            return helpers.f(text, SIZE)
        """,
    "two.py": """
        import os
        from helpers import g
        import table
        def t(text):
            return g(text), table.TABLE, os.environ.get(table.NAME)
        """,
    "helpers.py": """
        import math
        def f(x, size):
            \"\"\"About f.\"\"\"
            return math.floor(size) + len(x)
        def g(x: int) -> int:
            return f(x, 2)
        """,
    "table.py": """
        SIZE = 3
        NAME = "FLAG"
        TABLE = {}
        def add(fn):
            TABLE[fn.__name__] = fn
            return fn
        """,
    "plugins.py": """
        from table import add
        @add
        def plug(x):
            return x
        """,
}
STAGES = ((("one", "s"),), (("two", "t"),), (("helpers", "g"), ("one", "s")))
# Pairs of texts that edits swap back and forth, anywhere they stand.
SWAPS = [
    ("len(x)", "sum(x)"),
    ("len(x)", "g(x)"),
    ("math.floor", "math.ceil"),
    ("import math", "import math, statistics"),
    ("SIZE = 3", "SIZE = 4"),
    ('"FLAG"', '"OTHER"'),
    ("TABLE = {}", "TABLE = dict()"),
    ("return fn", "fn(1)\n    return fn"),
    ("TABLE[fn.__name__] = fn", "TABLE[1] = fn; NEW.append(fn)"),
    ("@add\n", ""),
    ("@add\ndef plug", "@add\ndef plug2"),
    ("return x\n", "return x, f.__doc__\n"),
    ("About f.", "All about f."),
    ("x: int", "x: str"),
    ("return g(text)", "from helpers import f\n    return f.__annotations__, g(text)"),
    ("return helpers.f(", "return getattr(helpers, text)("),
    ("import helpers\n", "import helpers, twice\n"),
    ("def f(", "# note\n\ndef f("),
    ("def g(", "def unused(): pass\ndef g("),
    ("def f(x, size):", "def f(x, size:"),
    ("SIZE = 3", "SIZE = (3"),
    ("import os", "import os\nimport random\nrandom.seed(1)"),
    ("os.environ.get(table.NAME)", "os.environ[text]"),
    ("TABLE, SIZE", "*"),
    ("from helpers import g", "from helpers import *"),
]


def answers(graph: CodeGraph) -> list[object]:
    """All that a graph says of the stages, but what it says of texts that can't be read as they are now."""
    found: list[object] = [graph.definition()]
    for roots in STAGES:
        whole = graph.stage(roots)
        widened = tuple(each for each in whole.widened if each.to != "its last readable text")
        found += [graph.fact(roots), msgspec.structs.replace(whole, widened=widened)]
    return found


def is_readable(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_after_each_edit_the_answer_is_that_of_a_new_graph(code, seed):
    """Buffers are edited, saved and closed in any order; half of the time one can't be read."""
    code.write(FILES)
    saved = {name: (code.project.root / name).read_text() for name in FILES}
    buffers: dict[str, str] = {}
    readable: dict[str, str] = {}  # of each buffer, the last text without a syntax error
    rng, live = random.Random(seed), LiveGraph()
    for _ in range(150):
        name, action = rng.choice(sorted(FILES)), rng.random()
        if action < 0.1:
            buffers.pop(name, None)
            readable.pop(name, None)
        else:
            old, new = rng.sample(rng.choice(SWAPS), 2)
            buffers[name] = buffers.get(name, saved[name]).replace(old, new, 1)
            if is_readable(buffers[name]):
                readable[name] = buffers[name]
                if action > 0.9:
                    code.write({name: buffers[name]})
                    saved[name] = buffers.pop(name)
            readable.setdefault(name, saved[name])
        followed = live.now(Sources(code.project, code.digest, buffers), code.cache)
        shown = {path: readable[path] for path in buffers}
        scratch = CodeGraph(Sources(code.project, code.digest, shown), code.cache)
        assert answers(followed) == answers(scratch)


def test_an_edit_of_what_a_function_says_keeps_the_graph(code):
    """Nothing but the edited file is read again, and only who uses the function gets another fact."""
    code.write(FILES)
    graph = code.graph()
    first, second = graph.fact((("one", "s"),)), graph.fact((("two", "t"),))
    helper = graph.fact((("table", "add"),))
    text = (code.project.root / "helpers.py").read_text()
    edited = {"helpers.py": text.replace("math.floor(size)", "math.ceil(size) + SIZE")}
    assert graph.follow(Sources(code.project, code.digest, edited), code.cache)
    assert graph.fact((("one", "s"),)) != first
    assert graph.fact((("two", "t"),)) != second
    assert graph.fact((("table", "add"),)) is helper


def test_what_cannot_be_followed_is_told_with_its_new_line_when_a_statement_is_only_formatted(code):
    head, rest = "import names\n", "def s(text):\n    return T\n"
    code.write({"pipeline.py": "import stages\n", "names.py": "a = b = 1\n"})
    code.write({"stages.py": f"{head}T = [getattr(names, n) for n in 'ab']\n{rest}"})
    (before,) = code.fact().widened
    code.write({"stages.py": f"{head}T = [\n    getattr(names, n) for n in 'ab'\n]\n{rest}"})
    (after,) = code.live.now(Sources(code.project, code.digest), code.cache).stage((("stages", "s"),)).widened
    assert (before.line, after.line) == (2, 3)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helpers.py", "def g(", "def h("),
        ("helpers.py", "import math", "import math, table"),
        ("table.py", "TABLE[fn.__name__] = fn", "TABLE[fn.__name__] = SIZE"),
        ("plugins.py", "@add", "@print"),
    ],
)
def test_an_edit_of_what_importing_does_makes_a_new_graph(code, name, old, new):
    code.write(FILES)
    graph = code.graph()
    answers(graph)
    text = (code.project.root / name).read_text()
    assert not graph.follow(Sources(code.project, code.digest, {name: text.replace(old, new)}), code.cache)


def test_while_a_buffer_has_a_syntax_error_its_last_readable_text_counts(code):
    """And the fact says so, with the line. A file with one is covered by its whole text."""
    code.write({"one.py": "def s(x):\n    return 1\n", "pipeline.py": "import one\n"})
    roots, live = (("one", "s"),), LiveGraph()

    def ask(overlay):
        return live.now(Sources(code.project, code.digest, overlay), code.cache).stage(roots)

    before = ask({})
    half = ask({"one.py": "def s(x):\n    return (1\n"})
    assert half.fingerprint == before.fingerprint
    assert [(each.path, each.line, each.to) for each in half.widened] == [
        ("one.py", 2, "its last readable text")
    ]
    edited = ask({"one.py": "def s(x):\n    return 2\n"})
    assert edited.fingerprint != before.fingerprint
    assert ask({"one.py": "def s(x:\n    return 3\n"}).fingerprint == edited.fingerprint
    assert ask({"one.py": "def s(x:\n"}).fingerprint == edited.fingerprint
    assert ask({}).fingerprint == before.fingerprint
    assert ask({"one.py": "def s(x:\n"}).fingerprint == before.fingerprint
    code.write({"one.py": "def s(x:\n"})  # the very text that is in the buffer
    assert ask({}).widened[0].to == "its whole text"


KEPT = {"s": (("one", "s"),), "t": (("two", "t"),), "g": (("helpers", "g"), ("one", "s"))}


@pytest.mark.parametrize("seed", range(8))
def test_after_each_edit_what_is_kept_is_what_a_new_graph_says(code, seed):
    """From process to process: files are edited one or two at a time, and at times one stage is asked for."""
    code.write(FILES)
    texts = {name: (code.project.root / name).read_text() for name in FILES}
    rng, without = random.Random(seed), 0
    for _ in range(100):
        for _ in range(rng.choice((1, 1, 2))):
            name, (old, new) = rng.choice(sorted(texts)), rng.sample(rng.choice(SWAPS), 2)
            texts[name] = texts[name].replace(old, new, 1)
        code.write(texts)
        names = rng.sample(sorted(KEPT), rng.choice((1, 3, 3)))
        definition, facts, made = code.kept({name: KEPT[name] for name in names})
        without += not made
        scratch = code.graph()
        assert definition == scratch.definition()
        assert facts == {name: scratch.fact(KEPT[name]) for name in names}
    assert without > 10  # it isn't all made anew


def test_an_edit_leaves_what_is_kept_of_the_stages_that_it_does_not_reach(code):
    code.write(FILES)
    definition, facts, _ = code.kept(KEPT)
    text = (code.project.root / "two.py").read_text()
    code.write({"two.py": text.replace("return g(text)", "return 1 + len(text), g(text)")})
    assert code.kept({"s": KEPT["s"], "g": KEPT["g"]}) == (
        definition,
        {"s": facts["s"], "g": facts["g"]},
        False,
    )
    now, later, made = code.kept(KEPT)
    assert made
    assert now == definition
    assert {name for name in KEPT if later[name] != facts[name]} == {"t"}
