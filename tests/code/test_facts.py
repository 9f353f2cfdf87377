"""What a code fact tells besides its fingerprint, and how little is read again."""

# ruff: noqa: E501  # files of a case are a line each
# fmt: off
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pivot_core.code.sources import Sources


def test_units_name_every_definition_reached_and_where_it_is(code):
    """The helper, the constant and the stage are listed; what isn't used isn't."""
    code.write({"stages.py": "from helpers import f\ndef s(x):\n    return f(x)\n", "helpers.py": "K = 1\n\ndef f(x):\n    return x + K\ndef g(): pass\n"})
    units = code.fact().units
    assert {name: (unit.path, unit.line) for name, unit in units.items()} == {
        "helpers.K": ("helpers.py", 1),
        "helpers.f": ("helpers.py", 3),
        "stages.s": ("stages.py", 2),
    }


def test_only_the_edited_unit_gets_another_hash(code):
    """Reasons can name the definition that changed."""
    code.write({"stages.py": "from helpers import f\ndef s(x):\n    return f(x)\n", "helpers.py": "def f(x):\n    return g()\ndef g(): return 1\n"})
    before = code.fact().units
    code.write({"helpers.py": "def f(x):\n    return g()\ndef g(): return 2\n"})
    after = code.fact().units
    assert [name for name in before if before[name].hash != after[name].hash] == ["helpers.g"]


def test_modules_are_all_files_executed_on_the_way(code):
    """Packages and what the reached modules import belong to it, hints-only imports and others don't."""
    code.write({
        "stages.py": "from typing import TYPE_CHECKING\nfrom p.a import f\nif TYPE_CHECKING:\n    import hints\ndef s(x):\n    import lazy\n    return f(x)\n",
        "p/__init__.py": "", "p/a.py": "import deep\ndef f(x): return x\n", "p/b.py": "", "deep.py": "", "hints.py": "", "lazy.py": "import lazier\n", "lazier.py": "", "other.py": "",
    })  # fmt: skip
    assert code.fact().modules == ("deep.py", "lazier.py", "lazy.py", "p/__init__.py", "p/a.py", "stages.py")


def test_packages_are_those_reached_by_name(code):
    """Only what the stage's code uses counts, and neither the standard library nor Pivot itself."""
    code.write({
        "stages.py": "import numpy as np, pandas, json\nfrom sklearn.svm import SVC\nfrom pivot_core import outputs\ndef s(x):\n    import torch.nn\n    return np.sum(json.loads(x)), SVC(), outputs\n",
    })  # fmt: skip
    assert code.fact().packages == ("numpy", "sklearn", "torch")


def test_a_third_party_loader_is_a_package(code):
    """Roots outside of the project are recorded by package, Pivot's own loaders by what they work with."""
    code.write({"stages.py": "def s(x): pass\n"})
    fact = code.fact(("stages", "s"), ("pivot_core.loaders", "CSV"), ("extra.io", "Reader"))
    assert fact.packages == ("extra", "pandas")
    assert list(fact.units) == ["stages.s"]


def test_what_a_stage_is_given_is_of_packages_that_only_its_annotations_name(code):
    """Nothing else of it names pandas; what modules set in pandas decides what the stage does with a table."""
    stages = "import pandas as pd\npd.set_option('mode.copy_on_write', True)\ndef s(t: pd.DataFrame): return t.sum()\n"
    code.write({"stages.py": stages})
    before = code.fact()
    assert before.packages == ("pandas",)
    code.write({"stages.py": stages.replace("True", "False")})
    assert code.fact().fingerprint != before.fingerprint


def test_a_loader_made_from_one_of_ours_uses_the_same_package(code):
    code.write({
        "own.py": "from pivot_core import loaders\nclass Table(loaders.CSV):\n    pass\n",
        "stages.py": "def s(t): return t\n",
    })  # fmt: skip
    assert code.fact(("stages", "s"), ("own", "Table")).packages == ("pandas",)


@pytest.mark.parametrize(
    "read",
    [
        "import os\nreturn os.environ['K']",
        "import os\nreturn os.environ.get('K', 1)",
        "import os\nreturn os.getenv('K')",
        "import os\nreturn 'K' in os.environ",
        "from os import environ\nreturn environ['K']",
        "from os import environ as e\nreturn e.get('K')",
        "from os import getenv as g\nreturn g('K')",
        "import os\ne = os.environ\nreturn e['K']",
        "import os as o\nreturn o.environ.pop('K')",
        "return env['K']",
        "return settings.env.get('K')",
        "return top.getenv(NAME)",
        "return top.environ[settings.KEY]",
        "return settings.value()",
        "return settings.AT_IMPORT",
    ],
)
def test_a_variable_read_with_a_literal_name_is_found(code, read):
    """However ``os.environ`` is spelled, and wherever on the way it is read."""
    body = "".join(f"    {line}\n" for line in read.splitlines())
    head = "import os as top\nimport settings\nNAME = 'K'\nenv = top.environ\n" if "import" not in read else ""
    code.write({
        "stages.py": f"{head}def s(x):\n{body}",
        "settings.py": "import os\nenv = os.environ\nKEY = 'K'\ndef value(): return os.environ[KEY]\nAT_IMPORT = os.environ.get('K')\nFLAG = 1\n",
    })  # fmt: skip
    assert code.fact().environment == ("K",)


