"""The pipeline that ``pipeline.py`` builds: a list of registrations, nothing more.

Nothing is checked here: whoever defines the pipeline (``define/``) tells all its mistakes at once.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from pivot_core.params import StageParams

F = TypeVar("F", bound=Callable[..., object])


class Registration(NamedTuple):
    """One call of :meth:`Pipeline.register`, as it was made, and where: ``offset`` in the bytecode ``code``.

    The arguments are typed as they should be; what a user really gave is checked by ``define/``.
    """

    func: Callable[..., object]
    name: str | None
    params: StageParams | None
    deps: Mapping[str, str] | None
    outs: Mapping[str, str] | None
    mutex: Iterable[str]
    resources: Mapping[str, float] | None
    retries: int
    timeout: float | None
    code: CodeType
    offset: int

    @property
    def file(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        # Not asked of the frame: that goes through the line table from its start, for every call.
        starts, lines = _lines_of(self.code)
        return lines[bisect_right(starts, self.offset) - 1]


_last: tuple[CodeType, list[int], list[int]] | None = None


def _lines_of(code: CodeType) -> tuple[list[int], list[int]]:
    """Where in the bytecode something of a source line begins, and which line that is."""
    global _last
    # One is kept, by identity: nearly all calls come from one module, and hashing code is slow.
    if _last is None or _last[0] is not code:
        table = [(start, line) for start, _, line in code.co_lines() if line is not None]
        _last = code, [start for start, _ in table], [line for _, line in table]
    return _last[1], _last[2]


class Pipeline:
    """The stages of a project. ``pipeline.py`` has one, at module level, called ``pipeline``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.registrations: list[Registration] = []

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"

    def register(
        self,
        func: F,
        *,
        name: str | None = None,
        params: StageParams | None = None,
        deps: Mapping[str, str] | None = None,
        outs: Mapping[str, str] | None = None,
        mutex: Iterable[str] = (),
        resources: Mapping[str, float] | None = None,
        retries: int = 0,
        timeout: float | None = None,
    ) -> F:
        """Make ``func`` a stage, and return it unchanged; it may be registered several times.

        ``name``: the function's own by default. ``params``: an instance of the class that the
        function takes; ``params.yaml`` may override its values. ``deps``: other paths, by parameter.
        ``outs``: other paths, by the key of the TypedDict, or by "return" for a single output.
        ``mutex``: no two stages that share one of these names run at the same time; one with ``"*"``
        runs alone. ``resources``: how much of what the stage takes while it runs. ``retries``: how
        often to try again after a failure, after 1 s, 2 s, 4 s and so on. ``timeout``: seconds after
        which a run is ended, with all that it has started.

        Raises nothing: mistakes are told all together when the pipeline is defined.
        """
        caller = sys._getframe(1)
        self.registrations.append(
            Registration(
                func,
                name,
                params,
                deps,
                outs,
                mutex,
                resources,
                retries,
                timeout,
                caller.f_code,
                caller.f_lasti,
            )
        )
        return func
