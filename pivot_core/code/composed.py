"""What can be told of a text that code puts together. Standard library only."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Final

_PERCENT: Final = re.compile(r"%[^a-zA-Z%]*[a-zA-Z]")
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_UNKNOWN: Final = "\0\0"


def template(node: ast.expr, chain: Callable[[ast.expr], str | None]) -> str:
    """The text; every other part between NULs is the chain of a constant, or empty where it can't be told."""
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("\0", "")
        case ast.Constant(value=bytes(data)):
            return data.decode("latin-1").replace("\0", "")
        case ast.JoinedStr(values=parts):
            return "".join(template(part, chain) for part in parts)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return template(value, chain)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return template(left, chain) + template(right, chain)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return _PERCENT.sub(_UNKNOWN, text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _BRACES.sub(_UNKNOWN, text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="join")):
            return _UNKNOWN + text + _UNKNOWN
        case ast.Call(func=ast.Attribute(value=inner, attr="upper")):
            return _UNKNOWN.join(template(inner, chain).upper().split("\0")[::2])
        case ast.Name() | ast.Attribute():
            return f"\0{chain(node) or ''}\0"
    return _UNKNOWN


def prefix_of(node: ast.expr) -> tuple[str, bool]:
    """(literal beginning of a text, whether that is all of it)."""
    match node:
        case ast.Constant(value=str(text)):
            return text, True
        case ast.JoinedStr(
            values=[ast.FormattedValue(value=ast.Name(id=name)), ast.Constant(value=str(text)), *_]
        ):
            return (text if name in ("__name__", "__package__") and text[:1] == "." else ""), False
        case ast.JoinedStr(values=[first, *_]) | ast.BinOp(left=first):
            return prefix_of(first)[0].partition("%")[0], False
        case ast.Call(func=ast.Attribute(value=text_node, attr="format")):
            return prefix_of(text_node)[0].partition("{")[0], False
    return "", False
