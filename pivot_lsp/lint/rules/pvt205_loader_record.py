"""A loader that isn't a frozen dataclass, or one with a mutable default.

A loader travels to workers as its options, and these count: another option makes stages stale that use it.
So its class is a frozen dataclass itself, not only derived from one, and its options are the fields::

    class Image(loaders.Loader[Picture, Picture]):      # PVT205
        def __init__(self, quality=90): ...

    @dataclass(frozen=True)
    class Image(loaders.Loader[Picture, Picture]):
        quality: int = 90

Python itself refuses a dataclass with a list or dict as a default, since all instances would share it; the
class can't be imported then. In params classes such defaults are no mistake: pydantic copies them.

The fixes are safe. There is none for a class with an ``__init__`` or one that changes itself: its options
have to become fields first.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from pivot_lsp.lint.edits import replaced, source
from pivot_lsp.lint.freezing import dataclass_of, decorate, freeze, frozen, is_bare, mutable
from pivot_lsp.lint.naming import named
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule, Valid
from pivot_lsp.source.loading import builtin_bases, builtin_class
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.uses import dotted_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.lint.rule import Edit
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Class, Part
    from pivot_lsp.source.toplevel import Spot, TopLevel

_FACTORIES = {"list", "dict"}  # what is a JSON value, too


class Use(NamedTuple):
    """A loader of the project's own in the annotation of an artifact."""

    dotted: tuple[str, ...]
    spot: Spot


def check(part: Part) -> Iterator[Hit]:
    """Dataclasses that can't be imported: not frozen, or with a mutable default."""
    for cls in part.classes:
        decorator = dataclass_of(cls.node, cls.scope) if cls.kind == "loader" else None
        if decorator is not None:
            if frozen(decorator) is False:
                yield _not_frozen(cls.node, part.top, freeze(cls.node, decorator, part.top), ())
            yield from _mutable_defaults(cls, part)


def check_project(sources: Sources) -> Iterator[Hit]:
    """Classes without the decorator, where a stage uses them: others may be there to be derived from."""
    told: set[int] = set()
    for module in sources.modules:
        for part in module.parts:
            for use in part.answer(_uses):
                bound = sources.find(module, use.dotted)
                if bound is not None and isinstance(bound.binding, DefinedClass):
                    (node, top), home = bound.binding, bound.module
                    if id(node) not in told and is_bare(node, top.scope) and builtin_bases(node, top.scope):
                        told.add(id(node))
                        fix = decorate(node, top, home)
                        yield _not_frozen(node, top, fix, (Related(use.spot, "a stage uses it here"),))


def _uses(part: Part) -> Iterator[Use]:
    for artifact in part.artifacts:
        if artifact.loader is None:
            continue
        node, _ = artifact.scope.value(artifact.loader)
        func = node.func if isinstance(node, ast.Call) else None
        dotted = dotted_name(func) if func is not None else None
        if func is not None and dotted is not None and builtin_class(func, artifact.scope) is None:
            yield Use(dotted, artifact.top.spot(artifact.loader))


def _not_frozen(node: ast.ClassDef, top: TopLevel, fix: Fix | None, related: tuple[Related, ...]) -> Hit:
    return Hit(
        top.name_spot(node),
        f"the loader {node.name} isn't a frozen dataclass",
        f"decorate the class {node.name} with @dataclass(frozen=True)",
        related,
        fix,
    )


def _mutable_defaults(cls: Class, part: Part) -> Iterator[Hit]:
    for field, _ in cls.fields:
        assert isinstance(field.target, ast.Name)
        default, call = _default(field, cls)
        kind = mutable(default, cls.scope) if default is not None else None
        if default is None or kind is None or "ClassVar" in source(part.top, field.annotation):
            continue
        what = f"the default of {field.target.id!r} in {cls.node.name}"
        hint = f"use dataclasses.field(default_factory={kind})"
        if kind not in _FACTORIES:
            hint = "use a tuple: options are JSON values"
        fix = _factory(default, call, kind, cls, part)
        yield Hit(part.spot(default), f"{what} is a {kind}, which can be changed", hint, fix=fix)


def _default(field: ast.AnnAssign, cls: Class) -> tuple[ast.expr | None, ast.keyword | None]:
    """The default of a field, and where it is in a call of ``field``."""
    value = field.value
    if not isinstance(value, ast.Call) or cls.scope.chain(value.func) != "dataclasses.field":
        return value, None
    given = next((keyword for keyword in value.keywords if keyword.arg == "default"), None)
    return (given.value if given is not None else None), given


def _factory(default: ast.expr, call: ast.keyword | None, kind: str, cls: Class, part: Part) -> Fix | None:
    if kind not in _FACTORIES or (factory := _maker(default, kind, part.top)) is None:
        return None

    def edits() -> list[Edit]:
        if call is not None:
            return [replaced(part.top, call, f"default_factory={factory}")]
        name = named(part.module, "dataclasses.field")
        if name is None or name.text.partition(".")[0] in _bound(cls.node):
            return []
        return [replaced(part.top, default, f"{name.text}(default_factory={factory})"), *name.edits]

    return Fix("Make a new one for each instance", edits)


def _maker(default: ast.expr, kind: str, top: TopLevel) -> str | None:
    """What makes such a value anew; None for one of names: in a class, a lambda doesn't see them all."""
    match default:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return kind
        case ast.Call(func=func, args=[], keywords=[]):
            return source(top, func)
    if any(isinstance(node, ast.Name) for node in ast.walk(default)):
        return None
    return f"lambda: {source(top, default)}"


