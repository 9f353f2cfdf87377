"""What is wrong with the plain arguments of ``register``: name, mutex, resources, retries, timeout."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pivot_core.define.mistakes import CALL, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pivot_core.pipeline import Registration

MAX_NAME = 150  # it becomes a file name, with a suffix
_NAME = re.compile(r"[A-Za-z0-9_@=+,][A-Za-z0-9_\-.@=+,]*")


def mistakes(registration: Registration) -> Iterator[Mistake]:
    """All mistakes in the plain arguments but the name."""
    yield from _mutex(registration.mutex)
    yield from _resources(registration.resources)
    yield from _retries(registration.retries)
    yield from _timeout(registration.timeout)


def name_mistakes(name: object) -> Iterator[Mistake]:
    """What is wrong with a stage's name, the given or the function's own."""
    if not isinstance(name, str):
        yield Mistake(CALL, f"the stage name {name!r:.60} isn't a str", 'give it as text: name="…"')
    elif len(name) > MAX_NAME:
        yield Mistake(
            CALL, f"the stage name {name[:20]!r}… is longer than {MAX_NAME} characters", "shorten it"
        )
    elif not _NAME.fullmatch(name):
        yield Mistake(
            CALL,
            f"the stage name {name!r} can't be a file name everywhere",
            "use A-Z a-z 0-9 _ - . @ = + , and begin with neither . nor -",
        )


def _mutex(mutex: object) -> Iterator[Mistake]:
    if isinstance(mutex, str):
        yield Mistake(CALL, f"mutex={mutex!r} is one str", f"give a tuple of names: mutex=({mutex!r},)")
    elif not isinstance(mutex, Iterable) or not all(isinstance(one, str) and one for one in mutex):
        yield Mistake(CALL, f"mutex={mutex!r:.60} isn't names", 'give a tuple of names: mutex=("gpu",)')


def _resources(resources: object) -> Iterator[Mistake]:
    if resources is None:
        return
    named = isinstance(resources, Mapping) and all(isinstance(one, str) and one for one in resources)
    if not named or not all(_is_positive(amount) for amount in dict(resources).values()):  # type: ignore[call-overload]
        yield Mistake(
            CALL, f"resources={resources!r:.60} isn't amounts by name", 'give a dict: resources={"gpu": 1}'
        )


def _retries(retries: object) -> Iterator[Mistake]:
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        yield Mistake(CALL, f"retries={retries!r:.60} isn't a count", "give a whole number, 0 or more")


def _timeout(timeout: object) -> Iterator[Mistake]:
    if timeout is not None and not _is_positive(timeout):
        yield Mistake(CALL, f"timeout={timeout!r:.60} isn't a time", "give seconds, more than 0, or None")


def _is_positive(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0  # type: ignore[arg-type,operator]
