"""Whatever a file holds: no crash, no other stage touched, and the answer says what it widened to."""

from __future__ import annotations

import os

import pytest

FINE = "K = 1\ndef t(text):\n    return K\n"
SAMPLE = '''\
"""Doc."""
from __future__ import annotations
import os, json as j
from fine import (K, t)
@staticmethod
def s(text, *args: int, k={"a": [1, 2.5e3]}, **more) -> str:
    with open(f"{text!r:>{K}}") as file, file:
        try:
            async def inner(): return [x async for x in (yield) if (y := x)]
        except* (ValueError, OSError) as error:
            del error
        else:
            lambda *, z=1: z
    match text:
        case {"a": [1, *rest], **others} if rest: return r"\\d" b"" '' rb'x'
        case fine.K | None: pass
    return t(text) if K else [*args][::2] @ ~K
class C(dict[str, int], metaclass=type, k=1):
    a: int = 1; b, *c = 1, 2
    """é 🙂"""
'''

HOSTILE = {
    "nothing": b"",
    "a mark of byte order": b"\xef\xbb\xbfdef s(text):\n    return 1\n",
    "form feeds": b"\x0cdef s(text):\n\x0c    return 1\n",
    "zero bytes": b"def s(text):\n    return '\0'\n",
    "no text at all": bytes(range(256)) * 20,
    "an encoding that doesn't exist": b"# coding: klingon\ndef s(text): return 1\n",
    "an encoding that is no text": b"# coding: rot13\nqrs f(grkg): erghea 1\n",
    "carriage returns": b"def s(text):\r    return 1\r",
    "no end of line": b"def s(text): return 1\\",
    "deep brackets": b"def s(text):\n    return " + b"(" * 5000 + b")" * 5000,
    "deep lists": b"def s(text):\n    return " + b"[" * 150 + b"]" * 150,
    "deep operators": b"def s(text):\n    return " + b"-" * 20000 + b"1\n",
    "long sums": b"def s(text):\n    return " + b"+".join([b"1"] * 20000) + b"\n",
    "long chains": b"def s(text):\n    return text" + b".a" * 20000 + b"\n",
    "long branches": b"def s(text):\n    if text: return 0\n" + b"    elif text == 1: return 1\n" * 3000,
    "deep blocks": b"def s(t):\n" + b"".join(b" " * n + b"if 1:\n" for n in range(1, 99)) + b" " * 99 + b"1",
    "a huge number": b"def s(text):\n    return " + b"9" * 10000 + b"\n",
    "lone surrogates": b"def s(text):\n    return '\\ud800' + open('\\udcff').read()\n",
    "names of another normal form": "def s(text):\n    return ﬁ + ª\nfi = 1\na = 2\n".encode(),
    "itself": b"from stages import *\nimport stages\ns = stages.s\n",
}  # fmt: skip


def project(code, stages: bytes):
    code.write({"fine.py": FINE, "pipeline.py": "import fine, stages\n"})
    (code.project.root / "stages.py").write_bytes(stages)
    return code


@pytest.fixture
def fine(code):
    """The other stage, when all is well."""
    return project(code, b"").fact(("fine", "t"))


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_any_text_has_an_answer_and_touches_no_other_stage(code, fine, data):
    fact = project(code, data).fact()
    readable = True
    try:
        compile(data, "stages.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        readable = False
    assert readable or "stages" in str(fact.widened), "an answer that can't be had from the text says so"
    assert code.fact(("fine", "t")) == fine
    code.graph().definition()
    assert project(code, data + b"\ndef s(text): return 'other'\n").fact() != fact


def test_each_beginning_of_a_text_has_an_answer(code, fine):
    """As a person types it."""
    whole = SAMPLE.encode()
    for length in range(len(whole)):
        project(code, whole[:length]).fact()
        assert code.fact(("fine", "t")) == fine


def test_a_cycle_of_hundreds_of_modules_is_followed(code):
    many = 300
    files = {
        f"m{n}.py": f"from m{(n + 1) % many} import f{(n + 1) % many}\nK = {n}\n"
        f"def f{n}(x):\n    return f{(n + 1) % many}(K)\n"
        for n in range(many)
    }
    code.write({**files, "stages.py": "from m7 import f7\ndef s(text):\n    return f7(text)\n"})
    before = code.fact()
    assert len(before.units) == 2 * many + 1
    code.write({"m299.py": files["m299.py"].replace("K = 299", "K = 298")})
    after = code.fact()
    assert after.fingerprint != before.fingerprint


def test_a_chain_of_thousands_of_definitions_is_followed(code):
    many = 5_000
    text = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(many))
    code.write({"stages.py": f"{text}def f{many}(x): return 1\ndef s(text):\n    return f0(text)\n"})
    before = code.fact()
    assert len(before.units) == many + 2
    code.write({"stages.py": f"{text}def f{many}(x): return 2\ndef s(text):\n    return f0(text)\n"})
    assert code.fact().fingerprint != before.fingerprint


def test_what_is_no_file_is_no_module(code):
    root = code.project.root
    code.write({"stages.py": "import a, b, c, d.e\ndef s(text):\n    return a.x, b.x, c.x, d.e.x\n"})
    before = code.graph().stage([("stages", "s")])
    (root / "a.py").mkdir()
    (root / "b.py").symlink_to("b.py")
    (root / "c").symlink_to(".")
    (root / "d").mkdir()
    os.mkfifo(root / "d" / "e.py")
    assert code.graph().stage([("stages", "s")]).units == before.units
