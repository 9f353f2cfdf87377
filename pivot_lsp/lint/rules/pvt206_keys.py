"""Outputs that may be missing, or a stage that returns others than it declares.

A stage writes all its outputs each time: what depends on them counts on that. So no output is optional, and
what is returned has exactly the keys of the TypedDict; else the stage fails when its work is done::

    class TrainOutputs(TypedDict):
        model: Annotated[dict, Out("model.json", JSON())]
        score: Annotated[float, Metric("score.json")]

    def train() -> TrainOutputs:
        return {"model": {}}                        # PVT206: no score

Only what is returned as it is written there is looked at: ``{"model": …}`` or ``TrainOutputs(model=…)``.

A fix corrects a misspelt key, or returns the variable that has the name of a key. Look at it before you take
it.
"""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import after_node, replaced, source
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.positions import Span
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.stages import returned_class, typed_dicts
from pivot_lsp.source.toplevel import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.stages import Class, Part, StageFunction
    from pivot_lsp.source.toplevel import TopLevel

_MODULES = ("typing", "typing_extensions")
_TYPED_DICT = frozenset(f"{module}.TypedDict" for module in _MODULES)
_NOT_REQUIRED = frozenset(f"{module}.NotRequired" for module in _MODULES)
_REQUIRED = frozenset(f"{module}.Required" for module in _MODULES)
_AROUND = frozenset(f"{module}.{name}" for module in _MODULES for name in ("Annotated", "ReadOnly"))
_ALL = "a stage writes all its outputs: no NotRequired, no total=False"
_EXACTLY = "return exactly the keys of its return annotation"
_DEEP = 20
_TAIL = re.compile(r"\s*,?\s*(#[^\n]*\s*)*[})]")


class _Returned(NamedTuple):
    """A ``return`` of several outputs: each key with where it is, and what is given for it."""

    node: ast.Return
    keys: dict[str, ast.Constant | ast.keyword]
    values: list[ast.expr]


def check(part: Part) -> Iterator[Hit]:
    """One hit for each output, each ``total=False``, and each key or ``return`` that doesn't fit."""
    for one in part.classes:
        if one.kind == "outputs":
            classes = typed_dicts(one.node, one.scope, part.top)
            if any(cls.artifacts for cls in classes):  # else it can be any TypedDict
                yield from (hit for cls in classes for hit in _optional(cls))
    for function in part.functions:
        keys = _declared(function)
        if keys and not isinstance(function.node, ast.AsyncFunctionDef) and _is_called_itself(function, part):
            for node in _returns(function):
                yield from _compared(node, keys, function, part)


# --- outputs that may be missing


def _optional(cls: Class) -> Iterator[Hit]:
    total = next((keyword for keyword in cls.node.keywords if keyword.arg == "total"), None)
    partial = total is not None and isinstance(total.value, ast.Constant) and not total.value.value
    said = [(field, _says(field.annotation, cls.scope)) for field, _ in cls.fields]
    if total is not None and partial and any(word is None for _, word in said):
        yield Hit(cls.top.spot(total), f"the outputs in {cls.node.name} may be missing", _ALL)
    for field, word in said:
        if word == "NotRequired":
            name = source(cls.top, field.target)
            what = f"the output {name!r} in {cls.node.name}"
            yield Hit(cls.top.spot(field.annotation), f"{what} may be missing", _ALL)


def _says(node: ast.expr, scope: Scope) -> str | None:
    """ "Required" or "NotRequired", if an annotation says one."""
    for _ in range(_DEEP):
        node, _ = scope.value(node)
        chain = scope.chain(node.value) if isinstance(node, ast.Subscript) else None
        if chain in _NOT_REQUIRED or chain in _REQUIRED:
            return "NotRequired" if chain in _NOT_REQUIRED else "Required"
        if not isinstance(node, ast.Subscript) or chain not in _AROUND:
            break
        node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    return None


# --- what is returned


def _declared(function: StageFunction) -> list[str]:
    """The keys of the outputs; none if the text doesn't tell them all."""
    cls = returned_class(function)
    classes = typed_dicts(cls.node, function.scope, cls.top) if cls is not None else []
    if not any(one.artifacts for one in classes) or not all(_is_open_book(one, classes) for one in classes):
        return []
    return [source(one.top, field.target) for one in reversed(classes) for field, _ in one.fields]


