"""``CodeGraph.definition``: which edits can change what pipeline.py defines."""

from __future__ import annotations

import pytest

FILES = {
    "pipeline.py": """
        from pivot_core import Pipeline
        import stages, settings
        pipeline = Pipeline("p")
        for name in settings.names():
            pipeline.register(stages.train, name=name, params=stages.P(rate=settings.RATE))
        pipeline.register(stages.clean)
        """,
    "settings.py": """
        RATE = 0.1
        def names():
            return spelled("iris")
        def spelled(x):
            return [x]
        def unused():
            return 1
        """,
    "stages.py": """
        from __future__ import annotations
        from typing import Annotated, TypedDict
        from pivot_core import StageParams, loaders, outputs
        import helpers
        from readers import Reader
        class Out(TypedDict):
            model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
        class P(StageParams):
            rate: float = 0.1
            def doubled(self):
                return self.rate * 2
        def clean(rows: Annotated[str, outputs.Dep("in.csv", Reader())]) -> Out:
            return helpers.f(rows)
        def train(params: P) -> Out:
            return helpers.f(params)
        """,
    "helpers.py": "def f(x):\n    return x + 1\n",
    "readers.py": "class Reader:\n    path = 'a'\n    def load(self):\n        return 'a'\n",
}

CHANGED = [
    ("a dependency's path", "stages.py", "in.csv", "in2.csv"),
    ("an output's path", "stages.py", "model.json", "model2.json"),
    ("a field of an output type", "stages.py", "model:", "other:"),
    ("a default of the params", "stages.py", "rate: float = 0.1", "rate: float = 0.2"),
    ("a method of the params", "stages.py", "self.rate * 2", "self.rate * 3"),
    ("a parameter's name", "stages.py", "def train(params", "def train(p"),
    ("a stage's name", "stages.py", "def clean", "def clear"),
    ("a return annotation", "stages.py", "P) -> Out", "P) -> P"),
    ("a decorator", "stages.py", "def clean", "@helpers.f\ndef clean"),
    ("a default", "stages.py", "params: P", "params: P = 1"),
    ("a call in pipeline.py", "pipeline.py", "stages.clean)", "stages.clean, name='c')"),
    ("a function that pipeline.py calls", "settings.py", '"iris"', '"wine"'),
    ("a function that this one calls", "settings.py", "[x]", "[x, x]"),
    ("a constant that pipeline.py uses", "settings.py", "RATE = 0.1", "RATE = 0.2"),
    ("a loader's field", "readers.py", "path = 'a'", "path = 'b'"),
    ("a new import with effects", "helpers.py", "def f", "import settings\nsettings.RATE = 3\ndef f"),
    ("a broken module", "helpers.py", "def f(", "def f(:"),
]
SAME = [
    ("a stage's body", "stages.py", "helpers.f(rows)", "helpers.f(rows) + 1"),
    ("a helper of stages only", "helpers.py", "x + 1", "x + 2"),
    ("a function nobody calls at import", "settings.py", "return 1", "return 2"),
    ("a comment", "stages.py", "class P", "# note\nclass P"),
    ("a docstring", "stages.py", "return helpers.f(rows)", "'doc'\n    return helpers.f(rows)"),
    ("an import in a stage", "stages.py", "return helpers.f(rows)", "import os\n    return helpers.f(rows)"),
]


def edited(code, name, old, new) -> bool:
    code.write(FILES)
    before = code.graph().definition()
    text = (code.project.root / name).read_text()
    assert old in text
    code.write({name: text.replace(old, new, 1)})
    return code.graph().definition() != before


@pytest.mark.parametrize(("name", "old", "new"), [case[1:] for case in CHANGED], ids=[c[0] for c in CHANGED])
def test_what_importing_the_pipeline_evaluates_changes_the_definition(code, name, old, new):
    assert edited(code, name, old, new)


@pytest.mark.parametrize(("name", "old", "new"), [case[1:] for case in SAME], ids=[c[0] for c in SAME])
def test_what_only_stages_run_keeps_the_definition(code, name, old, new):
    assert not edited(code, name, old, new)


def test_without_a_pipeline_there_is_still_an_answer(code):
    """A project whose pipeline.py is missing gets a fingerprint that changes when it appears."""
    before = code.graph().definition()
    code.write({"pipeline.py": "a = 1\n"})
    assert code.graph().definition() != before
