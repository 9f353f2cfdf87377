"""Something that is another one in each run: the time, a random number, the order of a folder.

When a stage with the same code and inputs gives other results, its outputs say nothing about its inputs,
every stage behind it runs again for no reason, and nobody can make the figures of last week once more::

    rng = numpy.random.default_rng()                     # PVT402: draw with a seed that is a parameter
    rows["made"] = datetime.now().isoformat()            # PVT402
    for name in os.listdir(folder):                      # PVT402: sorted(os.listdir(folder))
        rows.append(read(name))

What is only printed or logged, or measures how long something takes, doesn't count; neither does a listing
that is sorted, or whose order nothing is built in, nor ``random`` where something seeds it. Sets and
``hash()`` are the same in each run: Pivot starts its workers with one hash seed. The fix sorts a listing,
which is safe; which seed to take is for you to decide.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from pivot_lsp.lint.edits import inserted, replaced, source
from pivot_lsp.lint.rule import Fix, Hit, Invalid, Rule
from pivot_lsp.source.calls import known_calls
from pivot_lsp.source.flow import Flow
from pivot_lsp.source.order import listings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.order import Listing
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

    Generator = Literal["random", "numpy.random"]

_CLOCKS = frozenset(
    {"datetime.date.today"}
    | {f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")}
    | {f"pandas.Timestamp.{name}" for name in ("now", "today", "utcnow")}
    | {"time.time", "time.time_ns"}
)
_IDENTITIES = frozenset(
    {"os.urandom", "uuid.uuid1", "uuid.uuid4"}
    | {f"secrets.{name}" for name in ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "choice")}
)
_SEEDABLE = frozenset({"numpy.random.RandomState", "numpy.random.default_rng", "random.Random"})
_DRAWS: dict[Generator, frozenset[str]] = {
    "random": frozenset(
        {"betavariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits"}
        | {"lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint", "random"}
        | {"randrange", "sample", "shuffle", "triangular", "uniform", "vonmisesvariate", "weibullvariate"}
    ),
    "numpy.random": frozenset(
        {"beta", "binomial", "bytes", "chisquare", "choice", "dirichlet", "exponential", "gamma", "geometric"}
        | {"gumbel", "laplace", "logistic", "lognormal", "multinomial", "multivariate_normal", "normal"}
        | {"pareto", "permutation", "poisson", "rand", "randint", "randn", "random", "random_integers"}
        | {"random_sample", "ranf", "rayleigh", "sample", "shuffle", "standard_normal", "triangular"}
        | {"uniform", "vonmises", "wald", "weibull", "zipf"}
    ),
}
# Calls that seed nothing of these.
_OTHER_SEEDS = ("jax.", "tensorflow.", "torch.")
_TEMPORARY = re.compile(r"tmp|temp(?!er|l|o)", re.IGNORECASE)  # a name that nobody sees afterwards

_CLOCK_HINT = "take it as a parameter of the stage; to measure durations there is time.perf_counter()"
_IDENTITY_HINT = "make it from the data, as uuid.uuid5() does, or take it as a parameter of the stage"
_SEED_HINT = "give it a seed, best as a parameter of the stage"
_DRAW_HINT = "draw from a generator with a seed that is a parameter: random.Random(seed), default_rng(seed)"
_SORT_HINT = "sort it"


class _Draw(NamedTuple):
    """From a generator that all of the process share."""

    hit: Hit
    generator: Generator


def check(part: Part) -> Iterator[Hit]:
    """One hit for each call that is certain whatever else the project does."""
    for call in part.answer(known_calls):
        if call.name in _CLOCKS and not Flow(part.top, timing=True).is_only_told(call.node, call.scope):
            yield _hit(part, call, f"{call.name}() is another time in each run", _CLOCK_HINT)
        elif call.name in _IDENTITIES and not _is_unseen(part, call):
            yield _hit(part, call, f"{call.name}() is another one in each run", _IDENTITY_HINT)
        elif call.name in _SEEDABLE and _has_no_seed(call.node) and not _is_seeded_later(part, call):
            message = f"{call.name}() without a seed draws other numbers in each run"
            yield _hit(part, call, message, _SEED_HINT, _seed(part, call))
    for listing in listings(part):
        message = f"{listing.name}() has another order on each machine"
        yield Hit(part.spot(listing.node), message, _SORT_HINT, (), _sort(part, listing))


def check_draws(part: Part, sources: Sources) -> Iterator[Hit]:
    """One hit for each number from a generator that nothing in the project seeds."""
    for draw in part.answer(_draws):
        if draw.generator not in sources.answer(_seeded):
            yield draw.hit


def _hit(part: Part, call: KnownCall, message: str, hint: str, fix: Fix | None = None) -> Hit:
    return Hit(part.spot(call.node), message, hint, (), fix)


def _is_unseen(part: Part, call: KnownCall) -> bool:
    """Whether it is only told, or part of the name of a temporary file."""
    if Flow(part.top).is_only_told(call.node, call.scope):
        return True
    node: ast.AST | None = call.node
    while node is not None and not isinstance(node, ast.stmt):
        node = part.top.parents.get(id(node))
    return isinstance(node, ast.stmt) and _TEMPORARY.search(source(part.top, node)) is not None


# --- seeds


def _has_no_seed(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not given or (len(given) == 1 and isinstance(given[0], ast.Constant) and given[0].value is None)


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
    node = call.node
    if node.args or node.keywords:
        given = node.args[0] if node.args else node.keywords[0].value
        return Fix("seed it with 0", lambda: [replaced(part.top, given, "0")], safe=False)
    assert node.end_lineno is not None and node.end_col_offset is not None
    line, column = node.end_lineno, node.end_col_offset - 1
    return Fix("seed it with 0", lambda: [inserted(part.top, line, column, "0")], safe=False)


def _draws(part: Part) -> Iterator[_Draw]:
    for call in part.answer(known_calls):
        module, _, name = call.name.rpartition(".")
        for generator, names in _DRAWS.items():
            if module == generator and name in names and not _is_dropped(part, call, name):
                message = f"{call.name}() draws from a generator that nothing seeds"
                yield _Draw(_hit(part, call, message, _DRAW_HINT), generator)


def _is_dropped(part: Part, call: KnownCall, name: str) -> bool:
    return name != "shuffle" and Flow(part.top).is_only_told(call.node, call.scope)


def _seeded(sources: Sources) -> Iterator[Generator]:
    """Which generators something seeds in the modules that have to do with stages."""
    for module in {id(fed.module): fed.module for fed in sources.feeding.values()}.values():
        for part in module.parts:
            yield from part.answer(_seeds)


def _seeds(part: Part) -> Iterator[Generator]:
    for visit in part.top.visits:
        call = visit.node
        if not isinstance(call, ast.Call) or not (call.args or call.keywords):
            continue
        last = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if "seed" in last.lower() or last in ("set_state", "setstate"):
            name = visit.scope.full_name(call.func) or ""
            known = [generator for generator in _DRAWS if name.startswith(f"{generator}.")]
            if not name.startswith(_OTHER_SEEDS):
                yield from known or _DRAWS


# --- order


def _sort(part: Part, listing: Listing) -> Fix | None:
    if listing.scope.full_name(ast.Name("sorted")) != "builtins.sorted":
        return None  # the name is taken
    written = source(part.top, listing.node)
    key = ", key=lambda entry: entry.name" if listing.name == "os.scandir" else ""
    return Fix("sort it", lambda: [replaced(part.top, listing.node, f"sorted({written}{key})")])


RULE = Rule(
    code="PVT402",
    name="other-each-time",
    severity="warning",
    docs=__doc__,
    check=check,
    check_with=check_draws,
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
from typing import Annotated
from pivot_core import loaders, outputs
from training import set_seed

set_seed(0)

def draw() -> Annotated[float, outputs.Out("rows.json", loaders.JSON())]:
    return random()
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
    ),
)
