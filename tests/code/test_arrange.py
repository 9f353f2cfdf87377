"""Statements that come and go: the graph is kept where nobody has asked for them, and is right always."""

from __future__ import annotations

import ast
import random
import re

import pytest

from pivot_core.code.graph import CodeGraph
from pivot_core.code.influence import Influence
from pivot_core.code.live import LiveGraph
from pivot_core.code.sources import Sources

FILES = {
    "pipeline.py": """
        from pivot_core import Pipeline
        import one, two, patches
        from package import three
        pipeline = Pipeline("p")
        pipeline.register(one.s)
        pipeline.register(two.t)
        pipeline.register(three.u)
        """,
    "one.py": """
        import json
        from helpers import *
        import table
        def s(text):
            return json.dumps(f(text)), len(text), LIMIT, TABLE, h, table.SIZE, table.fast
        """,
    "two.py": """
        from helpers import g as other
        import lazy, table
        HERE = table.COUNTER
        def t(text):
            try:
                from caught import careful
            except ImportError:
                pass
            return other(text), lazy.anything, table.TABLE, HERE, sorted(text), table.Base.__subclasses__()
        def unused(text, size=HERE):
            return text
        """,
    "package/__init__.py": """
        from package import inner
        WHICH = 1
        """,
    "package/inner.py": """
        def deep(x):
            return WHICH, x
        """,
    "package/three.py": """
        import package
        from package import inner
        import whole
        def u(text):
            return inner.deep(text), package.WHICH, package.missing, whole
        class Params:
            size: int = 1
        """,
    "helpers.py": """
        \"\"\"Helpers.\"\"\"
        import math, functools, dataclasses
        __all__ = ["f", "g", "LIMIT", "TABLE"]
        from table import TABLE
        LIMIT = 3
        def f(x):
            return math.floor(len(x)) + LIMIT
        def g(x: int) -> int:
            return f(x)
        def h(x):
            return g(x)
        """,
    "lazy.py": """
        known = 1
        def __getattr__(name):
            return known
        """,
    "table.py": """
        import os, random
        random.seed(1)
        ENV = os.environ
        class Base: pass
        TABLE = {}
        COUNTER = []
        SIZE = 2
        COUNTER.append(SIZE)
        def add(fn):
            TABLE[fn.__name__] = fn
            return fn
        try:
            import fast
        except ImportError:
            fast = None
        """,
    "caught.py": """
        import math
        def careful(x): return math
        """,
    "patches.py": """
        import helpers, table
        helpers.LIMIT = table.SIZE
        @table.add
        def plug(x):
            return x
        """,
    "whole.py": """
        A = 1
        def b():
            return A
        """,
}
STAGES = ((("one", "s"),), (("two", "t"),), (("package.three", "u"), ("package.three", "Params")))
COMING = """
import os
import json
import math as json
import helpers
import table
import two
import lazy, table
import package.inner
import other
from helpers import h
from helpers import newer
from helpers import *
from table import *
from os.path import *
from package import inner
from package import missing
from lazy import known, strange
import fast
fast = None
def f(x): return 1
def g(x): return x, h(x), newer
def h(x=LIMIT): return x
def len(x): return 1
def sorted(x): return x
def newer(x): return math.ceil(x)
def newer(x): return json.dumps(x)
def helper(x, y=table.SIZE): return y
def missing(x): return x
def anything(): return 2
def __getattr__(name): return 3
def __dir__(): return []
def add(fn): return fn
def deep(x): return x
def setter():\n    global LIMIT\n    LIMIT = 2
def setter():\n    global TABLE, json\n    TABLE = json = 2
LIMIT = 4
WHICH = 2
SIZE = newer
TABLE = {"a": 1}
COUNTER = COUNTER
COUNTER.append(3)
fresh = 1
fresh = fresh
fresh, again = 1, 2
fresh: int = 3
fresh = [f]
fresh = newer(3)
fresh = LIMIT
fresh = random.random
fresh = COUNTER
fresh = ENV["A"]
fresh = os.environ.get("A")
__all__ = ["f", "g"]
__all__ = ["f", "g", "LIMIT", "TABLE", "newer"]
__all__ += ["h"]
class Fresh: pass
class Fresh(dict): size = 2
class Params: size: int = 2
class Fresh(Params): pass
class Fresh(Base): pass
@functools.cache\ndef newer(x): return 8
class Fresh:\n    import table\n    table.SIZE = 3
@table.add\ndef newer(x): return 5
@print\nclass Fresh: pass
if fresh: import os
if LIMIT:\n    def newer(x): return 7\nelse:\n    newer = None
try:\n    import other\nexcept ImportError:\n    other = None
if __name__ == "__main__":\n    print(fresh)
from typing import TYPE_CHECKING
if TYPE_CHECKING:\n    import helpers as newer
\"\"\"Documented.\"\"\"
from __future__ import annotations
del fresh
for fresh in (1, 2): pass
(fresh := 3)
helpers.LIMIT = 9
import helpers; helpers.LIMIT = 8
random.seed(3)
table.fresh = 1
globals()["fresh"] = 2
""".strip().splitlines()
USES = [
    "other",
    "h(1)",
    "os.sep",
    "len",
    "missing",
    "LIMIT",
    "helpers.newer",
    "table.fresh",
    "random.random()",
]


