"""Something that is another one in each run: the time, a random number, the order of a folder or a set.

When a stage with the same code and inputs gives other results, its outputs say nothing about its inputs,
every stage behind it runs again for no reason, and nobody can make the figures of last week once more::

    rng = numpy.random.default_rng()                     # PVT402: draw with a seed that is a parameter
    rows["made"] = datetime.now().isoformat()            # PVT402
    for name in os.listdir(folder):                      # PVT402: sorted(os.listdir(folder))
        rows.append(read(name))
    numbers = {word: n for n, word in enumerate(set(words))}     # PVT402: enumerate(sorted(set(words)))
    if hash(row["id"]) % 10 == 0:                        # PVT402: zlib.crc32(row["id"].encode())

The order of a set and ``hash()`` depend on the hash seed of the process. Pivot starts its workers with one
seed unless you have set another, but in a test or a notebook it is another one each time.

What is only printed or logged, or measures how long something takes, doesn't count; neither does what is
sorted, or in whose order nothing is built, a set of numbers, nor a draw if the stages that it is for seed its
generator (``random.seed(…)``, ``np.random.seed(…)``). That a module does so when it is imported isn't enough:
a worker imports it once and makes many stages with it, so what one draws depends on which were made before.
It is the same with a generator of the module that several stages draw from::

    RNG = numpy.random.default_rng(0)                    # PVT402: if it is for more than one stage

The fix sorts a listing, which is safe; to sort a set fails for what can't be compared, and which seed to take
is for you to decide.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pivot_lsp.lint.edits import inserted, replaced, source
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Related, Rule
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.classes import kind_of
from pivot_lsp.source.drawing import (
    SEEDABLE,
    Draw,
    draws,
    has_no_seed,
    is_seeded,
    seeded_at_import,
    shared,
    sharing,
)
from pivot_lsp.source.flow import Flow
from pivot_lsp.source.hashes import hashes
from pivot_lsp.source.order import listings, sets
from pivot_lsp.source.scopes import DefinedClass
from pivot_lsp.source.stages import class_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

_CLOCKS = frozenset(
    {"datetime.date.today"}
    | {f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")}
    | {f"pandas.Timestamp.{name}" for name in ("now", "today", "utcnow")}
    | {"time.time", "time.time_ns"}
)
_NOW_WITHOUT_ARGUMENTS = frozenset(f"time.{name}" for name in ("asctime", "ctime", "gmtime", "localtime"))
_IDENTITIES = frozenset(
    {"os.urandom", "random.SystemRandom", "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7"}
    | {f"secrets.{name}" for name in ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "randbits")}
    | {"secrets.SystemRandom", "secrets.choice"}
)
_TEMPORARY = re.compile(r"tmp|temp(?!er|l|o)", re.IGNORECASE)  # a name that nobody sees afterwards

_CLOCK_HINT = "take it as a parameter of the stage; to measure durations there is time.perf_counter()"
_IDENTITY_HINT = "make it from the data, as uuid.uuid5() does, or take it as a parameter of the stage"
_SEED_HINT = "give it a seed, best as a parameter of the stage"
_DRAW_HINT = "draw from a generator with a seed that is a parameter: random.Random(seed), default_rng(seed)"
_SHARED_HINT = "make it in each stage, with a seed that is a parameter"
_STATE_HINT = "give it a random_state, best as a parameter of the stage"
_SORT_HINT = "sort it"
_HASHES = {
    "hash": ("hash() of a text is another one with each hash seed", "take zlib.crc32() of its bytes, say"),
    "id": ("id() is another one in each run", "number things as they come, with enumerate()"),
}
_SET = "the elements of a set come in another order with each hash seed"


def check(part: Part) -> Iterator[Hit]:
    """One hit for each call that is certain whatever else the project does."""
    for call in part.answer(known_calls):
        if _is_clock(call) and not Flow(part.top, timing=True).is_only_told(call.node, call.scope):
            yield _hit(part, call, f"{call.name}() is another time in each run", _CLOCK_HINT)
        elif call.name in _IDENTITIES and not _is_unseen(part, call):
            yield _hit(part, call, f"{call.name}() is another one in each run", _IDENTITY_HINT)
        elif call.name in SEEDABLE and has_no_seed(call.node) and not _is_seeded_later(part, call):
            message = f"{call.name}() without a seed draws other numbers in each run"
            yield _hit(part, call, message, _SEED_HINT, _seed(part, call))
    for call in hashes(part):
        yield _hit(part, call, *_HASHES[call.name.rpartition(".")[2]])
    for listing in listings(part):
        message = f"{listing.name}() has another order on each machine"
        key = ", key=lambda entry: entry.name" if listing.name == "os.scandir" else ""
        fix = _sort(part, listing.node, listing.scope, key)
        yield Hit(part.spot(listing.node), message, _SORT_HINT, (), fix)
    for found in sets(part):
        fix = _sort(part, found.node, found.scope, safe=False) if found.listed else None
        yield Hit(part.spot(found.node), _SET, _SORT_HINT, (), fix)


def drawn(part: Part) -> Iterator[Draw | KnownCall]:
    """Draws from the generators of the process, and the generators of the module."""
    yield from part.answer(draws)
    yield from part.answer(shared)


def check_drawn(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each number from a generator that the stages which it is for don't seed, or share."""
    for found in part.answer(drawn):
        if isinstance(found, Draw):
            yield from _check_draw(part, sources, found)
        elif len(stages := sharing(sources, part)) > 1:
            message = f"{len(stages)} stages share it, so what one draws depends on which were made before"
            yield _hit(part, found, message, _SHARED_HINT)