def _bound(node: ast.ClassDef) -> set[str]:
    fields = (one.target for one in node.body if isinstance(one, ast.AnnAssign))
    return {target.id for target in fields if isinstance(target, ast.Name)}


RULE = Rule(
    code="PVT205",
    name="loader-record",
    severity="error",
    docs=__doc__,
    check=check,
    check_project=check_project,
    valid=(
        """
import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, final
from pivot_core import StageParams, loaders, outputs
from common import frozen

class Params(StageParams):
    names: list[str] = []
    by_name: dict[str, int] = {}

class Base(loaders.Loader[str, str]):
    def load(self, path): ...

@final
@dataclass(frozen=True, slots=True)
class Mine(Base):
    cache: ClassVar[list] = []
    names: list[str] = dataclasses.field(default_factory=list)
    more: dict[str, str] = field(default_factory=lambda: {"a": "b"})
    pair: tuple[str, ...] = ("a", "b")

@frozen
class Other(loaders.Text):
    pass

@dataclass
class Row:
    name: str

def clean(
    rows: Annotated[str, outputs.Dep("rows.txt", Mine())],
    more: Annotated[str, outputs.Dep("more.txt", Other())],
    params: Params,
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
""",
        # What a base from elsewhere does to it, nobody knows.
        Valid(
            """
from typing import Annotated
from pivot_core import loaders, outputs
from common import Base

class Mine(Base): ...

class Both(Base, loaders.Loader[str, str]): ...

def clean(
    rows: Annotated[str, outputs.Dep("rows.txt", Mine())],
    more: Annotated[str, outputs.Dep("more.txt", Both())],
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
""",
            files={
                "common.py": """
from dataclasses import dataclass
from pivot_core import loaders

class Base(loaders.Text):
    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)
"""
            },
        ),
    ),
    invalid=(
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

# Pictures.
class «Räume»(loaders.Writer[bytes]):
    quality: int = 90

    def save(self, value, path): ...

def draw() -> Annotated[bytes, outputs.Out("picture.png", Räume())]: ...
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs
from dataclasses import dataclass

# Pictures.
@dataclass(frozen=True)
class Räume(loaders.Writer[bytes]):
    quality: int = 90

    def save(self, value, path): ...

def draw() -> Annotated[bytes, outputs.Out("picture.png", Räume())]: ...
""",
        ),
        Invalid(
            """
import dataclasses
from pivot_core.loaders import CSV

class «Table»(CSV): ...
""",
            path="tables.py",
            files={
                "pipeline.py": "import stages\n",
                "stages.py": """
from typing import Annotated
from pivot_core import loaders, outputs
import tables

def clean(
    rows: Annotated[object, outputs.Dep("rows.csv", tables.Table())],
    more: Annotated[object, outputs.Dep("more.csv", tables.Table())],
) -> Annotated[str, outputs.Out("clean.txt", loaders.Text())]: ...
""",
            },
            fixed="""
import dataclasses
from pivot_core.loaders import CSV

@dataclasses.dataclass(frozen=True)
class Table(CSV): ...
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

class «Image»(loaders.Writer[bytes]):
    def __init__(self, quality=90):
        self.quality = quality

    def save(self, value, path): ...

def draw() -> Annotated[bytes, outputs.Out("picture.png", Image())]: ...
"""
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

@dataclass ()
class «Image»(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
            fixed="""
from dataclasses import dataclass
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

@dataclass
class «Image»(loaders.Writer[bytes]):
    done: int = 0

    def save(self, value, path):
        self.done += 1
"""
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

@dataclass
class «Image»(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
            fixed="""
from dataclasses import dataclass
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
import dataclasses as dc
from pivot_core import loaders

@dc.dataclass(slots=True)
class «Image»(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
            fixed="""
import dataclasses as dc
from pivot_core import loaders

@dc.dataclass(frozen=True, slots=True)
class Image(loaders.Writer[bytes]):
    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    quality: int = 90
    names: list[str] = «["a", "b"]»  # of the layers

    def save(self, value, path): ...
""",
            fixed="""
from dataclasses import dataclass
from pivot_core import loaders
from dataclasses import field

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    quality: int = 90
    names: list[str] = field(default_factory=lambda: ["a", "b"])  # of the layers

    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass, field
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    names: dict[str, str] = field(repr=False, default=«{}»)

    def save(self, value, path): ...
""",
            fixed="""
from dataclasses import dataclass, field
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    names: dict[str, str] = field(repr=False, default_factory=dict)

    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
from collections import OrderedDict
from dataclasses import dataclass, field
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    names: dict[str, str] = «OrderedDict()»

    def save(self, value, path): ...
""",
            fixed="""
from collections import OrderedDict
from dataclasses import dataclass, field
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    names: dict[str, str] = field(default_factory=OrderedDict)

    def save(self, value, path): ...
""",
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

NAME = "a"

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    field: str = "b"
    names: list[str] = «[NAME]»

    def save(self, value, path): ...
"""
        ),
        Invalid(
            """
from dataclasses import dataclass
from pivot_core import loaders

@dataclass(frozen=True)
class Image(loaders.Writer[bytes]):
    names: set[str] = «{"a"}»

    def save(self, value, path): ...
"""
        ),
    ),
)
