"""A file that the code of a stage opens without the stage declaring it.

Pivot sees it when the stage runs, records it as an input, and says so. But until then nobody knows who makes
the file, so the stage may run before it is made; and nobody who reads the signature knows what the stage
needs::

    def train(rows: Annotated[DataFrame, Dep("rows.csv", CSV())]) -> ...:
        config = json.loads(Path("config.json").read_text())      # PVT306

    def train(
        rows: Annotated[DataFrame, Dep("rows.csv", CSV())],
        config: Annotated[dict, Dep("config.json", JSON())],
    ) -> ...:

It is told of files that are there, or that another stage makes, and that the code only reads; and of those
that the stage was seen to read when it last succeeded, whatever the text says. The fix makes the path a
parameter of the stage that opens it. It isn't safe: who calls the function has to give the path, and the
stage is stale then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pivot_core.artifacts import missing, paths
from pivot_lsp.lint.declaring import declaring
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule, Valid
from pivot_lsp.source.connections import makers
from pivot_lsp.source.feeding import stages_with
from pivot_lsp.source.opened import otherwise, reads
from pivot_lsp.source.registered import imported_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pivot_lsp.source.opened import Read
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part


def check(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each place that opens one."""
    found = [(read, path) for read in part.answer(reads) if (path := _path(read, sources)) is not None]
    if not found or not sources.feeds(part.top):
        return
    stages = stages_with(sources, part.top)
    if not stages or not all(stage.complete for stage in stages):
        return
    found = [(read, path) for read, path in found if not any(_declares(stage, path) for stage in stages)]
    others = frozenset[str]().union(*sources.answer(otherwise)) if found else frozenset[str]()
    for read, path in found:
        maker = _maker(path, sources)
        is_there = sources.project is not None and missing.is_there(sources.project.root, path)
        if (maker is not None or is_there) and path not in others:
            same = [one for one, other in found if other == path]
            yield _hit(part, read, path, maker, stages, same)


def check_seen(sources: Sources) -> Iterator[Hit]:
    """One hit for each file that a stage was seen to read when it ran, and whose path isn't in the text."""
    for stage in sources.stages:
        function = stage.function
        if stage.name is None or function is None or not stage.complete or sources.project is None:
            continue
        for path in sorted(filter(_is_data, sources.seen(stage.name))):
            is_told = _declares(stage, path) or path in sources.answer(_in_text)
            module = sources.module(function.top.path)
            if not is_told and module is not None and missing.is_there(sources.project.root, path):
                message = f"{stage.title} read {path} undeclared when it last ran"
                fix = declaring(function, module.part(function.top), path, ())
                yield Hit(function.top.name_spot(function.node), message, _hint(path), fix=fix)


def _in_text(sources: Sources) -> Iterator[str]:
    """The files that the text says that code of stages reads."""
    for fed in sources.feeding.values():
        for read in fed.part.answer(reads):
            if (path := _path(read, sources)) is not None:
                yield path


def _path(read: Read, sources: Sources) -> str | None:
    """The path of a file of the project that isn't code."""
    path = read.path
    if path is None:
        text = imported_text(sources, read.at, read.scope)
        path = paths.logical(text.value) if text is not None else None
    return path if path is not None and _is_data(path) else None


def _is_data(path: str) -> bool:
    return path[:1] not in ("$", "@") and paths.fault(path) is None and not path.endswith((".py", "/"))


def _maker(path: str, sources: Sources) -> Stage | None:
    outputs = [(stage, use.path) for stage in sources.stages for use in stage.outputs]
    (made,) = makers(tuple(output for _, output in outputs), (path,))
    return outputs[made[0]][0] if made else None


def _declares(stage: Stage, path: str) -> bool:
    own = (use.path.rstrip("/") for use in (*stage.inputs, *stage.outputs))
    return any(f"{path}/".startswith(f"{one}/") for one in own)


def _hit(
    part: Part, read: Read, path: str, maker: Stage | None, stages: Sequence[Stage], same: Sequence[Read]
) -> Hit:
    stage = stages[0]
    made = f", which {maker.title} makes," if maker is not None else ""
    message = f"{stage.title} reads {path}{made} undeclared"
    hint, function = _hint(path), stage.function
    assert function is not None
    if function.top is not part.top:
        used = Related(function.top.name_spot(function.node), f"{stage.title} uses this code")
        return Hit(part.spot(read.at), message, hint, (used,))
    return Hit(part.spot(read.at), message, hint, fix=declaring(function, part, path, same))


