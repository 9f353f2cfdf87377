"""Environment variables: which of them decide what a stage returns, however their names come about.

Every case is executed with ``APP_KEY`` set to one value and to another: a ``read`` one returns something else.
"""

# ruff: noqa: E501  # a case is a line
# fmt: off
from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

READ: list[tuple[str, dict[str, str]]] = []
UNTOUCHED: list[tuple[str, dict[str, str]]] = []

PIPELINE = "from pivot_core import Pipeline\nimport stages\npipeline = Pipeline('p')\npipeline.register(stages.s)\n"


def read(name: str, files: dict[str, str]) -> None:
    READ.append((name, files))


def untouched(name: str, files: dict[str, str]) -> None:
    UNTOUCHED.append((name, files))


read('sub', {'stages.py': "import os\ndef s(text):\n    return os.environ['APP_KEY']\n"})
read("os.environ.get('APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.get('APP_KEY')\n"})
read("os.environ.pop('APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.pop('APP_KEY')\n"})
read("os.environ.setdefault('APP_KEY','x')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.setdefault('APP_KEY','x')\n"})
read("os.getenv('APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.getenv('APP_KEY')\n"})
read("os.environb[b'APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environb[b'APP_KEY']\n"})
read("os.environ.copy()['APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.copy()['APP_KEY']\n"})
read("dict(os.environ)['APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return dict(os.environ)['APP_KEY']\n"})
read("{**os.environ}['APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return {**os.environ}['APP_KEY']\n"})
read("[v for k,v in os.environ.items() if k=='", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return [v for k,v in os.environ.items() if k=='APP_KEY']\n"})
read('[v for k,v in os.environ.items() if k.st', {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return [v for k,v in os.environ.items() if k.startswith('APP_')]\n"})
read("os.path.expandvars('$APP_KEY/x')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.path.expandvars('$APP_KEY/x')\n"})
read("os.path.expandvars('${APP_KEY}')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.path.expandvars('${APP_KEY}')\n"})
read("string.Template('$APP_KEY').substitute(o", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return string.Template('$APP_KEY').substitute(os.environ)\n"})
read("string.Template('${APP_KEY}').safe_subst", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return string.Template('${APP_KEY}').safe_substitute(os.environ)\n"})
read("'{APP_KEY}'.format(**os.environ)", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return '{APP_KEY}'.format(**os.environ)\n"})
read("'%(APP_KEY)s' % os.environ", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return '%(APP_KEY)s' % os.environ\n"})
read("operator.getitem(os.environ,'APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return operator.getitem(os.environ,'APP_KEY')\n"})
read("os.getenv(key='APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.getenv(key='APP_KEY')\n"})
read("list(map(os.environ.get,['APP_KEY']))", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return list(map(os.environ.get,['APP_KEY']))\n"})
read("[os.environ[n] for n in ('APP_KEY',)]", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return [os.environ[n] for n in ('APP_KEY',)]\n"})
read("os.environ['APP_'+'KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['APP_'+'KEY']\n"})
read("os.environ['APP_%s' % 'KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['APP_%s' % 'KEY']\n"})
read("os.environ['APP_{}'.format('KEY')]", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['APP_{}'.format('KEY')]\n"})
read('os.environ[f\'APP_{text and "KEY"}\']', {'stages.py': 'import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ[f\'APP_{text and "KEY"}\']\n'})
read("os.environ['_'.join(['APP','KEY'])]", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['_'.join(['APP','KEY'])]\n"})
read("os.environ['app_key'.upper()]", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['app_key'.upper()]\n"})
read("os.environ['app.key'.upper().replace('.'", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['app.key'.upper().replace('.','_')]\n"})
read("os.environ['APP_'+'key'.upper()]", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['APP_'+'key'.upper()]\n"})
read("getattr(os,'environ')['APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return getattr(os,'environ')['APP_KEY']\n"})
read("os.environ.get('APP_'+(lambda", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.get('APP_'+(lambda: 'KEY')())\n"})
read("os.environ.__getitem__('APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.__getitem__('APP_KEY')\n"})
read('os.environ.get(f\'{"APP"}_{"KEY"}\')', {'stages.py': 'import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.get(f\'{"APP"}_{"KEY"}\')\n'})
read("(os.environ|{})['APP_KEY']", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return (os.environ|{})['APP_KEY']\n"})
read("collections.ChainMap({},os.environ)['APP", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return collections.ChainMap({},os.environ)['APP_KEY']\n"})
read("subprocess.run('echo $APP_KEY',shell=Tru", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return subprocess.run('echo $APP_KEY',shell=True,capture_output=True).stdout\n"})
read("os.popen('echo $APP_KEY').read()", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.popen('echo $APP_KEY').read()\n"})
read("subprocess.run(['sh','-c','echo $APP_KEY", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return subprocess.run(['sh','-c','echo $APP_KEY'],capture_output=True).stdout\n"})
read("os.environ.items()>={('APP_KEY','1')}", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.items()>={('APP_KEY','1')}\n"})
read("'APP_KEY' in os.environ and os.environ.g", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return 'APP_KEY' in os.environ and os.environ.get('APP'+'_KEY')\n"})
read("os.environ['APP_KEY'] if 'APP_KEY' in os", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ['APP_KEY'] if 'APP_KEY' in os.environ.keys() else 0\n"})
read("str(os.environ).count('1')*0 or os.envir", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return str(os.environ).count('1')*0 or os.environ.get('APP_KEY')\n"})
read("os.getenvb(b'APP_KEY')", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.getenvb(b'APP_KEY')\n"})
read("os.environ.get(*['APP_KEY'])", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.get(*['APP_KEY'])\n"})
read("os.environ.get(*('APP_KEY','d'))", {'stages.py': "import os,string,operator,collections,subprocess,posix\ndef s(text):\n    return os.environ.get(*('APP_KEY','d'))\n"})
read('from', {'stages.py': "from os import environ as e\ndef s(text):\n    return e['APP_KEY']\n"})
read('mod-alias', {'stages.py': "import os\nenv=os.environ\ndef s(text):\n    return env['APP_KEY']\n"})
read('local-alias', {'stages.py': "import os\ndef s(text):\n    env=os.environ\n    return env['APP_KEY']\n"})
read('local-alias-masked', {'stages.py': "import os\ndef s(text):\n    env=os.environ\n    a=env.get('A'),env.get('B')\n    return os.environ['APP_'+'KEY']\n"})
read('local-alias-pass', {'stages.py': "import os\ndef f(e): return e['APP_KEY']\ndef s(text):\n    env=os.environ\n    a=env.get('A'),env.get('B')\n    return f(env)\n"})
read('helper', {'stages.py': "from h import env\ndef s(text):\n    return env('APP_KEY')\n", 'h.py': 'import os\ndef env(n): return os.environ[n]\n'})
read('helper-lower', {'stages.py': "from h import env\ndef s(text):\n    return env('app_key')\n", 'h.py': 'import os\ndef env(n): return os.environ[n.upper()]\n'})
read('helper-prefix', {'stages.py': "from h import env\ndef s(text):\n    return env('key')\n", 'h.py': "import os\ndef env(n): return os.environ['APP_'+n.upper()]\n"})
read('helper-prefix-const', {'stages.py': "from h import env\ndef s(text):\n    return env('key')\n", 'h.py': "import os\nP='APP_'\ndef env(n): return os.environ[P+n.upper()]\n"})
read('helper-prefix-arg', {'stages.py': "from h import env\ndef s(text):\n    return env('APP','key')\n", 'h.py': "import os\ndef env(p,n): return os.environ[f'{p}_{n.upper()}']\n"})
read('helper-prefix-lower', {'stages.py': "from h import env\ndef s(text):\n    return env('app','key')\n", 'h.py': "import os\ndef env(p,n): return os.environ[f'{p}_{n}'.upper()]\n"})
read('const-other', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.NAME]\n', 'h.py': "NAME='APP_KEY'\n"})
read('const-class', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.K.NAME]\n', 'h.py': "class K:\n    NAME='APP_KEY'\n"})
read('const-enum', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.K.NAME.value]\n', 'h.py': "import enum\nclass K(enum.Enum):\n    NAME='APP_KEY'\n"})
read('const-enum-name', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.K.APP_KEY.name]\n', 'h.py': 'import enum\nclass K(enum.Enum):\n    APP_KEY=1\n'})
read('const-percent', {'stages.py': "import os,h\ndef s(text):\n    return os.environ[h.F % 'KEY']\n", 'h.py': "F='APP_%s'\n"})
read('const-format', {'stages.py': "import os,h\ndef s(text):\n    return os.environ[h.F.format('KEY')]\n", 'h.py': "F='APP_{}'\n"})
read('const-twice', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.N]\n', 'h.py': "N='X'\nN='APP_KEY'\n"})
read('const-cond', {'stages.py': 'import os,h\ndef s(text):\n    return os.environ[h.N]\n', 'h.py': "import sys\nif sys.version_info>(3,):\n    N='APP_KEY'\nelse:\n    N='X'\n"})
read('const-table', {'stages.py': "import os,h\ndef s(text):\n    return os.environ[h.T['a']]\n", 'h.py': "T={'a':'APP_KEY'}\n"})
read('const-imported-alias', {'stages.py': 'import os\nfrom h import N as N\ndef s(text):\n    return os.environ[N]\n', 'h.py': 'from g import N\n', 'g.py': "N='APP_KEY'\n"})
read('settings-prefix', {'stages.py': 'from h import S\ndef s(text):\n    return S().key\n', 'h.py': "import os\nclass S:\n    prefix='APP_'\n    def __getattr__(self,n): return os.environ[self.prefix+n.upper()]\n"})
read('settings-annots', {'stages.py': 'from h import S\ndef s(text):\n    return S().key\n', 'h.py': "import os\nclass B:\n    P='APP'\n    def __init__(self):\n        for n in self.__annotations__: setattr(self,n,os.environ.get(f'{self.P}_{n.upper()}'))\nclass S(B):\n    key:str\n"})
read('settings-fields', {'stages.py': 'from h import S\ndef s(text):\n    return S().app_key\n', 'h.py': "import os,dataclasses\ndef env(n): return dataclasses.field(default_factory=lambda:os.environ.get(n))\n@dataclasses.dataclass\nclass S:\n    app_key:str=env('APP_KEY')\n"})
read('settings-class-dir', {'stages.py': 'from h import S\ndef s(text):\n    return S().APP_KEY\n', 'h.py': "import os\nclass S:\n    APP_KEY='d'\n    def __init__(self):\n        for n in dir(type(self)):\n            if n.isupper() and n in os.environ: setattr(self,n,os.environ[n])\n"})
read('settings-pd', {'stages.py': 'from h import S\ndef s(text):\n    return S.load().key\n', 'h.py': "import os\nfrom pydantic import BaseModel\nclass S(BaseModel):\n    key:str='x'\n    @classmethod\n    def load(cls): return cls(**{n:os.environ['APP_'+n.upper()] for n in cls.model_fields if 'APP_'+n.upper() in os.environ})\n"})
read('settings-pd-descr', {'stages.py': 'from h import S\ndef s(text):\n    return S().key\n', 'h.py': "import os\nfrom pydantic import BaseModel,Field\nclass S(BaseModel):\n    key:str=Field(default_factory=lambda:os.getenv('APP_KEY','x'))\n"})
read('descriptor', {'stages.py': 'from h import C\ndef s(text):\n    return C.key\n', 'h.py': "import os\nclass E:\n    def __set_name__(self,o,n): self.n=n\n    def __get__(self,o,t=None): return os.environ['APP_'+self.n.upper()]\nclass C:\n    key=E()\n"})
read('descriptor-noprefix', {'stages.py': 'from h import C\ndef s(text):\n    return C.app_key\n', 'h.py': 'import os\nclass E:\n    def __set_name__(self,o,n): self.n=n\n    def __get__(self,o,t=None): return os.environ[self.n.upper()]\nclass C:\n    app_key=E()\n'})
read('import-time', {'stages.py': 'import h\ndef s(text):\n    return h.V\n', 'h.py': "import os\nV=os.environ['APP_'+'KEY']\n"})
read('import-time-loop', {'stages.py': 'import h\ndef s(text):\n    return h.V\n', 'h.py': "import os\nV={}\nfor n in ('KEY',): V[n]=os.environ.get('APP_'+n)\n"})
read('import-time-helper', {'stages.py': 'import h\ndef s(text):\n    return h.V\n', 'h.py': "from g import env\nV=env('KEY')\n", 'g.py': "import os\ndef env(n): return os.environ.get(f'APP_{n}')\n"})
read('default-arg', {'stages.py': "import os\ndef f(x=os.environ.get('APP_KEY')): return x\ndef s(text):\n    return f()\n"})
read('decorator-env', {'stages.py': "from h import opt\n@opt('APP_KEY')\ndef f(): return 1\ndef s(text):\n    return f()\n", 'h.py': 'import os\ndef opt(n):\n    v=os.environ.get(n)\n    def d(f): return lambda: v\n    return d\n'})
read('cond-def', {'stages.py': "import os\nif os.environ.get('APP_KEY')=='1':\n    def f(): return 1\nelse:\n    def f(): return 2\ndef s(text):\n    return f()\n"})
read('cond-import', {'stages.py': "import os\nif os.environ.get('APP_KEY')=='1':\n    from a import f\nelse:\n    from b import f\ndef s(text):\n    return f()\n", 'a.py': 'def f(): return 1\n', 'b.py': 'def f(): return 2\n'})
read('json-names', {'stages.py': 'import os,json\ndef s(text):\n    return [os.environ[n] for n in json.loads(\'["APP_KEY"]\')]\n'})
read('split-names', {'stages.py': "import os\ndef s(text):\n    return [os.environ[n] for n in 'A_KEY APP_KEY'.split() if n in os.environ]\n"})
read('pipeline-sets', {'stages.py': 'import h\ndef s(text):\n    return h.V\n', 'h.py': 'V=0\n', 'more.py': "import h,os\nh.V=os.environ.get('APP_'+'KEY')\n", 'pipeline.py': "from pivot_core import Pipeline\nimport stages\nimport more\npipeline = Pipeline('p')\npipeline.register(stages.s)\n"})
read('params-default', {'stages.py': "from pivot_core import StageParams\nimport os\nclass P(StageParams):\n    k:str=os.environ.get('APP_KEY','d')\ndef s(text):\n    return P().k\n"})
read('getenv-alias', {'stages.py': "import os\ndef s(text):\n    g=os.getenv\n    return g('APP_KEY')\n"})
read('getenv-alias-mod', {'stages.py': "import os\ng=os.environ.get\ndef s(text):\n    return g('APP_KEY')\n"})
read('getenv-partial', {'stages.py': "import os,functools\ng=functools.partial(os.environ.get)\ndef s(text):\n    return g('APP_KEY')\n"})
read('walrus', {'stages.py': "import os\ndef s(text):\n    return v if (v:=os.environ.get('APP_KEY')) else 0\n"})
read('match', {'stages.py': "import os\ndef s(text):\n    match os.environ:\n        case {'APP_KEY':v}: return v\n"})
read('bool-cast', {'stages.py': "from h import _bool\ndef s(text):\n    return _bool('APP_KEY')\n", 'h.py': "import os\ntruthy=('1',)\ndef _bool(n,default=False): return os.getenv(n,str(default)) in truthy\n"})
untouched('other-fresh', {'stages.py': "import os\ndef s(text):\n    return os.environ.get('APP_KEY2')\n"})
untouched('other-fresh-prefix', {'stages.py': "import os\ndef s(text):\n    return os.environ.get('OTHER_'+'KEY')\n"})
untouched('copied-only-fresh', {'stages.py': "import os,subprocess\ndef s(text):\n    return subprocess.run(['true'],env={**os.environ}).returncode\n"})


def counts(code, files):
    """Whether APP_KEY counts, and what the stage returns with either value."""
    code.write({"pipeline.py": PIPELINE, **files})
    names = code.fact().environment
    return any(fnmatchcase("APP_KEY", name) for name in names), code.output(APP_KEY="1"), code.output(APP_KEY="2")


@pytest.mark.parametrize("files", [case[1] for case in READ], ids=[case[0] for case in READ])
def test_a_variable_that_decides_the_result_counts(code, files):
    counted, one, other = counts(code, files)
    assert one != other, "the case says nothing"
    assert counted


@pytest.mark.parametrize("files", [case[1] for case in UNTOUCHED], ids=[case[0] for case in UNTOUCHED])
def test_a_variable_that_does_not_is_left_alone(code, files):
    counted, one, other = counts(code, files)
    assert one == other
    assert not counted


def test_texts_that_name_what_differs_in_every_session_are_not_guessed(code):
    """A column called "path" isn't the variable PATH."""
    code.write({"stages.py": "import os\ndef env(name): return os.environ[name.upper()]\ndef s(text): return env('key'), 'path', 'home', '_', '$_'\n"})
    names = code.fact().environment
    assert "KEY" in names
    assert not [name for name in ("PATH", "HOME", "_") if any(fnmatchcase(name, one) for one in names)]