def _check_draw(part: Part, sources: Sources, draw: Draw) -> Iterator[Hit]:
    if is_seeded(sources, part, draw) or _is_dropped(part, draw):
        return
    hint = _STATE_HINT if draw.call.name.startswith("sklearn.") else _DRAW_HINT
    seeded = seeded_at_import(sources, draw.generator)
    if seeded is None:
        yield _hit(part, draw.call, f"{draw.call.name}() draws from a generator that nothing seeds", hint)
    else:
        message = f"{draw.call.name}() draws other numbers if other stages were made before"
        yield Hit(part.spot(draw.call.node), message, hint, (Related(seeded, "seeded once for all of them"),))


def _hit(part: Part, call: KnownCall, message: str, hint: str, fix: Fix | None = None) -> Hit:
    return Hit(part.spot(call.node), message, hint, (), fix)


def _is_clock(call: KnownCall) -> bool:
    given = len(call.node.args)
    return (
        call.name in _CLOCKS
        or (call.name in _NOW_WITHOUT_ARGUMENTS and not given)
        or (call.name == "time.strftime" and given == 1)
    )


def _is_unseen(part: Part, call: KnownCall) -> bool:
    """Whether it is only told, or part of the name of a temporary file."""
    if Flow(part.top).is_only_told(call.node, call.scope):
        return True
    node: ast.AST | None = call.node
    while node is not None and not isinstance(node, ast.stmt):
        node = part.top.parents.get(id(node))
    return isinstance(node, ast.stmt) and _TEMPORARY.search(source(part.top, node)) is not None


def _is_dropped(part: Part, draw: Draw) -> bool:
    shuffles = draw.call.name.endswith(".shuffle")
    return not shuffles and Flow(part.top).is_only_told(draw.call.node, draw.call.scope)


# --- seeds


def _is_seeded_later(part: Part, call: KnownCall) -> bool:
    """``rng = random.Random()``, then ``rng.seed(1)``."""
    around = part.top.parents.get(id(call.node))
    if not isinstance(around, ast.Assign):
        return False
    names = {ast.unparse(target) for target in around.targets}
    calls = (visit.node.func for visit in part.top.visits if isinstance(visit.node, ast.Call))
    seeding = (func for func in calls if isinstance(func, ast.Attribute) and "seed" in func.attr)
    return any(ast.unparse(func.value) in names for func in seeding)


def _seed(part: Part, call: KnownCall) -> Fix:
    node, seed = call.node, _parameter(part, call) or "0"
    title = f"seed it with {seed}"
    if node.args or node.keywords:
        given = node.args[0] if node.args else node.keywords[0].value
        return Fix(title, lambda: [replaced(part.top, given, seed)], safe=False)
    assert node.end_lineno is not None and node.end_col_offset is not None
    line, column = node.end_lineno, node.end_col_offset - 1
    return Fix(title, lambda: [inserted(part.top, line, column, seed)], safe=False)


def _parameter(part: Part, call: KnownCall) -> str | None:
    """``params.seed``, if the stage that the call is in has such a parameter."""
    function = Flow(part.top).function_around(call.node)
    for stage in part.functions:
        for arg, _ in stage.parameters if stage.node is function else ():
            binding = stage.scope.only(arg.annotation.id) if isinstance(arg.annotation, ast.Name) else None
            if isinstance(binding, DefinedClass) and kind_of(binding.node, stage.scope) == "params":
                fields = class_of(binding.node, "params", stage.scope, binding.top).fields
                if any(ast.unparse(field.target) == "seed" for field, _ in fields):
                    return f"{arg.arg}.seed"
    return None


