"""More change-detection cases: the ways in which data scientists really write code.

Each is a project of a few modules and, unless it says otherwise, one edit: ``'one'`` becomes ``'two'``.
``tier="stretch"`` marks what Pivot doesn't get right yet; the comment there says why.
"""

import sys

from harness import d, stage

CASES: list[dict] = []

ONE, TWO = "'one'", "'two'"
F = "def f(x):\n    return x + 'one'\n"
PIPELINE = "from pivot_core import Pipeline\n{head}import stages\n{more}pipeline = Pipeline('case')\npipeline.register(stages.s)\n"


def pipeline(head: str = "", more: str = "") -> str:
    """A pipeline.py that does something before (``head``) or after (``more``) it imports the stages."""
    return PIPELINE.format(head=d(head), more=d(more))


def project(body: str, head: str = "", **modules: str) -> dict[str, str]:
    """stages.py with one stage, and other modules by name: ``a__b`` is a/b.py, ``a__`` a/__init__.py."""
    files = {}
    for name, text in modules.items():
        name = name + "__init__" if name.endswith("__") else name
        files[name.replace("__init__", "@").replace("__", "/").replace("@", "__init__") + ".py"] = d(text)
    return {"stages.py": stage(body, d(head)), **files}


def case(id: str, expect, files: dict[str, str], *edits, tier: str = "must", **more) -> None:
    CASES.append(dict(id=id, expect=expect, files=files, edits=list(edits), tier=tier, **more))


def stale(id: str, files: dict[str, str], *edits, **more) -> None:
    """An edit that changes the output; a lone name of a file means: one -> two in it."""
    case(id, "stale", files, *_edits(edits), **more)


def fresh(id: str, files: dict[str, str], *edits, **more) -> None:
    """An edit that can't change the output."""
    case(id, "fresh", files, *_edits(edits), **more)


def _edits(edits) -> list[tuple[str, str, str]]:
    if not edits:
        edits = ("stages.py",)
    return [(edit, ONE, TWO) if isinstance(edit, str) else edit for edit in edits]


# What only pipeline.py imports is part of the stage: every worker loads pipeline.py before it runs one.
BY_PIPELINE = {"tier": "must"}


