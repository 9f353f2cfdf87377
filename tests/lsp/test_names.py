"""What a name certainly stands for, after edits, too; and where a value goes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pivot_core.project import Project
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.flow import Flow
from pivot_lsp.source.module import Module
from pivot_lsp.source.scopes import Defined
from pivot_lsp.source.sources import Sources


def names_of(module: Module) -> list[str]:
    """The full names of what is called in the last statement of a module."""
    return sorted(call.name for call in module.parts[-1].answer(known_calls))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("import os\nf(os.path.join())", ["builtins.f", "os.path.join"]),
        ("import os, os.path\nimport os\nos.getcwd()", ["os.getcwd"]),
        ("from time import time as now\nnow()", ["time.time"]),
        ("from .helpers import load\nload()", [".helpers.load"]),
        ("from . import helpers\nhelpers.load()", [".helpers.load"]),
        ("import builtins\nbuiltins.open(), open()", ["builtins.open", "builtins.open"]),
        ("from helpers import *\nopen()", []),
        ("from helpers import *\nfrom time import time\ntime()", ["time.time"]),
        ("try:\n  import lmdb\nexcept ImportError:\n  lmdb = None\nlmdb.open()", []),
        ("def open(): ...\nopen()", []),
        ("import os\ndef f(os):\n    os.getcwd()", []),
        ("import os\ndef f():\n    import time as os\n    os.time()", ["time.time"]),
        ("import os\nclass A:\n    os = 1\n    def f(self):\n        os.getcwd()", ["os.getcwd"]),
        ("import os\ndef f():\n    global os\n    os = 1\n    os.getcwd()", []),
    ],
)
def test_a_name_stands_for_what_imports_say_and_for_nothing_else(lines: str, expected: list[str]) -> None:
    assert names_of(Module("m.py", lines)) == expected


@pytest.mark.parametrize("how", ["from .clean import clean", "from . import clean"])
def test_a_package_says_what_its_names_are_not_its_folder(how: str, tmp_path: Path) -> None:
    """``package.clean`` is the function, if it imports that by this name, and else the module."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text(how)
    (tmp_path / "package/clean.py").write_text("def clean(): ...")
    sources = Sources(Project(tmp_path.resolve()))
    sources.put("user.py", "import package\nfrom package import clean as tidy\n")
    module = sources.module("user.py")
    assert module is not None
    for name in (("package", "clean"), ("tidy",)):
        bound = sources.find(module, name)
        is_function = bound is not None and isinstance(bound.binding, Defined)
        assert is_function == (how == "from .clean import clean")
    assert (sources.imported_module("package.clean", module) is None) == is_function


def test_another_import_changes_what_is_called_elsewhere() -> None:
    text = "import os\n\ndef f():\n    os.cpu_count()\n"
    module = Module("m.py", text)
    assert names_of(module) == ["os.cpu_count"]
    for line, expected in (
        ("import machine as os", ["machine.cpu_count"]),
        ("from machine import *", []),
        ("", ["builtins.os.cpu_count"]),
        ("import os", ["os.cpu_count"]),
    ):
        module.edit(text.replace("import os", line))
        assert names_of(module) == expected


def test_an_edit_of_a_function_leaves_the_answers_about_those_that_call_it() -> None:
    text = "def helper():\n    return 1\n\ndef stage():\n    return helper()\n"
    module = Module("m.py", text)
    part = module.parts[-1]
    assert names_of(module) == []
    module.edit(text.replace("1", "2"))
    assert module.parts[-1] is part
    module.edit(text.replace("def helper", "from helpers import helper\ndef other"))
    assert module.parts[-1] is not part
    assert names_of(module) == ["helpers.helper"]


@pytest.mark.parametrize(
    "body",
    [
        "VALUE",
        "print('it is', VALUE)",
        "log.info('at %s', str(VALUE))",
        "now = VALUE\n    print(f'{now:.2f}')\n    print('{}'.format(now))",
        "now: object = VALUE\n    later = [now, 1]\n    log.warning(later)",
        "raise ValueError(f'not at {VALUE}')",
        "print(VALUE.isoformat(), file=sys.stderr)",
        "progress.report(VALUE, 10)",
        "a, now = rows, VALUE\n    print(now)\n    return a",
    ],
)
def test_what_is_printed_or_logged_goes_nowhere_else(body: str) -> None:
    assert is_only_told(body)


@pytest.mark.parametrize(
    "body",
    [
        "return VALUE",
        "now = VALUE\n    print(now)\n    return now",
        "global now\n    now = VALUE",
        "rows.append(VALUE)",
        "print(VALUE, file=rows)",
        "now = VALUE\n    def f(): return now\n    return f",
        "log.info(use(VALUE))",
        "with use(VALUE): ...",
        "if VALUE: return 1",
        "a, now = VALUE, 1\n    return a",
        "a, now = a, *b = VALUE, 1\n    print(now)",
        "return VALUE - 1",
        "while VALUE < 1: ...",
    ],
)
def test_everything_else_goes_on(body: str) -> None:
    assert not is_only_told(body)


@pytest.mark.parametrize(
    "body",
    [
        "start = VALUE\n    return VALUE - start",
        "end = VALUE + 10\n    while VALUE < end: ...",
        "total = 0\n    total += VALUE - 1\n    return total",
    ],
)
def test_a_difference_or_a_comparison_measures_time(body: str) -> None:
    assert is_only_told(body, timing=True)
    assert not is_only_told(body)


def is_only_told(body: str, timing: bool = False) -> bool:
    """Of all values named VALUE in a function."""
    lines = "import sys\nfrom pivot_core import progress\nfrom logs import log, use\n"
    module = Module("m.py", f"{lines}def stage(rows):\n    {body.replace('VALUE', 'value()')}\n")
    top = module.parts[-1].top
    visits = [visit for visit in top.visits if isinstance(visit.node, ast.Call)]
    calls = [visit for visit in visits if ast.unparse(visit.node.func) == "value"]
    flow = Flow(top, timing=timing)
    return all(flow.is_only_told(call.node, call.scope) for call in calls)