# --- order


def _sort(part: Part, node: ast.expr, scope: Scope, key: str = "", *, safe: bool = True) -> Fix | None:
    if scope.full_name(ast.Name("sorted")) != "builtins.sorted":
        return None  # the name is taken
    written = source(part.top, node)
    return Fix("sort it", lambda: [replaced(part.top, node, f"sorted({written}{key})")], safe)


RULE = Rule(
    code="PVT402",
    name="other-each-time",
    severity="warning",
    docs=__doc__,
    check=check,
    facts=drawn,
    check_with=check_drawn,
    feeding=True,
    valid=(
        """
import glob
import logging
import os
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated
from pivot_core import StageParams, loaders, outputs

log = logging.getLogger(__name__)

class Params(StageParams):
    seed: int = 0

def clean(
    folder: Annotated[Path, outputs.Dep("rows/", loaders.PathOnly())], params: Params
) -> Annotated[list[str], outputs.Out("rows.json", loaders.JSON())]:
    start, wall = time.perf_counter(), time.time()
    log.info("at %s", datetime.now().isoformat())
    run = uuid.uuid4().hex
    print(f"run {run} in {folder}")
    temporary = folder / f".rows.{uuid.uuid4()}"
    while time.time() < wall + 10:
        time.sleep(0.1)
    for path in folder.iterdir():
        path.unlink()
    names = os.listdir(folder)
    names.sort()
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.csv")}
    found = sum(1 for name in os.listdir(folder) if name.endswith(".csv"))
    rows = []
    for path in folder.rglob("*.txt"):
        rows.append(path.read_text())
    print(time.time() - wall, time.perf_counter() - start, sizes, found, temporary)
    return sorted(rows) + names + sorted(glob.glob("*.csv"))
""",
        # Random numbers with a seed.
        """
import random
import numpy as np
from typing import Annotated
from pivot_core import loaders, outputs

def draw() -> Annotated[list[float], outputs.Out("rows.json", loaders.JSON())]:
    np.random.seed(3)
    rng = random.Random()
    rng.seed(1)
    return [np.random.default_rng(1).random(), np.random.rand(), random.Random(2).random(), rng.random()]
""",
        """
from random import random
import numpy as np
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs
from training import set_seed

set_seed(0)
RNG = np.random.default_rng(0)
WEIGHTS = np.random.default_rng(1)
TABLE = [random() + WEIGHTS.random() for _ in range(3)]

def draw() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return TABLE[0] + RNG.random()

def look_up() -> Annotated[float, outputs.Out("row.json", loaders.JSON())]:
    return TABLE[1]

pipeline = Pipeline("demo")
pipeline.register(draw)
pipeline.register(look_up)
""",
        # A helper draws for a stage that seeds; NumPy's generator is everyone's.
        """
import random
import numpy as np
from typing import Annotated
from pivot_core import Pipeline, StageParams, loaders, outputs
from sklearn.model_selection import train_test_split

Made = Annotated[dict, outputs.Metric("made.json")]

class Params(StageParams):
    seed: int = 0

def pick(rows: list[str]) -> list[str]:
    return random.sample(rows, 3)

def clean(rows: Annotated[list[str], outputs.Dep("rows.json", loaders.JSON())], params: Params) -> Made:
    random.seed(params.seed)
    train_test_split(rows, random_state=params.seed)
    train_test_split(rows, shuffle=False)
    print(pick(rows), np.random.default_rng(params.seed).random())

pipeline = Pipeline("demo")
pipeline.register(clean)
""",
        # Sets in whose order nothing is made, sets of numbers, and what tells things apart.
        """
from typing import Annotated
from pivot_core import loaders, outputs

class Key:
    def __init__(self, name: str) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

def clean(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[list[object], outputs.Out("made.json", loaders.JSON())]:
    unique = set(words)
    seen: set[int] = set()
    by_object = {id(word): word for word in words}
    for word in unique:
        seen.add(len(word))
    counts = {word: words.count(word) for word in unique}
    rows = []
    for word in unique - {"the"}:
        rows.append(word)
    rows.sort()
    print(list(unique), [Key(word) for word in unique], [by_object[id(word)] for word in words])
    lengths = [n for n in seen]
    same = hash("a") == hash("b")
    number = hash(len(words))
    return [sorted(unique), rows, max(unique), len(unique), "a" in unique, counts, lengths, same, number]
""",
        # Who calls a helper may sort what it lists; and ordinary Python.
        """
import os
import time
import random
from typing import Annotated
from pivot_core import loaders, outputs

def names(folder: str) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".csv")]

def clean() -> Annotated[list[str], outputs.Out("rows.json", loaders.JSON())]:
    return sorted(names("rows"))

def main() -> float:
    return random.random() + time.time()
""",
    ),
    invalid=(
        Invalid(
            """
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(folder: Annotated[str, outputs.Dep("folder.txt", loaders.Text())]) -> None:
    rows = []
    for name in «os.listdir(folder)»:  # all of them
        rows.append(name)
    print("".join(rows))
    with open("rows.txt", "w") as file:
        file.write("".join(rows))
""",
            fixed="""
import os
from typing import Annotated
from pivot_core import loaders, outputs

def clean(folder: Annotated[str, outputs.Dep("folder.txt", loaders.Text())]) -> None:
    rows = []
    for name in sorted(os.listdir(folder)):  # all of them
        rows.append(name)
    print("".join(rows))
    with open("rows.txt", "w") as file:
        file.write("".join(rows))
""",
        ),
        Invalid(
            """
from typing import Annotated
import os
import pandas as pd
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def read(folder: str) -> pd.DataFrame:
    tables = [pd.read_csv(entry.path) for entry in «os.scandir(folder)»]
    return pd.concat(tables, ignore_index=True)

def clean() -> Made:
    read("tables")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
            fixed="""
from typing import Annotated
import os
import pandas as pd
import pivot_core as pc

Made = Annotated[dict, pc.outputs.Metric("made.json")]

def read(folder: str) -> pd.DataFrame:
    tables = [pd.read_csv(entry.path) for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)]
    return pd.concat(tables, ignore_index=True)

def clean() -> Made:
    read("tables")

pipeline = pc.Pipeline("demo")
pipeline.register(clean)
""",
        ),
        Invalid(
            """
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(
    folder: Annotated[Path, outputs.Dep("rows/", loaders.PathOnly())],
) -> Annotated[dict[str, list[str]], outputs.Out("rows.json", loaders.JSON())]:
    return {"rows": [path.name for path in «(folder / "räume").glob("*.csv")»]}
""",
            fixed="""
from pathlib import Path
from typing import Annotated
from pivot_core import loaders, outputs

def clean(
    folder: Annotated[Path, outputs.Dep("rows/", loaders.PathOnly())],
) -> Annotated[dict[str, list[str]], outputs.Out("rows.json", loaders.JSON())]:
    return {"rows": [path.name for path in sorted((folder / "räume").glob("*.csv"))]}
""",
        ),
        Invalid(
            """
from datetime import datetime as dt
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[dict[str, str], outputs.Out("rows.json", loaders.JSON())]:
    made = «dt.now()».isoformat()
    print(made)
    return {"made": made}
"""
        ),
        Invalid(
            """
import uuid
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[list[str], outputs.Dep("rows.json", loaders.JSON())]) -> None:
    keys = [str(«uuid.uuid4()») for row in rows]
    rows.extend(keys)
"""
        ),
        Invalid(
            """
import random
import numpy as np
from typing import Annotated
from pivot_core import loaders, outputs

def clean(rows: Annotated[list[str], outputs.Dep("rows.json", loaders.JSON())]) -> None:
    np.random.seed(0)
    «random.shuffle(rows)»
    np.random.shuffle(rows)
"""
        ),
        Invalid(
            """
import numpy as np
from typing import Annotated
from pivot_core import loaders, outputs

RNG = «np.random.default_rng()»

def clean() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return RNG.random()
""",
            fixed="""
import numpy as np
from typing import Annotated
from pivot_core import loaders, outputs

RNG = np.random.default_rng(0)

def clean() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return RNG.random()
""",
        ),
        Invalid(
            """
from random import Random
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return «Random(None)».random()
""",
            fixed="""
from random import Random
from typing import Annotated
from pivot_core import loaders, outputs

def clean() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return Random(0).random()
""",
        ),
        # Seeded once, for whichever stages are made.
        Invalid(
            """
import random
from typing import Annotated
from pivot_core import loaders, outputs

random.seed(1)

def draw() -> Annotated[float, outputs.Out("drawn.json", loaders.JSON())]:
    return «random.random()»
"""
        ),
        Invalid(
            """
import numpy as np
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

RNG = «np.random.default_rng(0)»

def one() -> Annotated[float, outputs.Out("one.json", loaders.JSON())]:
    return RNG.random()

def two() -> Annotated[float, outputs.Out("two.json", loaders.JSON())]:
    return RNG.random()

pipeline = Pipeline("demo")
pipeline.register(one)
pipeline.register(two)
"""
        ),
        # The stages that a draw is for don't seed its generator: another does.
        Invalid(
            """
import random
from typing import Annotated
from pivot_core import Pipeline, loaders, outputs

def pick(rows: list[str]) -> list[str]:
    return «random.sample(rows, 3)»

def one(
    rows: Annotated[list[str], outputs.Dep("rows.json", loaders.JSON())],
) -> Annotated[list[str], outputs.Out("one.json", loaders.JSON())]:
    random.seed(1)
    return pick(rows)

def two(
    rows: Annotated[list[str], outputs.Dep("rows.json", loaders.JSON())],
) -> Annotated[list[str], outputs.Out("two.json", loaders.JSON())]:
    random.seed()
    return pick(rows)

pipeline = Pipeline("demo")
pipeline.register(one)
pipeline.register(two)
"""
        ),
        Invalid(
            """
import random
from typing import Annotated
from pivot_core import outputs
from sklearn.model_selection import train_test_split

def train(rows: Annotated[list[str], outputs.Dep("rows.json")]) -> Annotated[dict, outputs.Metric("a.json")]:
    random.seed(0)
    train_rows, test_rows = «train_test_split(rows, test_size=0.2)»
    return {"rows": len(train_rows), "first": test_rows[0]}
"""
        ),
        Invalid(
            """
import numpy as np
from typing import Annotated
from pivot_core import StageParams, loaders, outputs

class Params(StageParams):
    rate: float = 0.1
    seed: int = 0

def draw(params: Params) -> Annotated[float, outputs.Out("drawn.json", loaders.JSON())]:
    return «np.random.default_rng()».random()
""",
            fixed="""
import numpy as np
from typing import Annotated
from pivot_core import StageParams, loaders, outputs

class Params(StageParams):
    rate: float = 0.1
    seed: int = 0

def draw(params: Params) -> Annotated[float, outputs.Out("drawn.json", loaders.JSON())]:
    return np.random.default_rng(params.seed).random()
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def number(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[dict[str, int], outputs.Out("numbers.json", loaders.JSON())]:
    return {word: n for n, word in enumerate(«set(words) - {"the"}»)}  # each has one
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs

def number(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[dict[str, int], outputs.Out("numbers.json", loaders.JSON())]:
    return {word: n for n, word in enumerate(sorted(set(words) - {"the"}))}  # each has one
""",
        ),
        Invalid(
            """
import pandas as pd
from typing import Annotated
from pivot_core import loaders, outputs

def choose(
    table: Annotated[pd.DataFrame, outputs.Dep("table.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("chosen.csv", loaders.CSV())]:
    wanted: set[str] = set()
    for name in table.columns:
        if name.startswith("x"):
            wanted.add(name)
    return table[list(«wanted»)]
""",
            fixed="""
import pandas as pd
from typing import Annotated
from pivot_core import loaders, outputs

def choose(
    table: Annotated[pd.DataFrame, outputs.Dep("table.csv", loaders.CSV())],
) -> Annotated[pd.DataFrame, outputs.Out("chosen.csv", loaders.CSV())]:
    wanted: set[str] = set()
    for name in table.columns:
        if name.startswith("x"):
            wanted.add(name)
    return table[list(sorted(wanted))]
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def report(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[str, outputs.Out("report.txt", loaders.Text())]:
    lines = []
    for word in «{word.lower() for word in words}»:
        lines.append(f"- {word}")
    return "\\n".join(lines)
""",
            fixed="""
from typing import Annotated
from pivot_core import loaders, outputs

def report(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[str, outputs.Out("report.txt", loaders.Text())]:
    lines = []
    for word in sorted({word.lower() for word in words}):
        lines.append(f"- {word}")
    return "\\n".join(lines)
""",
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def unique(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[set[str], outputs.Out("unique.pickle", loaders.Pickle())]:
    return «set(words)»
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def split(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[list[str], outputs.Out("test.json", loaders.JSON())]:
    return [word for word in words if «hash(word)» % 10 == 0]
"""
        ),
        Invalid(
            """
from typing import Annotated
from pivot_core import loaders, outputs

def name(
    words: Annotated[list[str], outputs.Dep("words.json", loaders.JSON())],
) -> Annotated[list[str], outputs.Out("names.json", loaders.JSON())]:
    return [f"word-{«id(word)»}" for word in words]
"""
        ),
    ),
)
