"""Random numbers: who draws them from a generator that all of the process share, and who seeds that one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from pivot_lsp.source.calls import argument, known_calls
from pivot_lsp.source.feeding import fed_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_lsp.source.calls import KnownCall
    from pivot_lsp.source.sources import Sources
    from pivot_lsp.source.stages import Part

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
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)  # what is in these isn't run by an import
_OTHER_SEEDS = ("jax.", "tensorflow.")  # calls that seed nothing of these
# Generators of one's own, which take a seed.
SEEDABLE = frozenset(
    {f"numpy.random.{name}" for name in ("RandomState", "SeedSequence", "default_rng")}
    | {f"numpy.random.{name}" for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")}
    | {"random.Random"}
)


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


def is_seeded(sources: Sources, part: Part, generator: Generator) -> bool:
    """Whether each stage that a statement feeds seeds a generator, in whatever it uses; or a module does so
    when it is imported."""
    return generator in sources.answer(_seeded_at_import) or all(
        any(generator in other.answer(_seeds) for other in parts) for parts in fed_with(sources, part.top)
    )


def _seeded_at_import(sources: Sources) -> Iterator[Generator]:
    for module in {id(fed.module): fed.module for fed in sources.feeding.values()}.values():
        for part in module.parts:
            if not isinstance(part.top.body[0], _LATER) and not part.top.guards:
                yield from part.answer(_seeds)


def _seeds(part: Part) -> Iterator[Generator]:
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
                yield from known or _DRAWS


def has_no_seed(call: ast.Call) -> bool:
    """Whether a call that takes a seed is given none, or None."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return not given or (len(given) == 1 and is_none(given[0]))


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
