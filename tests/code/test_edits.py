"""Small projects, one edit each: does stage ``s`` of stages.py get another fingerprint?

Every case is (files before, edits): an edit is (file, old, new), or (file, None, text) for a whole file.
``stages.py`` gets the stage from its last part: ``BODY`` is the stage's body.
"""

# ruff: noqa: E501  # a case is a line
# fmt: off
from __future__ import annotations

import textwrap

import pytest

Case = tuple[str, dict[str, str], list[tuple[str, str | None, str]]]

STALE: list[Case] = []
FRESH: list[Case] = []

PIPELINE = "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\npipeline.register(stages.s)\n"


def st(body: str, head: str = "") -> str:
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return textwrap.dedent(head).strip("\n") + f"\ndef s(text):\n{body}\n"


def stale(name: str, files: dict[str, str], *edits: tuple[str, str | None, str]) -> None:
    STALE.append((name, files, list(edits)))


def fresh(name: str, files: dict[str, str], *edits: tuple[str, str | None, str]) -> None:
    FRESH.append((name, files, list(edits)))


def one(body: str, head: str = "", **others: str) -> dict[str, str]:
    """stages.py and other modules by name (``a__b`` is a/b.py)."""
    named = {name.replace("__", "/") + ".py": text for name, text in others.items()}
    return {"stages.py": st(body, head), **named}


F = "def f(x):\n    return x + 'one'\n"
ONE = ("'one'", "'two'")
ALWAYS = ("stages.py", *ONE)

# --- how a helper is reached ----------------------------------------------------------------------
stale("the stage's own body", one("return 'one'"), ALWAYS)
stale("relative import", {"pkg/__init__.py": "", "pkg/a.py": F, "pkg/b.py": "from .a import f\n",
                          "stages.py": st("return f(1)", "from pkg.b import f")}, ("pkg/a.py", *ONE))
stale("relative import of a module", {"pkg/__init__.py": "", "pkg/a.py": F, "pkg/b.py": "from . import a\ndef g(x): return a.f(x)\n",
                                      "stages.py": st("return b.g(1)", "from pkg import b")}, ("pkg/a.py", *ONE))
stale("relative import two levels up", {"p/__init__.py": "", "p/a.py": F, "p/q/__init__.py": "", "p/q/b.py": "from ..a import f\n",
                                        "stages.py": st("return f(1)", "from p.q.b import f")}, ("p/a.py", *ONE))
stale("import of a submodule", {"p/__init__.py": "", "p/a.py": F, "stages.py": st("return p.a.f(1)", "import p.a")}, ("p/a.py", *ONE))
stale("import of a submodule as", {"p/__init__.py": "", "p/a.py": F, "stages.py": st("return z.f(1)", "import p.a as z")}, ("p/a.py", *ONE))
stale("submodule through the package", {"p/__init__.py": "from . import a\n", "p/a.py": F, "stages.py": st("return p.a.f(1)", "import p")}, ("p/a.py", *ONE))
stale("namespace package", {"p/a.py": F, "stages.py": st("return f(1)", "from p.a import f")}, ("p/a.py", *ONE))
stale("src layout", {"src/lib/__init__.py": "", "src/lib/a.py": F, "stages.py": st("return f(1)", "from lib.a import f")}, ("src/lib/a.py", *ONE))
stale("src as a namespace package", {"src/a.py": F, "stages.py": st("return f(1)", "from src.a import f")}, ("src/a.py", *ONE))
stale("re-export through two packages", {"p/__init__.py": "from .q import f\n", "p/q/__init__.py": "from .r import f\n", "p/q/r.py": F,
                                         "stages.py": st("return f(1)", "from p import f")}, ("p/q/r.py", *ONE))
stale("re-export under another name", {"p/__init__.py": "from .q import f as g\n", "p/q.py": F,
                                       "stages.py": st("return p.g(1)", "import p")}, ("p/q.py", *ONE))
stale("another name by assignment", one("return g(1)", "import helpers\ng = helpers.f", helpers=F), ("helpers.py", *ONE))
stale("module by another name", one("return g.f(1)", "import helpers\ng = helpers", helpers=F), ("helpers.py", *ONE))
stale("star import of a package", {"p/__init__.py": "from .q import *\n", "p/q.py": F, "stages.py": st("return f(1)", "from p import *")}, ("p/q.py", *ONE))
stale("star import with __all__ of a private name", {"h.py": "__all__ = ['_f']\n" + F.replace("def f", "def _f"),
                                                     "stages.py": st("return _f(1)", "from h import *")}, ("h.py", *ONE))
stale("star import with a computed __all__", {"h.py": "__all__ = sorted(['_f'])\n" + F.replace("def f", "def _f"),
                                              "stages.py": st("return _f(1)", "from h import *")}, ("h.py", *ONE))
stale("star import starts to shadow", {"h.py": "", "stages.py": st("return len(text)", "from h import *")}, ("h.py", None, "def len(x): return 1\n"))
stale("a later star import wins", {"a.py": F, "b.py": "", "stages.py": st("return f(1)", "from a import *\nfrom b import *")}, ("b.py", None, F))
stale("import in a function", one("import helpers\nreturn helpers.f(1)", helpers=F), ("helpers.py", *ONE))
stale("import in a nested function", one("def g():\n    return h.f(1)\nimport helpers as h\nreturn g()", helpers=F), ("helpers.py", *ONE))
stale("import of two candidates in a function", one("try:\n    import a as h\nexcept ImportError:\n    import b as h\nreturn h.f(1)", a=F, b=F), ("b.py", *ONE))
stale("fallback import: first", one("return h.f(1)", "try:\n    import a as h\nexcept ImportError:\n    import b as h", a=F, b=F), ("a.py", *ONE))
stale("fallback import: second", one("return h.f(1)", "try:\n    import a as h\nexcept ImportError:\n    import b as h", a=F, b=F), ("b.py", *ONE))
stale("fallback import: what is tried", one("return FAST", "try:\n    import a\n    FAST = 1\nexcept ImportError:\n    FAST = 2", a=F), ("stages.py", "import a", "import b"))
stale("import under a condition", one("return f(1)", "import sys\nif sys.version_info > (3, 0):\n    from a import f\nelse:\n    from b import f", a=F, b=F), ("a.py", *ONE))
stale("the condition itself", one("return f(1)", "import sys\nif sys.version_info > (3, 0):\n    from a import f\nelse:\n    from b import f", a=F, b=F), ("stages.py", "(3, 0)", "(4, 0)"))
stale("definition under a condition", one("return f(1)", "import os\nif os.name == 'nt':\n    def f(x): return 0\nelse:\n    def f(x): return 'one'"), ALWAYS)
stale("module __getattr__", {"h.py": "def __getattr__(name):\n    return lambda x: 'one'\n", "stages.py": st("return h.f(1)", "import h")}, ("h.py", *ONE))
stale("literal getattr", one("return getattr(helpers, 'f')(1)", "import helpers", helpers=F), ("helpers.py", *ONE))
stale("string in eval", one("return eval('f(1)')", F), ALWAYS)
stale("cyclic imports", {"a.py": "import b\ndef f(x): return b.g(x)\n", "b.py": "import a\ndef g(x): return 'one'\n", "stages.py": st("return a.f(1)", "import a")}, ("b.py", *ONE))
stale("new module shadows a package", one("return pandas.f()", "import pandas"), ("pandas.py", None, F))
stale("new module shadows a standard one", one("return json.dumps(1)", "import json"), ("json.py", None, F))
stale("a package takes the place of a module", one("return h.f(1)", "import h", h=F), ("h/__init__.py", None, F.replace(*ONE)))
stale("a missing name appears", one("return h.f(1)", "import h", h="A = 1\n"), ("h.py", None, F))
stale("a missing module appears", one("return h.f(1)", "import h"), ("h.py", None, F))
stale("name that only init() binds", one("init()\nreturn X", "def init():\n    global X\n    X = 'one'"), ALWAYS)

