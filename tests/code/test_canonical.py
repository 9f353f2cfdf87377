"""The canonical form: the same on every Python, and unmoved by how the code is written."""

# a case is a line
from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import pivot_core
from pivot_core.code.canonical import canonical
from pivot_core.code.summary import summarise

SAMPLE = '''
"""Doc."""
from __future__ import annotations
import a.b, c as d
from . import e
from .f import g as h, i
X: int = 1_000
Y = 0x10, -0.0, 1e400, 1j, b"\\xff", "a" "b", ..., None, True, "\\ud800", "é"
def f(a, /, b: int = X, *args, k=Y, **kw) -> str:
    "doc"
    global Z
    n = m = 0
    for q, (r, *s) in a:
        n += q
        with open(r) as t, s[0]:
            del n
    try:
        import j.k
    except (ValueError, KeyError) as error:
        raise RuntimeError(error) from None
    except* OSError:
        pass
    else:
        Z = [u for v in a if v for u in v if (w := u)]
    finally:
        x: int = 3
    match a:
        case {"k": [1, *rest], **others} | Point(x=0, y=p) if p:
            return f"{a!r:>{b}} {{}} {n=}" f"{m:}" "z"
        case str() as y:
            return lambda a, *b, k=1: (a, w, y, rest, others)
    async def g():
        nonlocal m
        async for z in m:
            await z
        return {**a, "b": 1}, {1, 2}, {c: d for c in d}, (yield), x[1:2, ::3], not a, a if b else c
class C(Base, metaclass=M):
    "doc"
    y: list[int] = []
    x = y
    @property
    def p(self): return self.__doc__, x
while X: break
else: assert X, "no"
'''.replace("    except* OSError:\n        pass\n", "")
GOLDEN = "53a3bccfa6980a3d4fb73558dbb051b08ab046f2c76aa4620235ad021ed50d8b"
REAL_MODULES = (
    "argparse",
    "dataclasses",
    "inspect",
    "asyncio/tasks",
    "typing",
    "tokenize",
    "statistics",
    "enum",
)

_SCRIPT = """
import sys, types, hashlib
for name, path in (("pivot_core", sys.argv[1]), ("pivot_core.code", sys.argv[1] + "/code")):
    sys.modules[name] = package = types.ModuleType(name)
    package.__path__ = [path]
from pivot_core.code.canonical import canonical
print(hashlib.sha256(canonical(sys.stdin.buffer.read().decode("utf-8"))).hexdigest())
"""


def digest(text: str) -> str:
    return hashlib.sha256(canonical(text)).hexdigest()


def test_the_bytes_are_the_same_on_every_python():
    """A golden digest, checked by each Python that runs the suite."""
    assert digest(SAMPLE) == GOLDEN


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_other_interpreters_write_the_same_bytes(version):
    """The writer needs the standard library only, so any Python can run it."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*sorted(versions.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")]
    interpreter = next((str(found) for found in candidates if found), None)
    if interpreter is None:
        pytest.skip(f"no Python {version} here")
    package = str(Path(pivot_core.__file__).parent)
    command = [interpreter, "-I", "-c", _SCRIPT, package]
    done = subprocess.run(command, input=SAMPLE.encode(), capture_output=True, check=False)
    assert done.stdout.decode().strip() == GOLDEN, done.stderr.decode()


@pytest.mark.parametrize("name", REAL_MODULES)
def test_writing_a_real_module_anew_keeps_its_bytes(name):
    """``ast.unparse`` drops all comments and formatting of a module of the standard library."""
    text = (Path(sysconfig.get_paths()["stdlib"]) / f"{name}.py").read_text(encoding="utf-8")
    assert canonical(ast.unparse(ast.parse(text))) == canonical(text)


def test_only_the_standard_library_is_imported():
    """Writing forms works without any of our dependencies."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _SCRIPT, str(Path(pivot_core.__file__).parent)],
        input=b"a = 1\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("def f():\n a = 1\n return a", "def f():\n b = 1\n return b", True),
        ("def f():\n a = 1\n return b", "def f():\n a = 1\n return a", False),
        ("def f(a): return a", "def f(b): return b", False),
        ("def f():\n def a(): pass\n return a", "def f():\n def b(): pass\n return b", False),
        ("def f():\n a = 1\n return 'a'", "def f():\n b = 1\n return 'a'", False),
        ("def f():\n a = 1\n return f'{a=}'", "def f():\n b = 1\n return f'{b=}'", False),
        ("[a for a in b]", "[c for c in b]", True),
        ("[a for a in a]", "[c for c in a]", True),
        ("[[a for a in b] for b in a]", "[[c for c in d] for d in a]", True),
        ("def f():\n return [x := 1 for y in z], x", "def f():\n return [w := 1 for y in z], w", True),
        ("def f():\n a = 1\n return lambda: a", "def f():\n b = 1\n return lambda: b", True),
        ("def f():\n a = 1\n return lambda a: a", "def f():\n b = 1\n return lambda a: b", False),
        ("def f():\n a = b = 1\n return a, b", "def f():\n b = a = 1\n return b, a", True),
        ("def f():\n global a\n a = 1", "def f():\n global b\n b = 1", False),
        ("class C:\n a = 1", "class C:\n b = 1", False),
        (
            "def f():\n class C:\n  a = 1\n  def g(self): return a",
            "def f():\n class C:\n  a = 1\n  def g(self): return b",
            False,
        ),
        ("if a: pass\nelse: b", "if a: b", False),
        ("x = f(1)(2)", "x = f(1, 2)", False),
        ("x = a.b[c]", "x = a[b.c]", False),
        ("x = 'a', 'b'", "x = 'a' 'b'", False),
        ("x = [['a'], 'b']", "x = [['a', 'b']]", False),
        ("f(a)(b)", "f(a, b)", False),
        ("for a in b:\n c\nd", "for a in b:\n c\n d", False),
        ("x = (a, b)[0]", "x = a, b[0]", False),
        ("x = f'{a}{b}'", "x = f'{a}' f'{b}'", True),
        ("x = f'{a:{b}}'", "x = f'{a}{b}'", False),
    ],
)
def test_forms_of_two_texts(one, other, same):
    assert (canonical(one) == canonical(other)) is same


def test_a_long_chain_of_branches_is_read():
    """Hundreds of ``elif`` are nested deeply in the tree, and are no reason to give up."""
    text = "def f(x):\n if x == 0: return 0\n" + "".join(
        f" elif x == {i}: return {i}\n" for i in range(1, 90)
    )
    assert summarise(text).error is None
    assert summarise("x = " + " + ".join("a" * 900)).error is None


def test_deep_expressions_are_written_or_refused_not_crashed():
    """Very deep nesting is reported as unreadable by the summary, whatever the depth."""
    for text in (
        "x = " + "-" * 60_000 + "1",
        "x = " + "(" * 500 + ")" * 500,
        "x = " + "+".join("a" * 30_000),
    ):
        summary = summarise(text)
        assert summary.error is not None
        assert "\n" not in summary.error.message


@pytest.mark.skipif(sys.version_info < (3, 12), reason="has no type parameters")
def test_type_parameters_of_a_function_are_hints_unless_it_uses_them():
    plain, hinted, used = (
        summarise(text).statements[0]
        for text in (
            "def f(xs):\n    return xs[0]\n",
            "def f[T: int](xs: list[T]) -> T:\n    return xs[0]\n",
            "def f[T: int](xs: list[T]) -> T:\n    return T(xs[0])\n",
        )
    )
    assert (plain.head, plain.body) == (hinted.head, hinted.body)
    assert plain.notes != hinted.notes
    assert used.head != hinted.head
