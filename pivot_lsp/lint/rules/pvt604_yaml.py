"""``yaml.load`` without a safe loader; PyYAML rewriting a file that people edit.

YAML can name any Python object, and a loader that isn't safe makes it: whoever wrote the file has their
code executed in your stage. Without a loader at all, ``yaml.load`` is an error since PyYAML 6::

    yaml.load(file, Loader=yaml.Loader)      # PVT604
    yaml.load(file)                          # PVT604
    yaml.safe_load(file)

A settings file that is read, changed and dumped again loses its comments, order and layout::

    settings = yaml.safe_load(Path("config.yaml").read_text())
    settings["rate"] = 0.1
    Path("config.yaml").write_text(yaml.dump(settings))      # PVT604: ruamel.yaml keeps them

The fix of a missing loader is safe. To take another loader than the one that is there is for you to decide:
a file that needs it can't be read any more. So is ruamel.yaml, for reading and writing a file that people
edit: it has to be installed, and keeps what PyYAML loses.
"""

from __future__ import annotations

import ast
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import importing, replaced, source
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.annotations import text_of
from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.scopes import Entered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Part

_SAFE = {
    "yaml.load": "safe_load",
    "yaml.load_all": "safe_load_all",
    "yaml.unsafe_load": "safe_load",
    "yaml.unsafe_load_all": "safe_load_all",
    "yaml.CLoader": "CSafeLoader",
    "yaml.CUnsafeLoader": "CSafeLoader",
    "yaml.Loader": "SafeLoader",
    "yaml.UnsafeLoader": "SafeLoader",
}
_LOADS = frozenset({"yaml.load", "yaml.safe_load", "yaml.full_load"})
_DUMPS = frozenset({"yaml.dump", "yaml.safe_dump"})
_EDITED = re.compile(r"(^|.*[-_.])(config|conf|params|settings)[^/]*\.ya?ml")  # what people call such files
_BY_ITSELF = frozenset(
    {("allow_unicode", "True"), ("default_flow_style", "False"), ("sort_keys", "False")}
)  # of ruamel.yaml's
_UNSAFE_HINT = "take yaml.safe_load: it makes plain values only"
_DUMP_HINT = "change it with ruamel.yaml, which keeps them"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each call."""
    calls = [call for call in part.answer(known_calls) if call.name.startswith("yaml.")]
    for call in calls:
        yield from _unsafe(part, call)
        if call.name in _DUMPS:
            yield from _rewriting(part, call, calls)


# --- loading


def _unsafe(part: Part, call: KnownCall) -> Iterator[Hit]:
    if call.name in ("yaml.unsafe_load", "yaml.unsafe_load_all"):
        fix = _fix(part, call.scope, call.node.func, safe=False)
        message = f"{call.name} makes any object that the file names"
        yield Hit(part.spot(call.node), message, _UNSAFE_HINT, (), fix)
    if call.name not in ("yaml.load", "yaml.load_all") or any(
        word.arg is None for word in call.node.keywords
    ):
        return
    loader = argument(call.node, 1, "Loader")
    if loader is not None:
        name = call.scope.full_name(loader)
        if name in _SAFE:
            fix = _fix(part, call.scope, loader, safe=False)
            yield Hit(
                part.spot(call.node), f"{name} makes any object that the file names", _UNSAFE_HINT, (), fix
            )
    elif not any(isinstance(arg, ast.Starred) for arg in call.node.args):
        fix = _fix(part, call.scope, call.node.func, safe=True)
        yield Hit(
            part.spot(call.node), f"{call.name} has no loader, which is an error", _UNSAFE_HINT, (), fix
        )


def _fix(part: Part, scope: Scope, node: ast.expr, *, safe: bool) -> Fix | None:
    better = _SAFE[scope.full_name(node) or ""]
    if isinstance(node, ast.Name) and scope.full_name(ast.Name(better)) not in (
        f"yaml.{better}",
        f"builtins.{better}",
    ):
        return None  # the name is taken

    def edits() -> list[Edit]:
        if isinstance(node, ast.Attribute):
            return [replaced(part.top, node, f"{source(part.top, node.value)}.{better}")]
        imported = importing(part.module, f"from yaml import {better}")
        return [replaced(part.top, node, better), *imported]

    return Fix(f"take {better}", edits, safe)


# --- dumping


def _rewriting(part: Part, dump: KnownCall, calls: list[KnownCall]) -> Iterator[Hit]:
    path = _written(part, dump)
    if path is None or not _EDITED.fullmatch(PurePath(path).name):
        return
    reads = (
        call for call in calls if call.name in _LOADS and call.scope is dump.scope and _read(call) == path
    )
    read = next(reads, None)
    if read is not None:
        message = f"{dump.name} loses the comments and the order of {path!r}, which people edit"
        where = Related(part.spot(read.node), "it is read here")
        yield Hit(part.spot(dump.node), message, _DUMP_HINT, (where,), _keeping(part, read, dump))


def _keeping(part: Part, read: KnownCall, dump: KnownCall) -> Fix | None:
    """Both by ruamel.yaml; None if they are told how to do it."""
    stream, data = argument(read.node, 0, "stream"), argument(dump.node, 0, "data")
    loader = argument(read.node, 1, "Loader")
    options = [word for word in dump.node.keywords if word.arg not in ("data", "stream")]
    target, writing = argument(dump.node, 1, "stream"), dump.node
    if target is None:
        around = part.top.parents.get(id(dump.node))
        assert isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute)
        if len(around.args) + len(around.keywords) > 1 or not isinstance(
            part.top.parents.get(id(around)), ast.Expr
        ):
            return None  # in an encoding, or for its length
        target, writing = around.func.value, around
    is_plain = len(read.node.args) + len(read.node.keywords) == (1 if loader is None else 2)
    if stream is None or data is None or not is_plain or not all(map(_is_kept, options)):
        return None

    def edits() -> list[Edit]:
        yaml = named(part.module, "ruamel.yaml.YAML")
        if yaml is None:
            return []
        reading = f"{yaml.text}().load({source(part.top, stream)})"
        dumping = f"{yaml.text}().dump({source(part.top, data)}, {source(part.top, target)})"
        return [
            replaced(part.top, read.node, reading),
            replaced(part.top, writing, dumping),
            *yaml.edits,
        ]

    return Fix("read and write it by ruamel.yaml", edits, safe=False)


def _is_kept(option: ast.keyword) -> bool:
    """Whether ruamel.yaml does so by itself."""
    return (option.arg, ast.unparse(option.value)) in _BY_ITSELF


def _written(part: Part, dump: KnownCall) -> str | None:
    """The path that a dump is written to."""
    stream = argument(dump.node, 1, "stream")
    if stream is not None:
        return _stream(stream, dump.scope)
    around = part.top.parents.get(id(dump.node))
    if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute):
        is_written = around.func.attr == "write_text" and dump.node in around.args
        return _path(around.func.value, dump.scope) if is_written else None
    return None


def _read(load: KnownCall) -> str | None:
    """The path that is loaded."""
    stream = argument(load.node, 0, "stream")
    match stream:
        case ast.Call(func=ast.Attribute(value=path, attr="read_text" | "read_bytes")):
            return _path(path, load.scope)
        case ast.expr():
            return _stream(stream, load.scope)
    return None


def _stream(node: ast.expr, scope: Scope) -> str | None:
    """The path of an open file."""
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    value = binding.value if isinstance(binding, Entered) else scope.value(node)[0]
    match value:
        case ast.Call(func=ast.Name(), args=[path, *_]) if scope.full_name(value.func) == "builtins.open":
            return _path(path, scope)
        case ast.Call(func=ast.Attribute(value=path, attr="open")):
            return _path(path, scope)
    return None


def _path(node: ast.expr, scope: Scope) -> str | None:
    value, _ = scope.value(node)
    if isinstance(value, ast.Call) and scope.full_name(value.func) == "pathlib.Path" and len(value.args) == 1:
        value = value.args[0]
    text = text_of(value, scope)
    return text.value if text is not None else None


RULE = Rule(
    code="PVT604",
    name="yaml",
    severity="warning",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
from typing import Annotated
import yaml
from pivot_core import loaders, outputs
from ruamel.yaml import YAML
from yaml import CSafeLoader

def clean(path: Annotated[str, outputs.Dep("rows.yaml", loaders.Text())]) -> None:
    options = {"Loader": yaml.SafeLoader}
    yaml.safe_load(path)
    yaml.load(path, Loader=yaml.SafeLoader)
    yaml.load(path, CSafeLoader)
    yaml.load(path, Loader=yaml.FullLoader)
    yaml.load(path, **options)
    YAML().load(path)
""",
        # What is written wasn't read, or people don't edit it.
        """
from pathlib import Path
from typing import Annotated
import yaml
from pivot_core import loaders, outputs

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    with open("best-params.yaml", "w") as file:
        yaml.dump({"rate": rate}, file)
    with open("state.yaml") as file:
        state = yaml.safe_load(file)
    Path("state.yaml").write_text(yaml.dump(state))
    settings = yaml.safe_load(Path("config.yaml").read_text())
    Path("config.yaml.bak").write_text(yaml.dump(settings))
    print(yaml.dump(settings))
""",
        # Nothing of a stage.
        """
import yaml
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]: ...

def main(file) -> None:
    yaml.load(file)
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
import yaml as y
from pivot_core import loaders, outputs

def clean(text: Annotated[str, outputs.Dep("rows.yaml", loaders.Text())]) -> None:
    rows = «y.load(text)»  # all of them
""",
            fixed="""
from typing import Annotated
import yaml as y
from pivot_core import loaders, outputs

def clean(text: Annotated[str, outputs.Dep("rows.yaml", loaders.Text())]) -> None:
    rows = y.safe_load(text)  # all of them
""",
        ),
        Invalid(
            """
from typing import Annotated
import pivot_core as pc
from yaml import Loader, load

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def rows(text):
    return «load(
        text,
        Loader=Loader,  # needs !!python/tuple
    )»

def clean() -> Made:
    rows("a: 1")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            fixed="""
from typing import Annotated
import pivot_core as pc
from yaml import Loader, load
from yaml import SafeLoader

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def rows(text):
    return load(
        text,
        Loader=SafeLoader,  # needs !!python/tuple
    )

def clean() -> Made:
    rows("a: 1")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
import yaml
from typing import Annotated
from pivot_core import loaders, outputs

def clean(text: Annotated[str, outputs.Dep("rows.yaml", loaders.Text())]) -> None:
    rows = list(«yaml.unsafe_load_all(text)»)
""",
            fixed="""
import yaml
from typing import Annotated
from pivot_core import loaders, outputs

def clean(text: Annotated[str, outputs.Dep("rows.yaml", loaders.Text())]) -> None:
    rows = list(yaml.safe_load_all(text))
""",
        ),
        Invalid(
            """
import yaml
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

CONFIG = Path("conf/config.yml")

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    with CONFIG.open() as file:
        settings = yaml.safe_load(file)
    settings["rate"] = rate
    with open("conf/config.yml", "w") as out:
        «yaml.safe_dump(settings, out, sort_keys=False)»
""",
            fixed="""
import yaml
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs
from ruamel.yaml import YAML

CONFIG = Path("conf/config.yml")

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    with CONFIG.open() as file:
        settings = YAML().load(file)
    settings["rate"] = rate
    with open("conf/config.yml", "w") as out:
        YAML().dump(settings, out)
""",
        ),
        Invalid(
            """
import yaml
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    settings = yaml.load(open("params.yaml"), Loader=yaml.SafeLoader)
    Path("params.yaml").write_text(«yaml.dump(settings)»)
""",
            fixed="""
import yaml
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs
from ruamel.yaml import YAML

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    settings = YAML().load(open("params.yaml"))
    YAML().dump(settings, Path("params.yaml"))
""",
        ),
        # It is written in a way that only PyYAML knows.
        Invalid(
            """
import yaml
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rate: Annotated[float, outputs.Dep("rate.json", loaders.JSON())]) -> None:
    settings = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(«yaml.dump(settings, width=40)»)
"""
        ),
    ),
)