# --- what a unit is ----------------------------------------------------------------------------------
for label, head, body in [
    ("a nested function", "def f(x):\n    def g(y):\n        return 'one'\n    return g(x)", "return f(1)"),
    ("a lambda in a table", "T = {'k': lambda x: 'one'}", "return T['k'](1)"),
    ("a function in a table", F + "T = {'k': f}", "return T['k'](1)"),
    ("a table made by a comprehension", F + "T = {n: f for n in 'ab'}", "return T['a'](1)"),
    ("a partial", "import functools\n" + F + "g = functools.partial(f)", "return g(1)"),
    ("a keyword default", "def f(x, *, k='one'):\n    return k", "return f(1)"),
    ("a decorator with arguments", "def deco(k):\n    def wrap(fn):\n        return lambda x: k\n    return wrap\n@deco('one')\ndef f(x): return x", "return f(1)"),
    ("a class decorator", "def deco(c):\n    c.k = 'one'\n    return c\n@deco\nclass C: pass", "return C.k"),
    ("a static method", "class C:\n    @staticmethod\n    def f(x): return 'one'", "return C.f(1)"),
    ("a property setter", "class C:\n    @property\n    def v(self): return 1\n    @v.setter\n    def v(self, x): self.w = 'one'", "c = C()\nc.v = 1\nreturn c.w"),
    ("a nested class", "class C:\n    class D:\n        k = 'one'", "return C.D.k"),
    ("a metaclass", "class M(type):\n    def __call__(cls): return 'one'\nclass C(metaclass=M): pass", "return C()"),
    ("an operator of a class", "class C:\n    def __add__(self, o): return 'one'\nc = C()", "return c + 1"),
    ("a callable instance", "class C:\n    def __call__(self): return 'one'\nc = C()", "return c()"),
    ("a context manager", "import contextlib\n@contextlib.contextmanager\ndef f():\n    yield 'one'", "with f() as v:\n    return v"),
    ("an enum", "import enum\nclass E(enum.Enum):\n    A = 'one'", "return E.A.value"),
    ("a named tuple", "import collections\nP = collections.namedtuple('P', 'a', defaults=['one'])", "return P().a"),
    ("a dataclass field", "from dataclasses import dataclass, field\n@dataclass\nclass D:\n    k: str = field(default='one')", "return D().k"),
    ("an annotation of a class", "class D:\n    k: Literal['one']", "return D"),
    ("tuple unpacking", "A, (B, *C) = 1, ('one', 2)", "return B"),
    ("chained assignment", "A = B = 'one'", "return B"),
    ("augmented assignment", "A = ''\nA += 'one'", "return A"),
    ("assignment by walrus", "if (A := 'one'): pass", "return A"),
    ("an annotated constant", "A: str = 'one'", "return A"),
    ("a for loop", "A = []\nfor i in ['one']:\n    A.append(i)", "return A"),
    ("a with block", "import contextlib\nwith contextlib.nullcontext():\n    A = 'one'", "return A"),
    ("a match", "match 1:\n    case 1:\n        A = 'one'", "return A"),
    ("a while loop", "A = 0\nwhile A < len('one'):\n    A += len('one')", "return A"),
    ("a deleted key", "A = {'one': 1, 'two': 2}\ndel A['one']", "return A"),
    ("an f-string", "A = f'{1:>3}one'", "return A"),
    ("the finally of a try", "try:\n    A = 1\nfinally:\n    A = 'one'", "return A"),
    ("an async function", "async def f(x):\n    return 'one'", "return f(1)"),
    ("a class attribute that shadows", "X = 'one'\nclass C:\n    X = X", "return C.X"),
    ("a class attribute read by a method", "X = 'one'\nclass C:\n    X = 1\n    def f(self): return X", "return C().f()"),
    ("a comprehension's outer name", "X = 'one'\ndef f():\n    return [X for Y in 'ab']", "return f()"),
    ("a parameter's default from a constant", "X = 'one'\ndef f(k=X): return k", "return f()"),
]:
    stale(label, one(body, head), ("stages.py", "'one'", "'two'") if "'one'" in head else ("stages.py", "one'", "two'"))

for label, old, new in [
    ("int and bool", "1", "True"), ("int and float", "1", "1.0"), ("text and bytes", "'a'", "b'a'"), ("another operator", "x + 1", "x - 1"),
    ("order of operands", "x + y", "y + x"), ("brackets that matter", "x * (y + 1)", "x * y + 1"), ("a keyword's name", "f(a=1)", "f(b=1)"),
    ("is and ==", "x is y", "x == y"), ("a star", "f(*x)", "f(x)"), ("await", "g(x)", "(yield x)"), ("format conversion", "f'{x!r}'", "f'{x!s}'"),
    ("format width", "f'{x:>3}'", "f'{x:>4}'"), ("negative zero", "0.0", "-0.0"), ("list and tuple", "[x]", "(x,)"), ("attribute", "x.a", "x.b"),
    ("a longer chain", "x.a.b", "x.b.a"), ("big numbers", "10 ** 99", "10 ** 98"), ("slice", "x[1:2]", "x[1:]"), ("complex", "1j", "2j"), ("ellipsis", "x[...]", "x[:]"),
    ("dict unpacking", "{**x, 'a': y}", "{'a': y, **x}"), ("chained comparison", "x < y < 1", "x < y > 1"), ("not in", "x in y", "x not in y"),
]:
    stale("expression: " + label, one(f"return {old}"), ("stages.py", None, st(f"return {new}")))
stale("locals swapped", one("a = f()\nb = g()\nreturn a - b"), ("stages.py", "a - b", "b - a"))
stale("a local takes a global's name", one("b = 2\nreturn A", "A = 1"), ("stages.py", "b = 2", "A = 2"))
stale("locals seen by locals()", one("a = 1\nreturn locals()"), ("stages.py", "a = 1", "b = 1"))
stale("locals seen by a query", one("limit = 1\nreturn df.query('x > @limit')"), ("stages.py", "limit = 1", "other = 1"))
stale("locals seen by SQL", one("rows = load()\nreturn run('select * from rows')"), ("stages.py", "rows = load", "more = load"))
stale("the order of two mutations", one("return T", "T = []\nT.append(1)\nT.append(2)"), ("stages.py", None, st("return T", "T = []\nT.append(2)\nT.append(1)")))

