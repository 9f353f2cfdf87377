"""Random numbers: who draws them from a generator that all of the process share, and who seeds that one.

A worker imports a module once, and then makes stage after stage with it. So what is seeded while a module is
imported gives a stage other numbers when another has drawn before it; only what is drawn then, too, is fixed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.feeding import fed_with, stages_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.registered import Stage
    from pivot_lsp.source.scopes import Scope
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part
    from pivot_lsp.source.toplevel import Spot

Generator: TypeAlias = Literal["random", "numpy.random", "torch"]

# Functions that draw, by the module whose generator it is.
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
    "torch": frozenset(
        {"bernoulli", "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like"}
        | {"randn", "randn_like", "randperm"}
    ),
}
# They draw from NumPy's unless they are told from which, by this parameter.
_WITH_STATE = frozenset(
    {"sklearn.model_selection.train_test_split", "sklearn.utils.resample", "sklearn.utils.shuffle"}
)
_STATE = "random_state"
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_OTHER_SEEDS = ("jax.", "tensorflow.")  # calls that seed nothing of these
# Generators of one's own, which take a seed.
SEEDABLE = frozenset(
    {f"numpy.random.{name}" for name in ("RandomState", "SeedSequence", "default_rng")}
    | {f"numpy.random.{name}" for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")}
    | {"random.Random"}
)
_GENERATORS = frozenset({"numpy.random.RandomState", "numpy.random.default_rng", "random.Random"})


class Draw(NamedTuple):
    call: KnownCall
    generator: Generator


def draws(part: Part) -> Iterator[Draw]:
    """Calls that draw from a generator of the process."""
    for call in part.answer(known_calls):
        module, _, name = call.name.rpartition(".")
        for generator, names in _DRAWS.items():
            if module == generator and name in names and argument(call.node, None, "generator") is None:
                yield Draw(call, generator)
        if call.name in _WITH_STATE and _has_no_state(call.node):
            yield Draw(call, "numpy.random")


def _has_no_state(call: ast.Call) -> bool:
    if any(keyword.arg is None for keyword in call.keywords):
        return False  # perhaps there
    shuffles, state = argument(call, None, "shuffle"), argument(call, None, _STATE)
    if isinstance(shuffles, ast.Constant) and shuffles.value is False:
        return False
    return state is None or is_none(state)


def is_seeded(sources: Sources, part: Part, draw: Draw) -> bool:
    """Whether each stage that a draw is for seeds its generator, in whatever the stage uses; or, if it is
    drawn while a module is imported, whether a module seeds it then."""
    if not _runs_later(draw.call.scope):
        return seeded_at_import(sources, draw.generator) is not None
    return all(
        any(
            seed.generator == draw.generator and seed.later
            for other in parts
            for seed in other.answer(_seeds)
        )
        for parts in fed_with(sources, part.top)
    )


def seeded_at_import(sources: Sources, generator: Generator) -> Spot | None:
    """Where a generator is seeded while a module is imported."""
    return next((seed.spot for seed in sources.answer(_at_import) if seed.generator == generator), None)


def shared(part: Part) -> Iterator[KnownCall]:
    """Calls that make a generator with a seed, as a variable of the module."""
    node = part.top.body[0]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for call in part.answer(known_calls):
            if call.node is node.value and call.name in _GENERATORS and not has_no_seed(call.node):
                yield call


def sharing(sources: Sources, part: Part) -> list[Stage]:
    """The stages that use what a statement defines when they run; none if it is only used while modules are
    imported."""
    fed = sources.feeding.get(id(part.top))
    users = (sources.feeding[one].part.top.body[0] for one in fed.users) if fed is not None else ()
    return stages_with(sources, part.top) if any(isinstance(user, _LATER) for user in users) else []


class _Seed(NamedTuple):
    """``later``: not while its module is imported."""

    generator: Generator
    later: bool
    spot: Spot


def _at_import(sources: Sources) -> Iterator[_Seed]:
    for module in {id(fed.module): fed.module for fed in sources.feeding.values()}.values():
        for part in module.parts:
            yield from (seed for seed in part.answer(_seeds) if not seed.later and not part.top.guards)


def _seeds(part: Part) -> Iterator[_Seed]:
    """The generators that a statement seeds; all, for a function that one knows by its name only."""
    for visit in part.top.visits:
        call = visit.node
        if not isinstance(call, ast.Call) or has_no_seed(call):
            continue
        last = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if "seed" in last.lower() or last in ("set_rng_state", "set_state", "setstate"):
            name = visit.scope.full_name(call.func) or ""
            known = [generator for generator in _DRAWS if name.startswith(f"{generator}.")]
            if not name.startswith(_OTHER_SEEDS):
                for generator in known or _DRAWS:
                    yield _Seed(generator, _runs_later(visit.scope), part.spot(call))


def _runs_later(scope: Scope | None) -> bool:
    """Whether it isn't run while its module is imported."""
    while scope is not None and scope.kind != "function":
        scope = scope.parent
    return scope is not None


def has_no_seed(call: ast.Call) -> bool:
    """Whether a call that takes a seed is given none, or None."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not given or (len(given) == 1 and is_none(given[0]))


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
