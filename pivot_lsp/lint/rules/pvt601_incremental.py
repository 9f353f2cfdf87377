"""An incremental output that the stage makes anew, or writes through a link.

An ``IncrementalOut`` is for what grows: the stage gets what its last run left, and goes on from there. It
pays for that with a copy before each run, and it isn't taken from the cache when an earlier state comes back.
A stage that makes it anew has the price, loses what earlier runs have found, and should say ``Out``::

    def gather(
        new: Annotated[list, Dep("new.jsonl", JSONL())],
        seen: Annotated[list, IncrementalOut("seen.jsonl", JSONL())],      # PVT601: never used
    ) -> Annotated[list, IncrementalOut("seen.jsonl", JSONL())]:
        return new

Told are outputs that the stage doesn't take as a parameter, and whose file no code reads; parameters that
it doesn't use; and files (``PathOnly``) that it only ever opens to write them from the beginning.

A link from or to such a file is a second way to write to it. What is written by the other name is in the
output, or lost, and nobody sees which. Copy the file instead. There is no fix.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_core.artifacts.paths import logical
from pivot_lsp.lint.rule import Hit, Invalid, Related, Rule
from pivot_lsp.source.annotations import LOADERS
from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.opened import otherwise, written
from pivot_lsp.source.opened import reads as files_read
from pivot_lsp.source.registered import outputs_of
from pivot_lsp.source.scopes import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pivot_lsp.source.annotations import Artifact
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part, StageFunction

_PATH_ONLY = "pivot_core.loaders.PathOnly"
_PATHS = frozenset({"builtins.str", "os.fspath", "pathlib.Path"})
_OPENS = frozenset({"builtins.open", "codecs.open", "io.open"})
_WRITES = frozenset({"write_bytes", "write_text"})
_SAVES = frozenset(f"to_{kind}" for kind in ("csv", "excel", "feather", "json", "parquet", "pickle"))
# What gives a file the name that is its second argument, dst.
_MOVES = frozenset(
    {"os.rename", "os.replace", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move"}
)
_LINKS = frozenset({"os.link", "os.symlink"})
_LINK_METHODS = frozenset({"hardlink_to", "symlink_to"})
_SEES_ALL = frozenset(
    {"builtins.eval", "builtins.exec", "builtins.locals", "builtins.vars", "inspect.currentframe"}
)
_ANEW_HINT = "go on from what the last run left, or make it an outputs.Out"
_LINK_HINT = "copy the file: shutil.copyfile()"


class _Taken(NamedTuple):
    """An incremental output that a stage gets as a parameter."""

    function: StageFunction
    arg: ast.arg
    artifact: Artifact

    @property
    def told(self) -> str:
        return f"the incremental output {self.arg.arg!r} of {self.function.node.name}"

    @property
    def is_path(self) -> bool:
        return _loader(self.artifact) == _PATH_ONLY


def check(part: Part) -> Iterator[Hit]:
    """One hit for each parameter that the stage doesn't go on from, and for each link."""
    names = {id(call.node): call.name for call in part.answer(known_calls)}
    for taken in part.answer(_taken):
        if _is_stub(taken.function) or _SEES_ALL.intersection(names.values()):
            continue
        uses = [node for node in _names_in(taken.function) if node.id == taken.arg.arg]
        if not uses:
            yield Hit(part.spot(taken.arg), f"{taken.told} isn't used: it is made anew", _ANEW_HINT)
        elif taken.is_path:
            replacing = {id(use): _replacing(part, use, names) for use in uses}
            first = next(filter(None, replacing.values()), None)
            if first is not None and all(replacing[id(use)] or _is_returned(part, use) for use in uses):
                yield Hit(part.spot(first), f"{taken.told} is replaced, and never read", _ANEW_HINT)
    for node, taken in _linked(part):
        yield Hit(part.spot(node), f"{taken.told} gets another name here, to write to it by", _LINK_HINT)