# --- what changes a name ----------------------------------------------------------------------------
REG = "TABLE = {}\ndef add(fn):\n    TABLE[fn.__name__] = fn\n    return fn\n"
stale("key set", one("return T", "T = {}\nT['k'] = 'one'"), ALWAYS)
stale("nested append", one("return T", "T = {}\nT.setdefault('k', []).append('one')"), ALWAYS)
stale("attribute set on a class", one("return C.k", "class C: pass\nC.k = 'one'"), ALWAYS)
stale("method replaced on a class", one("return C().f(1)", "class C:\n    def f(self, x): return 1\ndef g(self, x): return 'one'\nC.f = g"), ALWAYS)
stale("passed to a function that fills it", one("return T", "T = {}\ndef fill(t): t['k'] = 'one'\nfill(T)"), ALWAYS)
stale("key set through another name", one("return T", "T = {}\nU = T\nU['k'] = 'one'"), ALWAYS)
stale("key set in another module", one("return helpers.T", "import helpers, patch", helpers="T = {}\n", patch="import helpers\nhelpers.T['k'] = 'one'\n"), ("patch.py", *ONE))
stale("key set in another module, by from-import", one("return helpers.T", "import helpers, patch", helpers="T = {}\n", patch="from helpers import T\nT['k'] = 'one'\n"), ("patch.py", *ONE))
stale("attribute set through a loop's variable", one("return A.k", "class A: pass\nclass B: pass\nfor c in (A, B):\n    c.k = 'one'"), ALWAYS)
stale("key set inside of a table", one("return T", "T = {'a': {}}\nd = T['a']\nd['k'] = 'one'"), ALWAYS)
stale("key set in what get() gave", one("return T", "T = {'a': {}}\nd = T.get('a')\nd['k'] = 'one'"), ALWAYS)
stale("key set in what a function gave", one("return T", "T = {'a': {}}\ndef g(): return T\ng()['k'] = 'one'"), ALWAYS)
stale("key set in what a function gave, by name", one("return T", "T = {'a': {}}\ndef g(): return T\nd = g()\nd['k'] = 'one'"), ALWAYS)
stale("filled by a function whose value is kept", one("return T", "T = {}\ndef fill(t):\n    t['k'] = 'one'\n    return 1\nn = fill(T)"), ALWAYS)
stale("function replaced in another module", one("return helpers.f(1)", "import helpers, patch", helpers=F, patch="import helpers\ndef g(x): return 1\nhelpers.f = g\n"), ("patch.py", "return 1", "return 2"))
stale("function replaced by setattr", one("return helpers.f(1)", "import helpers, patch", helpers=F, patch="import helpers\ndef g(x): return 1\nsetattr(helpers, 'f', g)\n"), ("patch.py", "return 1", "return 2"))
stale("name added to another module", one("return helpers.g(1)", "import helpers, patch", helpers=F, patch="import helpers\nhelpers.g = lambda x: 'one'\n"), ("patch.py", *ONE))
stale("patch imported by a helper's function", one("return helpers.f(1)", "import helpers", helpers="def f(x):\n    import patch\n    return T\nT = {}\n", patch="import helpers\nhelpers.T['k'] = 'one'\n"), ("patch.py", *ONE))
stale("registered by a decorator", one("return TABLE['f'](1)", REG + "@add\n" + F), ALWAYS)
stale("registered by a decorator of another module", {"registry.py": REG, "plugins.py": "import registry\n@registry.add\n" + F,
                                                      "stages.py": st("return registry.TABLE['f'](1)", "import registry, plugins")}, ("plugins.py", *ONE))
stale("registered with an instance", {"registry.py": "class R:\n    def __init__(self): self.t = {}\n    def add(self, fn): self.t[1] = fn\n    def enroll(self, fn): self.t[1] = fn\nr = R()\n",
                                      "plugins.py": "from registry import r\n@r.enroll\n" + F, "stages.py": st("return r.t[1](1)", "from registry import r\nimport plugins")}, ("plugins.py", *ONE))
stale("registered by a call whose value is kept", {"registry.py": REG, "plugins.py": "import registry\n" + F + "g = registry.add(f)\n",
                                                   "stages.py": st("return registry.TABLE['f'](1)", "import registry, plugins")}, ("plugins.py", *ONE))
stale("registered by __init_subclass__", {"base.py": "class B:\n    all = []\n    def __init_subclass__(cls): B.all.append(cls)\n", "sub.py": "from base import B\nclass C(B):\n    k = 'one'\n",
                                          "stages.py": st("return [c.k for c in B.all]", "from base import B\nimport sub")}, ("sub.py", *ONE))
stale("registered by __init_subclass__ through cls", {"base.py": "class B:\n    all = []\n    def __init_subclass__(cls): cls.all.append(cls)\n", "sub.py": "from base import B\nclass C(B):\n    k = 'one'\n",
                                                      "stages.py": st("return [c.k for c in B.all]", "from base import B\nimport sub")}, ("sub.py", *ONE))
stale("registered by a metaclass", {"base.py": "ALL = {}\nclass M(type):\n    def __new__(m, n, b, d):\n        c = type.__new__(m, n, b, d)\n        ALL[n] = c\n        return c\nclass B(metaclass=M): pass\n",
                                    "sub.py": "from base import B\nclass C(B):\n    k = 'one'\n", "stages.py": st("return ALL['C'].k", "from base import ALL\nimport sub")}, ("sub.py", *ONE))
stale("single dispatch", {"h.py": "import functools\n@functools.singledispatch\ndef f(x): return 0\n", "more.py": "from h import f\n@f.register\ndef _(x: int): return 'one'\n",
                          "stages.py": st("return f(1)", "from h import f\nimport more")}, ("more.py", *ONE))
stale("single dispatch by annotation", {"h.py": "import functools\n@functools.singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: int): return 1\n",
                                        "stages.py": st("return f(1)", "from h import f")}, ("h.py", "x: int", "x: str"))
stale("set by a function called at import", one("return X", "X = 0\ndef init():\n    global X\n    X = 'one'\ninit()"), ALWAYS)
stale("set by a function called by another", one("return T", "T = []\ndef a(): T.append('one')\ndef b(): a()\nb()"), ALWAYS)
stale("set by a call in a class body", one("return T", "T = []\ndef a(x): T.append(x)\nclass C:\n    a('one')"), ALWAYS)
stale("plugins imported by a function called at import", {"reg.py": "T = []\ndef load():\n    import plug\nload()\n", "plug.py": "import reg\nreg.T.append('one')\n",
                                                          "stages.py": st("return T", "from reg import T")}, ("plug.py", *ONE))
