"""The lint's way through a tree passes all that Python's own does, but for contexts and operators."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pivot_lsp
from pivot_lsp.source.children import children

LEFT_OUT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
FILES = sorted((Path(pivot_lsp.__file__).parent / "source").glob("*.py"))
SYNTAX = """
async def f(a, /, b: int = 1, *c, d=2, **e) -> int:
    global g
    async with a as (b, c), d:
        match e:
            case {"k": [x, *_], **rest} | C(y, z=1) if (w := a @ b) is not None:
                yield f"{a!r:>{b}}", [i async for i in await a if not i], lambda: 1 < 2 and 3
"""


@pytest.mark.parametrize("text", [SYNTAX, *(file.read_text(encoding="utf-8") for file in FILES)])
def test_it_passes_all_nodes(text: str) -> None:
    for node in ast.walk(ast.parse(text)):
        every = [child for child in ast.iter_child_nodes(node) if not isinstance(child, LEFT_OUT)]
        assert children(node) == every