def answers(graph: CodeGraph) -> list[object]:
    """All that a graph says: which text is behind a unit, and what each line decides, too."""
    found: list[object] = [graph.definition()]
    for roots in STAGES:
        whole = graph.stage(roots)
        texts = graph.texts(roots, {unit.hash for unit in whole.units.values()})
        found += [graph.fact(roots), whole, texts]
    return [
        *found,
        [(graph.decided_at(path, line), graph.keeps_at(path, line)) for path in FILES for line in range(30)],
    ]


def edited(rng: random.Random, text: str) -> str:
    """A statement comes, goes, or stands elsewhere; or one says something else."""
    lines, body = text.splitlines(keepends=True), ast.parse(text).body
    node, below = (rng.choice(body), rng.choice(body)) if body else (None, None)
    first, last = (node.lineno - 1, node.end_lineno) if node is not None else (0, 0)
    at = below.lineno - 1 if below is not None and rng.random() < 0.8 else len(lines)
    chance = rng.random()
    if chance < 0.3:
        return "".join([*lines[:at], rng.choice(COMING).replace("\\n", "\n") + "\n", *lines[at:]])
    if chance < 0.45:
        return "".join(lines[:first] + lines[last:])
    if chance < 0.5:
        return "".join(lines[:at] + lines[first:last] + lines[at:])
    if chance < 0.55:
        rest = lines[:first] + lines[last:]
        return "".join(rest[:at] + lines[first:last] + rest[at:])
    if chance < 0.65:
        return re.sub(r"(return .*?), .*", r"\1", text, count=1)
    names = [name for statement in body for name in bound(statement)]
    old = rng.choice(["return ", "return ", "return ", " = "])
    places = [place for place in range(len(text)) if text.startswith(old, place)]
    place = rng.choice(places or [len(text)]) + len(old)
    used = rng.choice([*names, *names[-3:], *USES])
    return f"{text[:place]}{used}{', ' if old == 'return ' else ' or '}{text[place:]}"


def bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names if alias.name != "*"]
    return [
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]