stale("numpy's seed", one("return np.random.rand()", "import numpy as np\nimport conf", conf="import numpy as np\nnp.random.seed(1)\n"), ("conf.py", "seed(1)", "seed(2)"))
stale("numpy's seed by from-import", one("return np.random.rand()", "import numpy as np\nimport conf", conf="from numpy.random import seed\nseed(1)\n"), ("conf.py", "seed(1)", "seed(2)"))
stale("numpy's seed in a function called at import", one("return np.random.rand()", "import numpy as np\nimport conf", conf="import numpy as np\ndef init(): np.random.seed(1)\ninit()\n"), ("conf.py", "seed(1)", "seed(2)"))
stale("the standard library's seed", one("return random.random()", "import random\nrandom.seed(1)"), ("stages.py", "seed(1)", "seed(2)"))
stale("pandas options", one("return pd.read_csv('x')", "import pandas as pd\npd.options.mode.copy_on_write = True"), ("stages.py", "True", "False"))
stale("matplotlib's rcParams", one("return plt.figure()", "import matplotlib.pyplot as plt\nplt.rcParams['a'] = 1"), ("stages.py", "= 1", "= 2"))
stale("an accessor for pandas", one("return pd.read_csv('x').geo", "import pandas as pd\n@pd.api.extensions.register_dataframe_accessor('geo')\nclass G:\n    k = 'one'"), ALWAYS)
stale("os.environ set at import", one("return subprocess.run('x')", "import os, subprocess\nos.environ['K'] = 'one'"), ALWAYS)
stale("package settings of the pipeline", {**one("return np.random.rand()", "import numpy as np"), "pipeline.py": PIPELINE + "import numpy\nnumpy.random.seed(1)\n"}, ("pipeline.py", "seed(1)", "seed(2)"))

# --- what can't be followed --------------------------------------------------------------------------
stale("a module as a value", one("return g(helpers)", "import helpers\ndef g(m): return m.f(1)", helpers=F), ("helpers.py", *ONE))
stale("getattr by a computed name", one("return getattr(helpers, text)(1)", "import helpers", helpers=F), ("helpers.py", *ONE))
stale("vars of a module", one("return vars(helpers)", "import helpers", helpers=F), ("helpers.py", *ONE))
stale("__dict__ of a module", one("return helpers.__dict__[text]", "import helpers", helpers=F), ("helpers.py", *ONE))
stale("what a module as a value imports", one("return vars(helpers)", "import helpers", helpers="import deep\n", deep=F), ("deep.py", *ONE))
stale("import_module of a literal", one("return importlib.import_module('helpers').f(1)", "import importlib", helpers=F), ("helpers.py", *ONE))
stale("import_module, from-imported", one("return im('helpers').f(1)", "from importlib import import_module as im", helpers=F), ("helpers.py", *ONE))
stale("__import__ of a literal", one("return __import__('helpers').f(1)", helpers=F), ("helpers.py", *ONE))
stale("import_module of a computed name", one("return importlib.import_module(text).f(1)", "import importlib", helpers=F), ("helpers.py", *ONE))
stale("import_module under a prefix", {"plug/__init__.py": "", "plug/a.py": F, "stages.py": st("return importlib.import_module(f'plug.{text}')", "import importlib")}, ("plug/a.py", *ONE))
stale("a new module under the prefix", {"plug/__init__.py": "", "stages.py": st("return importlib.import_module(f'plug.{text}')", "import importlib")}, ("plug/a.py", None, F))
stale("import_module of a relative name", {"p/__init__.py": "", "p/a.py": F, "p/b.py": "import importlib\ndef g(n): return importlib.import_module('.' + n, package=__package__)\n",
                                           "stages.py": st("return b.g('a')", "from p import b")}, ("p/a.py", *ONE))
stale("exec", one("exec(text)\nreturn 1", F), ALWAYS)
stale("eval of a computed text", one("return eval(text)", F), ALWAYS)
stale("globals", one("return globals()[text]", F), ALWAYS)
stale("sys.modules", one("return sys.modules[__name__]", "import sys\n" + F), ALWAYS)
stale("exec reaches what is imported", one("exec(text)", "import helpers", helpers=F), ("helpers.py", *ONE))
stale("an unreadable helper", one("return h.f(1)", "import h", h="def f(:\n"), ("h.py", "def f(", "def  f("))
stale("documentation that is read", one("return f.__doc__", 'def f():\n    """one"""'), ("stages.py", "one", "two"))
stale("documentation read by getdoc", one("return inspect.getdoc(f)", 'import inspect\ndef f():\n    """one"""'), ("stages.py", "one", "two"))
stale("the module's documentation", {"stages.py": '"""one"""\ndef s(text):\n    return __doc__\n'}, ("stages.py", "one", "two"))
stale("another module's documentation", one("return h.__doc__", "import h", h='"""one"""\n'), ("h.py", "one", "two"))
stale("annotations that are read", one("return f.__annotations__", "def f(x: int): pass"), ("stages.py", "x: int", "x: str"))
stale("annotations read by get_type_hints", one("return typing.get_type_hints(f)", "import typing\ndef f(x: int): pass"), ("stages.py", "x: int", "x: str"))
stale("a class behind a quoted annotation that is read", one("return get_type_hints(f)", "from typing import get_type_hints\nclass C:\n    k = 'one'\ndef f(x: 'C'): pass"), ALWAYS)
stale("annotations of a decorated function", one("return f(1)", "from validate import check\n@check\ndef f(x: int): pass"), ("stages.py", "x: int", "x: str"))
stale("annotations of a function handed to a library", one("return typer.run(f)", "import typer\ndef f(x: int): pass"), ("stages.py", "x: int", "x: str"))
stale("the source that is read", one("return inspect.getsource(f)", "import inspect\ndef f(): pass"), ("stages.py", "def f", "# note\ndef f"))

