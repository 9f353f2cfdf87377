"""A stage that opens an LMDB database to write to it.

A database outlives the run that wrote to it: what a stage finds in it depends on what ran before, and on
which machine, and no verdict can tell. Its file also differs from run to run when its content doesn't, and
what a stage has written before it was killed stays in it. Return the data instead, and let Pivot keep it;
to remember what earlier runs found, there is ``IncrementalOut``::

    def embed(texts: ...) -> Annotated[dict[str, bytes], Out("vectors.pkl", Pickle())]:
        with lmdb.open("vectors.lmdb") as database: ...                 # PVT603

A database that is only read (``readonly=True``) is an input like others. There is no fix.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pivot_lsp.lint.rule import Hit, Invalid, Rule
from pivot_lsp.source.calls import argument, known_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.stages import Part

_OPENS = frozenset({"lmdb.Environment", "lmdb.open"})
_HINT = "return the data, or keep it in an IncrementalOut; to read a database, open it with readonly=True"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each database."""
    for call in part.answer(known_calls):
        if call.name in _OPENS and not any(word.arg is None for word in call.node.keywords):
            only_read = argument(call.node, 3, "readonly")
            if only_read is None or (isinstance(only_read, ast.Constant) and not only_read.value):
                message = "a database that a stage writes to is state that Pivot can't see"
                yield Hit(part.spot(call.node), message, _HINT)


RULE = Rule(
    code="PVT603",
    name="second-database",
    severity="warning",
    docs=__doc__,
    check=check,
    feeding=True,
    valid=(
        """
import lmdb
from typing import Annotated
from pivot_core import loaders, outputs

OPTIONS = {"readonly": True}

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    with lmdb.open("images.lmdb", readonly=True, lock=False) as images, lmdb.open("a.lmdb", **OPTIONS):
        print(images.stat(), lmdb.open("b.lmdb", 1 << 20, True, True))
""",
        """
import shelves as lmdb
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    lmdb.open("images.lmdb")
""",
        # Nothing of a stage.
        """
import lmdb
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None: ...

def main() -> None:
    lmdb.open("images.lmdb")
""",
    ),
    invalid=(
        Invalid(
            """
import lmdb
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[str, outputs.Dep("rows.txt", loaders.Text())]) -> None:
    with «lmdb.open("rows.lmdb", map_size=1 << 30)» as database:
        database.sync()
"""
        ),
        Invalid(
            """
from lmdb import Environment as Database

class Cache:
    def __init__(self) -> None:
        self.database = «Database("cache.lmdb", readonly=False)»
""",
            path="caching.py",
            files={
                "pipeline.py": """
from typing import Annotated
from caching import Cache
from pivot_core import Pipeline, loaders, outputs

def clean() -> Annotated[str, outputs.Out("rows.txt", loaders.Text())]:
    return str(Cache())

pipeline = Pipeline("demo")
pipeline.register(clean)
"""
            },
        ),
    ),
)
