"""Whether a worker can find what was registered: a plain function, by module and name.

Only references travel to workers, so that each runs the code that is in the files now.
"""

from __future__ import annotations

import functools
import sys
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_ITERABLE_COROUTINE, unwrap
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING

from pivot_core.define.mistakes import CALL, DEF, Mistake, listed

if TYPE_CHECKING:
    from types import CodeType

_AT_MODULE_LEVEL = "define a function at module level and register that"
_ASYNC = CO_COROUTINE | CO_ASYNC_GENERATOR | CO_ITERABLE_COROUTINE


def fault(func: object) -> Mistake | None:
    """What keeps ``func`` from being a stage, as far as that isn't in its annotations."""
    return _not_a_function(func) or _not_at_module_level(func) or _not_plain(func) or _elsewhere(func)


def resolve(module: str, qualname: str) -> object:
    """What a reference leads to in the modules that are imported; None if to nothing."""
    found: object = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found


def module_level(cls: type) -> bool:
    """Whether a class can be found again by its module and name."""
    return "." not in cls.__qualname__ and resolve(cls.__module__, cls.__qualname__) is cls


def title(func: object) -> str:
    """What to call ``func`` in a message."""
    return str(getattr(func, "__name__", None) or type(func).__name__)


def _not_a_function(func: object) -> Mistake | None:
    kind = _kind(func)
    return None if kind is None else Mistake(CALL, f"{kind} can't be a stage", _AT_MODULE_LEVEL)


def _kind(func: object) -> str | None:
    """What ``func`` is, if it isn't a function (or a decorator's result that leads to one)."""
    if isinstance(func, functools.partial):
        return f"the functools.partial of {title(func.func)}"
    if isinstance(func, type):
        return f"the class {func.__name__}"
    if isinstance(func, MethodType):
        return f"the method {func.__qualname__}"
    if isinstance(func, BuiltinFunctionType):
        return f"the built-in {func.__name__}"
    if not callable(func):
        return f"{func!r:.60}"
    if not isinstance(func, FunctionType) and not isinstance(unwrap(func), FunctionType):
        return f"an object of the class {type(func).__name__}"
    return None


def _not_at_module_level(func: object) -> Mistake | None:
    name, qualname = title(func), str(getattr(func, "__qualname__", ""))
    if name == "<lambda>":
        return Mistake(CALL, "a lambda can't be a stage: it has no name", _AT_MODULE_LEVEL)
    if "<locals>" in qualname:
        outer = qualname.split(".<locals>")[0].rpartition(".")[2]
        captured = _code(func).co_freevars
        uses = f" and uses {listed(captured)} from there" if captured else ""
        give = f"; give it {listed(captured)} as parameters of its params class" if captured else ""
        return Mistake(
            DEF,
            f"{name} is defined inside {outer}{uses}: a worker can't find it",
            f"move it to module level{give} (if a decorator made it: use functools.wraps there)",
        )
    if "." in qualname:
        return Mistake(DEF, f"{qualname} is defined inside a class", _AT_MODULE_LEVEL)
    if getattr(func, "__module__", None) == "__main__":
        return Mistake(DEF, f"{name} is defined in the script that runs", "move it to a module and import it")
    return None


def _not_plain(func: object) -> Mistake | None:
    flags = _code(func).co_flags
    if flags & _ASYNC:
        return Mistake(DEF, f"{title(func)} is async", "make it a plain def (it may call asyncio.run inside)")
    if flags & CO_GENERATOR:
        return Mistake(DEF, f"{title(func)} is a generator: it has a yield", "return the whole result")
    return None


def _elsewhere(func: object) -> Mistake | None:
    module, name = str(getattr(func, "__module__", None)), str(getattr(func, "__qualname__", ""))
    if resolve(module, name) is func:
        return None
    return Mistake(
        DEF,
        f"importing {module} and taking {name} from it gives something else than what was registered",
        "keep the function under its own name at module level, or use functools.wraps in its decorator",
    )


def _code(func: object) -> CodeType:
    function = unwrap(func)  # type: ignore[arg-type]  # callable, says _kind
    assert isinstance(function, FunctionType)
    return function.__code__