# --- what doesn't matter --------------------------------------------------------------------------------
fresh("comments and blank lines", one("return f(1)", F), ("stages.py", "def f", "\n# note\n\ndef f"))
fresh("other quotes, brackets, trailing commas", one("return f(1, 'a')", F), ("stages.py", "f(1, 'a')", '(f(\n        1,\n        "a",\n    ))'))
fresh("adjacent strings", one("return 'ab'"), ("stages.py", "'ab'", "'a' 'b'"))
fresh("an f-string without a value", one("return 'ab'"), ("stages.py", "'ab'", "f'a' 'b'"))
fresh("number notation", one("return 1000, 16, 1e3"), ("stages.py", "1000, 16, 1e3", "1_000, 0x10, 1000.0"))
fresh("elif", one("if text:\n    return 1\nelse:\n    if f:\n        return 2"), ("stages.py", None, st("if text:\n    return 1\nelif f:\n    return 2")))
fresh("docstrings", one("return C().f()", "class C:\n    'a'\n    def f(self):\n        'b'"), ("stages.py", "'a'", "'c'"), ("stages.py", "        'b'", "        'd'\n        'e'"))
fresh("pass", one("return f()", "def f():\n    'doc'"), ("stages.py", "'doc'", "pass"))
fresh("order of definitions", one("return f(1) + g(1)", F + "def g(x): return 1"), ("stages.py", None, st("return f(1) + g(1)", "def g(x): return 1\n" + F)))
fresh("order of imports", one("return a.A + b.B", "import a\nimport b", a="A = 1\n", b="B = 1\n"), ("stages.py", None, st("return a.A + b.B", "import b, a")))
fresh("an unused import", one("return 1"), ("stages.py", None, st("return 1", "import os")))
fresh("another definition", one("return f(1)", F), ("stages.py", "def f", "def g(): pass\nX = 1\ndef f"))
fresh("a definition of a helper module that isn't used", one("return h.f(1)", "import h", h=F + "def g(): pass\n"), ("h.py", "pass", "return 1"))
fresh("import styles", one("return f(1)", "from helpers import f", helpers=F), ("stages.py", None, st("return helpers.f(1)", "import helpers")))
fresh("import styles with as", one("return f(1)", "from helpers import f", helpers=F), ("stages.py", None, st("return h.f(1)", "import helpers as h")))
fresh("import from the place of definition", {"p/__init__.py": "from .a import f\n", "p/a.py": F, "stages.py": st("return f(1)", "from p import f")}, ("stages.py", "from p import", "from p.a import"))
fresh("import styles in a function", one("from helpers import f\nreturn f(1)", helpers=F), ("stages.py", None, st("import helpers as h\nreturn h.f(1)")))
fresh("import styles of a library", one("return np.sum(1)", "import numpy as np"), ("stages.py", None, st("return sum(1)", "from numpy import sum")))
fresh("a local renamed", one("a = 1\nb = [a for a in text if a]\nreturn a, b"), ("stages.py", None, st("x = 1\ny = [z for z in text if z]\nreturn x, y")))
fresh("locals of for, with, except, match and walrus renamed", one("for a in text:\n    with a as b:\n        pass\ntry:\n    pass\nexcept ValueError as c:\n    print(c)\nmatch a:\n    case [d, *e]:\n        print((f := d), e)\nreturn a, b, f"),
      ("stages.py", None, st("for u in text:\n    with u as v:\n        pass\ntry:\n    pass\nexcept ValueError as w:\n    print(w)\nmatch u:\n    case [x, *y]:\n        print((z := x), y)\nreturn u, v, z")))
