"""What rules make their fixes of. An edit leaves alone what it doesn't name: comments and layout stay."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Edit
from pivot_lsp.positions import Span
from pivot_lsp.source.nesting import first_line
from pivot_lsp.source.scopes import Imported
from pivot_lsp.source.toplevel import Spot

if TYPE_CHECKING:
    from pivot_lsp.source.annotations import Text
    from pivot_lsp.source.module import Module
    from pivot_lsp.source.toplevel import TopLevel


def replaced(top: TopLevel, node: ast.expr | ast.stmt | ast.arg | ast.keyword, text: str) -> Edit:
    """Another text for a node."""
    return Edit(top.spot(node), text)


def inserted(top: TopLevel, line: int, column: int, text: str) -> Edit:
    """A text at a place of a statement (line from 1, column in bytes, as its nodes count them)."""
    return Edit(Spot(top, Span(line, column, line, column)), text)


def after_node(top: TopLevel, node: ast.expr, text: str) -> Edit:
    """A text right behind a node."""
    return inserted(top, node.end_lineno or node.lineno, node.end_col_offset or 0, text)


def before(top: TopLevel, text: str) -> Edit:
    """Lines above a top-level statement; comments right above it stay with it."""
    first = first_line(top, top.body[0])
    while first > 1 and top.line(first - 1).startswith("#"):
        first -= 1
    return inserted(top, first, 0, text)


def after(top: TopLevel, text: str) -> Edit:
    """Lines below a top-level statement, and below a comment on its last line."""
    end = top.body[-1].end_lineno or 1
    if end < top.line_count:
        return inserted(top, end + 1, 0, text)
    column = len(top.line(end).encode("utf-8", "surrogatepass"))  # the file doesn't end with a newline
    return inserted(top, end, column, "\n" + text.removesuffix("\n"))


def argument(top: TopLevel, call: ast.Call, text: str) -> Edit | None:
    """One more argument at the end of a call; None where that place isn't to be seen."""
    if call.keywords:
        last: ast.keyword | ast.expr = call.keywords[-1]
    elif len(call.args) == 1 and _between(top, call.func, call.args[0]).strip() == "(":
        last = call.args[0]  # not in parentheses of its own
    else:
        return None
    return inserted(top, last.end_lineno or 0, last.end_col_offset or 0, f", {text}")


def _between(top: TopLevel, one: ast.expr, other: ast.expr) -> str:
    """The text between two nodes, without comments."""
    first, last = one.end_lineno or 0, other.lineno
    data = "\n".join(top.line(number) for number in range(first, last + 1)).encode("utf-8", "surrogatepass")
    end = len(data) - len(top.line(last).encode("utf-8", "surrogatepass")) + other.col_offset
    return re.sub(r"#.*", "", data[one.end_col_offset : end].decode("utf-8", "surrogatepass"))


def source(top: TopLevel, node: ast.expr | ast.stmt) -> str:
    """A node as it is written."""
    return ast.get_source_segment(top.text, node) or ast.unparse(node)


def respelled(text: Text, value: str) -> Edit:
    """Another value for a literal text, in the quotes that it has."""
    quote = "'" if source(text.top, text.node).endswith("'") else '"'
    plain = value.isprintable() and "\\" not in value and quote not in value
    return replaced(text.top, text.node, f"{quote}{value}{quote}" if plain else repr(value))


def renamed(module: Module, top: TopLevel, node: ast.expr, name: str) -> list[Edit]:
    """Another name from the module that a name comes from: ``outputs.Out``, ``Out`` if that is imported."""
    if isinstance(node, ast.Attribute):
        end = (node.end_lineno or 1, node.end_col_offset or 0)
        start = (end[0], end[1] - len(node.attr.encode()))
        return [Edit(Spot(top, Span(*start, *end)), name)]
    source_of = (top.scope.chain(node) or "").rpartition(".")[0]
    bound = module.names.get(name, ())
    if not source_of or any(binding != Imported(f"{source_of}.{name}") for binding in bound):
        return []
    imports = [] if bound else importing(module, f"from {source_of} import {name}")
    return [replaced(top, node, name), *imports]


def importing(module: Module, statement: str) -> list[Edit]:
    """An import at the top of a module, below those that are there; nothing if it is there already."""
    wanted = ast.dump(ast.parse(statement).body[0])
    last = None
    for part in module.parts:
        nodes = part.top.body
        if any(ast.dump(node) == wanted for node in nodes):
            return []
        if not all(_is_heading(node) for node in nodes):
            break
        if not isinstance(nodes[0], ast.Expr):
            last = part.top
    if last is not None:
        return [after(last, statement + "\n")]
    rest = (part.top for part in module.parts if not all(map(_is_heading, part.top.body)))
    first = next(rest, None)
    return [before(first, statement + "\n\n")] if first is not None else []


def _is_heading(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)