def _hint(path: str) -> str:
    return f"take it as a parameter, with outputs.Dep({path!r}, …)"


_PIPELINE = """
from pivot_core import Pipeline
import stages

pipeline = Pipeline("demo")
pipeline.register(stages.train)
"""
_LOCK = """{
  "code": "",
  "definition": "",
  "discovered": {"$HOME": "", "@helpers": "", "config.json": "0", "helpers.py": "0", "other.json": null},
  "stage": "train"
}
"""
_FILES = {"pipeline.py": _PIPELINE, "config.json": "{}", "rows.csv": ""}

RULE = Rule(
    code="PVT306",
    name="undeclared-file",
    severity="warning",
    docs=__doc__,
    facts=reads,
    check_with=check,
    check_project=check_seen,
    feeding=True,
    valid=(
        # Declared, alone or in a folder; not of the project; nobody knows which.
        Valid(
            """
import json
from pathlib import Path
from typing import Annotated
from pivot_core import StageParams, loaders, outputs

class Params(StageParams):
    name: str = "config.json"

def train(
    rows: Annotated[Path, outputs.Dep("rows.csv", loaders.PathOnly())],
    params: Params,
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    first = open("rows.csv").readline()
    host = open("/etc/hostname").read() + Path("~/.config").read_text() + Path("nowhere").read_text()
    return json.dumps([first, host, json.load(open(params.name)), json.load(open(f"{first}.json"))])
""",
            files=_FILES,
        ),
        # It is written, or may be, before it is read.
        Valid(
            """
import json
import shutil
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

CONFIG = Path("config.json")
ROWS = "rows.csv"

def write(path, text): ...

def train() -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    with open("scratch.txt", "w") as file:
        file.write("x")
    write(CONFIG, "{}")
    shutil.copy("a.txt", ROWS)
    return open("scratch.txt").read() + CONFIG.read_text() + open(ROWS).read()
""",
            files={**_FILES, "scratch.txt": "x"},
        ),
        # Nothing to do with a stage; or only when the file is run.
        Valid(
            """
import json
from typing import Annotated
from pivot_core import loaders, outputs

def show():
    return json.load(open("config.json"))

def train() -> Annotated[str, outputs.Out("model.txt", loaders.Text())]: ...

if __name__ == "__main__":
    print(open("rows.csv").read(), train(), show())
""",
            files=_FILES,
        ),
        # The stages aren't known well enough.
        Valid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    rows: Annotated[str, outputs.PlaceholderDep(loaders.Text())],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    return rows + open("config.json").read()
""",
            files={
                **_FILES,
                "pipeline.py": _PIPELINE.replace("train)", 'train, deps={"rows": "config" + ".json"})'),
            },
        ),
        # Another open.
        Valid(
            """
from typing import Annotated
from archive import open
from pivot_core import loaders, outputs

def train() -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    return open("config.json").read()
""",
            files=_FILES,
        ),
    ),
    invalid=(
        Invalid(
            """
import json
from typing import Annotated
from pivot_core import loaders, outputs

def train(
    rows: Annotated[str, outputs.Dep("rows.csv", loaders.Text())],  # the räume
    *,
    more: Annotated[str, outputs.Dep("rows.csv", loaders.Text())],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    with open(«"config.json"», encoding="utf-8") as file:
        return rows + more + str(json.load(file))
""",
            fixed="""
import json
from typing import Annotated
from pivot_core import loaders, outputs
from pathlib import Path

def train(
    config_path: Annotated[Path, outputs.Dep("config.json", loaders.PathOnly())],
    rows: Annotated[str, outputs.Dep("rows.csv", loaders.Text())],  # the räume
    *,
    more: Annotated[str, outputs.Dep("rows.csv", loaders.Text())],
) -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    with open(config_path, encoding="utf-8") as file:
        return rows + more + str(json.load(file))
""",
            files=_FILES,
        ),
        Invalid(
            """
import pandas as pd
from pathlib import Path
from typing import Annotated
from pivot_core.loaders import PathOnly, Text
from pivot_core.outputs import Dep, Out

ROWS = "räume 🏠.csv"

def train() -> Annotated[str, Out("model.txt", Text())]:
    return str(pd.read_csv(«ROWS», sep=";"))
""",
            fixed="""
import pandas as pd
from pathlib import Path
from typing import Annotated
from pivot_core.loaders import PathOnly, Text
from pivot_core.outputs import Dep, Out

ROWS = "räume 🏠.csv"

def train(räume_path: Annotated[Path, Dep(ROWS, PathOnly())]) -> Annotated[str, Out("model.txt", Text())]:
    return str(pd.read_csv(räume_path, sep=";"))
""",
            files={**_FILES, "räume 🏠.csv": ""},
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
import pivot_core as pc

def train(
    rows: Annotated[str, pc.outputs.Dep("rows.csv", pc.loaders.Text())],
) -> Annotated[str, pc.outputs.Out("model.txt", pc.loaders.Text())]:
    if not Path("config", "a.json").exists():
        return rows
    return rows + («Path("config") / "a.json"»).read_text()
""",
            fixed="""
from pathlib import Path
from typing import Annotated
import pivot_core as pc

def train(
    a_path: Annotated[Path, pc.outputs.Dep("config/a.json", pc.loaders.PathOnly())],
    rows: Annotated[str, pc.outputs.Dep("rows.csv", pc.loaders.Text())],
) -> Annotated[str, pc.outputs.Out("model.txt", pc.loaders.Text())]:
    if not Path("config", "a.json").exists():
        return rows
    return rows + (a_path).read_text()
""",
            files={**_FILES, "config/a.json": ""},
        ),
        # What another stage makes; by a name of another module.
        Invalid(
            """
from typing import Annotated
import places
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("clean.csv", loaders.Text())]: ...

def train() -> Annotated[
    str, outputs.Out("model.txt", loaders.Text())
]:
    return open(«places.CLEAN», "rt").read()
""",
            fixed="""
from typing import Annotated
import places
from pivot_core import loaders, outputs
from pathlib import Path

def clean() -> Annotated[str, outputs.Out("clean.csv", loaders.Text())]: ...

def train(clean_path: Annotated[Path, outputs.Dep("clean.csv", loaders.PathOnly())]) -> Annotated[
    str, outputs.Out("model.txt", loaders.Text())
]:
    return open(clean_path, "rt").read()
""",
            files={
                **_FILES,
                "pipeline.py": _PIPELINE + "pipeline.register(stages.clean)\n",
                "places.py": "CLEAN = 'clean.csv'\n",
            },
        ),
        # In code that a stage uses, from another module.
        Invalid(
            """
import json

CONFIG = json.load(open(«"config.json"»))

def setting(name):
    return CONFIG[name]
""",
            path="settings.py",
            files={
                **_FILES,
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs
from settings import setting

def train() -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    return setting("rate")
""",
            },
        ),
        # Where no parameter can be put.
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

config_path = None

def train() -> Annotated[str, outputs.Out("model.txt", loaders.Text())]:
    name = "config.json"
    with open(«name») as file:
        return file.read()
""",
            files=_FILES,
        ),
        # Whatever the text says.
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, StageParams, loaders, outputs

class Params(StageParams):
    name: str = "config.json"

Model = Annotated[str, outputs.Out("model.txt", loaders.Text())]

def «train»(
    params: Params,
) -> Model:
    return Path(params.name).read_text()

pipeline = Pipeline("demo")
pipeline.register(train)
""",
            """
from pathlib import Path
from typing import Annotated
from pivot_core import Pipeline, StageParams, loaders, outputs

class Params(StageParams):
    name: str = "config.json"

Model = Annotated[str, outputs.Out("model.txt", loaders.Text())]

def train(
    config_path: Annotated[Path, outputs.Dep("config.json", loaders.PathOnly())],
    params: Params,
) -> Model:
    return Path(params.name).read_text()

pipeline = Pipeline("demo")
pipeline.register(train)
""",
            path="pipeline.py",
            files={"config.json": "{}", ".pivot/stages/train.lock": _LOCK},
        ),
    ),
)