def test_a_variable_that_only_decides_what_a_stage_does_not_use_is_no_input(code):
    """Another constant of the same module, or which stages there are."""
    code.write({
        "settings.py": "import os\nAT_IMPORT = os.environ.get('K')\nFLAG = 1\n",
        "stages.py": "import os\nimport settings\nfrom pivot_core import Pipeline\npipeline = Pipeline('p')\n"
        "def s(x):\n    return settings.FLAG\npipeline.register(s, name=os.environ['NAME'])\n",
    })  # fmt: skip
    assert code.fact().environment == ()


def test_a_variable_that_decides_what_a_called_function_sets_is_an_input(code):
    code.write({
        "settings.py": "import os\nTABLE = {}\ndef fill(v):\n    TABLE['k'] = v\nfill(os.environ['K'])\n",
        "stages.py": "import settings\ndef s(x):\n    return settings.TABLE['k']\n",
    })  # fmt: skip
    assert code.fact().environment == ("K",)


def test_variables_of_code_that_is_not_reached_are_not_listed(code):
    """A helper nobody calls reads nothing."""
    code.write({"stages.py": "import os\ndef g(): return os.environ['K']\ndef s(x): return {'K': 1}['K']\n"})
    assert code.fact().environment == ()


def test_a_variable_whose_name_is_handed_to_a_helper_is_an_input(code):
    """Where variables are read by names that aren't literal, every text that looks like a name counts."""
    code.write({
        "stages.py": "from h import env\ndef s(text):\n    return env('KEY', 'none')\n",
        "h.py": "import os\ndef env(key, default):\n    return os.environ.get(key, default)\n",
    })  # fmt: skip
    assert "KEY" in code.fact().environment


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("f'APP_{x}'", "APP_*"),
        ("f'{PREFIX}{x}_URL'", "APP_*_URL"),
        ("'APP_' + x.upper()", "APP_*"),
        ("'APP_%s' % x", "APP_*"),
        ("'APP_{}'.format(x)", "APP_*"),
        ("f'app_{x}'.upper()", "APP_*"),
        ("f'{x}_{PREFIX}'", "URL_APP_"),
    ],
)
def test_a_name_that_is_put_together_is_a_pattern(code, key, expected):
    """By its literal beginning; where there is none, by every text that may be it."""
    code.write({"stages.py": f"import os\nPREFIX = 'APP_'\ndef s(x):\n    return os.environ[{key}], 'url'\n"})
    assert expected in code.fact().environment


def test_texts_in_capitals_are_no_variables_where_all_names_are_literal(code):
    """Nor is one that is only set."""
    code.write({
        "stages.py": "import os\ndef s(text):\n    os.environ['THREADS'] = 'ONE'\n"
        "    return os.environ.get('KEY', 'NONE'), 'CSV'\n",
    })  # fmt: skip
    assert code.fact().environment == ("KEY",)


@pytest.mark.parametrize(
    ("body", "line", "to"),
    [
        ("\n    return vars(helpers)", 4, "helpers and what it imports"),
        ("exec(x)", 3, "stages and what it imports"),
        ("__import__(x)", 3, "all modules of the project"),
        ("__import__('plug.' + x)", 3, "plug.*"),
    ],
)
def test_widening_says_where_and_to_what(code, body, line, to):
    """One entry with the place of what can't be followed."""
    code.write({"stages.py": f"import helpers\ndef s(x):\n    {body}\n", "helpers.py": "def f(): pass\n", "plug/__init__.py": ""})
    (widening,) = code.fact().widened
    assert (widening.path, widening.line, widening.to) == ("stages.py", line, to)


def test_a_syntax_error_is_reported_and_breaks_no_other_stage(code):
    """The stage that uses the module has it in its fact; the other has an ordinary one."""
    code.write({"stages.py": "def s(x): return 1\n", "more.py": "import broken\ndef t(x): return broken.f()\n", "broken.py": "A = 1\ndef f(:\n"})
    graph = code.graph()
    assert graph.stage([("stages", "s")]).widened == ()
    (widening,) = graph.stage([("more", "t")]).widened
    assert (widening.path, widening.line) == ("broken.py", 2)


