"""Names, modules and what changes objects: small projects, one edit each, judged by executing the stage.

A ``stale`` case is an edit after which stage ``s`` of stages.py returns something else; a ``fresh`` one leaves
what it returns as it was. Both are executed here, so a case can't be wrong about that.
"""

# ruff: noqa: E501  # a case is a line
# fmt: off
from __future__ import annotations

import pytest

Edit = tuple[str, str | None, str]
Case = tuple[str, dict[str, str], tuple[Edit, ...]]

PIPELINE = "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\npipeline.register(stages.s)\n"
STALE: list[Case] = []
FRESH: list[Case] = []


def stale(name: str, files: dict[str, str], *edits: Edit) -> None:
    STALE.append((name, {"pipeline.py": PIPELINE, **files}, edits))


def fresh(name: str, files: dict[str, str], *edits: Edit) -> None:
    FRESH.append((name, {"pipeline.py": PIPELINE, **files}, edits))


# --- what does ----------------------------------------------------------------------------------
stale("all remove", {"h.py": "__all__ = ['f','g']\ndef f(x):\n    return str(x) + 'one'\ndef g(): pass\n", "k.py": "def f(x):\n    return str(x) + 'k'\n", "stages.py": "from k import *\nfrom h import *\ndef s(text):\n    return f(1)\n"}, ("h.py", "def g(): pass\n", "def g(): pass\n__all__.remove('f')\n"))
stale("all comp edit", {"h.py": "def f(x):\n    return str(x) + 'one'\n__all__ = [n for n in ['f']]\n", "k.py": "def f(x):\n    return str(x) + 'k'\n", "stages.py": "from k import *\nfrom h import *\ndef s(text):\n    return f(1)\n"}, ("h.py", "['f']", "['k']"), ("h.py", "def f", "k=1\ndef f"))
stale("star then def order", {"h.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "def f(x): return 0\nfrom h import *\ndef s(text):\n    return f(1)\n"}, ("stages.py", "def f(x): return 0\nfrom h import *", "from h import *\ndef f(x): return 0"))
stale("star overrides import", {"h.py": "def f(x):\n    return str(x) + 'one'\n", "k.py": "def f(x):\n    return str(x) + 'k'\n", "stages.py": "from k import f\nfrom h import *\ndef s(text):\n    return f(1)\n"}, ("h.py", "'one'", "'two'"))
stale("star appears overriding import", {"h.py": "", "k.py": "def f(x):\n    return str(x) + 'k'\n", "stages.py": "from k import f\nfrom h import *\ndef s(text):\n    return f(1)\n"}, ("h.py", None, "def f(x):\n    return str(x) + 'one'\n"))
stale("star overrides constant", {"h.py": "A='one'\n", "stages.py": "A=1\nfrom h import *\ndef s(text):\n    return A\n"}, ("h.py", "'one'", "'two'"))
stale("star then use then def", {"h.py": "A='one'\n", "stages.py": "from h import *\nB=A\nA=1\ndef s(text):\n    return B\n"}, ("h.py", "'one'", "'two'"))
stale("star in try appears", {"h.py": "A='one'\n", "stages.py": "try:\n    from nonono import *\nexcept ImportError:\n    from h import *\ndef s(text):\n    return A\n"}, ("nonono.py", None, "A=5\n"))
stale("star in try both", {"h.py": "A='one'\n", "g.py": "A='g'\n", "stages.py": "try:\n    from g import *\nexcept ImportError:\n    from h import *\ndef s(text):\n    return A\n"}, ("g.py", "'g'", "'gg'"))
stale("star of else", {"h.py": "A='one'\n", "g.py": "A='g'\n", "stages.py": "import sys\nif sys.version_info > (2,):\n    from g import *\nelse:\n    from h import *\ndef s(text):\n    return A\n"}, ("g.py", "'g'", "'gg'"))
stale("star cond flips", {"h.py": "A='one'\n", "g.py": "A='g'\n", "stages.py": "import sys\nif sys.version_info > (2,):\n    from g import *\nelse:\n    from h import *\ndef s(text):\n    return A\n"}, ("stages.py", "(2,)", "(9,)"))
stale("star via package submodule implicit", {"p/__init__.py": "from .a import g\n", "p/a.py": "def g(x): return 1\ndef f(x):\n    return str(x) + 'one'\n", "stages.py": "from p import *\ndef s(text):\n    return a.f(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("star augmented base", {"h.py": "N=1\n", "stages.py": "from h import *\nN += len('one')\ndef s(text):\n    return N\n"}, ("h.py", "N=1", "N=2"))
stale("import a.b.c as d init effect", {"a/__init__.py": "", "a/b/__init__.py": "from . import c\nc.f = lambda x: 'one'\n", "a/b/c.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "import a.b.c as d\ndef s(text):\n    return d.f(1)\n"}, ("a/b/__init__.py", "'one'", "'two'"))
stale("import position in file", {"stages.py": "from reg import N\nK=len(N)\nimport a\ndef s(text):\n    return K\n", "reg.py": "N=[]\n", "a.py": "from reg import N\nN.append('a')\n"}, ("stages.py", "K=len(N)\nimport a", "import a\nK=len(N)"))
stale("import position in func called", {"stages.py": "from reg import N\ndef go():\n    import a\nK=len(N)\ngo()\ndef s(text):\n    return K\n", "reg.py": "N=[]\n", "a.py": "from reg import N\nN.append('a')\n"}, ("stages.py", "K=len(N)\ngo()", "go()\nK=len(N)"))
stale("import position rebound attr", {"stages.py": "import reg\nK=reg.N\nimport a\ndef s(text):\n    return K\n", "reg.py": "N=1\n", "a.py": "import reg\nreg.N=2\n"}, ("stages.py", "K=reg.N\nimport a", "import a\nK=reg.N"))
stale("from-import before/after rebind", {"stages.py": "from reg import N\nimport a\ndef s(text):\n    return N\n", "reg.py": "N=1\n", "a.py": "import reg\nreg.N=2\n"}, ("stages.py", "from reg import N\nimport a", "import a\nfrom reg import N"))
stale("from-import vs attr after rebind", {"stages.py": "from reg import N\nimport a\ndef s(text):\n    return N\n", "reg.py": "N=1\n", "a.py": "import reg\nreg.N=2\n"}, ("stages.py", "return N", "return reg.N"), ("stages.py", "from reg import N", "import reg"))
stale("own submodule used in init func", {"p/__init__.py": "from . import a\ndef g(x): return a.f(x)\n", "p/a.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "from p import g\ndef s(text):\n    return g(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("own submodule used in init const", {"p/__init__.py": "from . import a\nK=a.f(1)\n", "p/a.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "from p import K\ndef s(text):\n    return K\n"}, ("p/a.py", "'one'", "'two'"))
stale("implicit name in init", {"p/__init__.py": "from .a import h\ndef g(x): return a.f(x)\n", "p/a.py": "h=1\ndef f(x):\n    return str(x) + 'one'\n", "stages.py": "from p import g\ndef s(text):\n    return g(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("star in with", {"h.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "import contextlib\nwith contextlib.suppress(ImportError):\n    from h import *\ndef s(text):\n    return f(1)\n"}, ("h.py", "'one'", "'two'"))
stale("star in with of none", {"h.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "import contextlib\nwith contextlib.suppress(ImportError):\n    from h import *\n    from k import *\ndef s(text):\n    return f(1)\n"}, ("k.py", None, "def f(x):\n    return str(x) + 'k'\n"))
stale("heapreplace val", {"stages.py": "import heapq\nT=['a']\nv=heapq.heapreplace(T,'one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("iadd op val", {"stages.py": "import operator\nT=[]\nU=operator.iadd(T,['one'])\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("map", {"stages.py": "T=[]\nlist(map(T.append,['one']))\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("defaultdict read", {"stages.py": "import collections\nT=collections.defaultdict(list)\nT['one']\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("defaultdict read nested for", {"stages.py": "import collections\nT=collections.defaultdict(list)\nfor k in ['one']: T[k]\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("chainmap", {"stages.py": "import collections\nT={}\nM=collections.ChainMap(T)\nM['a']='one'\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("memoryview kept", {"stages.py": "T=bytearray(b'abc')\nv=memoryview(T)\nv[:]='one'.encode()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("print file", {"stages.py": "import io\nB=io.StringIO()\nprint('one',file=B)\nT=B.getvalue()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("csv writer", {"stages.py": "import io,csv\nB=io.StringIO()\nw=csv.writer(B)\nw.writerow(['one'])\nT=B.getvalue()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("coroutine acc asg", {"stages.py": "def g():\n    acc=[]\n    while 1: acc.append((yield list(acc)))\nI=g()\nnext(I)\nz=I.send('one')\nT=I.send('b')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper loop var val", {"stages.py": "def h(*a):\n    for t in a:\n        t.append('one')\n    return 1\nT=[]\nx=h(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper alias val", {"stages.py": "def h(t):\n    u=t\n    u.append('one')\n    return 1\nT=[]\nx=h(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper values val", {"stages.py": "def h(t):\n    for v in t.values():\n        v.append('one')\n    return 1\nT={'x':[]}\nx=h(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper partial val", {"stages.py": "import functools\ndef h(k,t):\n    t.append(k)\n    return 1\np=functools.partial(h,'one')\nT=[]\nx=p(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper method val", {"stages.py": "class C:\n    def go(self,t):\n        t.append('one')\n        return 1\nT=[]\nx=C().go(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("helper method obj val", {"stages.py": "class C:\n    def go(self,t):\n        t.append('one')\n        return 1\nT=[]\nc=C()\nx=c.go(T)\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("dataclass keeps", {"stages.py": "import dataclasses\n@dataclasses.dataclass\nclass C:\n    t: list\nT=[]\nc=C(T)\nc.t.append('one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("closure val", {"stages.py": "def mk(t):\n    def g(x):\n        t.append(x)\n        return 1\n    return g\nT=[]\ng=mk(T)\nx=g('one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("partial bound val", {"stages.py": "import functools\ndef h(t,k):\n    t.append(k)\n    return 1\nT=[]\np=functools.partial(h,T)\nx=p('one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("bound method alias val", {"stages.py": "T=[]\nadd=T.append\nx=add('one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("default arg", {"stages.py": "T=[]\ndef h(x,t=T): t.append(x)\nh('one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("mutable default", {"stages.py": "def h(x,t=[]):\n    t.append(x)\n    return t\nh('one')\nT=h('b')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("nonlocal counter", {"stages.py": "def mk():\n    n=''\n    def h(x):\n        nonlocal n\n        n+=x\n        return n\n    return h\nh=mk()\nA=h('one')\nT=h('')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("class ctor counter self", {"stages.py": "class C:\n    n=[]\n    def __init__(self,x): self.n.append(x)\nA=C('one')\nT=C.n\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("class type(self)", {"stages.py": "class C:\n    n=''\n    def __init__(self,x): type(self).n=x\nA=C('one')\nT=C.n\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("class instances alive", {"stages.py": "import weakref\nclass C:\n    n=weakref.WeakSet()\n    def __init__(self,x):\n        self.x=x\n        self.n.add(self)\nA=C('one')\nT=[a.x for a in C.n]\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("getitem side effect", {"stages.py": "T=[]\nclass C:\n    def __getitem__(self,n): T.append(n)\nc=C()\nc['one']\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("lshift side effect", {"stages.py": "T=[]\nclass C:\n    def __lshift__(self,n): T.append(n)\nc=C()\nc<<'one'\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("type() registers", {"stages.py": "T=[]\nclass B:\n    def __init_subclass__(cls): T.append(cls.__name__)\nX=type('one',(B,),{})\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("sys.modules self alias", {"stages.py": "import sys\nT='a'\nme=sys.modules[__name__]\nme.T='one'\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("sys.modules self setattr", {"stages.py": "import sys\nT='a'\nme=sys.modules[__name__]\nsetattr(me,'T','one')\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("import_module self", {"stages.py": "import importlib\nT='a'\nme=importlib.import_module(__name__)\nme.T='one'\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("__import__ self", {"stages.py": "T='a'\n__import__(__name__).T='one'\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("walrus in fn default", {"stages.py": "def f(a=(T:='one')): pass\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("walrus in decorator", {"stages.py": "def d(x): return lambda f:f\n@d(T:='one')\ndef f(): pass\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("global via obj attr", {"stages.py": "T=''\ndef f():\n    global T\n    T+='one'\n    return 1\nclass O: pass\no=O()\no.f=f\no.f()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("global via iter sentinel", {"stages.py": "T=''\ndef f():\n    global T\n    T+='one'\n    return 1\nx=list(iter(f,1))\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("global via vars", {"stages.py": "T=''\ndef f():\n    global T\n    T+='one'\nx=globals()['f']()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("global via getattr self", {"stages.py": "import sys\nT=''\ndef f():\n    global T\n    T+='one'\nx=getattr(sys.modules[__name__],'f')()\ndef s(text):\n    return T if not callable(T) else T()\n"}, ("stages.py", "'one'", "'two'"))
stale("__getattribute__", {"stages.py": "import h\ndef s(text):\n    return h.__getattribute__('f')(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("import_module as var", {"stages.py": "from importlib import import_module\nim=import_module\ndef s(text):\n    return im('h').f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("import_module partial", {"stages.py": "import importlib,functools\nim=functools.partial(importlib.import_module,'h')\ndef s(text):\n    return im().f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("import_module map", {"stages.py": "import importlib\ndef s(text):\n    return list(map(importlib.import_module,['h']))[0].f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("import_module default", {"stages.py": "import importlib\ndef s(text):\n    def g(n,load=importlib.import_module): return load(n)\n    return g('h').f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("importlib getattr", {"stages.py": "import importlib\ndef s(text):\n    return getattr(importlib,'import_module')('h').f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("__import__ alias", {"stages.py": "imp=__import__\ndef s(text):\n    return imp('h').f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("meta_path", {"stages.py": "import sys\ndef s(text):\n    return [f for f in sys.meta_path if hasattr(f,'find_spec') and f.find_spec('h', None)][0].find_spec('h', None).loader.load_module('h').f(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("locate", {"stages.py": "import pydoc\ndef s(text):\n    return pydoc.locate('h.f')(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("f.__globals__", {"stages.py": "from h import g\ndef s(text):\n    return g.__globals__['f'](1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("inspect frame", {"stages.py": "import inspect\nfrom h import f\ndef s(text):\n    return inspect.currentframe().f_globals['f'](1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("codecs register", {"stages.py": "import h,codecs\ncodecs.register_error('zz',lambda e:(h.f(1),e.end))\ndef s(text):\n    return 'a\\xff'.encode('ascii','zz')\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("displayhook", {"stages.py": "import builtins,h\nbuiltins.zz=h.f\ndef s(text):\n    return zz(1)\n", "h.py": "def f(x):\n    return str(x) + 'one'\ndef g(): pass\nclass C: pass\n"}, ("h.py", "'one'", "'two'"))
stale("__import__ fromlist sub", {"p/__init__.py": "", "p/a.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "\ndef s(text):\n    return __import__('p',fromlist=['a']).a.f(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("__import__ level", {"p/__init__.py": "", "p/a.py": "def f(x):\n    return str(x) + 'one'\n", "p/b.py": "def g(x): return __import__('a',globals(),locals(),['f'],1).f(x)\n", "stages.py": "from p.b import g\ndef s(text):\n    return g(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("glob init", {"p/__init__.py": "import glob,os\n__all__=[os.path.basename(f)[:-3] for f in glob.glob(os.path.join(os.path.dirname(__file__),'*.py')) if '__init__' not in f]\nfrom . import *\n", "p/a.py": "def f(x):\n    return str(x) + 'one'\n", "stages.py": "\nfrom p import *\ndef s(text):\n    return a.f(1)\n"}, ("p/a.py", "'one'", "'two'"))
stale("module faked setdefault", {"k.py": "import sys,types\nm=types.ModuleType('fake')\nm.v='one'\nsys.modules.setdefault('fake',m)\n", "stages.py": "import k\nimport fake\ndef s(text):\n    return fake.v\n"}, ("k.py", "'one'", "'two'"))
stale("import hook in fn", {"k.py": "import sys,types,importlib.abc,importlib.machinery\nclass L(importlib.abc.Loader):\n    def create_module(self,s): return None\n    def exec_module(self,m): m.v='one'\nclass Fi(importlib.abc.MetaPathFinder):\n    def find_spec(self,n,p,t=None):\n        if n=='virt': return importlib.machinery.ModuleSpec(n,L())\nsys.meta_path.append(Fi())\n", "stages.py": "import k\ndef s(text):\n    import virt\n    return virt.v\n"}, ("k.py", "'one'", "'two'"))
stale("import hook for existing", {"h.py": "v=1\n", "k.py": "import sys,types,importlib.abc,importlib.machinery\nclass L(importlib.abc.Loader):\n    def create_module(self,s): return None\n    def exec_module(self,m): m.v='one'\nclass Fi(importlib.abc.MetaPathFinder):\n    def find_spec(self,n,p,t=None):\n        if n=='h': return importlib.machinery.ModuleSpec(n,L())\nsys.meta_path.insert(0,Fi())\n", "stages.py": "import k\ndef s(text):\n    import h\n    return h.v\n"}, ("k.py", "'one'", "'two'"))
stale("builtins.__import__ patched", {"h.py": "v=1\n", "k.py": "import builtins,types\no=builtins.__import__\ndef i(n,*a,**k):\n    m=o(n,*a,**k)\n    if n=='h': m.v='one'\n    return m\nbuiltins.__import__=i\n", "stages.py": "import k\ndef s(text):\n    import h\n    return h.v\n"}, ("k.py", "'one'", "'two'"))
stale("pd option alias", {"stages.py": "import pandas as pd\no=pd.options\no.display.precision=3\ndef make(): return pd.Series([1.23456789])\ndef s(text):\n    return repr(make())\n"}, ("stages.py", "=3", "=4"))
stale("decimal prec alias", {"stages.py": "from decimal import getcontext\nctx=getcontext()\nctx.prec=5\ndef s(text):\n    import decimal\n    return str(decimal.Decimal(1)/3)\n"}, ("stages.py", "=5", "=6"))
stale("recursion limit no sys", {"stages.py": "import sys\nsys.setrecursionlimit(5000)\ndef s(text):\n    def f(n): return 0 if n==0 else 1+f(n-1)\n    try:\n        return f(3000)\n    except RecursionError:\n        return 'x'\n"}, ("stages.py", "5000", "1000"))
stale("pathlib patched deco", {"stages.py": "import conf\ndef s(text):\n    from pathlib import Path\n    return Path('a').zz()\n", "conf.py": "from pathlib import Path\ndef patch(cls):\n    def d(f):\n        setattr(cls,f.__name__,f)\n        return f\n    return d\n@patch(Path)\ndef zz(self): return 'one'\n"}, ("conf.py", "'one'", "'two'"))
stale("contextvar token", {"stages.py": "import contextvars\nV=contextvars.ContextVar('v',default='d')\ntok=V.set('one')\ndef s(text):\n    return V.get()\n"}, ("stages.py", "'one'", "'two'"))
stale("settings obj load asg", {"stages.py": "class Cfg:\n    def __init__(self): self.d={}\n    def load(self,v):\n        self.d['a']=v\n        return self\nC=Cfg()\nD=C.load('one')\ndef s(text):\n    return C.d\n"}, ("stages.py", "'one'", "'two'"))
stale("settings elsewhere load asg", {"stages.py": "from conf import C\nimport k\ndef s(text):\n    return C.d\n", "conf.py": "class Cfg:\n    def __init__(self): self.d={}\n    def load(self,v):\n        self.d['a']=v\n        return self\nC=Cfg()\n", "k.py": "from conf import C\nok=C.load('one')\n"}, ("k.py", "'one'", "'two'"))
stale("app.state local alias", {"stages.py": "from conf import app\nimport k\ndef s(text):\n    return app.state.x\n", "conf.py": "class O: pass\nclass App:\n    def __init__(self): self.state=O()\napp=App()\n", "k.py": "import conf\ndef setup():\n    a=conf.app\n    st=a.state\n    st.x='one'\nsetup()\n"}, ("k.py", "'one'", "'two'"))
stale("local alias of table", {"stages.py": "T={}\ndef go():\n    t=T\n    t['a']='one'\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("local alias of module attr", {"stages.py": "import conf,k\ndef s(text):\n    return conf.T\n", "conf.py": "T={}\n", "k.py": "import conf\ndef go():\n    t=conf.T\n    t['a']='one'\ngo()\n"}, ("k.py", "'one'", "'two'"))
stale("local for alias", {"stages.py": "class A: k=''\nclass B: k=''\ndef go():\n    for c in (A,B): c.k='one'\ngo()\ndef s(text):\n    return A.k+B.k\n"}, ("stages.py", "'one'", "'two'"))
stale("local alias get", {"stages.py": "T={'a':{}}\ndef go():\n    t=T.get('a')\n    t['b']='one'\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("local alias from fn", {"stages.py": "T={}\ndef get(): return T\ndef go():\n    t=get()\n    t['b']='one'\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("local alias param default", {"stages.py": "T={}\ndef go(t=None):\n    t=t or T\n    t['b']='one'\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("local alias walrus", {"stages.py": "T={}\ndef go():\n    if (t:=T) is not None: t['b']='one'\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("inner closure alias", {"stages.py": "T={}\ndef go():\n    t=T\n    def g(): t['b']='one'\n    g()\ngo()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
stale("comprehension alias", {"stages.py": "class A: k=''\nclass B: k=''\n[setattr(c,'k','one') for c in (A,B)]\ndef s(text):\n    return A.k\n"}, ("stages.py", "'one'", "'two'"))
stale("dict alias fn", {"stages.py": "class A: k=''\nREG={'a':A}\ndef go():\n    for c in REG.values(): c.k='one'\ngo()\ndef s(text):\n    return A.k\n"}, ("stages.py", "'one'", "'two'"))
stale("patched in fn local alias", {"stages.py": "import h,k\ndef s(text):\n    return h.f(1)\n", "h.py": "def f(x):\n    return str(x) + 'h'\n", "k.py": "import h\ndef patch():\n    m=h\n    m.f=lambda x:'one'\npatch()\n"}, ("k.py", "'one'", "'two'"))
stale("globals passed", {"stages.py": "import conf\nconf.inject(globals())\ndef s(text):\n    return X\n", "conf.py": "def inject(g): g['X']='one'\n"}, ("conf.py", "'one'", "'two'"))
stale("globals passed arg", {"stages.py": "import conf\nconf.inject(globals(),'one')\ndef s(text):\n    return X\n", "conf.py": "def inject(g,v): g['X']=v\n"}, ("stages.py", "'one'", "'two'"))
stale("globals var", {"stages.py": "G=globals()\nG['X']='one'\ndef s(text):\n    return X\n"}, ("stages.py", "'one'", "'two'"))
stale("vars() var", {"stages.py": "G=vars()\nG['X']='one'\ndef s(text):\n    return X\n"}, ("stages.py", "'one'", "'two'"))
stale("exec of other module ns", {"stages.py": "import h,k\ndef s(text):\n    return h.X\n", "h.py": "X=1\n", "k.py": "import h\nexec(\"X='one'\",vars(h))\n"}, ("k.py", "X='one'", "X='two'"))
stale("deco class with state elsewhere", {"stages.py": "from reg import R\nimport k\ndef s(text):\n    return R.items['f']()\n", "reg.py": "class R:\n    items={}\n    def __init__(self,n): self.n=n\n    def __call__(self,f):\n        self.items[self.n]=f\n        return f\n", "k.py": "from reg import R\n@R('f')\ndef f(): return 'one'\n"}, ("k.py", "'one'", "'two'"))
stale("registry inst self base", {"stages.py": "class B:\n    reg=[]\n    def __init__(self,v): self.reg.append(v)\nclass C(B): pass\nc=C('one')\ndef s(text):\n    return B.reg\n"}, ("stages.py", "'one'", "'two'"))
stale("registry inst sub super", {"stages.py": "class B:\n    reg=[]\n    def __init__(self,v): self.reg.append(v)\nclass C(B):\n    def __init__(self): super().__init__('one')\nc=C()\ndef s(text):\n    return B.reg\n"}, ("stages.py", "'one'", "'two'"))
stale("id counter closure", {"stages.py": "def mk():\n    n=0\n    def new():\n        nonlocal n\n        n+=1\n        return n\n    return new\nnew=mk()\na=new()\nb=new()\ndef s(text):\n    return b\n"}, ("stages.py", "a=new()\n", "a=new()\nc=new()\n"))

# --- libraries whose state others use --------------------------------------------------------------------
stale("numpy's generator, for pandas", {"stages.py": "import numpy as np\nnp.random.seed(1)\ndef s(text):\n    import pandas as pd\n    return pd.Series(range(99)).sample(3).tolist()\n"}, ("stages.py", "seed(1)", "seed(2)"))
stale("numpy's way to print, for pandas", {"stages.py": "import numpy as np\nnp.set_printoptions(precision=3)\ndef s(text):\n    import pandas as pd\n    return repr(pd.Series([1.23456789]).to_numpy())\n"}, ("stages.py", "=3", "=4"))
fresh("numpy's generator, for no library", {"stages.py": "import json\nimport numpy as np\nnp.random.seed(1)\ndef s(text):\n    return json.dumps(text)\n"}, ("stages.py", "seed(1)", "seed(2)"))

# --- what doesn't matter ----------------------------------------------------------------------
fresh("def moved", {"stages.py": "def f(x):\n    return str(x) + 'one'\ndef g(x): return 'g'\ndef s(text):\n    return f(1)\n"}, ("stages.py", "def f(x):\n    return str(x) + 'one'\ndef g(x): return 'g'", "def g(x): return 'g'\ndef f(x):\n    return str(x) + 'one'\n"))
fresh("two registries", {"stages.py": "T={}\nU={}\ndef reg(t):\n    def d(f):\n        t[f.__name__]=f\n        return f\n    return d\n@reg(T)\ndef a(x): return x\n@reg(U)\ndef b(x): return 'one'\ndef s(text):\n    return T['a'](1)\n"}, ("stages.py", "'one'", "'two'"))
fresh("two registry objects", {"stages.py": "class R:\n    def __init__(self): self.t={}\n    def add(self,f):\n        self.t[f.__name__]=f\n        return f\nA=R()\nB=R()\n@A.add\ndef a(x): return x\n@B.add\ndef b(x): return 'one'\ndef s(text):\n    return A.t['a'](1)\n"}, ("stages.py", "'one'", "'two'"))
fresh("two instances mutated", {"stages.py": "class C:\n    def __init__(self): self.d={}\n    def set(self,k,v): self.d[k]=v\nA=C()\nB=C()\nA.set('a',1)\nB.set('a','one')\ndef s(text):\n    return A.d\n"}, ("stages.py", "'one'", "'two'"))
fresh("two instances mutated value used", {"stages.py": "class C:\n    def __init__(self): self.d={}\n    def set(self,k,v):\n        self.d[k]=v\n        return self\nA=C()\nB=C()\nx=A.set('a',1)\ny=B.set('a','one')\ndef s(text):\n    return A.d\n"}, ("stages.py", "'one'", "'two'"))
fresh("two dataclass instances", {"stages.py": "import dataclasses\n@dataclasses.dataclass\nclass C:\n    items: list = dataclasses.field(default_factory=list)\n    def add(self,v): self.items.append(v)\nA=C()\nB=C()\nA.add(1)\nB.add('one')\ndef s(text):\n    return A.items\n"}, ("stages.py", "'one'", "'two'"))
fresh("two instances own list", {"stages.py": "class C:\n    items=None\n    def __init__(self): self.items=[]\n    def add(self,v): self.items.append(v)\nA=C()\nB=C()\nA.add(1)\nB.add('one')\ndef s(text):\n    return A.items\n"}, ("stages.py", "'one'", "'two'"))
fresh("helper copies2", {"stages.py": "T={'a':1}\ndef w(t,v):\n    u=t.copy()\n    u['b']=v\n    return u\nU=w(T,'one')\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("helper copies3", {"stages.py": "T={'a':1}\ndef w(t,v):\n    u={**t}\n    u['b']=v\n    return u\nU=w(T,'one')\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("helper comp copies", {"stages.py": "T={'a':1}\ndef w(t,v):\n    u={k:x for k,x in t.items()}\n    u['b']=v\n    return u\nU=w(T,'one')\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("merge configs", {"stages.py": "BASE={'a':1}\ndef merge(a,b):\n    out=dict(a)\n    for k,v in b.items(): out[k]=v\n    return out\nDEV=merge(BASE,{'b':'one'})\ndef s(text):\n    return BASE\n"}, ("stages.py", "'one'", "'two'"))
fresh("global read in fn, other local changed", {"stages.py": "T={'a':[1]}\ndef load(n):\n    rows=list(T['a'])\n    rows.append(n)\n    return rows\nU=load('one')\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("closure counters unrelated", {"stages.py": "def mk():\n    n=0\n    def inc(k=1):\n        nonlocal n\n        n+=k\n        return n\n    return inc\na=mk()\nb=mk()\nx=b(5)\ndef s(text):\n    return a()\n"}, ("stages.py", "b(5)", "b(6)"))
fresh("partial readers", {"stages.py": "import functools\ndef read(sep,x): return x.split(sep)\nra=functools.partial(read,',')\nrb=functools.partial(read,';')\nX=rb('one')\ndef s(text):\n    return ra('x')\n"}, ("stages.py", "'one'", "'two'"))
fresh("default list not mutated", {"stages.py": "def f(x,cols=['a']):\n    out=[]\n    out.append((x,cols))\n    return out\nA=f('one')\ndef s(text):\n    return f(1)\n"}, ("stages.py", "'one'", "'two'"))
fresh("path default", {"stages.py": "from pathlib import Path\nROOT=Path('.')\ndef f(x,root=ROOT):\n    out={}\n    out['a']=str(root)\n    return out\nA=f('one')\ndef s(text):\n    return f(1)\n"}, ("stages.py", "'one'", "'two'"))
fresh("class attr count", {"stages.py": "class C:\n    count=0\n    def __init__(self,v):\n        self.v=v\n    def bump(self): self.count+=1\nc=C('one')\nc.bump()\ndef s(text):\n    return C('x').v\n"}, ("stages.py", "'one'", "'two'"))
fresh("import order w registry reader", {"stages.py": "import a\nimport b\ndef s(text):\n    return a.A+b.B\n", "a.py": "from conf import T\nA=str(T)\n", "b.py": "from conf import T\nB=str(T)\n", "conf.py": "T={}\nT['a']=1\n"}, ("stages.py", "import a\nimport b", "import b\nimport a"))
fresh("import order w plugins unrelated", {"stages.py": "import a\nimport p1\nimport p2\ndef s(text):\n    return a.A\n", "a.py": "A='a'\n", "reg.py": "T=[]\n", "p1.py": "from reg import T\nT.append(1)\n", "p2.py": "from reg import T\nT.append(2)\n"}, ("stages.py", "import a\nimport p1\nimport p2", "import p2\nimport p1\nimport a"))
fresh("table moved", {"stages.py": "X={'a':1}\nX['b']=2\nY={}\nY['c']=3\ndef f(x): return X\ndef s(text):\n    return f(1)\n"}, ("stages.py", "X={'a':1}\nX['b']=2\nY={}\nY['c']=3", "Y={}\nY['c']=3\nX={'a':1}\nX['b']=2"))
fresh("star unrelated", {"stages.py": "from h import *\ndef s(text):\n    return A\n", "h.py": "A=1\nB='one'\n"}, ("h.py", "'one'", "'two'"))
fresh("star with all unrelated", {"stages.py": "from h import *\ndef s(text):\n    return A\n", "h.py": "__all__=['A','B']\nA=1\nB='one'\n"}, ("h.py", "'one'", "'two'"))
fresh("reexport star unrelated", {"stages.py": "import p\ndef s(text):\n    return p.A\n", "p/__init__.py": "from .a import *\nfrom .b import *\n", "p/a.py": "A=1\n", "p/b.py": "B='one'\n"}, ("p/b.py", "'one'", "'two'"))
fresh("submodule name shared with function", {"stages.py": "import p\ndef s(text):\n    return p.clean('x')\n", "p/__init__.py": "from .clean import clean\nfrom .other import z\n", "p/clean.py": "def clean(x): return x\n", "p/other.py": "z='one'\n"}, ("p/other.py", "'one'", "'two'"))
fresh("method same name as global changed", {"stages.py": "T=[]\nclass C:\n    def go(self):\n        T=[]\n        T.append('one')\nC().go()\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("loop over table reading", {"stages.py": "class A:\n    k=1\nM={'a':A}\nOUT=[]\nfor n,c in M.items(): OUT.append(n+'one')\ndef s(text):\n    return M['a'].k\n"}, ("stages.py", "'one'", "'two'"))
fresh("np from list", {"stages.py": "import numpy as np\nT=[1,2]\nA=np.array(T)\nA[0]=len('one')\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))
fresh("df from dict", {"stages.py": "import pandas as pd\nT={'a':[1]}\ndf=pd.DataFrame(T)\ndf['b']='one'\ndef s(text):\n    return T\n"}, ("stages.py", "'one'", "'two'"))


def fingerprint_and_output(code) -> tuple[str, str]:
    return code.fact().fingerprint, code.output()


def edit(code, edits) -> None:
    for name, old, new in edits:
        path = code.project.root / name
        code.write({name: new if old is None else path.read_text().replace(old, new, 1)})


@pytest.mark.parametrize(("files", "edits"), [case[1:] for case in STALE], ids=[case[0] for case in STALE])
def test_what_returns_something_else_has_another_fingerprint(code, files, edits):
    before, returned = fingerprint_and_output(code.write(files))
    edit(code, edits)
    after, returns = fingerprint_and_output(code)
    assert returns != returned
    assert after != before


@pytest.mark.parametrize(("files", "edits"), [case[1:] for case in FRESH], ids=[case[0] for case in FRESH])
def test_what_returns_the_same_keeps_its_fingerprint(code, files, edits):
    before, returned = fingerprint_and_output(code.write(files))
    edit(code, edits)
    after, returns = fingerprint_and_output(code)
    assert returns == returned
    assert after == before
