"""What an annotation says inside ``Annotated``: which artifact, by which loader, of which type."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.scopes import Function, Scope
    from pivot_lsp.source.toplevel import Spot, TopLevel

Role: TypeAlias = Literal["dep", "placeholder", "out", "metric", "plot", "incremental", "directory"]

OUTPUTS = "pivot_core.outputs."
LOADERS = "pivot_core.loaders."
ROLES: dict[str, Role] = {
    f"{OUTPUTS}Dep": "dep",
    f"{OUTPUTS}PlaceholderDep": "placeholder",
    f"{OUTPUTS}Out": "out",
    f"{OUTPUTS}Metric": "metric",
    f"{OUTPUTS}Plot": "plot",
    f"{OUTPUTS}IncrementalOut": "incremental",
    f"{OUTPUTS}DirectoryOut": "directory",
}
INPUTS: frozenset[Role] = frozenset({"dep", "placeholder"})
_LOOKED_THROUGH = frozenset(
    f"{module}.{name}"
    for module in ("typing", "typing_extensions")
    for name in ("Annotated", "NotRequired", "Required", "ReadOnly")
)
_DEEP = 20  # aliases in aliases that are followed: while one is typed, they can go round in circles


class Text(NamedTuple):
    """A text that is written down in the source. ``node`` is the literal, which may be elsewhere."""

    value: str
    node: ast.Constant
    top: TopLevel

    @property
    def spot(self) -> Spot:
        return self.top.spot(self.node)


class Artifact(NamedTuple):
    """One ``Dep`` or ``Out`` in an annotation of ``owner``.

    ``name``: the parameter, the key of the TypedDict, or "return". ``type``: what is annotated. ``path``:
    None if it isn't written down (``path_at`` is then what stands for it), or for a placeholder. ``loader``:
    None where the default is used. ``top``: the statement that the call is in.
    """

    role: Role
    owner: Function | ast.ClassDef
    name: str
    type: ast.expr
    call: ast.Call
    path: Text | None
    path_at: ast.expr | None
    loader: ast.expr | None
    scope: Scope
    top: TopLevel

    @property
    def is_input(self) -> bool:
        return self.role in INPUTS

    @property
    def path_spot(self) -> Spot:
        """Where its path comes from; the whole of it if it has none."""
        return self.top.spot(self.path_at if self.path_at is not None else self.call)


class Annotation(NamedTuple):
    """An annotation, with aliases followed (``Rows = Annotated[…]``). ``top``: where it is written.

    ``artifacts`` are those that it marks, by some of its ``marks``: all that ``Annotated`` adds to the type.
    ``type`` is None if the text of this module doesn't tell: a quoted annotation, a name from elsewhere.
    """

    type: ast.expr | None
    artifacts: tuple[Artifact, ...]
    node: ast.expr
    top: TopLevel
    marks: tuple[ast.expr, ...] = ()


def text_of(node: ast.expr | None, scope: Scope) -> Text | None:
    """A literal text, or the one that a name stands for."""
    if node is None:
        return None
    value, top = scope.value(node)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Text(value.value, value, top)
    return None


def read(
    node: ast.expr,
    scope: Scope,
    owner: Function | ast.ClassDef,
    name: str,
    home: TopLevel | None = None,
) -> Annotation:
    """An annotation of a parameter, a field or a result. ``home``: the statement that it is in, if that isn't
    the scope's."""
    value, top = scope.value(node)
    home = home if home is not None else scope.top
    if value is node:
        top = home
    inner, marks = _unpacked(node, scope, home)
    artifacts = tuple(_artifacts(inner, marks, scope, owner, name))
    if marks:
        return Annotation(inner, artifacts, value, top, tuple(mark for mark, _ in marks))
    inner, _ = scope.value(inner)
    known = not isinstance(inner, ast.Constant) or inner.value is None
    return Annotation(inner if known else None, (), value, top)


def _unpacked(
    node: ast.expr, scope: Scope, where: TopLevel
) -> tuple[ast.expr, list[tuple[ast.expr, TopLevel]]]:
    """The type inside ``Annotated`` and ``NotRequired``, and what is beside it, each with where it is."""
    marks: list[tuple[ast.expr, TopLevel]] = []
    for _ in range(_DEEP):
        value, found_in = scope.value(node)
        where = found_in if isinstance(node, ast.Name) else where
        chain = scope.chain(value.value) if isinstance(value, ast.Subscript) else None
        if not isinstance(value, ast.Subscript) or chain not in _LOOKED_THROUGH:
            break
        parts = value.slice.elts if isinstance(value.slice, ast.Tuple) else [value.slice]
        if not parts:
            break
        node = parts[0]
        marks[:0] = [(mark, where) for mark in parts[1:]]
    return node, marks


def _artifacts(
    inner: ast.expr,
    marks: list[tuple[ast.expr, TopLevel]],
    scope: Scope,
    owner: Function | ast.ClassDef,
    name: str,
) -> Iterator[Artifact]:
    for mark, top in marks:
        call, found_in = scope.value(mark)
        where = found_in if isinstance(mark, ast.Name) else top
        if isinstance(call, ast.Call) and (role := ROLES.get(scope.chain(call.func) or "")) is not None:
            path_at, loader = _arguments(call, role)
            path = text_of(path_at, scope)
            if path is not None and path.node is path_at:  # written in the call itself
                path = path._replace(top=where)
            yield Artifact(role, owner, name, inner, call, path, path_at, loader, scope, where)


def _arguments(call: ast.Call, role: Role) -> tuple[ast.expr | None, ast.expr | None]:
    """Path and loader of a marker; None for what isn't there or is behind a star."""
    names = ["loader"] if role == "placeholder" else ["path", "loader"]
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for name, value in zip(names, call.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        given[name] = value
    return given.get("path"), given.get("loader")
