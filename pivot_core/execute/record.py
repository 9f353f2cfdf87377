"""Makes a stage's success last: lock file first, then the state; and finds earlier results to restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from xxhash import xxh3_128_hexdigest

from pivot_core.artifacts.folders import Folders
from pivot_core.decide import Facts
from pivot_core.store.cache import ContentCache
from pivot_core.store.lock import Locks
from pivot_core.store.state import LAST_RUNS, RUNS, State
from pivot_core.types import JSON, LastRun, Lock, Reason, StageSpec, Verdict

_KEPT_PER_KEY = 8  # earlier results of one code and input, that differ in what the stage read undeclared


class Result(msgspec.Struct, frozen=True):
    """An earlier result: outputs by path, right while the undeclared reads are what ``discovered`` says."""

    discovered: dict[str, str | None]
    outs: dict[str, str]


_decode_results = msgspec.msgpack.Decoder(tuple[Result, ...]).decode
_decode_last = msgspec.msgpack.Decoder(LastRun).decode


class Recorder:
    """Writes what is known of a finished stage, and reads it back."""

    def __init__(self, locks: Locks, state: State, cache: ContentCache, folders: Folders) -> None:
        self._locks = locks
        self._state = state
        self._cache = cache
        self._folders = folders

    def success(
        self, spec: StageSpec, facts: Facts, discovered: dict[str, str | None], outs: dict[str, str]
    ) -> None:
        """Record that ``outs`` are what the stage makes of ``facts``. Raises OSError."""
        self._folders.keep(facts.deps)
        self._locks.write(
            Lock(
                stage=spec.name,
                code=facts.code.fingerprint,
                definition=facts.definition,
                units={name: unit.hash for name, unit in facts.code.units.items()},
                deps={path: digest for path, digest in facts.deps.items() if digest is not None},
                discovered=discovered,
                environment=facts.environment,
                packages=facts.packages,
                params=facts.params,
                outs=outs,
            )
        )
        key = facts_key(facts)
        results = [result for result in self._results(key) if result.discovered != discovered]
        kept = (Result(discovered, outs), *results[: _KEPT_PER_KEY - 1])
        self._state.put(RUNS, key, msgspec.msgpack.encode(kept))

    def ended(self, stage: str, last: LastRun) -> None:
        self._state.put(LAST_RUNS, stage, msgspec.msgpack.encode(last))

    def last_runs(self, stages: list[str]) -> dict[str, LastRun]:
        """When stages last ran here, for those that this machine's state knows of."""
        return self._state.get_many_as(LAST_RUNS, stages, _decode_last)

    def earlier(
        self,
        spec: StageSpec,
        facts: Facts,
        record: Lock | Reason | None,
        verdict: Verdict,
        read_now: Callable[[Iterable[str]], dict[str, str | None]],
    ) -> Result | None:
        """A result that was made by this very code of these very inputs, if the cache has it.

        ``read_now`` tells what was read undeclared as it is now (``Gatherer.discovered``).
        """
        only_outputs = all(reason.kind in ("output", "failed") for reason in verdict.reasons)
        if isinstance(record, Lock) and only_outputs and self._has_content(facts, record.outs):
            return Result(record.discovered, record.outs)
        if any(out.kind == "incremental" for out in spec.outs):
            return None  # what it has gathered since must not be rolled back
        for result in self._results(facts_key(facts)):
            if self._has_content(facts, result.outs) and read_now(result.discovered) == result.discovered:
                return result
        return None

    def _has_content(self, facts: Facts, outs: dict[str, str]) -> bool:
        """Whether these are just the stage's outputs, and all can be had from the cache."""
        return outs.keys() == facts.outs.keys() and all(self._cache.has(digest) for digest in outs.values())

    def _results(self, key: str) -> tuple[Result, ...]:
        return self._state.get_as(RUNS, key, _decode_results) or ()


class _Key(msgspec.Struct, frozen=True):
    code: str
    definition: str
    deps: dict[str, str | None]
    environment: dict[str, str | None]
    packages: dict[str, str]
    params: dict[str, JSON]


_encoder = msgspec.json.Encoder(order="deterministic")


def facts_key(facts: Facts) -> str:
    """Equal for the same code, inputs and parameters."""
    key = _Key(
        facts.code.fingerprint, facts.definition, facts.deps, facts.environment, facts.packages, facts.params
    )
    return xxh3_128_hexdigest(_encoder.encode(key))