def test_an_unsaved_buffer_is_just_other_text(code):
    """With the overlay the answer is that of the same text on disk."""
    code.write({"stages.py": "import helpers\ndef s(x): return helpers.f()\n", "helpers.py": "def f(): return 1\n"})
    edited = "def f(): return 2\n"
    overlaid = code.graph({"helpers.py": edited}).stage([("stages", "s")])
    assert overlaid != code.fact()
    code.write({"helpers.py": edited})
    assert overlaid == code.fact()


def test_an_unsaved_new_module_is_found(code):
    """A buffer whose file doesn't exist yet resolves."""
    code.write({"stages.py": "import helpers\ndef s(x): return helpers.f()\n"})
    fact = code.graph({"helpers.py": "def f(): return 1\n"}).stage([("stages", "s")])
    assert "helpers.f" in fact.units


def test_after_an_edit_only_that_file_is_summarised_again(code):
    """Summaries are kept by content, so an undone edit costs nothing."""
    code.write({"stages.py": "import helpers\ndef s(x): return helpers.f()\n", "helpers.py": "def f(): return 1\n"})
    code.fact()
    known = len(code.cache)
    code.write({"helpers.py": "def f(): return 2\n"})
    code.fact()
    assert len(code.cache) == known + 1
    code.write({"helpers.py": "def f(): return 1\n"})
    code.fact()
    assert len(code.cache) == known + 1


def test_a_damaged_summary_is_made_again(code):
    """The cache may be deleted or damaged at any time."""
    code.write({"stages.py": "def s(x): return 1\n"})
    before = code.fact()
    for key in code.cache:
        code.cache[key] = b"\x00broken"
    assert code.fact() == before


def test_a_missing_root_gives_a_fact(code):
    """A stage whose module or function is gone has a fingerprint of its own, not an exception."""
    code.write({"stages.py": "def s(x): return 1\n"})
    assert code.fact(("gone", "s")).fingerprint != code.fact().fingerprint
    assert code.fact(("stages", "gone")).fingerprint != code.fact().fingerprint


def test_the_answer_does_not_depend_on_the_order_of_questions(code):
    """Cycles of imports and units are met from either side."""
    code.write({"a.py": "import b\ndef f(x): return b.g(x)\nT = b.U\n", "b.py": "import a\ndef g(x): return a.f(x), a.T\nU = [1]\nU.append(a)\n"})
    roots = [[("a", "f")], [("b", "g")], [("a", "T")]]
    forward, backward = code.graph(), code.graph()
    one = [forward.stage(root) for root in roots]
    other = [backward.stage(root) for root in reversed(roots)]
    assert one == other[::-1]


def test_no_user_code_is_imported(code):
    """A module that writes a marker when it is imported leaves none."""
    code.write({"stages.py": "open('marker', 'w')\ndef s(x): return 1\n", "pipeline.py": "import stages\n"})
    code.graph().definition()
    code.fact()
    assert not (code.project.root / "marker").exists()


def test_known_summaries_need_no_parser(code):
    """With nothing to summarise, the part that parses isn't imported."""
    probe = "import sys; import pivot_core.code.graph, pivot_core.code.sources; sys.exit('pivot_core.code.canonical' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


@pytest.mark.parametrize("data", [b"a = '\xff'\n", b"# coding: nonsense\n", b"a = 1\x00\n"])
def test_bytes_that_are_no_source_are_unreadable_not_fatal(code, data):
    """Such a module is covered by its digest."""
    code.write({"stages.py": "import h\ndef s(x): return h.f()\n", "h.py": ""})
    (code.project.root / "h.py").write_bytes(data)
    assert [widening.path for widening in code.fact().widened] == ["h.py"]


def test_all_modules_leaves_out_what_is_not_the_project(code):
    """Environments, hidden folders and installed packages aren't searched."""
    code.write({"a.py": "", "p/b.py": "", "src/c.py": "", ".venv/d.py": "", "my_env/pyvenv.cfg": "", "my_env/e.py": "", "node_modules/f.py": "", "data/g.csv": "", "not-a-module.py": ""})
    sources = Sources(code.project, code.digest)
    assert sources.all_modules() == ["a", "c", "p.b"]
    assert sources.all_modules("p.") == ["p.b"]


def test_find_gives_logical_paths(code):
    """Root before src, a package before a module; a folder for a namespace package."""
    code.write({"a.py": "", "src/a.py": "", "b.py": "", "b/__init__.py": "", "src/c.py": "", "n/d.py": ""})
    sources = Sources(code.project, code.digest)
    assert [sources.find(name) for name in ("a", "b", "c", "n", "n.d", "gone")] == ["a.py", "b/__init__.py", "src/c.py", "n/", "n/d.py", None]
    assert sources.consulted["gone.py"] is None
    assert Path(code.project.root).is_dir()