def check_taken(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each incremental output that the stage doesn't take as a parameter."""
    for function in part.functions:
        made = [one for one in _made(part, function, sources) if one.role == "incremental"]
        if not made or _is_stub(function):
            continue
        known = [one.artifact for one in part.answer(_taken) if one.function is function]
        paths = {logical(one.path.value) for one in known if one.path is not None}
        for artifact in made:
            if artifact.path is None or not all(one.path for one in known) or _may_be_path(artifact):
                continue
            path = logical(artifact.path.value)
            if path not in paths and not _is_read(path, artifact, sources):
                yield _untaken(part, function, artifact)


def _may_be_incremental(part: Part) -> Iterator[StageFunction]:
    """The stages with an incremental output, or with outputs that another module defines."""
    for function in part.functions:
        returns = function.returns
        own = [*function.artifacts, *(function.outputs.artifacts if function.outputs is not None else ())]
        is_elsewhere = function.outputs is None and returns is not None and not returns.artifacts
        if is_elsewhere or any(one.role == "incremental" for one in own):
            yield function


def _made(part: Part, function: StageFunction, sources: Sources) -> list[Artifact]:
    outputs = outputs_of(sources, part.module, function)
    own = function.returns.artifacts if function.returns is not None else ()
    return [*own, *(outputs.artifacts if outputs is not None else ())]


def _untaken(part: Part, function: StageFunction, artifact: Artifact) -> Hit:
    assert artifact.path is not None
    path, name = artifact.path.value, function.node.name
    message = f"the incremental output {path!r} is made anew: {name} doesn't take it as a parameter"
    hint = "take what the last run left as a parameter, with the same marker, or make it an outputs.Out"
    if artifact.top is part.top:
        return Hit(part.spot(artifact.call), message, hint)
    assert function.node.returns is not None
    related = Related(artifact.top.spot(artifact.call), "marked here")
    return Hit(part.spot(function.node.returns), message, hint, (related,))


def _is_read(path: str, artifact: Artifact, sources: Sources) -> bool:
    """Whether code of stages may read the file by its path."""
    uses = [use for stage in sources.stages for use in stage.outputs]
    paths = {path, *(use.path for use in uses if use.artifact.call is artifact.call)}
    read = {one.path for fed in sources.feeding.values() for one in fed.part.answer(files_read)}
    return not paths.isdisjoint(read.union(*sources.answer(otherwise)))


# --- parameters


def _taken(part: Part) -> Iterator[_Taken]:
    for function in part.functions:
        for arg, annotation in function.parameters:
            for artifact in annotation.artifacts if annotation is not None else ():
                if artifact.role == "incremental":
                    yield _Taken(function, arg, artifact)


def _loader(artifact: Artifact) -> str | None:
    """The full name of its loader, if that can be told."""
    loader = artifact.loader
    value = artifact.scope.value(loader)[0] if loader is not None else None
    return artifact.scope.chain(value.func) if isinstance(value, ast.Call) else None


def _may_be_path(artifact: Artifact) -> bool:
    loader = _loader(artifact)
    return loader is None or not loader.startswith(LOADERS) or loader == _PATH_ONLY


def _is_stub(function: StageFunction) -> bool:
    return all(
        isinstance(node, ast.Pass | ast.Raise)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.node.body
    )


def _names_in(function: StageFunction) -> Iterator[ast.Name]:
    for statement in function.node.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                yield node


# --- what is done with a path


def _replacing(part: Part, use: ast.Name, names: Mapping[int, str]) -> ast.Call | None:
    """The call that puts another file there, or empties the one that is there."""
    parents = part.top.parents
    around = parents.get(id(use))
    match around:
        case ast.Attribute(attr=method):
            call = parents.get(id(around))
            if isinstance(call, ast.Call) and call.func is around:
                replaces = method in _WRITES or (method == "open" and _empties(call, 0))
                return call if replaces else None
        case ast.Call():
            return around if _replaces(around, use, names.get(id(around), "")) else None
    return None


def _replaces(call: ast.Call, use: ast.Name, name: str) -> bool:
    if name in _OPENS:
        return argument(call, 0, "filename" if name == "codecs.open" else "file") is use and _empties(call, 1)
    if name in _MOVES:
        return argument(call, 1, "dst") is use
    match call:
        case ast.Call(func=ast.Attribute(attr="rename" | "replace"), args=[only], keywords=[]):
            return only is use
        case ast.Call(func=ast.Attribute(attr=method), args=[first, *_], keywords=words) if method in _SAVES:
            return first is use and all(word.arg not in (None, "mode") for word in words)
    return False


def _empties(call: ast.Call, position: int) -> bool:
    mode = argument(call, position, "mode")
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and mode.value.startswith("w")


def _is_returned(part: Part, use: ast.Name) -> bool:
    node: ast.AST | None = use
    while isinstance(node, ast.Name | ast.Dict | ast.Tuple):
        node = part.top.parents.get(id(node))
    return isinstance(node, ast.Return)


# --- links


def _linked(part: Part) -> Iterator[tuple[ast.Call, _Taken]]:
    """Calls that make a link from or to an incremental file."""
    all_taken = [taken for taken in part.answer(_taken) if taken.is_path]
    for node, scope, _ in part.top.visits if all_taken else ():
        match node:
            case ast.Call(func=ast.Attribute(value=one, attr=method), args=[other, *_]) if (
                method in _LINK_METHODS
            ):
                ends = [one, other]
            case ast.Call(func=func, args=ends) if scope.full_name(func) in _LINKS:
                pass
            case _:
                continue
        found = (_which(end, scope, all_taken) for end in ends)
        taken = next(filter(None, found), None)
        if taken is not None:
            yield node, taken


def _which(node: ast.expr, scope: Scope, all_taken: list[_Taken]) -> _Taken | None:
    if isinstance(node, ast.Call) and len(node.args) == 1 and scope.full_name(node.func) in _PATHS:
        node = node.args[0]
    binding = scope.only(node.id) if isinstance(node, ast.Name) else None
    path = written(node, scope)
    for taken in all_taken:
        if isinstance(binding, Parameter) and binding.annotation is taken.arg.annotation:
            return taken
        if (
            path is not None
            and taken.artifact.path is not None
            and logical(taken.artifact.path.value) == path
        ):
            return taken
    return None


_HEAD = """
import os
import shutil
from pathlib import Path
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

Log = outputs.IncrementalOut("log.txt", loaders.PathOnly())
Seen = outputs.IncrementalOut("seen.jsonl", loaders.JSONL())
New = Annotated[list[str], outputs.Dep("new.jsonl", loaders.JSONL())]
"""

RULE = Rule(
    code="PVT601",
    name="incremental-made-anew",
    severity="warning",
    docs=__doc__,
    check=check,
    facts=_may_be_incremental,
    check_with=check_taken,
    valid=(
        _HEAD
        + """
def gather(new: New, seen: Annotated[list[str], Seen]) -> Annotated[list[str], Seen]:
    seen += new
    return seen

def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    with log.open("a") as file:
        file.writelines(new)
    return log

def add(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    before = log.read_text() if log.exists() else ""
    scratch = Path("scratch.txt")
    scratch.write_text(before + str(new))
    os.replace(scratch, log)
    return log

def keep(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    shutil.copy(log, "before.txt")
    log.write_text(str(new))
    os.link("before.txt", "kept.txt")
    return log
""",
        # Read by its path; to be written; with names that are looked up.
        _HEAD
        + """
def read() -> list[str]:
    return Path("seen.jsonl").read_text().split()

def gather(new: New) -> Annotated[list[str], Seen]:
    return [*read(), *new]

def later(new: New, seen: Annotated[list[str], Seen]) -> Annotated[list[str], Seen]:
    raise NotImplementedError

def note(new: New) -> Annotated[Path, Log]:
    with open("log.txt", "a") as file:
        file.writelines(new)
    return Path("log.txt")
""",
        _HEAD
        + """
def gather(new: New, seen: Annotated[list[str], Seen]) -> Annotated[list[str], Seen]:
    return sum(locals().values(), [])
""",
    ),
    invalid=(
        Invalid(
            _HEAD
            + """
def gather(new: New, «seen: Annotated[list[str], Seen]») -> Annotated[list[str], Seen]:
    return new
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def gather() -> Annotated[list[str], «outputs.IncrementalOut("seen.jsonl", loaders.JSONL())»]:
    return ["a"]
"""
        ),
        Invalid(
            _HEAD
            + """
class Outputs(TypedDict):
    seen: Annotated[list[str], Seen]
    count: Annotated[int, outputs.Metric("count.json")]

def gather(new: New) -> «Outputs»:
    return {"seen": new, "count": len(new)}
"""
        ),
        Invalid(
            _HEAD
            + """
def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    «log.write_text(str(new))»
    return log
"""
        ),
        Invalid(
            _HEAD
            + """
def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    with «open(log, mode="w")» as file:
        file.writelines(new)
    return log
"""
        ),
        Invalid(
            _HEAD
            + """
def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    Path("scratch.txt").write_text(str(new))
    «Path("scratch.txt").replace(log)»
    return log
"""
        ),
        Invalid(
            _HEAD
            + """
def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    with log.open("a") as file:
        file.writelines(new)
    «os.symlink(log, "latest.txt")»
    return log
"""
        ),
        Invalid(
            _HEAD
            + """
def note(new: New, log: Annotated[Path, Log]) -> Annotated[Path, Log]:
    log.unlink()
    «Path("log.txt").symlink_to("all.txt")»
    return log
"""
        ),
    ),
)
