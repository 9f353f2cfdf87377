"""A function that looks like a stage, with a ``Dep`` or an ``Out``, and is registered nowhere.

Only what ``pipeline.py`` registers is a stage. A function that nobody registers is never run, and nobody says
that its outputs are missing::

    def clean(rows: Annotated[DataFrame, Dep("raw.csv", CSV())]) -> ...:      # PVT108
        ...

    pipeline.register(clean)      # in pipeline.py

A function that other code uses by its name is left alone, and so is one with a decorator, or in a test:
somebody may register these in a way that the text doesn't tell.

The fix registers it in ``pipeline.py``. It is offered where nothing else has to be said for that: no path for
a ``PlaceholderDep``, no value for a parameter without a default. *Fix all* leaves it out: the pipeline then
has a stage more.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.registering import registering
from pivot_lsp.lint.rule import Hit, Invalid, Rule, Valid
from pivot_lsp.source.scopes import Defined, Imported
from pivot_lsp.source.scripts import is_script_only
from pivot_lsp.source.sources import PIPELINE
from pivot_lsp.source.uses import uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.module import Module
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction

# With these, code finds functions by names that it doesn't spell out.
_BY_NAME = frozenset({"import_module", "__import__", "globals", "locals", "vars", "getmembers"})


class _Candidate(NamedTuple):
    function: StageFunction
    module: Module


def check(sources: Sources) -> Iterator[Hit]:
    """One hit for each function."""
    if sources.project is None or sources.module(PIPELINE) is None:
        return
    known = {id(stage.function.node) for stage in sources.stages if stage.function is not None}
    candidates = [
        _Candidate(function, module)
        for module in sources.modules
        for part in module.parts
        for function in part.functions
        if id(function.node) not in known and _looks_like_a_stage(function, part)
    ]
    candidates = [one for one in candidates if not _is_test(one.module.path)]
    if candidates:
        used = _used(sources)
        for one in candidates:
            if not used.may_register(one):
                yield _hit(sources, one)


def _looks_like_a_stage(function: StageFunction, part: Part) -> bool:
    if not function.at_module_level or function.node.decorator_list:
        return False
    arms = next(visit.arms for visit in part.top.visits if visit.node is function.node)
    return not is_script_only(part.top, arms)


def _is_test(path: str) -> bool:
    pure = PurePosixPath(path)
    name = pure.stem
    return (
        name.startswith("test_")
        or name.endswith("_test")
        or name == "conftest"
        or not {"test", "tests"}.isdisjoint(pure.parts)
    )


class _Used(NamedTuple):
    """What the known modules use by name: functions, modules as a whole, and what nobody knows."""

    functions: set[int]
    modules: set[str]
    unknown: set[str]

    def may_register(self, one: _Candidate) -> bool:
        node = one.function.node
        return (
            id(node) in self.functions
            or one.module.path in self.modules
            or node.name in self.unknown
            or not _BY_NAME.isdisjoint(self.unknown)
        )


def _used(sources: Sources) -> _Used:
    used = _Used(set(), set(), set())
    for module in sources.modules:
        for dotted in set().union(*(part.answer(uses) for part in module.parts)):
            _follow(sources, module, dotted, used)
    return used


def _follow(sources: Sources, module: Module, dotted: tuple[str, ...], used: _Used) -> None:
    """Note what a dotted name, or the beginning of it, stands for."""
    binding = module.only(dotted[0])
    if isinstance(binding, Defined):
        used.functions.add(id(binding.node))
    elif not isinstance(binding, Imported):
        used.unknown.update(dotted)
    elif (origin := sources.origin(module, dotted)) is not None:
        if not origin.rest:
            used.modules.add(origin.path)
        for length in range(1, len(dotted) + 1):
            bound = sources.find(module, dotted[:length])
            if bound is not None and isinstance(bound.binding, Defined):
                used.functions.add(id(bound.binding.node))
    else:
        used.unknown.add(dotted[-1])


def _hit(sources: Sources, one: _Candidate) -> Hit:
    name = one.function.node.name
    return Hit(
        one.function.top.name_spot(one.function.node),
        f"{name} looks like a stage, but is registered nowhere",
        f"register it in {PIPELINE}: pipeline.register({name})",
        fix=registering(sources, one.module, one.function),
    )


_STAGES = """from typing import Annotated
from pivot_core import StageParams, loaders, outputs

Rows = Annotated[str, outputs.Dep("rows.txt", loaders.Text())]

def clean(rows: Rows) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...