def is_readable(text: str) -> bool:
    try:
        compile(text, "", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_whatever_comes_and_goes_the_answer_is_that_of_a_new_graph(code, seed):
    code.write(FILES)
    saved = {name: (code.project.root / name).read_text() for name in FILES}
    texts, rng, live, kept = dict(saved), random.Random(seed), LiveGraph(), 0
    for _ in range(80):
        name = rng.choice(sorted(FILES))
        if rng.random() < 0.1:
            texts[name] = saved[name]
        elif is_readable(text := edited(rng, texts[name])):
            texts[name] = text
        before = live._graph
        followed = live.now(Sources(code.project, code.digest, texts), code.cache)
        kept += followed is before
        assert answers(followed) == answers(CodeGraph(Sources(code.project, code.digest, texts), code.cache))
    assert kept > 10  # it isn't always made anew


def follow(live: LiveGraph, code, texts: dict[str, str]) -> bool:
    """Whether the graph is the one before. It says what one from scratch does."""
    before = live._graph
    now = live.now(Sources(code.project, code.digest, texts), code.cache)
    assert answers(now) == answers(CodeGraph(Sources(code.project, code.digest, texts), code.cache))
    return now is before


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("helpers.py", "import os"),
        ("helpers.py", "import fast.things as newest"),
        ("helpers.py", "from table import SIZE"),
        ("helpers.py", "def newer(x): return 1"),
        ("helpers.py", "@functools.cache\ndef newer(x): return 1"),
        ("helpers.py", "@dataclasses.dataclass\nclass Newer:\n    size: int = 1"),
        ("helpers.py", "newer = LIMIT"),
        ("helpers.py", "newer, newest = 1, 2"),
        ("helpers.py", "if LIMIT:\n    newer = 1\nelse:\n    newest = 2"),
        ("two.py", "def table_of(x): return x"),
        ("package/__init__.py", "def newer(x): return 1"),
        ("pipeline.py", "def newer(x): return 1"),
    ],
)
@pytest.mark.parametrize("early", [True, False])
def test_what_nobody_asks_for_comes_and_goes_and_the_graph_is_kept(code, name, statement, early):
    """And counts from when somebody does."""
    code.write(FILES)
    texts, live = {name: (code.project.root / name).read_text() for name in FILES}, LiveGraph()
    follow(live, code, texts)
    place = max(texts[name].find("def "), 0) if early else len(texts[name])
    came = f"{texts[name][:place]}{statement}\n{texts[name][place:]}"
    assert follow(live, code, texts | {name: came})
    assert follow(live, code, texts)
    assert follow(live, code, texts | {name: came})
    for used in bound(ast.parse(statement).body[-1]):
        assert follow(live, code, texts | {name: came.replace("return ", f"return {used}, ")})
        assert follow(live, code, texts | {name: came})
    follow(live, code, texts)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("helpers.py", "def f(x): return 2"),  # of a name that there is
        ("one.py", "def len(x): return 1"),  # of a builtin
        ("one.py", "def h(x): return 1"),  # of a name that would come by a star import
        ("helpers.py", "__all__ += ['h']"),
        ("package/__init__.py", "missing = 1"),  # asked for when it wasn't there
        ("package/__init__.py", "def __getattr__(name): return 1"),
        ("whole.py", "newer = 1"),  # the module is a value
        ("helpers.py", "import whole"),
        ("caught.py", "import os"),  # that can fail where somebody catches it
        ("helpers.py", "from os import *"),
        ("helpers.py", "def setter():\n    global TABLE, newer\n    TABLE = newer = 1"),
        ("helpers.py", "table.SIZE = 3"),
        ("helpers.py", "newer = h(1)"),
        ("table.py", "newer = random.random"),
        ("table.py", "newer = ENV['A']"),  # a variable that decides the unit
        ("table.py", "class Newer(Base): pass"),
    ],
)
def test_what_others_depend_on_makes_a_new_graph_as_it_comes_and_goes(code, name, statement):
    code.write(FILES)
    texts, live = {name: (code.project.root / name).read_text() for name in FILES}, LiveGraph()
    follow(live, code, texts)
    came = texts | {name: f"{texts[name]}{statement}\n"}
    assert not follow(live, code, came)
    assert not follow(live, code, texts)
    follow(live, code, came | {"one.py": came["one.py"].replace("return ", "return helpers.newer, TABLE, ")})


def test_an_import_of_a_module_that_is_imported_there_already_keeps_the_graph(code):
    """As long as nothing is imported in another order."""
    code.write(FILES)
    texts, live = {name: (code.project.root / name).read_text() for name in FILES}, LiveGraph()
    follow(live, code, texts)
    late = f"{texts['one.py']}from table import newest\n"
    assert follow(live, code, texts | {"one.py": late})
    assert follow(live, code, texts | {"one.py": late.replace("newest", "newer")})
    assert not follow(live, code, texts | {"one.py": f"from table import newest\n{texts['one.py']}"})


def test_a_statement_that_came_is_executed_in_its_turn(code):
    """Another module gives LIMIT another value, before it or after."""
    code.write(FILES)
    texts, live = {name: (code.project.root / name).read_text() for name in FILES}, LiveGraph()
    texts["pipeline.py"] = "import patches\n" + texts["pipeline.py"]
    follow(live, code, texts)
    came = texts | {"one.py": texts["one.py"].replace("def s(", "newer = LIMIT\ndef s(")}
    follow(live, code, came)
    again = came | {"one.py": came["one.py"].replace("def s(", "newest = LIMIT\ndef s(")}
    assert follow(live, code, again)
    assert follow(live, code, again | {"one.py": again["one.py"].replace("return ", "return newest, ")})


def test_what_is_kept_for_the_next_process_tells_which_statement_is_which(code):
    """A graph that has followed is asked, and then saves what it knows: as `pivot-core run --watch` does."""
    code.write(
        {"pipeline.py": "import one\n", "one.py": "def s(x):\n    return f(x)\ndef f(x):\n    return 1\n"}
    )
    graph = code.graph()
    roots = (("one", "s"),)
    graph.fact(roots), graph.definition()
    text = "import os\n" + (code.project.root / "one.py").read_text()
    assert graph.follow(Sources(code.project, code.digest, {"one.py": text}), code.cache)
    found = Influence()
    graph.fact(roots)
    graph.add_to(found)
    found.lead("s", graph.leads(roots))
    assert [index for index in range(3) if found.affected([("one", index)])] == [1, 2]