fresh("a captured local renamed", one("a = 1\ndef g():\n    nonlocal a\n    a += 1\ng()\nreturn a"), ("stages.py", None, st("b = 1\ndef g():\n    nonlocal b\n    b += 1\ng()\nreturn b")))
fresh("hints", one("return f(1)", "def f(x, *a, k=1):\n    y = x\n    return y"), ("stages.py", None, st("return f(1)", "def f(x: int, *a: int, k: int = 1) -> int:\n    y: int = x\n    z: str\n    return y")))
fresh("hints of a method", one("return C().f(1)", "class C:\n    def f(self, x): return x"), ("stages.py", "x):", "x: int) -> int:"))
fresh("hints of a function handed to pandas", one("return pd.read_csv('x').apply(f)", "import pandas as pd\ndef f(x): return x"), ("stages.py", "f(x)", "f(x: int)"))
fresh("hints of a function with a cache", one("return f(1)", "import functools\n@functools.lru_cache(maxsize=None)\ndef f(x): return x"), ("stages.py", "f(x):", "f(x: int):"))
fresh("an annotation of a module variable", one("return A", "A = 1"), ("stages.py", "A = 1", "A: int = 1"))
fresh("hints of the stage", one("return text"), ("stages.py", "text):", "text: 'other.Type') -> int:"))
fresh("an import for hints only", one("return 1"), ("stages.py", None, st("return 1", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas")))
fresh("what an import for hints only brings", one("return f(1)", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from h import T\ndef f(x: T): pass", h="class T:\n    k = 'one'\n"), ("h.py", *ONE))
fresh("the main block", one("return 1") | {"stages.py": st("return 1") + "if __name__ == '__main__':\n    s(1)\n"}, ("stages.py", "s(1)", "s(2)"))
fresh("an unrelated broken module", {**one("return 1"), "pipeline.py": PIPELINE + "import broken\n", "broken.py": "A = 1\n"}, ("broken.py", None, "def (:\n"))
fresh("a log line at import", one("return f(1)", "import logging\nlog = logging.getLogger()\n" + F + "log.info('one')\ndef g(): log.info(1)"), ("stages.py", "info('one')", "info('two')"))
fresh("another stage in the same file", {"pipeline.py": "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\npipeline.register(stages.s)\npipeline.register(stages.t)\n",
                                         "stages.py": st("return 1") + "def t(x):\n    return 'one'\n"}, ("stages.py", *ONE))
fresh("another stage of a class of helpers", {"stages.py": "from pivot_core import Pipeline\npipeline = Pipeline('p')\nclass H:\n    k = 1\ndef t(x):\n    return H, 'one'\n" + st("return H") + "pipeline.register(s)\npipeline.register(t, params=H())\n"}, ("stages.py", *ONE))
fresh("another stage registered in the stage's own file", {"stages.py": "from pivot_core import Pipeline\npipeline = Pipeline('p')\ndef t(x):\n    return 'one'\n" + st("return 1") + "pipeline.register(s)\npipeline.register(t)\n"}, ("stages.py", *ONE))
fresh("another stage registered in a loop", {"stages.py": "import pivot_core\npipeline = pivot_core.Pipeline('p')\nCOUNT = []\ndef h(): COUNT.append(1)\ndef t(x):\n    h()\n    return 'one'\n" + st("h()\nreturn COUNT") + "for stage in (s, t):\n    pipeline.register(stage, name=f'{stage}')\n"}, ("stages.py", *ONE))
fresh("a stage registered or not", {"stages.py": "from pivot_core import Pipeline\npipeline = Pipeline('p')\n" + st("return 1") + "def t(): pass\npipeline.register(s)\n"}, ("stages.py", "register(s)\n", "register(s)\npipeline.register(t)\n"))
fresh("another registry", one("return T", "T = {}\nU = {}\ndef add(f): U[1] = f\n@add\ndef g(): return 'one'"), ALWAYS)
fresh("a constant handed to a call", one("return PATH", "import x\nPATH = 'p'\nx.configure(PATH, 'one')"), ALWAYS)
fresh("another package's settings", one("return np.sum(1)", "import numpy as np\nimport pandas as pd\npd.options.x = 'one'"), ALWAYS)
fresh("literal import_module names", {"plug/__init__.py": "", "other.py": F, "stages.py": st("return importlib.import_module(f'plug.{text}')", "import importlib")}, ("other.py", *ONE))
fresh("a local list that is appended to", one("T = []\nT.append(1)\nreturn T", "T = []\nT.append('one')"), ALWAYS)


# --- harder ones ------------------------------------------------------------------------------------------
stale("setdefault assigned", one("return T", "T = {}\nx = T.setdefault('k', 'one')"), ALWAYS)
stale("changed in a condition", one("return T", "T = ['one']\nif T.pop() == 'one': T.append(2)"), ALWAYS)
stale("walrus alias", one("return T", "T = {}\nif (U := T) is not None:\n    U['a'] = 'one'"), ALWAYS)
stale("with-as alias", one("return T", "import contextlib\nT = {}\nwith contextlib.nullcontext(T) as U:\n    U['a'] = 'one'"), ALWAYS)
stale("zip alias loop", one("return A.k", "class A: pass\nclass B: pass\nfor c, v in zip((A, B), ('one', 2)):\n    setattr(c, 'k', v)"), ALWAYS)
stale("comprehension effect", one("return T", "T = []\n_ = [T.append(x) for x in ['one']]"), ALWAYS)
stale("tuple alias", one("return T", "T = {}\nU, V = T, 1\nU['a'] = 'one'"), ALWAYS)
stale("ternary alias", one("return T", "T = {}\nU = T if 1 else None\nU['a'] = 'one'"), ALWAYS)
stale("vars update", one("return h.X", "import h, p",h="X = 1\n",p="import h\nvars(h).update(X='one')\n"), ("p.py", "'one'", "'two'"))
stale("globals update", one("return X", "X = 1\nglobals().update(X='one')"), ALWAYS)
stale("globals setitem", one("return X", "X = 1\nglobals()['X'] = 'one'"), ALWAYS)
stale("exec at module", one("return X", "exec(\"X = 'one'\")"), ALWAYS)
stale("sys.modules patch", one("return h.X", "import h, p",h="X = 1\n",p="import sys, h\nsys.modules['h'].X = 'one'\n"), ("p.py", "'one'", "'two'"))
stale("importlib patch", one("return h.X", "import h, p",h="X = 1\n",p="import importlib\nm = importlib.import_module('h')\nm.X = 'one'\n"), ("p.py", "'one'", "'two'"))
stale("dict update", one("return T", "T = {}\nT.update(k='one')"), ALWAYS)
stale("or-update", one("return T", "T = {}\nT |= {'k': 'one'}"), ALWAYS)
stale("class attr mutate via instance", one("return C.t", "class C:\n    t = []\nc = C()\nc.t.append('one')"), ALWAYS)
stale("class body registers via decorator in class", one("return T", "T=[]\ndef add(f):\n    T.append(f)\n    return f\nclass C:\n    @add\n    def f(self): return 'one'"), ALWAYS)
stale("lambda registered", one("return T", "T=[]\ndef add(f):\n    T.append(f)\nadd(lambda: 'one')"), ALWAYS)
stale("registry via partial deco", one("return T", "import functools\nT=[]\ndef add(k, f):\n    T.append(f)\nreg = functools.partial(add, 1)\n@reg\ndef f(): return 'one'"), ALWAYS)
stale("registry method bound", one("return R.t", "class Reg:\n    def __init__(self): self.t = []\n    def add(self, f): self.t.append(f)\nR = Reg()\nreg = R.add\n@reg\ndef f(): return 'one'"), ALWAYS)
stale("registry method bound deco assigned", one("return R.t", "class Reg:\n    def __init__(self): self.t = []\n    def add(self, f): self.t.append(f)\nR = Reg()\ndef reg(f):\n    R.add(f)\n    return f\n@reg\ndef f(): return 'one'"), ALWAYS)
stale("class as decorator registers", one("return T", "T=[]\nclass reg:\n    def __init__(self, f): T.append(f)\n@reg\ndef f(): return 'one'"), ALWAYS)
stale("factory deco registers", one("return T", "T={}\ndef reg(name):\n    def w(f):\n        T[name] = f\n        return f\n    return w\n@reg('x')\ndef f(): return 'one'"), ALWAYS)
stale("registry classmethod deco", one("return Reg.t", "class Reg:\n    t = {}\n    @classmethod\n    def add(cls, f):\n        cls.t[1] = f\n        return f\n@Reg.add\ndef f(): return 'one'"), ALWAYS)
stale("registry staticmethod deco factory", one("return Reg.t", "class Reg:\n    t = {}\n    @staticmethod\n    def add(n):\n        def w(f):\n            Reg.t[n] = f\n            return f\n        return w\n@Reg.add('n')\ndef f(): return 'one'"), ALWAYS)
stale("subclass of subclass", one("return B.all", "class B:\n    all = []\n    def __init_subclass__(cls, **k):\n        super().__init_subclass__(**k)\n        B.all.append(cls)\nclass C(B): pass\nclass D(C):\n    k = 'one'"), ALWAYS)
stale("__subclasses__", one("return B.__subclasses__()", "class B: pass\nclass C(B):\n    k = 'one'"), ALWAYS)
stale("__subclasses__ elsewhere", one("return B.__subclasses__()", "from b import B\nimport p",b="class B: pass\n",p="from b import B\nclass C(B):\n    k = 'one'\n"), ("p.py", "'one'", "'two'"))
stale("abc register", one("return isinstance(1, B)", "import abc\nclass B(abc.ABC): pass\nclass C:\n    k = 'one'\nB.register(C)"), ALWAYS)
stale("conditional global", one("return f()", "def f():\n    return X\ndef init():\n    global X\n    X = 'one'\ninit()"), ALWAYS)
stale("nonlocal closure state", one("return inc()", "def mk():\n    n = 'one'\n    def inc():\n        nonlocal n\n        return n\n    return inc\ninc = mk()"), ALWAYS)
stale("numpy's error state", one("return np.sum(1)", "import numpy as np\nnp.seterr(all='one')"), ALWAYS)
stale("warn filter", one("import warnings\nwarnings.warn('x')", "import warnings\nwarnings.filterwarnings('one')"), ALWAYS)
stale("context set", one("return decimal.Decimal(1)", "import decimal\ndecimal.getcontext().prec = 3"), ("stages.py", "prec = 3", "prec = 4"))
stale("a project star after a library's star", one("return array(1)", "from numpy import *\nfrom h import *",h="X='one'\n"), ("h.py",None,"def array(x): return 2\n"))
stale("submodule attr set", {"p/__init__.py":"", "p/a.py":"X = 1\n", "q.py":"import p.a\np.a.X = 'one'\n", "stages.py":st("return p.a.X", "import p.a, q")}, ("q.py", "'one'", "'two'"))
stale("type alias in class ann", one("return D", "from dataclasses import dataclass\nT = 'one'\n@dataclass\nclass D:\n    x: T = 1"), ALWAYS)
stale("nested comprehension class scope", one("return C.v", "K = ['one']\nclass C:\n    v = [k for k in K]"), ALWAYS)
stale("eval of a computed f-string", one("return eval(f'{text}')", "def f(): return 'one'"), ALWAYS)
stale("operator.attrgetter", one("return operator.methodcaller(text, 1)(helpers)", "import operator, helpers",helpers=F), ("helpers.py", "'one'", "'two'"))
stale("helpers in list", one("return [m.f(1) for m in MODS]", "import helpers\nMODS = [helpers]",helpers=F), ("helpers.py", "'one'", "'two'"))
stale("module attr loop var", one("for m in (helpers,):\n    r = m.f(1)\nreturn r", "import helpers",helpers=F), ("helpers.py", "'one'", "'two'"))
stale("default factory", one("return D().x", "from dataclasses import dataclass, field\ndef mk(): return 'one'\n@dataclass\nclass D:\n    x: list = field(default_factory=mk)"), ALWAYS)
stale("enum auto order", one("return E.A", "import enum\nclass E(enum.Enum):\n    A = enum.auto()\n    B = enum.auto()"), ("stages.py", "    A = enum.auto()\n    B = enum.auto()", "    B = enum.auto()\n    A = enum.auto()"))
stale("param order", one("return f(1, 2)", "def f(a, b): return a"), ("stages.py", "def f(a, b)", "def f(b, a)"))
stale("an import that is there for its effects", one("return T.t", "import T\nimport plug",T="t=[]\n",plug="import T\nT.t.append(1)\n"), ("stages.py", "import plug\n", "\n"))
stale("conditional mutate guard", one("return T", "import os\nT = []\nif os.name == 'one':\n    T.append(1)"), ALWAYS)
stale("try body guards", one("return X", "try:\n    int('one')\n    X = 1\nexcept ValueError:\n    X = 2"), ALWAYS)
stale("with suppress import", one("return h", "import contextlib\nh = None\nwith contextlib.suppress(ImportError):\n    import a as h",a="X='one'\n"), ("a.py", "'one'", "'two'"))
stale("local import alias rebinding nested", one("import a\ndef g():\n    return a.f(1)\nreturn g()",a=F), ("a.py", "'one'", "'two'"))
stale("class-level import", one("return C.a.f(1)", "class C:\n    import a",a=F), ("a.py", "'one'", "'two'"))
stale("class-level from import", one("return C().f(1)", "class C:\n    from a import f",a=F), ("a.py", "'one'", "'two'"))
stale("in-function star via exec", one("exec('from a import *')\nreturn 1",a=F), ("a.py", "'one'", "'two'"))
stale("eval of a text that imports", one("return eval('__import__(\"a\").f(1)')",a=F), ("a.py", "'one'", "'two'"))
stale("find_spec of a literal", one("import importlib.util\nreturn importlib.util.find_spec('a').loader.load_module().f(1)",a=F), ("a.py", "'one'", "'two'"))
stale("resolve_name of pkgutil", one("import pkgutil\nreturn pkgutil.resolve_name('a:f')(1)",a=F), ("a.py", "'one'", "'two'"))
stale("pydantic create", one("return P().k", "from pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'one'"), ALWAYS)
stale("a function handed to a pool", one("from concurrent.futures import ProcessPoolExecutor as P\nreturn list(P().map(f, [1]))", F), ALWAYS)
fresh("another function with the same decorator", one("return f(1)", "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def w(*a): return fn(*a)\n    return w\n@deco\ndef f(x): return x\n@deco\ndef g(x): return 'one'"), ALWAYS)
fresh("logger in both", one("return f(1)", "import logging\nlog = logging.getLogger(__name__)\ndef f(x):\n    log.info(x)\ndef setup(): log.warning('one')\nsetup()"), ALWAYS)
fresh("other instance", one("return a.k", "class C:\n    def __init__(self, k): self.k = k\na = C(1)\nb = C('one')"), ALWAYS)
fresh("other subclass", one("return C().k", "class B: pass\nclass C(B):\n    k = 1\nclass D(B):\n    k = 'one'"), ALWAYS)
fresh("print at import", one("return K", "K = [1]\nprint(K, 'one')"), ALWAYS)
fresh("a comprehension's variable renamed", one("return f(1)", "def f(x):\n    t = [i for i in x]\n    return t"), ("stages.py", "[i for i in x]", "[j for j in x]"))
fresh("two registries in a loop", one("return T", "T = []\nU = []\nfor x in ['a']:\n    U.append('one')"), ALWAYS)
fresh("main guard call", one("return f(1)", "def f(x): return x\ndef main(): f('one')\nif __name__ == '__main__':\n    main()"), ALWAYS)
fresh("app cli functions", one("return f(1)", "import click\ndef f(x): return x\n@click.command()\ndef cli(): f('one')"), ALWAYS)
fresh("setup in another module logs", one("return log.f(1)", "import log, other",log="import logging\nlogger = logging.getLogger()\ndef f(x):\n    logger.info(x)\n",other="import log\ndef load():\n    log.logger.info('x')\n    return 'one'\nCONFIG = load()\n"), ("other.py", "'one'", "'two'"))
fresh("unused class using helper", one("return f(1)", "def f(x): return x\nclass K:\n    def g(self): return f('one')"), ALWAYS)
fresh("another dataclass", one("return D(1)", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int\n@dataclass\nclass E:\n    x: str = 'one'"), ALWAYS)
fresh("another enum", one("return D.A", "import enum\nclass D(enum.Enum):\n    A = 1\nclass E(enum.Enum):\n    A = 'one'"), ALWAYS)
fresh("another params", one("return P().k", "from pivot_core import StageParams\nclass P(StageParams):\n    k: int = 1\nclass Q(StageParams):\n    k: str = 'one'"), ALWAYS)
fresh("another lru_cache fn", one("return f(1)", "import functools\n@functools.cache\ndef f(x): return x\n@functools.cache\ndef g(x): return 'one'"), ALWAYS)
fresh("another njit", one("return f(1)", "from numba import njit\n@njit\ndef f(x): return x\n@njit\ndef g(x): return 'one'"), ALWAYS)
fresh("path constants", one("return ROOT", "from pathlib import Path\nROOT = Path('a')\nDATA = ROOT / 'one'"), ALWAYS)
fresh("mkdir at import", one("return ROOT", "from pathlib import Path\nROOT = Path('a')\nOTHER = Path('one')\nOTHER.mkdir()"), ALWAYS)
fresh("other constants derived", one("return BASE", "BASE = {'a': 1}\nMORE = {**BASE, 'k': 'one'}"), ALWAYS)
fresh("other copy mutated", one("return BASE", "BASE = {'a': 1}\nMORE = dict(BASE)\nMORE['k'] = 'one'"), ALWAYS)
fresh("other .copy() mutated", one("return BASE", "BASE = {'a': 1}\nMORE = BASE.copy()\nMORE['k'] = 'one'"), ALWAYS)
fresh("instance of same class used elsewhere", one("return C(1).f()", "class C:\n    def __init__(self, k): self.k = k\n    def f(self): return 1\nd = C('one')\nd.f()"), ALWAYS)
fresh("two pipelines", one("return 1", "from pivot_core import Pipeline\np = Pipeline('a')\nq = Pipeline('b')\ndef t(): return 'one'\nq.register(t)\np.register(s)") , ALWAYS)
fresh("loop with dict of deps", {"stages.py":"def s(text):\n    return 1\n", "pipeline.py":"from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\ndef deps(n): return {'a': 'one'}\nfor n in ('x', 'y'):\n    pipeline.register(stages.s, name=f's@{n}', deps=deps(n))\n"}, ("pipeline.py", "'one'", "'two'"))
fresh("pipeline in function", {"stages.py":"def s(text):\n    return 1\ndef t(x): return 'one'\n", "pipeline.py":"from pivot_core import Pipeline\nimport stages\ndef build():\n    p = Pipeline('p')\n    for f in (stages.s, stages.t):\n        p.register(f)\n    return p\npipeline = build()\n"}, ALWAYS)
fresh("register helper fn", {"stages.py":"def s(text):\n    return 1\ndef t(x): return 'one'\n", "pipeline.py":"from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\ndef add(f):\n    pipeline.register(f)\nadd(stages.s)\nadd(stages.t)\n"}, ALWAYS)
fresh("stage uses pipeline constant", {"stages.py":"def s(text):\n    import pipeline\n    return pipeline.K\ndef t(x): return 'one'\n", "pipeline.py":"from pivot_core import Pipeline\nimport stages\nK = 1\npipeline = Pipeline('p')\npipeline.register(stages.s)\npipeline.register(stages.t)\n"}, ALWAYS)
fresh("sklearn table of models", one("return MODELS[text]()", "from sklearn.svm import SVC\nMODELS = {'svc': SVC}\nOTHER = {'x': 'one'}"), ALWAYS)
fresh("pd option + other fn", one("return f(pd)", "import pandas as pd\npd.set_option('a', 1)\ndef f(p): return p\ndef g(): return 'one'"), ALWAYS)
fresh("matplotlib.use", one("return np.sum(1)", "import matplotlib\nmatplotlib.use('one')\nimport numpy as np"), ALWAYS)
stale("passed to a function that hands it on", one("return T", "T = {}\ndef put(t): t['k'] = 'one'\ndef fill(t): put(t)\nfill(T)"), ALWAYS)
stale("class passed to a function that sets its attribute", one("return C.k", "class C: pass\ndef fill(c): setattr(c, 'k', 'one')\nfill(C)"), ALWAYS)

stale("registered in a module that a package imports", {"reg.py": "T = {}\ndef add(f):\n    T[1] = f\n    return f\n", "plug/__init__.py": "from . import a\n",
      "plug/a.py": "from reg import add\n@add\n" + F, "stages.py": st("return T", "from reg import T\nimport plug")}, ("plug/a.py", *ONE))
stale("plugins imported by a loop over a package", {"reg.py": "T = []\n", "plug/__init__.py": "import importlib, pkgutil\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module(f'{__name__}.{m.name}')\n",
      "plug/a.py": "from reg import T\nT.append('one')\n", "stages.py": st("return T", "from reg import T\nimport plug")}, ("plug/a.py", *ONE))
stale("a chained assignment", one("return A", "A = B = {}\nB['k'] = 'one'"), ALWAYS)
stale("an unbound method", one("return T", "T = []\nlist.append(T, 'one')"), ALWAYS)
stale("a frozen object set all the same", one("return C.k", "class K: pass\nC = K()\nobject.__setattr__(C, 'k', 'one')"), ALWAYS)
stale("a module's __dict__", one("return h.f(1)", "import h, p", h=F.replace("one", "x"), p="import h\nh.__dict__.update(f='one')\n"), ("p.py", *ONE))
stale("a generator that others draw from", one("return B", "import random\nrng = random.Random(0)\nA = rng.random()\nB = rng.random()"), ("stages.py", "A = rng.random()", "A = rng.gauss()"))
stale("a generator that is handed on", one("return B", "import numpy as np\nrng = np.random.default_rng(0)\ndef draw(r, n): return r.random(n)\nA = draw(rng, 3)\nB = draw(rng, 1)"), ("stages.py", "rng, 3", "rng, 4"))
stale("the library's own generator", one("return random.random()", "import random\nrandom.seed(0)\nA = random.random()"), ("stages.py", "A = random.random()", "A = random.gauss()"))
stale("an iterator that others take from", one("return B", "import itertools\nids = itertools.count()\nA = next(ids)\nB = next(ids)"), ("stages.py", "A = next(ids)", "A = 0"))
stale("the order of two modules that set the same", one("return random.random()", "import random\nimport a\nimport b", a="import random\nrandom.seed(1)\n", b="import random\nrandom.seed(2)\n"), ("stages.py", "import a\nimport b", "import b\nimport a"))
stale("a constant set before or after it is read", one("return Y", "X = 1\nY = X\nX = 2"), ("stages.py", "Y = X\nX = 2", "X = 2\nY = X"))
stale("a variable of the module in a query", one("return df.query('x > @LIMIT')", "LIMIT = 1"), ("stages.py", "LIMIT = 1", "LIMIT = 2"))
stale("code executed by its path", one("import runpy\nreturn runpy.run_path('scripts/a.py')", scripts__a="K = 'one'\n"), ("scripts/a.py", *ONE))
stale("annotations kept as text", one("return f.__annotations__", "def f(x: int): pass"), ("stages.py", "def f", "from __future__ import annotations\ndef f"))
fresh("a generator that isn't used", one("return f(1)", "import random\nrng = random.Random(0)\nA = rng.random()\ndef f(x): return x"), ("stages.py", "Random(0)", "Random(1)"))
fresh("a constant moved", one("return f(1)", "X = 1\ndef f(x): return X"), ("stages.py", "X = 1\ndef f(x): return X", "def f(x): return X\nX = 1"))


def changed(code, files, edits) -> bool:
    files = {"pipeline.py": PIPELINE, **files}
    code.write(files)
    before = code.fact()
    again = code.fact()
    assert before == again, "two graphs of the same files must agree"
    for name, old, new in edits:
        text = new
        if old is not None:
            text = (code.project.root / name).read_text()
            assert old in text, f"{old!r} isn't in {name}"
            text = text.replace(old, new, 1)
        code.write({name: text})
    consulted = code.sources.consulted
    after = code.fact()
    if after.fingerprint != before.fingerprint:
        now = code.sources_now(consulted)
        assert now != consulted, "an answer changed although nothing that it was derived from did"
    return after.fingerprint != before.fingerprint


@pytest.mark.parametrize(("files", "edits"), [case[1:] for case in STALE], ids=[case[0] for case in STALE])
def test_an_edit_that_can_change_the_result_changes_the_fingerprint(code, files, edits):
    assert changed(code, files, edits)


@pytest.mark.parametrize(("files", "edits"), [case[1:] for case in FRESH], ids=[case[0] for case in FRESH])
def test_an_edit_that_cannot_change_the_result_keeps_the_fingerprint(code, files, edits):
    assert not changed(code, files, edits)