# --- classes --------------------------------------------------------------------------------------
stale("class-mixin", project("return C().run(text)", "from mix import M\nclass B:\n    def run(self, x): return x + self.k()\nclass C(M, B): pass", mix="class M:\n    def k(self): return 'one'\n"), "mix.py")
stale("class-mixin-order", project("return C().k()", "class A:\n    def k(self): return 'a'\nclass B:\n    def k(self): return 'b'\nclass C(A, B): pass"), ("stages.py", "C(A, B)", "C(B, A)"))
stale("class-property", project("return text + C().k", "class C:\n    @property\n    def k(self): return 'one'"))
stale("class-property-setter", project("c = C()\nc.k = text\nreturn c.k", "class C:\n    @property\n    def k(self): return self._k\n    @k.setter\n    def k(self, v): self._k = v + 'one'"))
stale("class-cached-property-helper", project("return text + C().k", "import functools\nfrom h import f\nclass C:\n    @functools.cached_property\n    def k(self): return f('x')", h=F), "h.py")
stale("class-classmethod-constructor", project("return C.make(text).x", "class C:\n    def __init__(self, x): self.x = x\n    @classmethod\n    def make(cls, x): return cls(x + 'one')"))
stale("class-staticmethod-alias", project("return g(text)", "class C:\n    @staticmethod\n    def f(x): return x + 'one'\ng = C.f"))
stale("class-post-init", project("return D(text).x", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: str\n    def __post_init__(self): self.x += 'one'"))
stale("class-dataclass-option", project("return repr(D(text))", "from dataclasses import dataclass\n@dataclass(repr=True)\nclass D:\n    x: str\n    def __str__(self): return 'k'\n    __repr__ = object.__repr__ if False else __str__"), ("stages.py", "'k'", "'l'"))
stale("class-dataclass-field-order", project("return str(D('1', '2'))", "from dataclasses import dataclass\n@dataclass\nclass D:\n    a: str\n    b: str"), ("stages.py", "a: str\n    b: str", "b: str\n    a: str"))
stale("class-dataclass-inherited-default", project("return str(D())", "from dataclasses import dataclass\nfrom base import B\n@dataclass\nclass D(B):\n    b: int = 1", base="from dataclasses import dataclass\n@dataclass\nclass B:\n    a: str = 'one'\n"), "base.py")
stale("class-dataclass-future-annotations", project("return str(dataclasses.fields(D)[0].type)", "import dataclasses\nfrom model import D", model="import dataclasses\n@dataclasses.dataclass\nclass D:\n    x: int = 1\n"), ("model.py", "import dataclasses\n", "from __future__ import annotations\nimport dataclasses\n"))
stale("function-future-annotations", project("return str(f.__annotations__)", "from model import f", model="def f(x: int): pass\n"), ("model.py", "def f", "from __future__ import annotations\ndef f"))
fresh("future-annotations-nobody-reads", project("return f(text)", "from model import f", model="def f(x: str) -> str: return x\n"), ("model.py", "def f", "from __future__ import annotations\ndef f"))
stale("pydantic-validator", project("return M(x=text).x", "from pydantic import BaseModel, field_validator\nclass M(BaseModel):\n    x: str\n    @field_validator('x')\n    @classmethod\n    def v(cls, x): return clean(x)\ndef clean(x): return x + 'one'"))
stale("pydantic-field-type", project("return str(M(x='1').x)", "from pydantic import BaseModel\nclass M(BaseModel):\n    x: int"), ("stages.py", "x: int", "x: float"))
stale("pydantic-field-type-alias", project("return str(M(x='1').x)", "from pydantic import BaseModel\nfrom kinds import Number\nclass M(BaseModel):\n    x: Number", kinds="Number = int\n"), ("kinds.py", "int", "float"))
stale("pydantic-annotated-validator", project("return M(x=text).x", "from typing import Annotated\nfrom pydantic import AfterValidator, BaseModel\nfrom clean import f\nX = Annotated[str, AfterValidator(f)]\nclass M(BaseModel):\n    x: X", clean=F), "clean.py")
stale("pydantic-validate-call", project("return str(f('1'))", "from pydantic import validate_call\n@validate_call\ndef f(x: int): return x"), ("stages.py", "x: int", "x: float"))
stale("pydantic-default-factory", project("return M().x", "from pydantic import BaseModel, Field\ndef make(): return 'one'\nclass M(BaseModel):\n    x: str = Field(default_factory=make)"))
stale("enum-value", project("return text + K.A.value", "import enum\nclass K(enum.Enum):\n    A = 'one'"))
stale("enum-member-order", project("return str(list(K))", "import enum\nclass K(enum.Enum):\n    A = 1\n    B = 2"), ("stages.py", "A = 1\n    B = 2", "B = 2\n    A = 1"))
stale("namedtuple-class", project("return N().k", "from typing import NamedTuple\nclass N(NamedTuple):\n    k: str = 'one'"))
stale("namedtuple-function", project("return str(N('1', '2'))", "from collections import namedtuple\nN = namedtuple('N', 'a b')"), ("stages.py", "'a b'", "'b a'"))
stale("protocol-default", project("return C().k()", "from typing import Protocol\nclass P(Protocol):\n    def k(self): return 'one'\nclass C(P): pass"))
stale("generic-class", project("return Box(text).get()", "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n    def __init__(self, x: T): self.x = x\n    def get(self): return self.x + 'one'"))
if sys.version_info >= (3, 12):  # their syntax is new there
    stale("generic-pep-695", project("return f(text) + Box(text).k", "class Box[T]:\n    k = 'x'\n    def __init__(self, x: T): self.x = x\ndef f[T](x: T) -> T: return x + 'one'"))
    stale("type-alias-read", project("return str(T.__value__)", "type T = list[int]"), ("stages.py", "list[int]", "list[str]"))
    fresh("type-alias-in-hints", project("return f(text)", "type T = str\ndef f(x: T) -> T: return x"), ("stages.py", "type T = str", "type T = object"))
stale("metaclass-elsewhere", project("return C.k", "from meta import M\nclass C(metaclass=M): pass", meta="class M(type):\n    def __new__(m, n, b, ns):\n        ns['k'] = 'one'\n        return super().__new__(m, n, b, ns)\n"), "meta.py")
stale("descriptor-elsewhere", project("return C().k", "from desc import D\nclass C:\n    k = D()", desc="class D:\n    def __get__(self, o, t=None): return 'one'\n"), "desc.py")
stale("set-name", project("return C.k.n", "class D:\n    def __set_name__(self, o, n): self.n = n + 'one'\nclass C:\n    k = D()"))
stale("init-subclass-keyword", project("return B.all['C']", "class B:\n    all = {}\n    def __init_subclass__(cls, k, **kw):\n        B.all[cls.__name__] = k\nclass C(B, k='one'): pass"))
stale("init-subclass-plugin-module", {**project("return ''.join(c.k for c in B.all)", "from base import B", base="class B:\n    all = []\n    def __init_subclass__(cls): cls.all.append(cls)\n", plug="from base import B\nclass C(B):\n    k = 'one'\n"), "pipeline.py": pipeline("import plug\n")}, "plug.py", **BY_PIPELINE)
stale("operator-overloading", project("return (V(text) + V('x')).x", "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + 'one' + o.x)"))
stale("callable-object", project("return f(text)", "class K:\n    def __init__(self, k): self.k = k\n    def __call__(self, x): return x + self.k\nf = K('one')"))
stale("getattr-method", project("return C().anything", "class C:\n    def __getattr__(self, n): return n + 'one'"))
stale("class-getitem", project("return C['x']", "class C:\n    def __class_getitem__(cls, k): return k + 'one'"))
stale("nested-class", project("return C.Inner().f()", "class C:\n    class Inner:\n        def f(self): return 'one'"))
stale("class-made-by-type", project("return C().f()", "def run(self): return 'one'\nC = type('C', (), {'f': run})"))
stale("class-doc-read-by-base", project("return C().name()", "class B:\n    def name(self): return type(self).__doc__\nclass C(B):\n    'one'"))
stale("class-doc-read-by-name", project("return getattr(C, A)", "A = '__doc__'\nclass C:\n    'one'"))
stale("class-method-added-in-a-loop", project("return C().get_a()", "class C: pass\nfor n in ('a', 'b'):\n    setattr(C, f'get_{n}', lambda self, n=n: n + 'one')"))

# --- functions ------------------------------------------------------------------------------------
stale("singledispatch-elsewhere", {**project("return show(1)", "from base import show", base="import functools\n@functools.singledispatch\ndef show(x): return 'any'\n", ints="from base import show\n@show.register\ndef _(x: int): return 'one'\n"), "pipeline.py": pipeline("import ints\n")}, "ints.py", **BY_PIPELINE)
stale("singledispatch-type", project("return show(1)", "import functools\n@functools.singledispatch\ndef show(x): return 'any'\n@show.register\ndef _(x: int): return 'int'"), ("stages.py", "x: int", "x: str"))
stale("singledispatch-lambda", project("return show(1)", "import functools\n@functools.singledispatch\ndef show(x): return 'any'\nshow.register(int, lambda x: 'one')"))
stale("singledispatchmethod", project("return C().show(1)", "import functools\nclass C:\n    @functools.singledispatchmethod\n    def show(self, x): return 'any'\n    @show.register\n    def _(self, x: int): return 'one'"))
stale("decorator-argument", project("return f(text)", "def deco(k):\n    def outer(fn):\n        def inner(x): return fn(x) + k\n        return inner\n    return outer\n@deco('one')\ndef f(x): return x"))
stale("decorator-argument-constant", project("return f(text)", "from conf import K\ndef deco(k):\n    def outer(fn):\n        def inner(x): return fn(x) + k\n        return inner\n    return outer\n@deco(k=K)\ndef f(x): return x", conf="K = 'one'\n"), "conf.py")
stale("decorator-class", project("return f(text)", "from deco import Deco\n@Deco\ndef f(x): return x", deco="class Deco:\n    def __init__(self, fn): self.fn = fn\n    def __call__(self, x): return self.fn(x) + 'one'\n"), "deco.py")
stale("decorator-stack-order", project("return f(text)", "def a(fn): return lambda x: fn(x) + 'a'\ndef b(fn): return lambda x: fn(x) + 'b'\n@a\n@b\ndef f(x): return x"), ("stages.py", "@a\n@b", "@b\n@a"))
stale("decorated-stage", {"stages.py": stage("return text", "from deco import deco").replace("def s(", "@deco\ndef s("), "deco.py": "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def inner(*a, **k): return fn(*a, **k) + 'one'\n    return inner\n"}, "deco.py")
stale("rebound-in-its-module", {"stages.py": stage("return text") + "\nfrom deco import deco\ns = deco(s)\n", "deco.py": "import functools\ndef deco(fn):\n    @functools.wraps(fn)\n    def inner(*a, **k): return fn(*a, **k) + 'one'\n    return inner\n"}, "deco.py")
stale("context-manager", project("with ctx(text) as x:\n    return x", "import contextlib\n@contextlib.contextmanager\ndef ctx(x):\n    yield x + 'one'"))
stale("context-manager-class", project("with Ctx(text) as x:\n    return x", "class Ctx:\n    def __init__(self, x): self.x = x\n    def __enter__(self): return self.x + 'one'\n    def __exit__(self, *a): pass"))
stale("generator", project("return ''.join(f(text))", "def f(x):\n    yield from g(x)\ndef g(x):\n    yield x\n    yield 'one'"))
stale("closure-factory", project("return f(text)", "def make(k):\n    def inner(x): return x + k\n    return inner\nf = make('one')"))
stale("partial-of-method", project("return g(text)", "import functools\nclass C:\n    def run(self, k, x): return x + k\ng = functools.partial(C().run, 'one')"))
stale("lru-cache", project("return f(text)", "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(x): return g(x)\ndef g(x): return x + 'one'"))
stale("async-helper", project("import asyncio\nreturn asyncio.run(f(text))", "async def f(x):\n    return [k async for k in g(x)][0]\nasync def g(x):\n    yield x + 'one'"))
stale("nested-function", project("def inner(x):\n    def deep(): return x + 'one'\n    return deep()\nreturn inner(text)"))
stale("lambda-in-dict", project("return OPS['a'](text)", "OPS = {'a': lambda x: x + 'one'}"))
stale("functions-in-list", project("for step in STEPS: text = step(text)\nreturn text", "from steps import a, b\nSTEPS = [a, b]", steps="def a(x): return x\ndef b(x): return x + 'one'\n"), "steps.py")
stale("function-attribute", project("return text + f.k", "def f(x): return x\nf.k = 'one'"))
stale("function-defaults-replaced", project("return f(text)", "def f(x, k='1'): return x + k\nf.__defaults__ = ('one',)"))
stale("keyword-only-default", project("return f(text)", "def f(x, *, k='one'): return x + k"))
stale("mutable-default", project("f(text)\nreturn ''.join(f(text))", "def f(x, seen=['one']):\n    seen.append(x)\n    return seen"))
stale("default-from-constant", project("return f(text)", "from conf import K\ndef f(x, k=K): return x + k", conf="K = 'one'\n"), "conf.py")
stale("reduce-with-helper", project("import functools\nreturn functools.reduce(f, ['a', 'b'], text)", "def f(a, b): return a + b + 'one'"))
stale("walrus", project("return f(text)", "def f(x):\n    if (y := x + 'one'):\n        return y"))
stale("match-statement", project("return f(text)", "def f(x):\n    match [x]:\n        case [str() as y]: return y + 'one'"))
stale("match-value-pattern", project("return f('one')", "import conf\ndef f(x):\n    match x:\n        case conf.K: return 'yes'\n        case _: return 'no'", conf="K = 'one'\n"), "conf.py")
stale("thread-target", project("import threading\nout = []\nt = threading.Thread(target=work, args=(text, out))\nt.start(); t.join()\nreturn out[0]", "def work(x, out): out.append(x + 'one')"))
stale("operator-methodcaller", project("import operator\nreturn operator.methodcaller('f', text)(C())", "class C:\n    def f(self, x): return x + 'one'"))
stale("fstring-debug-name", project("return f(text)", "def f(x):\n    a = 1\n    return f'{a=}'"), ("stages.py", "a = 1\n    return f'{a=}'", "b = 1\n    return f'{b=}'"))
stale("varnames-read", project("return str(f.__code__.co_varnames)", "def f(x):\n    a = 1\n    return a"), ("stages.py", "a = 1\n    return a", "b = 1\n    return b"))
stale("function-name-read", project("return ' '.join(f.__name__ for f in STEPS)", "def clean(x): return x\nSTEPS = [clean]"), ("stages.py", "def clean(x): return x\nSTEPS = [clean]", "def tidy(x): return x\nSTEPS = [tidy]"))
stale("signature-read", project("import inspect\nreturn str(inspect.signature(f))", "def f(x: int): return x"), ("stages.py", "x: int", "x: str"))
stale("source-read", project("import inspect\nreturn inspect.getsource(f)", "def f(x): return x  # one"), ("stages.py", "# one", "# two"))
stale("type-hints-read-by-injection", project("return str([v.__name__ for v in typing.get_type_hints(f).values()])", "import typing\nfrom h import f", h="def f(x: int, y: str): pass\n"), ("h.py", "y: str", "y: float"))

# --- constants, tables and what happens at module level ------------------------------------------------
stale("constant-fstring", project("return PATH", "from conf import PATH", conf="ROOT = 'one'\nPATH = f'{ROOT}/x'\n"), "conf.py")
stale("constant-comprehension", project("return str(T)", "from conf import T", conf="KEYS = ['one']\nT = {k: len(k) for k in KEYS if k}\n"), "conf.py")
stale("constant-tuple-unpacking", project("return A", "def make(): return 'one', 2\nA, B = make()"))
stale("constant-star-unpacking", project("return str(REST)", "FIRST, *REST = 1, 'one', 3"))
stale("constant-nested-unpacking", project("return B", "(A, (B, C)) = 1, ('one', 2)"))
stale("constant-chained-assignment", project("return str(A)", "A = B = {}\nB['k'] = 'one'"))
stale("constant-swapped", project("return A", "A, B = 'a', 'b'\nA, B = B, A"), ("stages.py", "A, B = B, A", "B, A = B, A"))
stale("constant-walrus", project("return N", "if (N := 'one'): pass"))
stale("constant-deleted", project("return text + str('K' in globals())", "K = 1"), ("stages.py", "K = 1", "K = 1\ndel K"))
stale("constant-del-reveals-builtin", project("return str(sum([1]))", "def sum(x): return 'mine'\nif 0: pass"), ("stages.py", "if 0: pass", "del sum"))
stale("constant-del-item", project("return str(T)", "T = {'a': 1, 'b': 2}\ndel T['a']"), ("stages.py", "del T['a']", "del T['b']"))
stale("constant-augmented", project("return K", "K = 'a'\nK += 'one'"))
stale("constant-augmented-elsewhere", {**project("return conf.K", "import conf", conf="K = 'a'\n", extra="import conf\nconf.K += 'one'\n"), "pipeline.py": pipeline("import extra\n")}, "extra.py", **BY_PIPELINE)
stale("constant-rebound-order", project("return Y", "X = 'a'\nY = X\nX = 'b'"), ("stages.py", "Y = X\nX = 'b'", "X = 'b'\nY = X"))
stale("constant-read-before-change", project("return N", "T = []\nN = str(len(T))\nT.append(1)"), ("stages.py", "N = str(len(T))\nT.append(1)", "T.append(1)\nN = str(len(T))"))
stale("constant-in-with", project("return K", "import contextlib\nwith contextlib.nullcontext('one') as K: pass"))
stale("constant-in-while", project("return K", "K = ''\nwhile len(K) < 6: K += 'one'"))
stale("constant-in-match", project("return K", "import sys\nmatch 1:\n    case 1: K = 'one'\n    case _: K = 'x'"))
stale("table-built-by-loop", project("return str(T)", "from conf import T", conf="T = {}\nfor k in ('a', 'one'):\n    for n in range(2):\n        T[k, n] = n\n"), "conf.py")
stale("table-built-by-loop-over-other", project("return str(T)", "from conf import T", conf="from keys import KEYS\nT = {}\nfor k in KEYS:\n    T[k] = 1\n", keys="KEYS = ['one']\n"), "keys.py")
stale("dict-mutated-in-a-third-module", {**project("return str(conf.T)", "import conf", conf="T = {}\n", extra="from conf import T\nT.setdefault('k', []).append('one')\n"), "pipeline.py": pipeline("import extra\n")}, "extra.py", **BY_PIPELINE)
stale("dict-setitem-function", project("return str(T)", "T = {}\ndict.__setitem__(T, 'k', 'one')"))
stale("list-append-unbound", project("return str(T)", "T = []\nlist.append(T, 'one')"))
stale("operator-setitem", project("return str(T)", "import operator\nT = {}\noperator.setitem(T, 'k', 'one')"))
stale("frozen-dataclass-object-setattr", project("return C.k", "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass K:\n    k: str = 'a'\nC = K()\nobject.__setattr__(C, 'k', 'one')"))
stale("module-dict-setitem", project("return h.f(text)", "import h\nimport patch", h=F.replace("one", "x"), patch="import h\nh.__dict__['f'] = lambda x: x + 'one'\n"), "patch.py")
stale("module-dict-update", project("return h.f(text)", "import h\nimport patch", h=F.replace("one", "x"), patch="import h\nh.__dict__.update(f=lambda x: x + 'one')\n"), "patch.py")
stale("globals-defines-a-function", project("return f_a(text)", "def make(n): return lambda x: x + n + 'one'\nfor n in ('a', 'b'):\n    globals()[f'f_{n}'] = make(n)"))
stale("globals-lookup", project("return globals()['f_' + 'a'](text)", "def f_a(x): return x + 'one'"))
stale("setattr-own-module", project("return f(text)", "import sys\nsetattr(sys.modules[__name__], 'f', lambda x: x + 'one')"))
stale("getattr-own-module", project("return getattr(sys.modules[__name__], 'f')(text)", "import sys\n" + F))
stale("object-given-to-a-constructor", project("return str(T)", "T = {}\nclass Reg:\n    def __init__(self, t): self.t = t\n    def add(self, k): self.t['k'] = k\nr = Reg(T)\nr.add('one')"))
stale("registry-made-by-a-factory", project("return TABLE['f'](text)", "TABLE = {}\ndef registrar(table):\n    def add(fn):\n        table[fn.__name__] = fn\n        return fn\n    return add\nregister = registrar(TABLE)\n@register\ndef f(x): return x + 'one'"))
stale("object-kept-in-an-attribute", project("return str(T)", "T = {}\nclass H: pass\nh = H()\nh.t = T\nh.t['k'] = 'one'"))
stale("generator-shared-at-module-level", project("return str(B)", "import random\nrng = random.Random(0)\nA = rng.random()\nB = rng.random()"), ("stages.py", "A = rng.random()", "A = [rng.random(), rng.random()]"))
stale("numpy-generator-shared", project("return str(B)", "import numpy as np\nrng = np.random.default_rng(0)\nA = rng.random(3)\nB = rng.random()"), ("stages.py", "random(3)", "random(4)"))
stale("global-random-state-drawn-from", project("return str(B)", "import random\nrandom.seed(0)\nA = random.random()\nB = random.random()"), ("stages.py", "A = random.random()", "A = random.gauss(0, 1), random.random()"))
stale("counter-at-module-level", project("return str(B)", "import itertools\nids = itertools.count()\nA = next(ids)\nB = next(ids)"), ("stages.py", "A = next(ids)\n", "A = 0\n"))
stale("shuffled-at-module-level", project("return str(T)", "import random\nT = list(range(9))\nrandom.Random(0).shuffle(T)"), ("stages.py", "Random(0)", "Random(1)"))
stale("numpy-seed-at-module-level", project("return str(np.random.rand())", "import numpy as np\nnp.random.seed(0)"), ("stages.py", "seed(0)", "seed(1)"))
stale("numpy-seed-elsewhere", {**project("return str(np.random.rand())", "import numpy as np\nimport setup_all", setup_all="import numpy as np\ndef go(seed): np.random.seed(seed)\ngo(0)\n")}, ("setup_all.py", "go(0)", "go(1)"))
stale("import-order-of-two-seeds", project("return str(random.random())", "import random\nimport a\nimport b", a="import random\nrandom.seed(1)\n", b="import random\nrandom.seed(2)\n"), ("stages.py", "import a\nimport b", "import b\nimport a"))
stale("import-order-of-two-plugins", project("return str(list(T))", "from reg import T\nimport a\nimport b", reg="T = {}\n", a="from reg import T\nT['a'] = 1\n", b="from reg import T\nT['b'] = 1\n"), ("stages.py", "import a\nimport b", "import b\nimport a"))
stale("decimal-context", project("import decimal\nreturn str(decimal.Decimal(1) / 3)", "import setup_all", setup_all="import decimal\ndecimal.getcontext().prec = 5\n"), ("setup_all.py", "prec = 5", "prec = 6"))

# --- registries and patches ---------------------------------------------------------------------------
REG = "MODELS = {}\ndef register(name):\n    def add(cls):\n        MODELS[name] = cls\n        return cls\n    return add\n"
stale("plugin-registry", {**project("return MODELS['a']().k", "from reg import MODELS", reg=REG, plug__="from . import a\n", plug__a="from reg import register\n@register('a')\nclass A:\n    k = 'one'\n"), "pipeline.py": pipeline("import plug\n")}, "plug/a.py", **BY_PIPELINE)
stale("plugin-registry-name", {**project("return str(list(MODELS))", "from reg import MODELS", reg=REG, plug__="from . import a\n", plug__a="from reg import register\n@register('one')\nclass A: pass\n"), "pipeline.py": pipeline("import plug\n")}, "plug/a.py", **BY_PIPELINE)
stale("plugin-loader-iter-modules", {**project("return str(sorted(MODELS))", "from reg import MODELS\nimport plug", reg=REG, plug__="import importlib, pkgutil\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module(f'{__name__}.{m.name}')\n", plug__a="from reg import register\n@register('one')\nclass A: pass\n")}, "plug/a.py")
stale("plugin-loader-new-file", {**project("return str(sorted(MODELS))", "from reg import MODELS\nimport plug", reg=REG, plug__="import importlib, pkgutil\nfor m in pkgutil.iter_modules(__path__):\n    importlib.import_module(f'plug.{m.name}')\n", plug__a="from reg import register\n@register('one')\nclass A: pass\n")}, ("in.txt", "hello", "hello"), write={"plug/b.py": "from reg import register\n@register('b')\nclass B: pass\n"})
stale("import-module-fstring", project("import importlib\nname = 'a'\nreturn importlib.import_module(f'models.{name}').f(text)", models__="", models__a=F), "models/a.py")
stale("import-module-from-table", project("import importlib\nreturn importlib.import_module(M['x']).f(text)", "M = {'x': 'h'}", h=F), "h.py")
stale("import-module-helper", project("return load('a').f(text)", "import importlib\ndef load(n): return importlib.import_module('models.' + n)", models__="", models__a=F), "models/a.py")
fresh("import-module-other-package", project("import importlib\nname = 'a'\nreturn importlib.import_module(f'models.{name}').f(text)", models__="", models__a="def f(x): return x\n", other="K = 'one'\n"), "other.py")
stale("getattr-constant-name", project("return getattr(h, NAME)(text)", "import h\nNAME = 'f'", h="def f(x): return x + '1'\ndef g(x): return x + '2'\n"), ("stages.py", "'f'", "'g'"))
stale("getattr-table-name", project("return getattr(h, T['k'])(text)", "import h\nT = {'k': 'f'}", h=F), "h.py")
stale("getattr-name-from-params", {"stages.py": stage("return getattr(h, p.k)(text)", "import h\nfrom pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'f'", params=", p: P = P()"), "h.py": F, "pipeline.py": "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('case')\npipeline.register(stages.s, params=stages.P())\n"}, "h.py")
stale("monkeypatch-in-pipeline", {**project("return f(text)", "def f(x): return x"), "pipeline.py": pipeline(more="stages.f = lambda x: x + 'one'\n")}, "pipeline.py")
stale("monkeypatch-method", {**project("return C().f(text)", "from h import C", h="class C:\n    def f(self, x): return x\n", patch="import h\ndef f(self, x): return x + 'one'\nh.C.f = f\n"), "pipeline.py": pipeline("import patch\n")}, "patch.py", **BY_PIPELINE)
stale("monkeypatch-through-function", {**project("return h.f(text)", "import h", h="def f(x): return x\n", patch="import h\ndef apply():\n    h.f = g\ndef g(x): return x + 'one'\n"), "pipeline.py": pipeline(more="import patch\npatch.apply()\n")}, "patch.py", **BY_PIPELINE)
stale("monkeypatch-by-mock", {**project("return h.f(text)", "import h", h="def f(x): return x\n", patch="import h\nfrom unittest import mock\nmock.patch.object(h, 'f', lambda x: x + 'one').start()\n"), "pipeline.py": pipeline("import patch\n")}, "patch.py", **BY_PIPELINE)
stale("monkeypatch-library", {**project("import string\nreturn string.capwords(text)"), "patch.py": "import string\nstring.capwords = lambda x: x + 'one'\n", "pipeline.py": pipeline("import patch\n")}, "patch.py", **BY_PIPELINE)

# --- imports --------------------------------------------------------------------------------------
stale("star-import-all", project("return _f(text)", "from h import *", h="__all__ = ['_f']\ndef _f(x): return x + 'one'\n"), "h.py")
stale("star-import-all-edited", project("return f(text)", "from a import *\nfrom b import *", a="def f(x): return 'a'\n", b="__all__ = ['g']\ndef f(x): return 'b'\ndef g(x): return 'g'\n"), ("b.py", "['g']", "['f', 'g']"))
stale("star-import-combined-all", project("return f(text)", "from p import *", p__="from . import a\nfrom .a import *\n__all__ = [*a.__all__]\n", p__a="__all__ = ['f']\n" + F), "p/a.py")
stale("import-fallback", project("return f(text)", "try:\n    from fast import f\nexcept ImportError:\n    from slow import f", slow=F), "slow.py")
stale("import-fallback-appears", project("return f(text)", "try:\n    from fast import f\nexcept ImportError:\n    from slow import f", slow=F), ("in.txt", "hello", "hello"), write={"fast.py": "def f(x): return 'fast'\n"})
stale("import-fallback-flag", project("return 'a' if HAS else 'b'", "try:\n    import nosuchmodule\n    HAS = True\nexcept ImportError:\n    HAS = False"), ("stages.py", "HAS = False", "HAS = 1"), ("stages.py", "import nosuchmodule", "import nosuchmodule2"))
stale("import-version-condition", project("return f(text)", "import sys\nif sys.version_info >= (3, 8):\n    from new import f\nelse:\n    from old import f", new=F, old="def f(x): return x\n"), "new.py")
fresh("import-type-checking", project("return f(text)", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from kinds import T\ndef f(x: 'T'): return x", kinds="class T:\n    k = 'one'\n"), "kinds.py")
stale("import-circular", project("return a.f(text)", "import a", a="import b\ndef f(x): return b.g(x)\nK = 'a'\n", b="import a\ndef g(x): return x + a.K + 'one'\n"), "b.py")
stale("import-circular-constant", project("return a.f(text)", "import a", a="import b\ndef f(x): return b.g(x)\nK = 'one'\n", b="import a\ndef g(x): return x + a.K\n"), "a.py")
stale("import-namespace-package", project("return f(text)", "from ns.sub.mod import f", ns__sub__mod=F), "ns/sub/mod.py")
stale("import-src-layout", project("return f(text)", "from lib.clean import f", src__lib__="", src__lib__clean="from .deep import g\ndef f(x): return g(x)\n", src__lib__deep="def g(x): return x + 'one'\n"), "src/lib/deep.py")
stale("stage-in-src-package", {"src/lib/__init__.py": "", "src/lib/stages.py": stage(head="from .h import f"), "src/lib/h.py": F, "pipeline.py": "from pivot_core import Pipeline\nfrom lib import stages\npipeline = Pipeline('case')\npipeline.register(stages.s)\n"}, "src/lib/h.py")
stale("import-reexport-renamed", project("return run(text)", "from p import run", p__="from .a import f as go\nrun = go\n", p__a=F), "p/a.py")
stale("import-package-settings", project("return f(text)", "from p.a import f", p__="import random\nrandom.seed(0)\n", p__a="import random\ndef f(x): return str(random.random())\n"), ("p/__init__.py", "seed(0)", "seed(1)"))
stale("module-getattr-lazy", project("import p\nreturn p.f(text)", p__="import importlib\n_LAZY = {'f': '.a'}\ndef __getattr__(n):\n    return getattr(importlib.import_module(_LAZY[n], __name__), n)\n", p__a=F), "p/a.py")
stale("module-class-instance", project("return conf.settings.k", "import conf", conf="class Settings:\n    k = 'one'\nsettings = Settings()\n"), "conf.py")

# --- libraries ------------------------------------------------------------------------------------
stale("pandas-pipe", project("import pandas as pd\nreturn pd.DataFrame({'a': [1]}).pipe(f).to_csv()", "def f(df): return df.assign(b='one')"))
stale("pandas-apply-lambda", project("import pandas as pd\nreturn pd.Series([1]).apply(lambda x: f(x)).to_csv()", "def f(x): return str(x) + 'one'"))
stale("pandas-query-global", project("import pandas as pd\nreturn pd.DataFrame({'a': [1, 2]}).query('a > @LIMIT').to_csv()", "LIMIT = 0"), ("stages.py", "LIMIT = 0", "LIMIT = 1"))
stale("pandas-query-global-in-helper", project("import pandas as pd\nreturn f(pd.DataFrame({'a': [1, 2]}))", "from h import f", h="LIMIT = 0\nWHERE = 'a > @LIMIT'\ndef f(df):\n    return df.query(WHERE).to_csv()\n"), ("h.py", "LIMIT = 0", "LIMIT = 1"))
stale("pandas-eval-helper", project("import pandas as pd\nreturn str(pd.eval('K + 1'))", "K = 1"), ("stages.py", "K = 1", "K = 2"))
stale("pandas-agg-dict", project("import pandas as pd\nreturn pd.DataFrame({'a': [1, 2]}).agg(AGG).to_csv()", "def spread(x): return x.max() - x.min()\nAGG = {'a': spread}"), ("stages.py", "x.min()", "x.min() * 2"))
stale("pandas-option", project("import pandas as pd\nreturn str(pd.Series([1.23456]))", "import setup_all", setup_all="import pandas as pd\npd.set_option('display.precision', 2)\n"), ("setup_all.py", "2)", "3)"))
stale("sklearn-like-pipeline", project("return MODEL.run(text)", "from steps import Scale, Chain\nMODEL = Chain([('scale', Scale(k='x'))])", steps="class Step:\n    def run(self, x): return self.transform(x)\nclass Scale(Step):\n    def __init__(self, k): self.k = k\n    def transform(self, x): return x + self.k + 'one'\nclass Chain(Step):\n    def __init__(self, steps): self.steps = steps\n    def transform(self, x):\n        for _, step in self.steps: x = step.run(x)\n        return x\n"), "steps.py")
fresh("sklearn-like-other-step", project("return MODEL.run(text)", "from steps import Scale\nMODEL = Scale()", steps="class Scale:\n    def run(self, x): return x\nclass Other:\n    def run(self, x): return 'one'\n"), "steps.py")
fresh("logging-config", project("import logging\nlogging.getLogger(__name__).debug('x')\nreturn text", "import setup_all", setup_all="import logging\nlog = logging.getLogger(__name__)\nlog.info('one')\n"), "setup_all.py")
fresh("warnings-config", project("return f(text)", "import setup_all\ndef f(x): return x", setup_all="import warnings\nwarnings.filterwarnings('ignore', message='one')\n"), "setup_all.py")

# --- params, loaders and the pipeline itself -----------------------------------------------------------
P = "from pivot_core import Pipeline\nimport stages, conf\npipeline = Pipeline('case')\npipeline.register(stages.s, params=conf.P())\n"
USES_P = stage("return text + p.k", "import conf", params=", p: conf.P = conf.P()")
stale("params-class-elsewhere", {"stages.py": USES_P, "pipeline.py": P, "conf.py": "from pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'one'\n"}, "conf.py")
stale("params-default-factory", {"stages.py": USES_P, "pipeline.py": P, "conf.py": "from pydantic import Field\nfrom pivot_core import StageParams\ndef make(): return 'one'\nclass P(StageParams):\n    k: str = Field(default_factory=make)\n"}, "conf.py")
stale("params-property", {"stages.py": USES_P.replace("p.k", "p.both"), "pipeline.py": P, "conf.py": "from pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'a'\n    @property\n    def both(self): return self.k + 'one'\n"}, "conf.py")
stale("params-base-class", {"stages.py": USES_P, "pipeline.py": P, "conf.py": "from base import B\nclass P(B): pass\n", "base.py": "from pivot_core import StageParams\nclass B(StageParams):\n    k: str = 'one'\n"}, "base.py")
stale("params-from-json", {"stages.py": USES_P, "pipeline.py": P.replace("conf.P()", "conf.P(**conf.read())"), "conf.py": "import json\nfrom pathlib import Path\nfrom pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'a'\ndef read(): return json.loads((Path(__file__).parent / 'p.json').read_text())\n", "p.json": '{"k": "one"}'}, ("p.json", "one", "two"))
stale("params-value-in-pipeline", {"stages.py": USES_P, "pipeline.py": P.replace("conf.P()", "conf.P(k='one')"), "conf.py": "from pivot_core import StageParams\nclass P(StageParams):\n    k: str = 'a'\n"}, "pipeline.py")
LOADER = "import dataclasses\nfrom pathlib import Path\nfrom pivot_core import loaders\n@dataclasses.dataclass(frozen=True)\nclass L(loaders.Reader[str]):\n    k: str = 'a'\n    def load(self, path: Path) -> str: return tidy(path.read_text()) + self.k\ndef tidy(x): return x + 'one'\n"
OWN = stage("return text", "from own import L").replace('"in.txt", loaders.Text()', '"in.txt", L()')
stale("loader-elsewhere", {"stages.py": OWN, "own.py": LOADER}, "own.py")
stale("loader-default", {"stages.py": OWN, "own.py": LOADER}, ("own.py", "'a'", "'b'"))
stale("loader-argument", {"stages.py": OWN.replace("L()", "L(k='one')"), "own.py": LOADER})
stale("dep-path-from-table", {"stages.py": stage("return text", "from conf import PATHS").replace('"in.txt"', "PATHS['in']"), "conf.py": "PATHS = {'in': 'in.txt'}\n", "in2.txt": "2"}, ("conf.py", "'in.txt'", "'in2.txt'"))

# --- files and variables --------------------------------------------------------------------------
HERE = "import json\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"
DATA = {"pkg/__init__.py": "", "pkg/x.json": '{"k": "one"}'}
JSON = ("pkg/x.json", "one", "two")
stale("data-beside-the-module", {**project("return f(text)", "from pkg.h import f"), **DATA, "pkg/h.py": HERE + "def f(x): return json.loads((HERE / 'x.json').read_text())['k']\n"}, JSON)
stale("data-read-at-import", {**project("return f(text)", "from pkg.h import f"), **DATA, "pkg/h.py": HERE + "with open(HERE / 'x.json') as file:\n    K = json.load(file)\ndef f(x): return K['k']\n"}, JSON)
stale("data-read-at-import-by-a-function", {**project("return f(text)", "from pkg.h import f"), **DATA, "pkg/h.py": HERE + "def read(n): return json.loads((HERE / n).read_text())\nK = read('x.json')\ndef f(x): return K['k']\n"}, JSON)
stale("data-by-resources", {**project("import importlib.resources\nreturn importlib.resources.files('pkg').joinpath('x.json').read_text()"), **DATA}, JSON)
stale("data-in-a-thread", {**project("from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(1) as pool:\n    return pool.submit(f).result()", "from pathlib import Path\ndef f(): return Path('extra.txt').read_text()"), "extra.txt": "one"}, ("extra.txt", "one", "two"))
stale("data-by-pandas", {**project("import pandas as pd\nreturn pd.read_csv('extra.csv').to_csv()"), "extra.csv": "a\none\n"}, ("extra.csv", "one", "two"))
stale("data-by-numpy", {**project("import numpy as np\nreturn str(np.loadtxt('extra.csv'))"), "extra.csv": "1\n2\n"}, ("extra.csv", "1", "3"))
fresh("data-nobody-reads", {**project("return f(text)", "from pkg.h import f"), **DATA, "pkg/h.py": HERE + "def f(x): return x\ndef g(x): return (HERE / 'x.json').read_text()\n"}, JSON)
stale("data-that-may-exist", project("from pathlib import Path\nreturn str(Path('flag.json').exists())"), ("in.txt", "hello", "hello"), write={"flag.json": "{}"})
stale("data-in-a-subprocess", {**project("import subprocess\nreturn subprocess.run(['cat', 'extra.txt'], capture_output=True, text=True).stdout"), "extra.txt": "one"}, ("extra.txt", "one", "two"))
stale("code-by-file", {**project("import runpy\nreturn runpy.run_path('script/x.py')['K']"), "script/x.py": "K = 'one'\n"}, "script/x.py")
stale("code-by-spec", {**project("import importlib.util\nspec = importlib.util.spec_from_file_location('x', 'script/x.py')\nm = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(m)\nreturn m.K"), "script/x.py": "K = 'one'\n"}, "script/x.py")
TWO_STAGES = stage("return load()", "import functools\nfrom pathlib import Path\n@functools.cache\ndef load(): return Path('extra.txt').read_text()") + stage("return load()").replace("def s(", "def t(").replace("out.txt", "out2.txt").split("outputs\n", 1)[1]
TWO_PIPELINE = "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('case')\npipeline.register(stages.s)\npipeline.register(stages.t)\n"
case("data-cached-between-stages", {"s": "stale", "t": "stale"}, {"stages.py": TWO_STAGES, "pipeline.py": TWO_PIPELINE, "extra.txt": "one"}, ("extra.txt", "one", "two"))
ENV = dict(env={"CASE_FLAG": "1"}, env_after={"CASE_FLAG": "2"})
NOTHING = ("in.txt", "hello", "hello")
stale("env-default", project("import os\nreturn os.environ.get('CASE_NONE', 'one')"))
stale("env-at-import", project("return K", "import os\nK = os.environ.get('CASE_FLAG', 'x')"), NOTHING, **ENV)
stale("env-key-constant", project("return conf.read()", "import conf", conf="import os\nKEY = 'CASE_FLAG'\ndef read(): return os.environ[KEY]\n"), NOTHING, **ENV)
stale("env-helper-with-key", project("return env('CASE_FLAG')", "import os\ndef env(key, default=''): return os.environ.get(key, default)"), NOTHING, **ENV)
stale("env-fstring-key", project("name = 'FLAG'\nreturn os.environ[f'CASE_{name}']", "import os"), NOTHING, **ENV)
stale("env-copied", project("return dict(os.environ)['CASE_FLAG']", "import os"), NOTHING, **ENV)
stale("env-expandvars", project("return os.path.expandvars('$CASE_FLAG')", "import os"), NOTHING, **ENV)
stale("env-settings-class", project("return Settings().flag", "import os\nclass Settings:\n    def __init__(self): self.flag = self.read('flag')\n    def read(self, n): return os.getenv(f'CASE_{n.upper()}')"), NOTHING, **ENV)
fresh("env-other", project("import os\nreturn os.environ.get('CASE_OTHER', '1')"), NOTHING, **ENV)

# --- fresh: how it is written, and what isn't used -----------------------------------------------------
fresh("cosmetic-comments-everywhere", project("return f(text)", F), ("stages.py", "def f(x):\n", "# about f\ndef f(x):  # here\n    # and there\n\n"))
fresh("cosmetic-black", project("return f(text)", "def f(x):\n    return {'a':x,'b':[1,2]}['a']"), ("stages.py", "{'a':x,'b':[1,2]}['a']", "{\n        \"a\": x,\n        \"b\": [1, 2],\n    }[\"a\"]"))
fresh("cosmetic-reordered", project("return f(text)", "def g(x): return x\ndef f(x): return g(x)"), ("stages.py", "def g(x): return x\ndef f(x): return g(x)", "def f(x): return g(x)\ndef g(x): return x"))
fresh("cosmetic-locals", project("return f(text)", "def f(x):\n    total = x\n    for word in [1]:\n        total = total + str(word)\n    return total"), ("stages.py", "total = x\n    for word in [1]:\n        total = total + str(word)\n    return total", "acc = x\n    for w in [1]:\n        acc = acc + str(w)\n    return acc"))
fresh("cosmetic-hints", project("return f(text)", "def f(x):\n    y = x\n    return y"), ("stages.py", "def f(x):\n    y = x", "def f(x: str) -> str:\n    y: str = x"))
fresh("cosmetic-docstrings", project("return C().f(text)", "class C:\n    def f(self, x): return x"), ("stages.py", "class C:\n", 'class C:\n    """What it is."""\n'))
fresh("cosmetic-module-docstring", project("return f(text)", "from h import f", h=F), ("h.py", "def f", '"""Helpers."""\ndef f'))
fresh("cosmetic-stage-moved", {"stages.py": stage("return f(text)", F) + "def g(): pass\n"}, ("stages.py", "def g(): pass\n", ""), ("stages.py", "def f(x)", "def g(): pass\ndef f(x)"))
# An import in a function counts as what the function does.
fresh("cosmetic-import-moved-into-function", project("return f(text)", "import json\ndef f(x): return json.dumps(x)"), ("stages.py", "import json\ndef f(x): return", "def f(x):\n    import json\n    return"), tier="stretch")
fresh("cosmetic-import-order", project("return a.A + b.B", "import a\nimport b", a="A = 'a'\n", b="B = 'b'\n"), ("stages.py", "import a\nimport b", "import b\nimport a"))
fresh("cosmetic-import-order-with-loggers", project("return a.A + b.B", "import a\nimport b", a="import logging\nlog = logging.getLogger(__name__)\nA = 'a'\n", b="import logging\nlog = logging.getLogger(__name__)\nB = 'b'\n"), ("stages.py", "import a\nimport b", "import b\nimport a"))
fresh("cosmetic-import-parentheses", project("return f(text) + g(text)", "from h import f, g", h=F + "def g(x): return x\n"), ("stages.py", "from h import f, g", "from h import (\n    g,\n    f,\n)"))
fresh("cosmetic-else-after-return", project("return f(text)", "def f(x):\n    if x:\n        return x\n    elif 1:\n        return 'a'"), ("stages.py", "elif 1:\n        return 'a'", "else:\n        if 1:\n            return 'a'"))
fresh("cosmetic-type-ignore", project("return f(text)", F), ("stages.py", "+ 'one'", "+ 'one'  # type: ignore"))
fresh("cosmetic-logger-added", project("return f(text)", "from h import f", h=F), ("h.py", "def f", "import logging\nlog = logging.getLogger(__name__)\ndef f"))
fresh("cosmetic-all-added", project("return f(text)", "from h import f", h=F), ("h.py", "def f", "__all__ = ['f']\ndef f"))
fresh("unused-import-of-library", project("return f(text)", F), ("stages.py", "def f", "import json, re\nfrom pathlib import Path\ndef f"))
fresh("unused-import-of-project", project("return f(text)", F, other="K = {}\ndef g(x): return K\n"), ("stages.py", "def f", "import other\ndef f"))
fresh("unrelated-constant", project("return f(text)", "from h import f", h=F + "K = 'one'\nT = {'a': K}\nT['b'] = K\n"), ("h.py", "K = 'one'", "K = 'two'"))
fresh("unrelated-constant-moved", project("return f(text)", "from h import f", h="K = 1\n" + F), ("h.py", "K = 1\n", ""), ("h.py", "    return x + 'one'\n", "    return x + 'one'\nK = 1\n"))
fresh("unrelated-class", project("return f(text)", F.replace("one", "1") + "class K:\n    def f(self): return 'one'"))
fresh("unrelated-dataclass-field", project("return D('a').x", "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: str\n@dataclass\nclass E:\n    y: str = 'one'"))
fresh("unrelated-pydantic-model", project("return D(x='a').x", "from pydantic import BaseModel, field_validator\nclass D(BaseModel):\n    x: str\nclass E(BaseModel):\n    y: str = 'one'\n    @field_validator('y')\n    @classmethod\n    def v(cls, y): return y + 'one'"))
fresh("unrelated-subclass", project("return C().k()", "class B:\n    def k(self): return 'b'\nclass C(B): pass\nclass E(B):\n    def k(self): return 'one'"))
fresh("unrelated-enum", project("return C.A.value", "import enum\nclass C(enum.Enum):\n    A = 'a'\nclass E(enum.Enum):\n    A = 'one'"))
fresh("unrelated-cached-function", project("return f(text)", "from functools import cache\n@cache\ndef f(x): return x\n@cache\ndef g(x): return x + 'one'"))
fresh("unrelated-decorated-function", project("return f(text)", "import functools\ndef timed(fn):\n    @functools.wraps(fn)\n    def inner(*a): return fn(*a)\n    return inner\n@timed\ndef f(x): return x\n@timed\ndef g(x): return x + 'one'"))
fresh("unrelated-random-constant", project("return f(text)", "import random\nrng = random.Random(0)\nA = rng.random()\ndef f(x): return x"), ("stages.py", "Random(0)", "Random(1)"))
fresh("unrelated-instance", project("return A.run(text)", "class Model:\n    def __init__(self, k): self.k = k\n    def run(self, x): return x + self.k\nA = Model('a')\nB = Model('one')"))
fresh("unrelated-table", project("return OPS['a'](text)", "OPS = {'a': lambda x: x}\nOTHER = {'a': lambda x: x + 'one'}"))
fresh("unrelated-export", project("return f(text)", "from p import f", p__="from .a import f\nfrom .b import g\n", p__a="def f(x): return x\n", p__b="def g(x): return x + 'one'\n"), "p/b.py")
fresh("unrelated-star", project("return f(text)", "from h import *", h="def f(x): return x\ndef g(x): return x + 'one'\n"), "h.py")
fresh("unrelated-stage-body", {"stages.py": stage("return f(text)", "def f(x): return x") + "def other(x): return 'one'\n"})
case("unrelated-stage-registered", "fresh", {"stages.py": TWO_STAGES, "pipeline.py": TWO_PIPELINE.replace("pipeline.register(stages.t)\n", ""), "extra.txt": "one"}, ("pipeline.py", "pipeline.register(stages.s)", "pipeline.register(stages.t)\npipeline.register(stages.s)"))
case("unrelated-stage-edited", {"s": "fresh", "t": "stale"}, {"stages.py": TWO_STAGES.replace("return load()", "return 'a'", 1), "pipeline.py": TWO_PIPELINE, "extra.txt": "one"}, ("stages.py", "return load()", "return load() + '1'"))
fresh("unrelated-main-block", project("return f(text)", F) | {"stages.py": stage("return f(text)", F) + "if __name__ == '__main__':\n    import sys\n    print(f(sys.argv[0]), 'a')\n"}, ("stages.py", "'a'", "'b'"))
fresh("unrelated-command", project("return f(text)", "import argparse\ndef f(x): return x\ndef main():\n    parser = argparse.ArgumentParser(description='one')\n    parser.parse_args()"))