def _is_open_book(cls: Class, classes: list[Class]) -> bool:
    """Whether nothing but fields is in a TypedDict, and nothing else is behind it."""
    known = {other.node.name for other in classes}
    return all(
        cls.scope.chain(base) in _TYPED_DICT or (isinstance(base, ast.Name) and base.id in known)
        for base in cls.node.bases
    ) and len(cls.fields) == sum(not isinstance(node, ast.Expr | ast.Pass) for node in cls.node.body)


def _is_called_itself(function: StageFunction, part: Part) -> bool:
    """Whether no decorator can return something else."""
    registering = {id(one.node) for one in part.registrations if one.func is function.node}
    return all(id(decorator) in registering for decorator in function.node.decorator_list)


def _returns(function: StageFunction) -> list[ast.Return]:
    """Of the function itself, not of those inside it."""
    nodes: list[ast.AST] = list(function.node.body)
    found = []
    for node in nodes:  # grows
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            nodes += ast.iter_child_nodes(node)
    return found


def _compared(node: ast.Return, keys: list[str], function: StageFunction, part: Part) -> Iterator[Hit]:
    name = function.node.name
    related = (Related(part.spot(function.node.returns), "its outputs"),) if function.node.returns else ()
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        listed = ", ".join(map(repr, keys))
        message = f"{name} returns None, but declares the outputs {listed}"
        yield Hit(_word(node, part.top), message, "return a dict with these keys", related)
        return
    returned = _read(node, function)
    if returned is None:
        return
    missing = [key for key in keys if key not in returned.keys]
    for key, at in returned.keys.items():
        if key not in keys:
            near = next(iter(get_close_matches(key, missing, 1)), None)
            if near is not None:
                missing.remove(near)
            hint = f"did you mean {near!r}?" if near is not None else _EXACTLY
            fix = _rename(at, near, part.top) if near is not None else None
            yield Hit(part.spot(at), f"{name} returns {key!r}, which it doesn't declare", hint, related, fix)
    if missing:
        listed = ", ".join(map(repr, missing))
        fix = _add(returned, missing, part)
        yield Hit(_word(node, part.top), f"{name} doesn't return its output {listed}", _EXACTLY, related, fix)