def train(rows: Rows) -> Annotated[dict, outputs.Metric("score.json")]: ...
"""
_MARKED = _STAGES.replace("def train", "def «train»")
_PIPELINE = """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.clean)
print("ready")
"""
_PARAMS = """
class Params(StageParams):
    rate: float = 0.1
"""


def _files(pipeline: str) -> dict[str, str]:
    return {"rows.txt": "", "pipeline.py": pipeline}


RULE = Rule(
    code="PVT108",
    name="unregistered",
    severity="warning",
    docs=__doc__,
    check_project=check,
    valid=(
        # Without a project nobody knows.
        _STAGES,
        Valid(_STAGES, files=_files(_PIPELINE + "pipeline.register(stages.train)")),
        # Registered in a loop, by reflection, in a function, by a decorator.
        Valid(
            _STAGES,
            files=_files("""
from pivot_core import Pipeline
from stages import clean, train as fit

pipeline = Pipeline("demo")
for stage in (clean, fit):
    pipeline.register(stage)
"""),
        ),
        Valid(
            _STAGES,
            files=_files("""
from pivot_core import Pipeline
import stages as s

pipeline = Pipeline("demo")
for name in dir(s):
    pipeline.register(getattr(s, name))
"""),
        ),
        Valid(
            _STAGES,
            files=_files("""
from pivot_core import Pipeline

def add(pipeline: Pipeline):
    from stages import clean, train
    pipeline.register(clean)
    pipeline.register(train, name="fit")

pipeline = Pipeline("demo")
add(pipeline)
"""),
        ),
        Valid(
            "from registry import stage\n" + _STAGES.replace("def train", "@stage\ndef train"),
            files=_files(_PIPELINE),
        ),
        # Another stage uses it; a test; nothing that looks like a stage; no pipeline.
        Valid(_STAGES.replace("Text())]: ...", "Text())]:\n    train(rows)"), files=_files(_PIPELINE)),
        Valid(_STAGES, path="tests/stages.py", files={"stages.py": "def clean(): ...", "pipeline.py": ""}),
        Valid("import pivot_core\n\ndef helper(rows): ...\n", files=_files("import stages\n")),
        Valid(_STAGES, files={"rows.txt": "", ".pivot/config.yaml": ""}),
    ),
    invalid=(
        Invalid(
            _MARKED,
            _STAGES,
            files=_files(_PIPELINE),
            others_fixed={
                "pipeline.py": _PIPELINE.replace("clean)\n", "clean)\npipeline.register(stages.train)\n")
            },
        ),
        Invalid(
            _MARKED.replace(
                "(rows: Rows) -> Annotated[dict", "(rows: Rows, params: Params) -> Annotated[dict"
            )
            + _PARAMS,
            _STAGES.replace(
                "(rows: Rows) -> Annotated[dict", "(rows: Rows, params: Params) -> Annotated[dict"
            )
            + _PARAMS,
            path="models/linear.py",
            files=_files("""import pivot_core as pc
from models.linear import clean

p = pc.Pipeline("räume 🏠")
p.register(clean)
if __name__ == "__main__":
    print(p)
"""),
            others_fixed={
                "pipeline.py": """import pivot_core as pc
from models.linear import clean
from models.linear import train

p = pc.Pipeline("räume 🏠")
p.register(clean)
p.register(train)
if __name__ == "__main__":
    print(p)
"""
            },
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

pipeline = Pipeline("demo")

def «train»() -> Annotated[dict, outputs.Metric("score.json")]:
    return {}
""",
            """
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

pipeline = Pipeline("demo")

def train() -> Annotated[dict, outputs.Metric("score.json")]:
    return {}


pipeline.register(train)
""",
            path="pipeline.py",
            files={"rows.txt": ""},
        ),
        # A path or a value has to be given; its name is taken; the modules would import each other.
        Invalid(
            _MARKED.replace(
                "def «train»(rows: Rows",
                "def «train»(rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())]",
            ),
            files=_files(_PIPELINE),
        ),
        Invalid(
            _MARKED.replace(
                "(rows: Rows) -> Annotated[dict", "(rows: Rows, params: Params) -> Annotated[dict"
            )
            + _PARAMS.replace(" = 0.1", ""),
            files=_files(_PIPELINE),
        ),
        Invalid(_MARKED, files=_files(_PIPELINE.replace("stages.clean)", 'stages.clean, name="train")'))),
        Invalid(
            "from pipeline import pipeline\n" + _MARKED.replace("def clean", "@pipeline.register\ndef clean"),
            files={
                **_files('from pivot_core import Pipeline\npipeline = Pipeline("demo")\nimport all_stages\n'),
                "all_stages.py": "import stages  # of the pipeline",
            },
        ),
    ),
)
