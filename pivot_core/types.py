"""Value types shared by the rooms. Imports nothing of ours; every record is frozen plain data.

Paths in these records are *logical*: relative to the project root, with forward slashes, normalised
(``data/rows.csv``); a directory artifact ends with ``/``. Digests are lower-case hexadecimal text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
else:
    JSON = Any  # msgspec knows no recursive aliases; what it decodes from JSON is of this type anyway

# In the version of a package whose source isn't installed: a digest of it follows.
SOURCE: Final = "+source."
PROGRAM: Final = ":__main__"  # after ``@module``, in lock files: a program that the stage started

State = Literal["fresh", "stale", "upstream_stale", "never_run", "error"]
ReasonKind = Literal[
    "code",
    "definition",
    "params",
    "input",
    "discovered_input",
    "environment",
    "package",
    "output",
    "upstream",
    "never_run",
    "failed",
    "unreadable",
]
OutKind = Literal["out", "metric", "plot", "incremental", "directory"]
Outcome = Literal["ran", "skipped", "restored", "failed", "blocked", "cancelled"]


class Place(msgspec.Struct, frozen=True):
    """A place in a source file: logical path and 1-based line (0: the file as a whole)."""

    path: str
    line: int = 0


class Problem(msgspec.Struct, frozen=True):
    """A mistake of the user: where it is, what is wrong, what to do. One message each."""

    path: str
    line: int
    message: str
    hint: str
    stage: str | None = None
    related: tuple[Place, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """Why a stage isn't fresh: the contract's ``reasons`` entry."""

    kind: ReasonKind
    subject: str
    detail: str
    path: str | None = None
    line: int | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What :func:`pivot_core.decide.decide` answers for one stage.

    ``notes``: what is different from the record and doesn't count.
    """

    state: State
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()


# --- definition: what a stage reads, writes and takes -------------------------------------------


class LoaderSpec(msgspec.Struct, frozen=True):
    """A loader by reference: where its class is, and its field values as canonical JSON text."""

    module: str
    qualname: str
    options: str = "{}"


class DepSpec(msgspec.Struct, frozen=True):
    param: str
    path: str
    loader: LoaderSpec


class OutSpec(msgspec.Struct, frozen=True):
    """``key`` is the TypedDict key, or "" for a stage that returns its one output."""

    key: str
    path: str
    kind: OutKind
    loader: LoaderSpec


class StageSpec(msgspec.Struct, frozen=True):
    """One registered stage. ``path``/``line`` is its ``def``; ``registered`` the ``register`` call.

    ``incremental`` maps a parameter to the path of the incremental output it receives.
    ``timeout`` is in seconds.
    """

    name: str
    module: str
    qualname: str
    path: str
    line: int
    registered: Place
    deps: tuple[DepSpec, ...] = ()
    outs: tuple[OutSpec, ...] = ()
    incremental: dict[str, str] = {}
    params_arg: str | None = None
    params_class: tuple[str, str] | None = None  # module, qualified name
    params: dict[str, JSON] = {}
    mutex: tuple[str, ...] = ()
    resources: dict[str, float] = {}
    retries: int = 0
    timeout: float | None = None

    @property
    def paths(self) -> list[str]:
        """All paths that the stage declares."""
        return [*(dep.path for dep in self.deps), *(out.path for out in self.outs)]

    @property
    def roots(self) -> tuple[tuple[str, str], ...]:
        """(module, qualname) of all code the stage's fingerprint starts from: the function, its
        params class and its loaders (the built-in ones included; the code graph knows its own)."""
        found = {(self.module, self.qualname)}
        loaders = [*(dep.loader for dep in self.deps), *(out.loader for out in self.outs)]
        found.update((loader.module, loader.qualname) for loader in loaders)
        if self.params_class is not None:
            found.add(self.params_class)
        return tuple(sorted(found))


class Definition(msgspec.Struct, frozen=True):
    """What loading ``pipeline.py`` gave: the stages in order of registration, or problems.

    ``reads`` are the project files (and directory listings, ending in ``/``) and ``environment`` the
    variables that were read while it was loaded, by module code: they decide how long the record holds.
    """

    pipeline: str = ""
    stages: tuple[StageSpec, ...] = ()
    problems: tuple[Problem, ...] = ()
    reads: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


# --- code: what a stage's code means ------------------------------------------------------------


class Unit(msgspec.Struct, frozen=True):
    """One top-level binding of a module, as reached from a stage. ``hash`` covers its own form only."""

    hash: str
    path: str
    line: int


class UnitChange(msgspec.Struct, frozen=True):
    """What became of a unit since the stage last succeeded.

    ``before`` and ``after`` are its texts; None where it is no part of the code, or the text isn't known.
    """

    name: str
    change: Literal["added", "removed", "changed"]
    path: str
    line: int
    before: str | None
    after: str | None


class Widening(msgspec.Struct, frozen=True):
    """A place that the code graph can't follow, and what the fingerprint was widened to."""

    path: str
    line: int
    why: str
    to: str


class CodeFact(msgspec.Struct, frozen=True):
    """The code behind one stage.

    ``units`` maps ``module.name`` to its unit; ``modules`` are the logical paths of the project files
    any of whose code is reached (or executed on the way, by import); ``environment`` are the variables
    that count if they are set: those read by a name in the code, all that ``APP_*`` matches where names are
    made up, and names that may be; ``packages`` the top-level import names of third-party packages reached.
    """

    fingerprint: str
    units: dict[str, Unit] = {}
    modules: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    widened: tuple[Widening, ...] = ()


# --- record: what the facts were when the stage last succeeded ----------------------------------


class Lock(msgspec.Struct, frozen=True):
    """The content of ``.pivot/stages/<name>.lock``. Deterministic: no times, no machine's paths.

    Digests: ``deps``, ``discovered``, ``outs`` by logical path (``discovered`` also by ``$VARIABLE``,
    and by ``@module:name`` or ``@package`` for classes that came out of pickles);
    ``units`` by ``module.name``; ``environment`` by variable that was set; ``packages`` by distribution
    import name, its version.
    """

    stage: str
    code: str
    definition: str
    units: dict[str, str] = {}
    deps: dict[str, str] = {}
    discovered: dict[str, str | None] = {}
    environment: dict[str, str | None] = {}
    packages: dict[str, str] = {}
    params: dict[str, JSON] = {}
    outs: dict[str, str] = {}
    schema: int = 1


class LastRun(msgspec.Struct, frozen=True):
    """When a stage last ran here (kept in the local state, not in the lock file). Seconds."""

    at: str
    duration_s: float
    run_id: str
    failed: str | None = None  # one line, if that run failed