def _read(node: ast.Return, function: StageFunction) -> _Returned | None:
    """None for what isn't written there as a whole."""
    match node.value:
        case ast.Dict(keys=keys, values=values):
            texts = [key for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            if len(texts) == len(keys):
                return _Returned(node, {str(key.value): key for key in texts}, values)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            called, cls = function.scope.only(name), returned_class(function)
            names = {keyword.arg: keyword for keyword in keywords if keyword.arg is not None}
            same = isinstance(called, DefinedClass) and cls is not None and called.node is cls.node
            if same and len(names) == len(keywords):
                return _Returned(node, dict(names), [keyword.value for keyword in keywords])
    return None


def _word(node: ast.Return, top: TopLevel) -> Spot:
    return Spot(top, Span(node.lineno, node.col_offset, node.lineno, node.col_offset + len("return")))


# --- fixes


def _rename(at: ast.Constant | ast.keyword, name: str, top: TopLevel) -> Fix:
    if isinstance(at, ast.keyword):
        text = f"{name}={source(top, at.value)}"
    else:
        quote = source(top, at)[-1]
        text = f"{quote}{name}{quote}"
    return Fix(f"Call it {name!r}", lambda: [replaced(top, at, text)], safe=False)


def _add(returned: _Returned, missing: list[str], part: Part) -> Fix | None:
    """Variables of the function by the names of the keys; None if there aren't all, or no place for them."""
    scope = next((visit.scope for visit in part.top.visits if visit.node is returned.node), None)
    if scope is None or not returned.values or any(key not in scope.bindings for key in missing):
        return None
    last, keys = returned.values[-1], list(returned.keys.values())
    gap = _gap(keys[-1], last, returned, part.top)
    if gap is None:
        return None
    quote = source(part.top, keys[-1])[-1] if isinstance(keys[-1], ast.Constant) else None
    items = [f"{key}={key}" if quote is None else f"{quote}{key}{quote}: {key}" for key in missing]
    text = "".join(f",{gap}{item}" for item in items)
    return Fix(f"Return {', '.join(missing)}, too", lambda: [after_node(part.top, last, text)], safe=False)


def _gap(key: ast.Constant | ast.keyword, last: ast.expr, returned: _Returned, top: TopLevel) -> str | None:
    """The white space between the last item and one more; None if it is in parentheses."""
    tail = _between(last, returned.node.value, top)
    if not _TAIL.fullmatch(tail):
        return None
    indent = top.line(key.lineno).encode("utf-8", "surrogatepass")[: key.col_offset].decode()
    is_below = not indent.strip() and "#" not in tail.split("\n")[0]
    return f"\n{indent}" if is_below else " "


def _between(last: ast.expr, whole: ast.expr | None, top: TopLevel) -> str:
    """The text from the end of a node to that of one that it is in."""
    assert whole is not None
    lines = [top.line(number).encode() for number in range(last.end_lineno or 0, (whole.end_lineno or 0) + 1)]
    lines[-1] = lines[-1][: whole.end_col_offset]
    lines[0] = lines[0][last.end_col_offset :]
    return b"\n".join(lines).decode()


RULE = Rule(
    code="PVT206",
    name="other-keys",
    severity="error",
    docs=__doc__,
    check=check,
    valid=(
        """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

class More(Outputs):
    "Those of others, too."

    log: Annotated[str, outputs.Out("log.txt", loaders.Text())]

def train(rest: Annotated[dict, outputs.Dep("rest.json", loaders.JSON())]) -> Outputs:
    if rest:
        return {"score": 0.5, "model": {}}
    def inner():
        return {}
    return {"model": inner(), **rest}

def more() -> More:
    found = {"model": {}}
    try:
        return More(model={}, score=0.5, log="")
    except ValueError:
        return found
    finally:
        key = "log"
    return {"model": {}, "score": 0.5, key: ""}

def stub() -> Outputs: ...
""",
        # What a base or a decorator from elsewhere adds, nobody knows.
        """
from typing import Annotated, Required, TypedDict
from pivot_core import Pipeline, loaders, outputs
from common import Base, completed

pipeline = Pipeline("demo")

class Outputs(TypedDict, total=False):
    model: Required[Annotated[dict, outputs.Out("model.json", loaders.JSON())]]
    score: Annotated[Required[float], outputs.Metric("score.json")]

class More(Outputs, Base):
    log: Annotated[str, outputs.Out("log.txt", loaders.Text())]

@completed
def train() -> Outputs:
    return {"model": {}}

@pipeline.register
def more() -> More:
    return {"log": ""}

@pipeline.register
def table() -> Annotated[dict, outputs.Out("table.json", loaders.JSON())]:
    return {"other": 1}
""",
        # Other TypedDicts and functions.
        """
from typing import NotRequired, TypedDict
import pivot_core

class Row(TypedDict, total=False):
    name: str
    price: NotRequired[float]

def helper() -> Row:
    return {}
""",
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    score = 0.5
    «return» {"model": {}}
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    score = 0.5
    return {"model": {}, "score": score}
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    räume, score = {}, 0.5
    if räume:
        raise ValueError("räume")
    else:
        «return» {
            'model': räume,
        }
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    räume, score = {}, 0.5
    if räume:
        raise ValueError("räume")
    else:
        return {
            'model': räume,
            'score': score,
        }
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    score = 0.5
    «return» Outputs(
        model={},  # nothing yet
    )
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    score = 0.5
    return Outputs(
        model={}, score=score,  # nothing yet
    )
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    score = 0.5
    «return» {"model": ({})}
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    with open("/dev/null"):
        «return» {"model": {}}
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    return {"model": {}, «"scores"»: 0.5}
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    return {"model": {}, "score": 0.5}
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    return Outputs(«modell={}», score=0.5)
""",
            fixed="""
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    return Outputs(model={}, score=0.5)
""",
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    return {"model": {}, "score": 0.5, «"log"»: ""}
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs:
    «return»
"""
        ),
        Invalid(
            """
from typing import Annotated, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict, «total=False»):
    model: Annotated[dict, outputs.Out("model.json", loaders.JSON())]

def train() -> Outputs: ...
"""
        ),
        Invalid(
            """
from typing import Annotated, NotRequired, TypedDict
from pivot_core import loaders, outputs

class Outputs(TypedDict):
    model: «NotRequired[Annotated[dict, outputs.Out("model.json", loaders.JSON())]]»
    score: Annotated[float, outputs.Metric("score.json")]

def train() -> Outputs: ...
"""
        ),
    ),
)
